/* Boost.Asio's thread_pool: handlers posted into one queue under a lock. Its own wait, join(), ends the pool; so tasks
 * are counted. It takes no stack size, has no map, and a handler that waited for another would keep its thread.
 * A result comes as a std::future. */
#include "peer.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

namespace {

struct backend_state {
    boost::asio::thread_pool pool;
    peer_pending pending;

    explicit backend_state(size_t n_workers) : pool(n_workers) { peer_pending_init(&pending); }
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
    boost::asio::post(of(state).pool, [=] {
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
    *result = boost::asio::post(of(state).pool, boost::asio::use_future([=] { return fn(arg); })).get();
    return 0;
}

void destroy(void *state)
{
    of(state).pool.join();
    delete &of(state);
}

const executor backend = {
    "boost-asio", "Boost.Asio's thread_pool, post()", EXECUTOR_HAS_WORKERS | EXECUTOR_SHARED,
    create, submit, nullptr, wait_all, nullptr, destroy, nullptr, nullptr, call,
};
const executor *const backends[] = {&backend, nullptr};

}

const struct poolbench_plugin poolbench_plugin = {POOLBENCH_PLUGIN_VERSION, backends, nullptr};
