/* Arguments and results of some bytes: a map takes them from one array and has them written to another. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

static int do_task(void *argument, void *answer)
{
    idiom_answer(argument, answer);
    return 0;
}

int results_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    char *answers = malloc(setting->n_tasks * setting->n_bytes + 1);
    const struct pool_calls calls = {
        .fn = do_task, .args = setting->arguments, .arg_bytes = setting->n_bytes,
        .results = answers, .result_bytes = setting->n_bytes, .n_calls = setting->n_tasks,
    };
    struct pool *pool = NULL;
    int error = answers ? pool_create(&pool, &options) : -ENOMEM;

    if (error == 0)
        error = pool_map(pool, &calls, NULL);
    pool_destroy(pool);
    for (size_t i = 0; i < setting->n_tasks && error == 0; i++)
        idiom_take_answer(result, i, answers + i * setting->n_bytes);
    free(answers);
    return error;
}
