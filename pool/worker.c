/* Workers: how they start, wait for tasks, and leave.
 *
 * A worker is reserved, and counted in n_alive, in the critical section that finds it missing; it is started once the
 * lock is free, by pool__unlock() where a task was queued that no idle worker was woken for. So nobody else
 * starts it again, and who joins waits for it. If the system refuses it that is undone.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
    while (next_task(worker, &task)) {
        pool__unlock(pool);
        pool__run(pool, &task);
        pool__lock(pool);
        pool__finish(pool, &task);
    }
    pool__unlock(pool);
}

/* A thread exists once either its creator knows, or itself. The lock is held. */
static void count_threads(struct pool *pool)
{
    struct pool_counters *counters = &pool->counters;

    counters->threads_created = pool->n_begun > pool->n_created ? pool->n_begun : pool->n_created;
    counters->threads_alive = (size_t)(counters->threads_created - pool->n_left);
    if (counters->threads_alive > counters->threads_peak)
        counters->threads_peak = counters->threads_alive;
}

/* One that was to be is not. The lock is held. */
static void count_refused(struct pool *pool)
{
    pool->counters.threads_refused++;
    if (--pool->n_threads == 0)
        pool__wake(pool, &pool->awaiting_threads, SIZE_MAX);
}

static void cancel_reservation(struct pool *pool)
{
    pool__lock(pool);
    pool->n_alive--;
    pool__unlock(pool);
}

void pool__begin(struct pool__worker *worker, const char *name)
{
    struct pool *pool = worker->pool;

    pthread_setname_np(pthread_self(), name);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pool__lock(pool);
    pool->n_begun++;
    count_threads(pool);
    pool__unlock(pool);
}

void pool__leave(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    worker->thread = pthread_self();
    pool__lock(pool);
    if (worker->index < pool->n_indices)
        pool->used[worker->index] = 0;
    worker->next_left = pool->left;
    pool->left = worker;
    pool->n_left++;
    count_threads(pool);
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

static bool needs_preparation(const struct pool *pool)
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
    }
    if (start != NULL && start->error == 0)
        start->error = error;
    if (start != NULL && --start->n_pending == 0)
        pool__wake(pool, &pool->awaiting_start, SIZE_MAX);
    pool__unlock(pool);
    return error;
}

static void *run_worker(void *arg)
{
    struct pool__worker *worker = arg;
    char suffix[12], name[POOL__NAME_BYTES + sizeof suffix];
    int n_suffix = snprintf(suffix, sizeof suffix, "-%u", (unsigned)worker->index);

    snprintf(name, sizeof name, "%.*s%s", POOL__NAME_BYTES - 1 - n_suffix, worker->pool->name, suffix);
    self = worker;
    pool__begin(worker, name);
    if (needs_preparation(worker->pool) && prepare(worker) != 0)
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

/* Starts a thread that is counted in n_threads, or frees the worker and takes it back. */
static int start_thread(struct pool__worker *worker, void *(*run)(void *))
{
    struct pool *pool = worker->pool;
    size_t index = worker->index;
    pthread_t thread;
    sigset_t old;
    int error;

    block_signals(&old);
    error = -pthread_create(&thread, &pool->attr, run, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pool__lock(pool);
    if (error == 0) {
        pool->n_created++;
        count_threads(pool);
    } else {
        if (index != SIZE_MAX)
            pool->used[index] = 0;
        count_refused(pool);
        free(worker);
    }
    pool__unlock(pool);
    return error;
}

/* Starts a worker that is counted in n_threads, and in n_alive too, which is the caller's to undo. */
static int start_reserved(struct pool *pool, struct pool__start *start, bool is_replacement)
{
    struct pool__worker *worker = pool__new_worker(pool);

    pool__lock(pool);
    if (worker != NULL)
        worker->index = take_index(pool);
    if (worker == NULL || worker->index == SIZE_MAX) {
        count_refused(pool);
        pool__unlock(pool);
        free(worker);
        return -ENOMEM;
    }
    worker->start = start;
    worker->is_replacement = is_replacement;
    pool__unlock(pool);
    return start_thread(worker, run_worker);
}

/* Starts a worker, which may take the place of the calling one in the count. */
static int start_worker(struct pool *pool, struct pool__start *start, bool is_replacement)
{
    int error;

    pool__lock(pool);
    pool->n_threads++;
    pool->n_alive += !is_replacement;
    pool__unlock(pool);
    error = start_reserved(pool, start, is_replacement);
    if (error != 0 && !is_replacement)
        cancel_reservation(pool);
    return error;
}

/* Waits until n_started workers are prepared, of those that start->n_pending expects. */
static int await_start(struct pool *pool, struct pool__start *start, size_t n_started)
{
    pool__lock(pool);
    start->n_pending -= start->n_expected - n_started;
    while (start->n_pending > 0)
        pool__sleep(pool, &pool->awaiting_start, POOL__NEVER);
    pool__unlock(pool);
    return start->error;
}

int pool__start_workers(struct pool *pool, size_t n_workers, bool is_awaited)
{
    struct pool__start start = {.n_expected = n_workers, .n_pending = n_workers};
    bool has_start = is_awaited && needs_preparation(pool);
    size_t n_started = 0;
    int error = 0, start_error = 0;

    while (n_started < n_workers && error == 0) {
        error = start_worker(pool, has_start ? &start : NULL, false);
        n_started += error == 0;
    }
    if (has_start)
        start_error = await_start(pool, &start, n_started);
    return error != 0 ? error : start_error;
}

int pool__start_scout_thread(struct pool__worker *scout, void *(*run)(void *))
{
    pool__lock(scout->pool);
    scout->pool->n_threads++;
    pool__unlock(scout->pool);
    return start_thread(scout, run);
}

void pool__call_for_workers(struct pool *pool, size_t n_tasks)
{
    size_t n_asked = pool_n_workers(pool), n_missing = n_asked > pool->n_alive ? n_asked - pool->n_alive : 0;

    if (n_tasks > 0 && pool->is_first_free) {
        pool->is_first_free = false;
        n_tasks--;
    }
    if (n_tasks > n_missing && pool->n_alive + n_missing < pool->max_workers)
        pool__wake(pool, &pool->scout, 1);
    for (size_t i = 0; i < n_tasks && i < n_missing; i++) {
        pool->n_alive++;
        pool->n_threads++;
        pool->n_starts++;
    }
}

void pool__start_called(struct pool *pool, size_t n_workers)
{
    for (; n_workers > 0; n_workers--)
        if (start_reserved(pool, NULL, false) != 0)
            cancel_reservation(pool);
}

/* Starts a worker in the place of the calling one. */
static int replace(struct pool *pool)
{
    struct pool__start start = {.n_expected = 1, .n_pending = 1};
    int error;

    if (!needs_preparation(pool))
        return start_worker(pool, NULL, true);
    error = start_worker(pool, &start, true);
    return error != 0 ? error : await_start(pool, &start, 1);
}

/* Whether the calling worker, which a task has ended, is missed. If not it is no longer counted. */
static bool is_missed(struct pool *pool)
{
    bool is_missed;

    pool__lock(pool);
    is_missed = pool->n_ready <= pool_n_workers(pool) && (!pool->closed || pool->queue.n_ranges > 0);
    if (!is_missed)
        retire(pool);
    pool__unlock(pool);
    return is_missed;
}

static void replace_worker(void *arg)
{
    const struct timespec pause = {0, REPLACE_PAUSE_NS};
    struct pool__worker *worker = arg;

    while (is_missed(worker->pool) && replace(worker->pool) != 0)
        nanosleep(&pause, NULL);
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
