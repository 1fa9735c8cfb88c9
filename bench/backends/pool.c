/* The reusable pool as a backend. */
#include "pool.h"

#include "backends/backends.h"

static int create(const struct executor_options *options, void **state)
{
    struct pool_options pool_options = {
        .n_workers = options->n_workers,
        .strict = true,
        .stack_bytes = options->stack_bytes,
        .cpusets = options->cpusets,
        .cpuset_bytes = options->cpuset_bytes,
        .n_cpusets = options->n_cpusets,
    };
    if (options->max_threads && options->n_workers > options->max_threads)
        return -EDQUOT;
    return pool_create((struct pool **)state, &pool_options);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    return pool_submit(state, fn, arg);
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    return pool_submit_many(state, fn, args, stride_bytes, n_tasks, n_accepted);
}

static int wait_all(void *state)
{
    return pool_wait(state);
}

static void counters(void *state, struct executor_counters *counters)
{
    size_t n_workers = pool_n_workers(state);
    *counters = (struct executor_counters){ .threads_created = n_workers, .threads_peak = n_workers };
}

static void destroy(void *state)
{
    pool_destroy(state);
}

const struct executor pool_executor = {
    "pool", "a reusable pool of threads", EXECUTOR_HAS_WORKERS,
    create, submit, submit_many, wait_all, counters, destroy,
};

const struct executor pool_again_executor = {
    "pool-again", "the pool a second time, in primary cells: how much two equal things differ here",
    EXECUTOR_HAS_WORKERS, create, submit, submit_many, wait_all, counters, destroy,
};
