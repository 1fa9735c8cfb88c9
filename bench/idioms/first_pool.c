/* Acts on results as they come, and cancels what is left after the first error. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>

struct source {
    uint64_t *next;
    size_t n_left;
};

static int next_input(void *arg, void **input)
{
    struct source *source = arg;

    if (source->n_left == 0)
        return 0;
    source->n_left--;
    *input = source->next++;
    return 1;
}

static int do_task(void *input, void *value)
{
    int code = 0;

    for (unsigned n = idiom_units(*(uint64_t *)input); n > 0 && code == 0 && !pool_stop_requested(); n--)
        code = idiom_work(*(uint64_t *)input, value);
    return code;
}

int first_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    struct source source = { .next = setting->inputs, .n_left = setting->n_tasks };
    uint64_t value = 0;
    const struct pool_feed feed = {
        .fn = do_task, .next = next_input, .source = &source, .result_bytes = sizeof value,
    };
    struct pool_iterator *iterator = NULL;
    struct pool_error failed = { .code = 0 };
    struct pool *pool = NULL;
    size_t index;
    int error = pool_create(&pool, &options);

    if (error == 0)
        error = pool_imap_unordered(pool, &feed, &iterator);
    while (error == 0) {
        error = pool_iterator_next(iterator, POOL_FOREVER, &index, &value, &failed);
        if (error == 0 || failed.code != 0)
            idiom_take(result, index, error, value);
    }
    pool_iterator_release(iterator); /* which cancels the rest */
    pool_destroy(pool);
    return error == -ENODATA || failed.code != 0 ? 0 : error; /* all were done, or one failed */
}
