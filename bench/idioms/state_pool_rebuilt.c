/* Requests that need state, one after the other: tasks of a pool keep none, and build it anew. */
#include "idiom.h"
#include "pool.h"

static int serve(void *input, void *value)
{
    uint64_t state = idiom_build();
    int code = idiom_work(*(uint64_t *)input, value);

    *(uint64_t *)value += state;
    return code;
}

int state_pool_rebuilt(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    struct pool_error failed;
    struct pool *pool = NULL;
    uint64_t value;
    int error = pool_create(&pool, &options);

    for (size_t i = 0; i < setting->n_tasks && error == 0; i++) {
        int code = pool_apply(pool, serve, &setting->inputs[i], &value, &failed);

        if (code != 0 && failed.code == 0)
            error = code; /* the pool's */
        else
            idiom_take(result, i, code, value);
    }
    pool_destroy(pool);
    return error;
}
