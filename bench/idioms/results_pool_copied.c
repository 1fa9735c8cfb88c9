/* The same one result at a time: the pool keeps each until it is asked for it, and copies it then, so that there are
 * never more than a few. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

struct source {
    char *next;
    size_t n_bytes, n_left;
};

static int next_argument(void *arg, void **argument)
{
    struct source *source = arg;

    if (source->n_left == 0)
        return 0;
    source->n_left--;
    *argument = source->next;
    source->next += source->n_bytes;
    return 1;
}

static int do_task(void *argument, void *answer)
{
    idiom_answer(argument, answer);
    return 0;
}

int results_pool_copied(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    struct source source = {
        .next = setting->arguments, .n_bytes = setting->n_bytes, .n_left = setting->n_tasks,
    };
    const struct pool_feed feed = {
        .fn = do_task, .next = next_argument, .source = &source, .result_bytes = setting->n_bytes,
    };
    char *answer = malloc(setting->n_bytes + 1);
    struct pool_iterator *iterator = NULL;
    struct pool *pool = NULL;
    size_t index;
    int error = answer ? pool_create(&pool, &options) : -ENOMEM;

    if (error == 0)
        error = pool_imap(pool, &feed, &iterator);
    while (error == 0) {
        error = pool_iterator_next(iterator, POOL_FOREVER, &index, answer, NULL);
        if (error == 0)
            idiom_take_answer(result, index, answer);
    }
    pool_iterator_release(iterator);
    pool_destroy(pool);
    free(answer);
    return error == -ENODATA ? 0 : error; /* there are no more */
}
