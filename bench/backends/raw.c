/* One thread per task as a backend: without a cap, with at most n_workers threads alive, and detached. Tasks of tasks
 * are threads as well, which a cap could make wait for one another for ever: there are none under it. */
#include "rawthread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "backends/backends.h"

struct raw {
    struct rawthread_group *group;
    size_t stack_bytes;
    /* Of fork_task(), which many threads call. Relaxed: counts, read after the last task. */
    atomic_uint_fast64_t n_forked, n_refused, n_alive, peak;
};

static int create_group(const struct executor_options *options, size_t max_alive, bool detached, void **state)
{
    struct rawthread_options group_options = {
        .detached = detached,
        .spin_ns = options->spin_ns,
        .stack_bytes = options->stack_bytes,
        .max_alive = max_alive,
        .max_threads = options->max_threads,
        .retry_ns = options->retry_ns,
        .cpusets = options->cpusets,
        .cpuset_bytes = options->cpuset_bytes,
        .n_cpusets = options->n_cpusets,
    };
    struct raw *raw = calloc(1, sizeof *raw);
    if (!raw)
        return -ENOMEM;
    raw->stack_bytes = options->stack_bytes;
    int error = rawthread_group_create(&raw->group, &group_options);
    if (error)
        free(raw);
    else
        *state = raw;
    return error;
}

static int create(const struct executor_options *options, void **state)
{
    return create_group(options, 0, false, state);
}

static int create_detached(const struct executor_options *options, void **state)
{
    return create_group(options, 0, true, state);
}

static int create_capped(const struct executor_options *options, void **state)
{
    return create_group(options, options->n_workers, false, state);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    struct raw *raw = state;
    return rawthread_group_submit(raw->group, fn, arg);
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    struct raw *raw = state;
    int error = 0;
    size_t n = 0;
    while (n < n_tasks && !(error = rawthread_group_submit(raw->group, fn, args + n * stride_bytes)))
        n++;
    *n_accepted = n;
    return error;
}

static int wait_all(void *state)
{
    struct raw *raw = state;
    return rawthread_group_wait(raw->group);
}

static void counters(void *state, struct executor_counters *counters)
{
    struct raw *raw = state;
    struct rawthread_counters group;
    rawthread_group_counters(raw->group, &group);
    *counters = (struct executor_counters){
        .threads_created = group.created + raw->n_forked,
        .threads_refused = group.refused + raw->n_refused,
        .threads_peak = group.peak + raw->peak,
    };
}

static void destroy(void *state)
{
    struct raw *raw = state;
    rawthread_group_destroy(raw->group);
    free(raw);
}

static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    struct raw *raw = state;
    uint_fast64_t n = atomic_fetch_add_explicit(&raw->n_alive, 1, memory_order_relaxed) + 1;
    uint_fast64_t peak = atomic_load_explicit(&raw->peak, memory_order_relaxed);
    while (peak < n && !atomic_compare_exchange_weak_explicit(&raw->peak, &peak, n, memory_order_relaxed,
                                                              memory_order_relaxed))
        ;
    int error = rawthread_fork(fn, left, right, raw->stack_bytes);
    atomic_fetch_add_explicit(error ? &raw->n_refused : &raw->n_forked, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&raw->n_alive, 1, memory_order_relaxed);
    return error;
}

const struct executor raw_executor = {
    "raw", "one thread per task", 0, create, submit, submit_many, wait_all, counters, destroy, fork_task, NULL, NULL,
};

const struct executor raw_capped_executor = {
    "raw-capped", "one thread per task, at most N alive", EXECUTOR_HAS_WORKERS,
    create_capped, submit, submit_many, wait_all, counters, destroy, NULL, NULL, NULL,
};

const struct executor raw_detached_executor = {
    "raw-detached", "one thread per task, which nobody joins", 0,
    create_detached, submit, submit_many, wait_all, counters, destroy, fork_task, NULL, NULL,
};
