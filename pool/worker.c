/* Workers: how they start, wait for tasks, and leave.
 *
 * A worker leaves for good where next_task() says so, and is then no longer in n_alive: so of several in excess
 * each goes once. One that was woken for a task and leaves instead, because the pool has shrunk, wakes
 * another for it.
 *
 * A thread that ends by pthread_exit() in a task runs replace_worker() last. It starts a worker in its place, and
 * if the system refuses that goes on trying while a worker is missed: what is queued is never left alone.
 * (Rejected: to go on as a worker within its own ending, which clang does not allow.)
 */
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SURPLUS_NS = 1000 * 1000 * 1000; /* how long an elastic pool keeps an idle worker */

enum { REPLACE_PAUSE_NS = 1000 * 1000 }; /* between attempts to replace one */

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
    bool is_surplus = pool->n_alive > pool_n_workers(pool);
    int64_t deadline_ns = is_surplus ? pool__deadline(SURPLUS_NS) : POOL__NEVER;

    return pool__sleep_first(pool, &pool->idle, &worker->sleeper, deadline_ns);
}

/* Takes a task, sleeping until there is one; false if the worker has to leave. The lock is held. */
static bool next_task(struct pool__worker *worker, struct pool__task *task)
{
    struct pool *pool = worker->pool;
    bool has_stayed = true;

    while (pool->n_alive <= pool->max_workers) {
        if (pool__take(pool, task))
            return true;
        if (pool->closed || (!has_stayed && pool->n_alive > pool_n_workers(pool)))
            break;
        has_stayed = stay_idle(worker);
    }
    pool->n_alive--;
    if (pool->queue.n_ranges > 0)
        pool__wake(pool, &pool->idle, 1);
    return false;
}

static void work(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__task task;

    pool__lock(pool);
    while (next_task(worker, &task)) {
        pool__unlock(pool);
        pool__run(pool, &task);
        pool__lock(pool);
        pool__finish(pool, &task);
    }
    pool__unlock(pool);
}

/* The last that a thread does with the pool. */
void pool__leave(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    worker->thread = pthread_self();
    pool__lock(pool);
    if (worker->index < pool->n_indices)
        pool->used[worker->index] = 0;
    worker->next_left = pool->left;
    pool->left = worker;
    if (--pool->n_threads == 0)
        pool__wake(pool, &pool->awaiting_threads, SIZE_MAX);
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

static void name_thread(const struct pool__worker *worker)
{
    char suffix[12], name[POOL__NAME_BYTES + sizeof suffix];
    int n_suffix = snprintf(suffix, sizeof suffix, "-%u", (unsigned)worker->index);

    snprintf(name, sizeof name, "%.*s%s", POOL__NAME_BYTES - 1 - n_suffix, worker->pool->name, suffix);
    pthread_setname_np(pthread_self(), name);
}

/* Runs the initializer and tells who waits for it. */
static int initialize(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__start *start = worker->start;
    int error = pool->options.initializer(pool->options.context, worker->index);

    pool__lock(pool);
    if (error != 0) {
        pool->counters.threads_refused++;
        pool->n_alive--;
    }
    if (start != NULL && start->error == 0)
        start->error = error;
    if (start != NULL && --start->n_pending == 0)
        pool__wake(pool, &pool->awaiting_start, 1);
    pool__unlock(pool);
    return error;
}

static void *run_worker(void *arg)
{
    struct pool__worker *worker = arg;

    self = worker;
    name_thread(worker);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (worker->pool->options.initializer != NULL && initialize(worker) != 0)
        pool__leave(worker);
    else
        be_worker(worker);
    return NULL;
}

/* Blocks what a worker must not receive: all but the signals that a fault raises in the thread at fault. */
static void block_signals(sigset_t *old)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

static int bind_thread(const struct pool *pool, pthread_t thread, size_t index)
{
    const struct pool_options *options = &pool->options;
    const char *cpusets = options->cpusets;

    if (cpusets == NULL)
        return 0;
    return -pthread_setaffinity_np(thread, options->cpuset_bytes,
                                   (const void *)(cpusets + index % options->n_cpusets * options->cpuset_bytes));
}

/* The lowest free index, or SIZE_MAX if there is no memory for another. The lock is held. */
static size_t take_index(struct pool *pool)
{
    unsigned char *free_one = memchr(pool->used, 0, pool->n_indices);
    size_t index = free_one != NULL ? (size_t)(free_one - pool->used) : pool->n_indices;

    if (free_one == NULL) {
        size_t n_indices = 2 * index;
        unsigned char *used = realloc(pool->used, n_indices);

        if (used == NULL)
            return SIZE_MAX;
        memset(used + index, 0, n_indices - index);
        pool->used = used;
        pool->n_indices = n_indices;
    }
    pool->used[index] = 1;
    return index;
}

struct pool__worker *pool__new_worker(struct pool *pool)
{
    struct pool__worker *worker = aligned_alloc(POOL__LINE_BYTES, sizeof *worker);

    if (worker != NULL)
        *worker = (struct pool__worker){.pool = pool, .index = SIZE_MAX};
    return worker;
}

int pool__start_thread(struct pool__worker *worker, void *(*run)(void *), pthread_t *thread)
{
    struct pool *pool = worker->pool;
    struct pool_counters *counters = &pool->counters;
    size_t is_worker = worker->index != SIZE_MAX, peak_before = counters->threads_peak;
    sigset_t old;
    int error;

    pool__lock(pool);
    pool->n_alive += is_worker;
    if (++pool->n_threads > counters->threads_peak)
        counters->threads_peak = pool->n_threads;
    pool__unlock(pool);
    block_signals(&old);
    error = -pthread_create(thread, &pool->attr, run, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pool__lock(pool);
    if (error == 0) {
        counters->threads_created++;
    } else {
        counters->threads_refused++;
        counters->threads_peak = peak_before;
        pool->n_threads--;
        pool->n_alive -= is_worker;
    }
    pool__unlock(pool);
    return error;
}

/* Starts one worker and binds it to its CPUs, as far as that can be done: bind_error is set if not. threads_lock
 * is held, so that the thread is not joined meanwhile. */
static int start_worker(struct pool *pool, struct pool__start *start, int *bind_error)
{
    struct pool__worker *worker = pool__new_worker(pool);
    pthread_t thread;
    int error = -ENOMEM;

    if (worker == NULL)
        return error;
    worker->start = start;
    pool__lock(pool);
    worker->index = take_index(pool);
    pool__unlock(pool);
    if (worker->index != SIZE_MAX) {
        size_t index = worker->index;

        error = pool__start_thread(worker, run_worker, &thread);
        if (error == 0) {
            *bind_error = bind_thread(pool, thread, index);
            return 0;
        }
        pool__lock(pool);
        pool->used[index] = 0;
        pool__unlock(pool);
    }
    free(worker);
    return error;
}

int pool__start_workers(struct pool *pool, size_t n_workers, bool is_awaited)
{
    bool has_start = is_awaited && pool->options.initializer != NULL;
    struct pool__start start = {.n_pending = has_start ? n_workers : 0};
    int error = 0, bind_error = 0;
    size_t n_started = 0;

    while (n_started < n_workers && error == 0 && bind_error == 0) {
        error = start_worker(pool, has_start ? &start : NULL, &bind_error);
        n_started += error == 0;
    }
    if (has_start) {
        pool__lock(pool);
        start.n_pending -= n_workers - n_started;
        if (start.n_pending > 0)
            pool__sleep(pool, &pool->awaiting_start, POOL__NEVER);
        pool__unlock(pool);
    }
    return error != 0 ? error : bind_error != 0 ? bind_error : start.error;
}

/* Whether a worker that leaves is missed. The lock is held. */
static bool is_missed(const struct pool *pool)
{
    return pool->n_alive < pool_n_workers(pool) && (!pool->closed || pool->queue.n_ranges > 0);
}

static void replace_worker(void *arg)
{
    const struct timespec pause = {0, REPLACE_PAUSE_NS};
    struct pool__worker *worker = arg;
    struct pool *pool = worker->pool;
    int bind_error;
    bool is_needed;

    pool__lock(pool);
    pool->n_alive--;
    is_needed = is_missed(pool);
    pool__unlock(pool);
    while (is_needed) {
        pthread_mutex_lock(&pool->threads_lock);
        is_needed = start_worker(pool, NULL, &bind_error) != 0;
        pthread_mutex_unlock(&pool->threads_lock);
        if (is_needed)
            nanosleep(&pause, NULL);
        pool__lock(pool);
        is_needed = is_needed && is_missed(pool);
        pool__unlock(pool);
    }
    finalize(worker);
}

void pool__join_left(struct pool *pool)
{
    struct pool__worker *worker;

    pool__lock(pool);
    worker = pool->left;
    pool->left = NULL;
    pool__unlock(pool);
    while (worker != NULL) {
        struct pool__worker *next = worker->next_left;

        pthread_join(worker->thread, NULL);
        free(worker);
        worker = next;
    }
}
