/* The reusable pool as backends: strict, where tasks run on its workers alone; helped by who waits; elastic; with a
 * bound, at which a task is refused, waits, or is run by who submits it. */
#include "pool.h"

#include "backends/backends.h"

static int create_pool(const struct executor_options *options, const struct pool_options *kind, void **state)
{
    struct pool_options pool_options = *kind;
    size_t n_threads = options->n_workers + (kind->max_workers != 0); /* an elastic pool has a scout */
    if (options->max_threads && n_threads > options->max_threads)
        return -EDQUOT;
    pool_options.spin_ns = options->spin_ns ? (int64_t)options->spin_ns : POOL_NO_SPIN;
    pool_options.stack_bytes = options->stack_bytes;
    pool_options.cpusets = options->cpusets;
    pool_options.cpuset_bytes = options->cpuset_bytes;
    pool_options.n_cpusets = options->n_cpusets;
    return pool_create((struct pool **)state, &pool_options);
}

static int create(const struct executor_options *options, void **state)
{
    struct pool_options kind = {
        .n_workers = options->n_workers, .strict = true, .max_queued = options->max_queued,
    };
    return create_pool(options, &kind, state);
}

static int create_helping(const struct executor_options *options, void **state)
{
    struct pool_options kind = { .n_workers = options->n_workers, .max_queued = options->max_queued };
    return create_pool(options, &kind, state);
}

/* It begins with one worker to each CPU that may be used, or fewer where it may not have so many. */
static int create_elastic(const struct executor_options *options, void **state)
{
    struct pool_options kind = { .max_workers = options->n_workers, .strict = true };
    struct pool_cpu_limits limits;
    int error = pool_cpu_limits("", &limits);
    if (error)
        return error;
    kind.n_workers = limits.n_usable < options->n_workers ? limits.n_usable : options->n_workers;
    return create_pool(options, &kind, state);
}

/* So many tasks may wait in a pool with a bound. */
enum { QUEUED_PER_WORKER = 64 };

static int create_bounded(const struct executor_options *options, void **state)
{
    struct pool_options kind = {
        .n_workers = options->n_workers, .strict = true, .max_queued = QUEUED_PER_WORKER * options->n_workers,
    };
    return create_pool(options, &kind, state);
}

static int create_bounded_helping(const struct executor_options *options, void **state)
{
    struct pool_options kind = {
        .n_workers = options->n_workers, .max_queued = QUEUED_PER_WORKER * options->n_workers,
    };
    return create_pool(options, &kind, state);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    return pool_submit(state, fn, arg);
}

static int submit_or_refuse(void *state, executor_fn *fn, void *arg)
{
    return pool_try_submit(state, fn, arg);
}

static int submit_or_run(void *state, executor_fn *fn, void *arg)
{
    return pool_submit_or_run(state, fn, arg);
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

struct forked {
    executor_fn *fn;
    void *arg;
};

static int run_forked(void *arg, void *result)
{
    struct forked *forked = arg;
    (void)result;
    forked->fn(forked->arg);
    return 0;
}

static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    struct forked forked = { fn, left };
    struct pool_handle *handle;
    int error = pool_apply_async(state, run_forked, &forked, NULL, NULL, &handle);
    if (error)
        return error;
    fn(right);
    pool_handle_get(handle, POOL_FOREVER, NULL);
    pool_handle_release(handle);
    return 0;
}

/* One element: what is called is the same for all. */
static int call_element(void *const *args, void *result)
{
    executor_fn *const *fn = args[0];
    (void)result;
    (*fn)(args[1]);
    return 0;
}

static int map(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks)
{
    const struct pool_arg each[] = { { &fn, 0 }, { args, stride_bytes } };
    const struct pool_starcalls calls = { .fn = call_element, .args = each, .n_args = 2, .n_calls = n_tasks };
    return pool_starmap(state, &calls, NULL);
}

struct called {
    executor_value_fn *fn;
    void *arg;
};

static int run_called(void *arg, void *result)
{
    const struct called *called = arg;
    *(uint64_t *)result = called->fn(called->arg);
    return 0;
}

static int call(void *state, executor_value_fn *fn, void *arg, uint64_t *result)
{
    struct called called = { fn, arg };
    struct pool_handle *handle;
    int error = pool_apply_async(state, run_called, &called, result, NULL, &handle);
    if (error)
        return error;
    error = pool_handle_get(handle, POOL_FOREVER, NULL);
    pool_handle_release(handle);
    return error;
}

static void counters(void *state, struct executor_counters *counters)
{
    struct pool_counters pool;
    pool_get_counters(state, &pool);
    *counters = (struct executor_counters){
        .threads_created = pool.threads_created,
        .threads_refused = pool.threads_refused,
        .threads_peak = pool.threads_peak,
    };
}

static void destroy(void *state)
{
    pool_destroy(state);
}

/* Of every pool. */
enum { ALWAYS = EXECUTOR_HAS_WORKERS | EXECUTOR_SHARED };

const struct executor pool_executor = {
    "pool", "a reusable pool of threads", ALWAYS | EXECUTOR_BOUNDED,
    create, submit, submit_many, wait_all, counters, destroy, fork_task, map, call,
};

const struct executor pool_again_executor = {
    "pool-again", "the pool a second time, in primary cells: how much two equal things differ here",
    ALWAYS | EXECUTOR_BOUNDED, create, submit, submit_many, wait_all, counters, destroy, fork_task, map, call,
};

const struct executor pool_helping_executor = {
    "pool-helping", "the pool whose caller runs tasks while it waits, in primary cells and beside peers: no "
    "verdict rests on it",
    ALWAYS | EXECUTOR_BOUNDED | EXECUTOR_HELPS,
    create_helping, submit, submit_many, wait_all, counters, destroy, fork_task, map, call,
};

const struct executor pool_elastic_executor = {
    "pool-elastic", "the pool that grows while its tasks block, from the CPUs' number up to N workers",
    ALWAYS, create_elastic, submit, submit_many, wait_all, counters, destroy, fork_task, map, call,
};

const struct executor pool_reject_executor = {
    "pool-reject", "the pool with room for 64 waiting tasks a worker, which refuses more", ALWAYS,
    create_bounded, submit_or_refuse, NULL, wait_all, counters, destroy, fork_task, NULL, NULL,
};

const struct executor pool_block_executor = {
    "pool-block", "the pool with room for 64 waiting tasks a worker, whose caller waits for room", ALWAYS,
    create_bounded, submit, submit_many, wait_all, counters, destroy, fork_task, NULL, NULL,
};

const struct executor pool_caller_executor = {
    "pool-caller", "the pool with room for 64 waiting tasks a worker, whose caller runs more: no verdict rests on it",
    ALWAYS | EXECUTOR_HELPS, create_bounded_helping, submit_or_run, NULL, wait_all, counters, destroy, fork_task,
    NULL, NULL,
};
