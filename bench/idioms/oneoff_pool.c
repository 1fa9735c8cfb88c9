/* One task, once: a pool for it alone. */
#include "idiom.h"
#include "pool.h"

static int do_task(void *input, void *value)
{
    return idiom_work(*(uint64_t *)input, value);
}

int oneoff_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = 1, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns, .strict = true,
    };
    struct pool_error failed;
    struct pool *pool;
    uint64_t value;
    int error = pool_create(&pool, &options), code;

    if (error)
        return error;
    code = pool_apply(pool, do_task, setting->inputs, &value, &failed);
    pool_destroy(pool);
    if (code != 0 && failed.code == 0)
        return code; /* the pool's */
    idiom_take(result, 0, code, value);
    return 0;
}
