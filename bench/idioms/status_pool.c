/* Tasks that are asked now and then whether they have ended: their handles know. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

static int do_task(void *input, void *value)
{
    return idiom_work(*(uint64_t *)input, value);
}

static size_t count_ended(struct pool_handle *const *handles, size_t n_handles)
{
    size_t n_ended = 0;

    for (size_t i = 0; i < n_handles; i++)
        n_ended += pool_handle_ready(handles[i]);
    return n_ended;
}

int status_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    struct pool_handle **handles = calloc(setting->n_tasks, sizeof *handles);
    uint64_t *values = calloc(setting->n_tasks, sizeof *values);
    struct pool *pool = NULL;
    size_t n_started = 0;
    int error = handles && values ? pool_create(&pool, &options) : -ENOMEM;

    while (n_started < setting->n_tasks && error == 0) {
        error = pool_apply_async(pool, do_task, &setting->inputs[n_started], &values[n_started], NULL,
                                 &handles[n_started]);
        n_started += error == 0;
    }
    for (size_t i = n_started; i-- > 0;) /* the last one ends last, or nearly so */
        while (pool_handle_wait(handles[i], setting->poll_ns) == -ETIMEDOUT)
            idiom_look(result, count_ended(handles, n_started));
    for (size_t i = 0; i < n_started; i++) {
        idiom_take(result, i, pool_handle_get(handles[i], POOL_FOREVER, NULL), values[i]);
        pool_handle_release(handles[i]);
    }
    pool_destroy(pool);
    free(values);
    free(handles);
    return error;
}
