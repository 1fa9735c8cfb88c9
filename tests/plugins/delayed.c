/* The pool with a delay in every task: a difference whose size is known, for scripts/trust to find.
 *
 * A delay cannot end when it should: reading the clock takes time, and an interrupt may come. So each one is shortened
 * by what those before it took too long, and the sum of all is right. What is not in that sum is the same for all
 * backends here, because what the others are held against delays its tasks too, by BASE_NS. And the caller looks
 * for the end of a batch itself: to be woken takes longer, the longer it slept, which would be a difference of its own.
 *
 * One backend a process, one worker, and one function for all tasks: that is how the run in docs/method.md uses it.
 */
#include "pool.h"

#include <plugin.h>

#include <stdatomic.h>
#include <time.h>

enum { BASE_NS = 1000 };

static double delay_ns;
static double owed_ns; /* of the delays so far: the worker's alone */
static executor_fn *task;
static size_t n_submitted; /* the caller's alone */
static atomic_size_t n_done;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void run_delayed(void *arg)
{
    double begin_ns = now_ns(), end_ns;
    do
        end_ns = now_ns();
    while (end_ns - begin_ns < delay_ns + owed_ns);
    owed_ns += delay_ns - (end_ns - begin_ns);
    task(arg);
    atomic_fetch_add_explicit(&n_done, 1, memory_order_relaxed); /* [DONE] a number: pool_wait() orders the rest */
}

static int create(const struct executor_options *options, double more_ns, void **state)
{
    struct pool_options pool = {
        .n_workers = options->n_workers, .strict = true, .stack_bytes = options->stack_bytes,
        .cpusets = options->cpusets, .cpuset_bytes = options->cpuset_bytes, .n_cpusets = options->n_cpusets,
    };
    delay_ns = BASE_NS + more_ns;
    return pool_create((struct pool **)state, &pool);
}

static int create_0ns(const struct executor_options *options, void **state)
{
    return create(options, 0, state);
}

static int create_500ns(const struct executor_options *options, void **state)
{
    return create(options, 500, state);
}

static int create_2us(const struct executor_options *options, void **state)
{
    return create(options, 2000, state);
}

static int create_10us(const struct executor_options *options, void **state)
{
    return create(options, 10000, state);
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    task = fn;
    int error = pool_submit_many(state, run_delayed, args, stride_bytes, n_tasks, n_accepted);
    n_submitted += *n_accepted;
    return error;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    size_t n_accepted;
    return submit_many(state, fn, arg, 0, 1, &n_accepted);
}

static int wait_all(void *state)
{
    while (atomic_load_explicit(&n_done, memory_order_relaxed) < n_submitted) /* [DONE] relaxed: as there */
        ;
    return pool_wait(state);
}

static void destroy(void *state)
{
    pool_destroy(state);
}

#define DELAYED(delay)                                                                                                 \
    {                                                                                                                  \
        .name = "delayed-" #delay, .summary = "the pool with a delay, and " #delay " more, in each task",              \
        .capabilities = EXECUTOR_HAS_WORKERS, .create = create_##delay, .submit = submit, .submit_many = submit_many,  \
        .wait_all = wait_all, .destroy = destroy,                                                                      \
    }
static const struct executor delayed[] = { DELAYED(0ns), DELAYED(500ns), DELAYED(2us), DELAYED(10us) };
static const struct executor *const backends[] = { &delayed[0], &delayed[1], &delayed[2], &delayed[3], NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
