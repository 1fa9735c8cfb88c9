/* Threads of a pool: how they are counted, started and joined.
 *
 * A worker is reserved, and counted in n_alive, in the critical section that finds it missing; it is started once the
 * lock is free, by pool__unlock() where a task was queued that no idle worker was woken for. So nobody else
 * starts it again, and who joins waits for it. If the system refuses it that is undone.
 *
 * A thread that leaves joins the one that left before it, and pool_join() the last: so at any time there is one at most
 * that has ended and takes up room.
 */
#include "quiet.h"
#include "seat.h"
#include "sleep.h"
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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
static void refuse(struct pool *pool, bool was_alive)
{
    pool->counters.threads_refused++;
    pool->n_alive -= was_alive;
    pool->n_threads--;
    pool__check_end(pool);
    pool__wake(pool, &pool->scout, 1);
}

void pool__begin(struct pool__worker *worker, const char *name)
{
    struct pool *pool = worker->pool;

    pthread_setname_np(pthread_self(), name);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pool__lock(pool);
    worker->id = (pid_t)syscall(SYS_gettid);
    pthread_getcpuclockid(pthread_self(), &worker->cpu_clock);
    pool->n_begun++;
    count_threads(pool);
    pool__unlock(pool);
}

/* The lock is held. */
static void free_index(const struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    if (worker->index == SIZE_MAX)
        return;
    pool->workers[worker->index] = NULL;
    if (worker->index < pool->first_free)
        pool->first_free = worker->index;
}

static void join_worker(struct pool__worker *worker)
{
    if (worker == NULL)
        return;
    pthread_join(worker->thread, NULL);
    free(worker);
}

void pool__leave(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__worker *before;

    worker->thread = pthread_self();
    worker->seat = NULL;
    pool__lock(pool);
    free_index(worker);
    before = pool->left;
    pool->left = worker;
    pool->n_left++;
    count_threads(pool);
    pool->n_threads--;
    pool__check_quiet(pool);
    pool__unlock(pool);
    join_worker(before);
}

void pool__join_last(struct pool *pool)
{
    struct pool__worker *worker;

    pool__lock(pool);
    worker = pool->left;
    pool->left = NULL;
    pool__unlock(pool);
    join_worker(worker);
}

static struct pool__worker *new_worker(struct pool *pool)
{
    struct pool__worker *worker = aligned_alloc(POOL__LINE_BYTES, sizeof *worker);

    if (worker != NULL)
        *worker = (struct pool__worker){.pool = pool, .index = SIZE_MAX};
    return worker;
}

/* What a worker must not receive: all but the signals that a fault raises in the thread at fault. Or, where tasks are
 * to have them, what the creating thread does not receive. */
static void choose_signals(sigset_t *set, bool keep_signals)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

    if (keep_signals) {
        pthread_sigmask(SIG_SETMASK, NULL, set);
        return;
    }
    sigfillset(set);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(set, faults[i]);
}

/* With an attribute a creation needs no system calls for it. */
#ifdef __GLIBC__
#define HAS_ATTRIBUTE __GLIBC_PREREQ(2, 32)
#else
#define HAS_ATTRIBUTE 0
#endif
#if HAS_ATTRIBUTE
int pool__set_signals(struct pool *pool)
{
    choose_signals(&pool->signals, pool->options.keep_signals);
    return -pthread_attr_setsigmask_np(&pool->attr, &pool->signals);
}

static int create_thread(const struct pool *pool, pthread_t *thread, void *(*run)(void *), void *arg)
{
    return -pthread_create(thread, &pool->attr, run, arg);
}
#else
int pool__set_signals(struct pool *pool)
{
    choose_signals(&pool->signals, pool->options.keep_signals);
    return 0;
}

static int create_thread(const struct pool *pool, pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t old;
    int error;

    pthread_sigmask(SIG_SETMASK, &pool->signals, &old);
    error = -pthread_create(thread, &pool->attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}
#endif

/* Starts a thread that is counted in n_threads, and as a worker in n_alive, or frees its worker and takes that back. */
static int start_thread(struct pool__worker *worker, void *(*run)(void *))
{
    struct pool *pool = worker->pool;
    bool was_alive = worker->index != SIZE_MAX && !worker->is_replacement;
    pthread_t thread;
    int error = create_thread(pool, &thread, run, worker);

    pool__share_cpu();
    pool__lock(pool);
    if (error == 0) {
        pool->n_created++;
        count_threads(pool);
    } else {
        free_index(worker);
        refuse(pool, was_alive);
        free(worker);
    }
    pool__unlock(pool);
    return error;
}

/* Gives the worker the lowest free index, or SIZE_MAX if there is no memory for another. The lock is held. */
static void take_index(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    size_t index = pool->first_free;

    while (index < pool->n_indices && pool->workers[index] != NULL)
        index++;
    pool->first_free = index;
    if (index == pool->n_indices) {
        struct pool__worker **workers = realloc(pool->workers, 2 * index * sizeof workers[0]);

        if (workers == NULL)
            return;
        memset(workers + index, 0, index * sizeof workers[0]);
        pool->workers = workers;
        pool->n_indices = 2 * index;
    }
    if (pool__new_seats(pool, POOL__GUESTS + index) != 0)
        return;
    pool->workers[index] = worker;
    worker->index = index;
    worker->seat_index = POOL__GUESTS + index;
    worker->seat = pool__seat(pool, worker->seat_index);
}

/* Starts a worker that is counted, or takes that back. One that replaces another has that one's place in n_alive. */
static int start_worker(struct pool *pool, struct pool__start *start, bool is_replacement)
{
    struct pool__worker *worker = new_worker(pool);

    pool__lock(pool);
    if (worker != NULL)
        take_index(worker);
    if (worker == NULL || worker->index == SIZE_MAX) {
        refuse(pool, !is_replacement);
        pool__unlock(pool);
        free(worker);
        return -ENOMEM;
    }
    worker->start = start;
    worker->is_replacement = is_replacement;
    pool__unlock(pool);
    return start_thread(worker, pool->run_worker);
}

bool pool__needs_preparation(const struct pool *pool)
{
    return pool->options.cpusets != NULL || pool->options.initializer != NULL;
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

static void unreserve(struct pool *pool, size_t n_workers)
{
    pool__lock(pool);
    pool->n_alive -= n_workers;
    pool->n_threads -= n_workers;
    pool__check_end(pool);
    pool__unlock(pool);
}

int pool__start_reserved(struct pool *pool, size_t n_workers)
{
    struct pool__start start = {.n_expected = n_workers, .n_pending = n_workers};
    bool is_awaited = pool__needs_preparation(pool);
    size_t n_tried = 0;
    int error = 0, start_error = 0;

    while (n_tried < n_workers && error == 0) {
        error = start_worker(pool, is_awaited ? &start : NULL, false);
        n_tried++;
    }
    if (n_tried < n_workers)
        unreserve(pool, n_workers - n_tried);
    if (is_awaited)
        start_error = await_start(pool, &start, n_tried - (error != 0));
    return error != 0 ? error : start_error;
}

int pool__start_replacement(struct pool *pool)
{
    struct pool__start start = {.n_expected = 1, .n_pending = 1};
    bool is_awaited = pool__needs_preparation(pool);
    int error;

    pool__lock(pool);
    pool->n_threads++;
    pool__unlock(pool);
    error = start_worker(pool, is_awaited ? &start : NULL, true);
    return error != 0 || !is_awaited ? error : await_start(pool, &start, 1);
}

int pool__start_scout_thread(struct pool__worker *scout, void *(*run)(void *))
{
    struct pool *pool = scout->pool;
    bool is_closed;

    pool__lock(pool);
    is_closed = pool->closed;
    pool->n_threads += !is_closed;
    pool__unlock(pool);
    if (!is_closed)
        return start_thread(scout, run);
    free(scout);
    return -ESHUTDOWN;
}

void pool__start_called(struct pool *pool, size_t n_workers)
{
    for (; n_workers > 0; n_workers--)
        start_worker(pool, NULL, false);
}
