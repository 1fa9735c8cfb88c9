/* oneTBB: an arena of N slots, one of them the caller's. A batch is spawned into a task_group from inside the arena,
 * so that tasks lie in the caller's own deque and workers steal them; the caller then waits inside and takes part. A
 * task that comes alone is enqueued from outside. A map is parallel_for, whose chunks the library chooses. Tasks of
 * tasks are task groups.
 *
 * Threads belong to the process; they are joined at the end of each backend by finalize(). Memory for tasks comes from
 * pools of the library for each thread, which grow with the deepest queue and stay.
 */
#include "peer.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>

#if TBB_INTERFACE_VERSION < 12060
#error "oneTBB before 2021.6 lets no task of a group be enqueued from outside"
#endif

namespace {

namespace tbb = oneapi::tbb;

struct backend_state {
    tbb::task_scheduler_handle scheduler{tbb::attach{}};
    tbb::global_control workers, stack;
    tbb::task_arena arena;
    tbb::task_group group;

    explicit backend_state(const executor_options &options)
        : workers(tbb::global_control::max_allowed_parallelism, options.n_workers),
          stack(tbb::global_control::thread_stack_size, options.stack_bytes),
          arena(static_cast<int>(options.n_workers), 1)
    {
        arena.initialize();
    }
};

backend_state &of(void *state)
{
    return *static_cast<backend_state *>(state);
}

int create(const executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    if (!error)
        *state = new backend_state(*options);
    return error;
}

int submit(void *state, executor_fn *fn, void *arg)
{
    of(state).arena.enqueue(of(state).group.defer([=] { fn(arg); }));
    return 0;
}

int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks, size_t *n_accepted)
{
    of(state).arena.execute([&] {
        for (size_t i = 0; i < n_tasks; i++)
            of(state).group.run([=] { fn(args + i * stride_bytes); });
    });
    *n_accepted = n_tasks;
    return 0;
}

int map(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks)
{
    of(state).arena.execute([&] {
        tbb::parallel_for(size_t{0}, n_tasks, [=](size_t i) { fn(args + i * stride_bytes); });
    });
    return 0;
}

/* Spawned rather than enqueued: the caller, who waits inside the arena, may run it. */
int call(void *state, executor_value_fn *fn, void *arg, uint64_t *result)
{
    of(state).arena.execute([=] {
        tbb::task_group one;
        one.run([=] { *result = fn(arg); });
        one.wait();
    });
    return 0;
}

int fork_task(void *, executor_fn *fn, void *left, void *right)
{
    tbb::task_group both;
    both.run([=] { fn(left); });
    fn(right);
    both.wait();
    return 0;
}

int wait_all(void *state)
{
    of(state).arena.execute([&] { of(state).group.wait(); });
    return 0;
}

void destroy(void *state)
{
    tbb::task_scheduler_handle scheduler = std::move(of(state).scheduler);
    delete &of(state);
    tbb::finalize(scheduler, std::nothrow);
}

const executor backend = {
    "onetbb", "oneTBB, an arena with task groups; the caller takes part",
    EXECUTOR_HAS_WORKERS | EXECUTOR_HELPS | EXECUTOR_SHARED,
    create, submit, submit_many, wait_all, nullptr, destroy, fork_task, map, call,
};
const executor *const backends[] = {&backend, nullptr};

}

const struct poolbench_plugin poolbench_plugin = {POOLBENCH_PLUGIN_VERSION, backends, nullptr};
