/* Many tasks on a pool, which limits how many run at once: results and errors come back by index. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

static int do_task(void *input, void *value)
{
    return idiom_work(*(uint64_t *)input, value);
}

int fanout_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    uint64_t *values = calloc(setting->n_tasks, sizeof *values);
    int *codes = calloc(setting->n_tasks, sizeof *codes);
    const struct pool_calls calls = {
        .fn = do_task, .args = setting->inputs, .arg_bytes = sizeof *setting->inputs,
        .results = values, .result_bytes = sizeof *values, .codes = codes, .n_calls = setting->n_tasks,
    };
    struct pool_error failed = { .code = 0 };
    struct pool *pool = NULL;
    int error = values && codes ? pool_create(&pool, &options) : -ENOMEM;

    if (error == 0)
        error = pool_map(pool, &calls, &failed);
    if (failed.code != 0)
        error = 0; /* a task's own, which comes with its result */
    pool_destroy(pool);
    for (size_t i = 0; i < setting->n_tasks && error == 0; i++)
        idiom_take(result, i, codes[i], values[i]);
    free(codes);
    free(values);
    return error;
}
