/* The smallest pool on moodycamel's BlockingConcurrentQueue: threads that take a task at a time, each with a token of
 * its own, and a caller that puts tasks in with one, a batch at once. The queue is lock-free; who finds it empty spins
 * for a moment and sleeps on its semaphore.
 *
 * What is around the queue is written here: stacks are as asked for, tasks are counted, and a task without a function
 * ends a thread. It has no map and no tasks of tasks.
 */
#include "peer.h"

#include <memory>
#include <pthread.h>
#include <vector>

#include <concurrentqueue/blockingconcurrentqueue.h>

namespace {

struct task {
    executor_fn *fn;
    void *arg;
};

struct backend_state {
    moodycamel::BlockingConcurrentQueue<task> queue;
    moodycamel::ProducerToken token{queue};
    pthread_t caller = pthread_self();
    std::vector<pthread_t> threads;
    std::vector<task> batch; /* of submit_many() */
    peer_pending pending;

    backend_state() { peer_pending_init(&pending); }
    ~backend_state() { peer_pending_release(&pending); }
};

backend_state &of(void *state)
{
    return *static_cast<backend_state *>(state);
}

void *work(void *state)
{
    backend_state &pool = of(state);
    moodycamel::ConsumerToken token(pool.queue);
    task next;
    for (pool.queue.wait_dequeue(token, next); next.fn; pool.queue.wait_dequeue(token, next)) {
        next.fn(next.arg);
        peer_pending_done(&pool.pending);
    }
    return nullptr;
}

void destroy(void *state)
{
    for (size_t i = 0; i < of(state).threads.size(); i++)
        of(state).queue.enqueue(of(state).token, task{nullptr, nullptr});
    for (pthread_t thread : of(state).threads)
        pthread_join(thread, nullptr);
    delete &of(state);
}

int start(backend_state *pool, const executor_options *options)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, options->stack_bytes);
    for (size_t i = 0; i < options->n_workers && !error; i++) {
        error = pthread_create(&thread, &attributes, work, pool);
        if (!error)
            pool->threads.push_back(thread);
    }
    pthread_attr_destroy(&attributes);
    return -error;
}

int create(const executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    if (error)
        return error;
    backend_state *pool = new backend_state;
    error = start(pool, options);
    if (error)
        destroy(pool);
    else
        *state = pool;
    return error;
}

/* The token is the caller's; for other threads the queue keeps one of its own. */
bool put(backend_state &pool, const task &next)
{
    bool is_caller = pthread_equal(pthread_self(), pool.caller);
    return is_caller ? pool.queue.enqueue(pool.token, next) : pool.queue.enqueue(next);
}

int submit(void *state, executor_fn *fn, void *arg)
{
    peer_pending_add(&of(state).pending, 1);
    if (put(of(state), task{fn, arg}))
        return 0;
    peer_pending_add(&of(state).pending, -1);
    return -ENOMEM;
}

int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks, size_t *n_accepted)
{
    std::vector<task> &batch = of(state).batch;
    batch.clear();
    for (size_t i = 0; i < n_tasks; i++)
        batch.push_back(task{fn, args + i * stride_bytes});
    peer_pending_add(&of(state).pending, static_cast<long>(n_tasks));
    bool was_enqueued = of(state).queue.enqueue_bulk(of(state).token, batch.data(), n_tasks);
    *n_accepted = was_enqueued ? n_tasks : 0;
    peer_pending_add(&of(state).pending, was_enqueued ? 0 : -static_cast<long>(n_tasks));
    return was_enqueued ? 0 : -ENOMEM;
}

int wait_all(void *state)
{
    peer_pending_wait(&of(state).pending);
    return 0;
}

const executor backend = {
    "moodycamel", "threads on moodycamel's BlockingConcurrentQueue",
    EXECUTOR_HAS_WORKERS | EXECUTOR_SHARED,
    create, submit, submit_many, wait_all, nullptr, destroy, nullptr, nullptr, nullptr,
};
const executor *const backends[] = {&backend, nullptr};

}

const struct poolbench_plugin poolbench_plugin = {POOLBENCH_PLUGIN_VERSION, backends, nullptr};
