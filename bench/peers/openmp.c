/* OpenMP, built twice: by gcc with its libgomp, by clang with LLVM's libomp. A batch is a `parallel for` with a
 * dynamic schedule, a task at a time; a map is one whose chunks the runtime chooses (guided). The team is N - 1
 * threads of the runtime, kept from loop to loop, and the caller, who takes part and waits. Tasks of tasks are `task`
 * in a `taskgroup`, which the others of the team take while they wait at the loop's end.
 *
 * There is no way into a team from outside: a task that comes alone is refused, and so are cells that hand over one at
 * a time. Threads spin for a while before they sleep, as the runtime's defaults have it. Stacks are set by
 * OMP_STACKSIZE alone, which is read before this is loaded: they are those of the runtime.
 */
#include "peer.h"

#include <omp.h>

#ifdef __clang__
#define NAME "openmp-llvm"
#define RUNTIME "LLVM's libomp"
#else
#define NAME "openmp-gomp"
#define RUNTIME "gcc's libgomp"
#endif

/* The team belongs to the calling thread, and so to all backends that this makes. */
static int n_threads;

static int create(const struct executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    if (error)
        return error;
    n_threads = (int)options->n_workers;
    omp_set_dynamic(0);
    *state = &n_threads;
    return 0;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    (void)fn;
    (void)arg;
    return -ENOTSUP;
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    (void)state;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
    for (size_t i = 0; i < n_tasks; i++)
        fn(args + i * stride_bytes);
    *n_accepted = n_tasks;
    return 0;
}

static int map(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks)
{
    (void)state;
#pragma omp parallel for schedule(guided) num_threads(n_threads)
    for (size_t i = 0; i < n_tasks; i++)
        fn(args + i * stride_bytes);
    return 0;
}

/* A task that called the function itself would bring clang 14 down. */
static void call(executor_fn *fn, void *arg)
{
    fn(arg);
}

static int fork_task(void *state, executor_fn *fn, void *left, void *right)
{
    (void)state;
#pragma omp taskgroup
    {
#pragma omp task
        call(fn, left);
        fn(right);
    }
    return 0;
}

static int wait_all(void *state)
{
    (void)state;
    return 0;
}

/* Ends the threads of the runtime, which would outlive this otherwise. */
static void destroy(void *state)
{
    (void)state;
    omp_pause_resource_all(omp_pause_hard);
}

static const struct executor backend = {
    .name = NAME, .summary = "OpenMP of " RUNTIME ", loops and tasks of tasks; the caller takes part",
    .capabilities = EXECUTOR_HAS_WORKERS | EXECUTOR_HELPS,
    .create = create, .submit = submit, .submit_many = submit_many, .wait_all = wait_all, .destroy = destroy,
    .fork = fork_task, .map = map,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
