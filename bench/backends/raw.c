/* One thread per task as a backend: without a cap, and with at most n_workers threads alive. */
#include "rawthread.h"

#include "backends/backends.h"

static int create_group(const struct executor_options *options, size_t max_alive, void **state)
{
    struct rawthread_options group_options = {
        .stack_bytes = options->stack_bytes,
        .max_alive = max_alive,
        .max_threads = options->max_threads,
        .retry_ns = options->retry_ns,
        .cpusets = options->cpusets,
        .cpuset_bytes = options->cpuset_bytes,
        .n_cpusets = options->n_cpusets,
    };
    return rawthread_group_create((struct rawthread_group **)state, &group_options);
}

static int create(const struct executor_options *options, void **state)
{
    return create_group(options, 0, state);
}

static int create_capped(const struct executor_options *options, void **state)
{
    return create_group(options, options->n_workers, state);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    return rawthread_group_submit(state, fn, arg);
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    int error = 0;
    size_t n = 0;
    while (n < n_tasks && !(error = rawthread_group_submit(state, fn, args + n * stride_bytes)))
        n++;
    *n_accepted = n;
    return error;
}

static int wait_all(void *state)
{
    return rawthread_group_wait(state);
}

static void counters(void *state, struct executor_counters *counters)
{
    struct rawthread_counters group;
    rawthread_group_counters(state, &group);
    *counters = (struct executor_counters){
        .threads_created = group.created,
        .threads_refused = group.refused,
        .threads_peak = group.peak,
    };
}

static void destroy(void *state)
{
    rawthread_group_destroy(state);
}

const struct executor raw_executor = {
    "raw", "one thread per task", 0, create, submit, submit_many, wait_all, counters, destroy,
};

const struct executor raw_capped_executor = {
    "raw-capped", "one thread per task, at most N alive", EXECUTOR_HAS_WORKERS,
    create_capped, submit, submit_many, wait_all, counters, destroy,
};
