/* Eigen's ThreadPool, the pool below TensorFlow: a queue of 1,024 places for each thread, from which the others steal.
 * A task from outside goes to a random one of them, and runs at once on the submitting thread if that is full: those
 * are counted as the caller's.
 *
 * It has no wait for its tasks: they are counted. A result is waited for with its Notification. Threads spin for
 * a while before they sleep. It takes no stack size; tasks of tasks would have to block a thread, and its loops are
 * those of its tensors.
 */
#include "peer.h"

#include <unsupported/Eigen/CXX11/ThreadPool>

namespace {

struct backend_state {
    Eigen::ThreadPool pool;
    peer_pending pending;

    explicit backend_state(size_t n_workers) : pool(static_cast<int>(n_workers)) { peer_pending_init(&pending); }
    ~backend_state() { peer_pending_release(&pending); }
};

backend_state &of(void *state)
{
    return *static_cast<backend_state *>(state);
}

int create(const executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    if (!error)
        *state = new backend_state(options->n_workers);
    return error;
}

int submit(void *state, executor_fn *fn, void *arg)
{
    peer_pending *pending = &of(state).pending;
    peer_pending_add(pending, 1);
    of(state).pool.Schedule([=] {
        fn(arg);
        peer_pending_done(pending);
    });
    return 0;
}

int wait_all(void *state)
{
    peer_pending_wait(&of(state).pending);
    return 0;
}

int call(void *state, executor_value_fn *fn, void *arg, uint64_t *result)
{
    Eigen::Notification done;
    of(state).pool.Schedule([=, &done] {
        *result = fn(arg);
        done.Notify();
    });
    done.Wait();
    return 0;
}

void destroy(void *state)
{
    delete &of(state);
}

const executor backend = {
    "eigen", "Eigen's ThreadPool, Schedule(); the caller runs what its queues have no place for",
    EXECUTOR_HAS_WORKERS | EXECUTOR_HELPS | EXECUTOR_SHARED,
    create, submit, nullptr, wait_all, nullptr, destroy, nullptr, nullptr, call,
};
const executor *const backends[] = {&backend, nullptr};

}

const struct poolbench_plugin poolbench_plugin = {POOLBENCH_PLUGIN_VERSION, backends, nullptr};
