/* Workers: how they wait for tasks, run them, and leave.
 *
 * A worker that is prepared for tasks is counted in n_ready, and only one that is may leave, where next_task() says
 * so: of several in excess each goes once. Invariant: from the creation until a closed pool is empty there is
 * one that is ready, so what is queued is never left alone. One that was woken for a task and leaves instead,
 * because the pool has shrunk, wakes another for it.
 *
 * A thread that ends by pthread_exit() in a task runs replace_worker() last. It stays counted, as one that is ready,
 * until another takes its place, and if the system refuses that goes on trying. (Rejected: to go on as a worker
 * within its own ending, which clang does not allow.)
 */
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

static const int64_t SURPLUS_NS = 1000 * 1000 * 1000; /* how long an elastic pool keeps an idle worker */

enum { REPLACE_PAUSE_NS = 1000 * 1000 }; /* between attempts */

static _Thread_local const struct pool__worker *self;

bool pool__is_worker(const struct pool *pool)
{
    return self != NULL && self->pool == pool;
}

size_t pool_worker_index(const struct pool *pool)
{
    return pool__is_worker(pool) ? self->index : SIZE_MAX;
}

/* Sleeps until woken for a task. Returns false if there has been none for so long that the worker may go. The
 * lock is held. */
static bool stay_idle(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    bool is_surplus = pool->n_ready > pool_n_workers(pool);
    int64_t deadline_ns = is_surplus ? pool__deadline(SURPLUS_NS) : POOL__NEVER;

    return pool__sleep_idle(pool, &worker->sleeper, deadline_ns);
}

/* The calling worker runs no more tasks. The lock is held. */
static void retire(struct pool *pool)
{
    pool->n_alive--;
    pool->n_ready--;
    if (pool->queue.n_ranges > 0)
        pool__wake(pool, &pool->idle, 1);
    pool__wake(pool, &pool->scout, 1);
}

/* Takes a task, sleeping until there is one; false if the worker has to leave. The lock is held. */
static bool next_task(struct pool__worker *worker, struct pool__task *task)
{
    struct pool *pool = worker->pool;
    bool has_stayed = true;

    pool->is_first_free = false;
    while (pool->n_ready <= pool->max_workers) {
        if (pool__take(pool, task))
            return true;
        if (pool->closed || (!has_stayed && pool->n_ready > pool_n_workers(pool)))
            break;
        has_stayed = stay_idle(worker);
    }
    retire(pool);
    return false;
}

static void work(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__task task;

    pool__lock(pool);
    pool->n_ready += !worker->is_replacement;
    if (pool->n_ready > pool_n_workers(pool))
        pool__wake(pool, &pool->idle, SIZE_MAX); /* from now on they may be in excess: see stay_idle() */
    while (next_task(worker, &task)) {
        pool__unlock(pool);
        pool__run(pool, &task);
        pool__lock(pool);
        pool__finish(pool, &task);
    }
    pool__unlock(pool);
}

static void finalize(struct pool__worker *worker)
{
    const struct pool_options *options = &worker->pool->options;

    if (options->finalizer != NULL)
        options->finalizer(options->context, worker->index);
    pool__leave(worker);
}

static void replace_worker(void *arg);

static void be_worker(struct pool__worker *worker)
{
    pthread_cleanup_push(replace_worker, worker);
    work(worker);
    pthread_cleanup_pop(0);
    finalize(worker);
}

/* Binds the calling worker to the CPU set whose turn it is. The first worker tries all the others before, so that a
 * pool with a bad one is not created, though its worker may be started much later. */
static int bind_self(const struct pool__worker *worker)
{
    const struct pool_options *options = &worker->pool->options;
    const char *cpusets = options->cpusets;
    size_t n = worker->index == 0 ? options->n_cpusets : options->n_cpusets > 0;

    while (n-- > 0) {
        const char *cpuset = cpusets + (worker->index + n) % options->n_cpusets * options->cpuset_bytes;

        if (sched_setaffinity(0, options->cpuset_bytes, (const void *)cpuset) != 0)
            return -errno;
    }
    return 0;
}

bool pool__needs_preparation(const struct pool *pool)
{
    return pool->options.cpusets != NULL || pool->options.initializer != NULL;
}

/* Does what comes before the first task, and tells who waits for it. */
static int prepare(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__start *start = worker->start;
    int error = bind_self(worker);

    if (error == 0 && pool->options.initializer != NULL)
        error = pool->options.initializer(pool->options.context, worker->index);
    pool__lock(pool);
    if (error != 0) {
        pool->counters.threads_refused++;
        pool->n_alive -= !worker->is_replacement;
        pool__wake(pool, &pool->scout, 1);
    }
    if (start != NULL && start->error == 0)
        start->error = error;
    if (start != NULL && --start->n_pending == 0)
        pool__wake(pool, &pool->awaiting_start, SIZE_MAX);
    pool__unlock(pool);
    return error;
}

/* Makes "<name of the pool>-<index>", the first part cut to fit. Not by snprintf(), which would be a noticeable part of
 * a cold start. */
static void make_name(char name[POOL__NAME_BYTES], const struct pool__worker *worker)
{
    size_t index = worker->index, n = strlen(worker->pool->name), at = POOL__NAME_BYTES - 1, n_suffix;

    name[at] = '\0';
    do
        name[--at] = (char)('0' + index % 10);
    while ((index /= 10) > 0 && at > 1);
    name[--at] = '-';
    n_suffix = POOL__NAME_BYTES - at;
    n = n < at ? n : at;
    memmove(name + n, name + at, n_suffix);
    memcpy(name, worker->pool->name, n);
}

void *pool__run_worker(void *arg)
{
    struct pool__worker *worker = arg;
    char name[POOL__NAME_BYTES];

    make_name(name, worker);
    self = worker;
    pool__begin(worker, name);
    if (pool__needs_preparation(worker->pool) && prepare(worker) != 0)
        pool__leave(worker);
    else
        be_worker(worker);
    return NULL;
}

/* Whether the calling worker, which a task has ended, is missed. If not it is no longer counted. */
static bool is_missed(struct pool *pool)
{
    bool is_missed;

    pool__lock(pool);
    is_missed = pool->n_ready <= pool->max_workers &&
                (pool->queue.n_ranges > 0 || (!pool->closed && pool->n_ready <= pool_n_workers(pool)));
    if (!is_missed)
        retire(pool);
    pool__unlock(pool);
    return is_missed;
}

static void replace_worker(void *arg)
{
    const struct timespec pause = {0, REPLACE_PAUSE_NS};
    struct pool__worker *worker = arg;

    while (is_missed(worker->pool) && pool__start_replacement(worker->pool) != 0)
        nanosleep(&pause, NULL);
    finalize(worker);
}
