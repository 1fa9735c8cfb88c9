/* The caller's own thread as a backend: the oracle of results, and the base of every overhead. */
#include "backends/backends.h"

static int create(const struct executor_options *options, void **state)
{
    (void)options;
    *state = (void *)&serial_executor; /* it has none, but a live backend is not NULL */
    return 0;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    fn(arg);
    return 0;
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    (void)state;
    for (size_t i = 0; i < n_tasks; i++)
        fn(args + i * stride_bytes);
    *n_accepted = n_tasks;
    return 0;
}

static int wait_all(void *state)
{
    (void)state;
    return 0;
}

static void counters(void *state, struct executor_counters *counters)
{
    (void)state;
    *counters = (struct executor_counters){ 0 };
}

static void destroy(void *state)
{
    (void)state;
}

static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    (void)state;
    fn(left);
    fn(right);
    return 0;
}

const struct executor serial_executor = {
    "serial", "the caller's own thread", EXECUTOR_INLINE,
    create, submit, submit_many, wait_all, counters, destroy, fork_task, NULL, NULL,
};
