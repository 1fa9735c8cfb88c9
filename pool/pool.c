/* The pool: workers, parking, waiting, closing.
 *
 * Locking: `lock` guards the queue and everything else that changes, `join_lock` who joins the workers. The
 * second is taken first. Neither is held while a task runs or while a thread is woken.
 *
 * Parking: a worker that finds no task pushes itself on the stack of idle workers and sleeps on its own
 * semaphore. Whoever queues tasks pops one worker for each, as far as there are any, and posts theirs: so a
 * thread is woken only where one sleeps, none is woken twice, and the one that slept last, whose caches are
 * warmest, goes first.
 *
 * No wake-up is lost: a worker looks at the queue and pushes itself in one critical section, a task is
 * queued and a worker popped in one, and a post that comes before the wait stays in the semaphore. So each
 * task in the queue has a worker that was popped for it, or came when none was idle; and a worker does not
 * go idle before the queue is empty.
 *
 * Waiting: n_unfinished counts tasks that are queued or running. The worker that takes it to zero posts the
 * semaphores of all threads that wait, which are not looked at again.
 *
 * Rejected: a condition variable for idle workers (it wakes first in, first out, and pthread_cond_signal()
 * loses wake-ups in glibc before 2.41); taking several tasks at once (a short one would wait behind a long
 * one); spinning before sleep.
 */
#include "pool.h"

#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES = 128, /* between what different threads write: lines of 64 bytes are fetched in pairs */
    NAME_BYTES = 16   /* of a thread, with its 0: TASK_COMM_LEN */
};

struct worker {
    _Alignas(LINE_BYTES) sem_t wake;
    struct worker *next_idle; /* guarded by lock, then owned by who popped the worker */
    struct pool *pool;
    size_t index;
    pthread_t thread;
};

/* A thread in pool_wait(), on its stack. */
struct waiter {
    sem_t done;
    struct waiter *next;
};

/* Owned by whoever created it. */
struct pool {
    size_t n_workers; /* constant after creation, as all down to name */
    unsigned fork_generation;
    char name[NAME_BYTES];

    pthread_mutex_t join_lock;
    bool joined;

    _Alignas(LINE_BYTES) pthread_mutex_t lock;
    bool closed;
    struct worker *idle;
    size_t n_unfinished;
    struct waiter *waiters;
    struct pool__queue queue;

    struct worker workers[];
};

/* The worker that this thread is, if it is one. */
static _Thread_local const struct worker *current;

/* Forks between the start of the program and this process. Written by the only thread of a fresh child. */
static unsigned fork_generation;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_error;

static void count_fork(void)
{
    fork_generation++;
}

static void watch_forks(void)
{
    fork_error = -pthread_atfork(NULL, NULL, count_fork);
}

static bool is_inherited(const struct pool *pool)
{
    return pool->fork_generation != fork_generation;
}

/* 0 where the calling thread may use the pool, and wait for it. */
static int may_wait(const struct pool *pool)
{
    if (is_inherited(pool))
        return -ENOTRECOVERABLE;
    return current != NULL && current->pool == pool ? -EDEADLK : 0;
}

static void sleep_on(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

/* Pops up to n_max idle workers. The lock is held. */
static struct worker *pop_idle(struct pool *pool, size_t n_max)
{
    struct worker *first = pool->idle, **end = &pool->idle;

    for (; n_max > 0 && *end != NULL; n_max--)
        end = &(*end)->next_idle;
    if (end == &pool->idle)
        return NULL;
    pool->idle = *end;
    *end = NULL;
    return first;
}

static void wake_workers(struct worker *worker)
{
    while (worker != NULL) {
        struct worker *next = worker->next_idle; /* the worker may go idle again once it is posted */

        sem_post(&worker->wake);
        worker = next;
    }
}

static void wake_waiters(struct waiter *waiter)
{
    while (waiter != NULL) {
        struct waiter *next = waiter->next; /* gone once it is posted */

        sem_post(&waiter->done);
        waiter = next;
    }
}

/* Takes a task, sleeping until there is one; false at the end of the pool. The lock is held on entry and
 * return. */
static bool next_task(struct worker *worker, pool_fn **fn, void **arg)
{
    struct pool *pool = worker->pool;

    while (!pool__queue_take(&pool->queue, fn, arg)) {
        if (pool->closed)
            return false;
        worker->next_idle = pool->idle;
        pool->idle = worker;
        pthread_mutex_unlock(&pool->lock);
        sleep_on(&worker->wake);
        pthread_mutex_lock(&pool->lock);
    }
    return true;
}

/* Counts a task as finished. The lock is held on entry and return. */
static void finish_task(struct pool *pool)
{
    struct waiter *waiters = pool->waiters;

    if (--pool->n_unfinished > 0 || waiters == NULL)
        return;
    pool->waiters = NULL;
    pthread_mutex_unlock(&pool->lock);
    wake_waiters(waiters);
    pthread_mutex_lock(&pool->lock);
}

static void name_thread(const struct worker *worker)
{
    char suffix[12], name[NAME_BYTES + sizeof suffix];
    int n_suffix = snprintf(suffix, sizeof suffix, "-%u", (unsigned)worker->index);

    snprintf(name, sizeof name, "%.*s%s", NAME_BYTES - 1 - n_suffix, worker->pool->name, suffix);
    pthread_setname_np(pthread_self(), name);
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    struct pool *pool = worker->pool;
    pool_fn *fn;
    void *task_arg;

    current = worker;
    name_thread(worker);
    pthread_mutex_lock(&pool->lock);
    while (next_task(worker, &fn, &task_arg)) {
        pthread_mutex_unlock(&pool->lock);
        fn(task_arg);
        pthread_mutex_lock(&pool->lock);
        finish_task(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_worker(struct pool *pool, const pthread_attr_t *attr, const struct pool_options *options)
{
    size_t index = pool->n_workers;
    struct worker *worker = &pool->workers[index];
    const void *cpuset;
    int error;

    worker->pool = pool;
    worker->index = index;
    sem_init(&worker->wake, 0, 0);
    error = pthread_create(&worker->thread, attr, run_worker, worker);
    if (error != 0) {
        sem_destroy(&worker->wake);
        return -error;
    }
    pool->n_workers++;
    if (options->cpusets == NULL)
        return 0;
    cpuset = (const char *)options->cpusets + index % options->n_cpusets * options->cpuset_bytes;
    return -pthread_setaffinity_np(worker->thread, options->cpuset_bytes, cpuset);
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

static int start_workers(struct pool *pool, const struct pool_options *options, size_t n_workers)
{
    pthread_attr_t attr;
    sigset_t old;
    int error = -pthread_attr_init(&attr);

    if (error != 0)
        return error;
    if (options->stack_bytes != 0)
        error = -pthread_attr_setstacksize(&attr, options->stack_bytes);
    block_signals(&old);
    while (error == 0 && pool->n_workers < n_workers)
        error = start_worker(pool, &attr, options);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return error;
}

static struct pool *new_pool(const char *name, size_t n_workers)
{
    struct pool *pool;
    size_t size_bytes;

    if (n_workers > (SIZE_MAX - sizeof *pool) / sizeof pool->workers[0])
        return NULL;
    size_bytes = sizeof *pool + n_workers * sizeof pool->workers[0];
    pool = aligned_alloc(LINE_BYTES, size_bytes);
    if (pool == NULL)
        return NULL;
    memset(pool, 0, size_bytes);
    pool->fork_generation = fork_generation;
    snprintf(pool->name, sizeof pool->name, "%s", name != NULL ? name : "pool");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->join_lock, NULL);
    return pool;
}

static int choose_n_workers(const struct pool_options *options, size_t *n_workers)
{
    struct pool_cpu_limits limits;
    int error;

    *n_workers = options->n_workers;
    if (*n_workers != 0)
        return 0;
    error = pool_cpu_limits("", &limits);
    if (error == 0)
        *n_workers = limits.n_usable;
    return error;
}

static bool are_cpusets_valid(const struct pool_options *options)
{
    if (options->cpusets == NULL)
        return options->n_cpusets == 0;
    return options->n_cpusets > 0 && options->cpuset_bytes > 0;
}

int pool_create(struct pool **out, const struct pool_options *options)
{
    static const struct pool_options defaults;
    struct pool *pool;
    size_t n_workers;
    int error;

    if (options == NULL)
        options = &defaults;
    if (out == NULL || !are_cpusets_valid(options))
        return -EINVAL;
    pthread_once(&fork_once, watch_forks);
    if (fork_error != 0)
        return fork_error;
    error = choose_n_workers(options, &n_workers);
    if (error != 0)
        return error;
    pool = new_pool(options->name, n_workers);
    if (pool == NULL)
        return -ENOMEM;
    error = start_workers(pool, options, n_workers);
    if (error != 0) {
        pool_destroy(pool);
        return error;
    }
    *out = pool;
    return 0;
}

size_t pool_n_workers(const struct pool *pool)
{
    return pool->n_workers;
}

/* The lock is held. */
static int queue_range(struct pool *pool, const struct pool__range *range)
{
    int error;

    if (pool->closed)
        return -ESHUTDOWN;
    if (range->n_tasks > SIZE_MAX - pool->n_unfinished)
        return -EOVERFLOW;
    if (range->n_tasks == 0)
        return 0;
    error = pool__queue_push(&pool->queue, range);
    if (error == 0)
        pool->n_unfinished += range->n_tasks;
    return error;
}

int pool_submit_many(struct pool *pool, pool_fn *fn, void *args, size_t stride_bytes, size_t n_tasks,
                     size_t *n_accepted)
{
    const struct pool__range range = {fn, (uintptr_t)args, stride_bytes, n_tasks};
    struct worker *woken = NULL;
    int error;

    if (n_accepted != NULL)
        *n_accepted = 0;
    if (is_inherited(pool))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&pool->lock);
    error = queue_range(pool, &range);
    if (error == 0)
        woken = pop_idle(pool, n_tasks);
    pthread_mutex_unlock(&pool->lock);
    wake_workers(woken);
    if (n_accepted != NULL && error == 0)
        *n_accepted = n_tasks;
    return error;
}

int pool_submit(struct pool *pool, pool_fn *fn, void *arg)
{
    return pool_submit_many(pool, fn, arg, 0, 1, NULL);
}

int pool_wait(struct pool *pool)
{
    struct waiter waiter;
    bool is_busy;
    int error = may_wait(pool);

    if (error != 0)
        return error;
    sem_init(&waiter.done, 0, 0);
    pthread_mutex_lock(&pool->lock);
    is_busy = pool->n_unfinished > 0;
    if (is_busy) {
        waiter.next = pool->waiters;
        pool->waiters = &waiter;
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_busy)
        sleep_on(&waiter.done);
    sem_destroy(&waiter.done);
    return 0;
}

int pool_close(struct pool *pool)
{
    struct worker *woken;

    if (is_inherited(pool))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    woken = pop_idle(pool, SIZE_MAX);
    pthread_mutex_unlock(&pool->lock);
    wake_workers(woken);
    return 0;
}

static bool is_closed(struct pool *pool)
{
    bool closed;

    pthread_mutex_lock(&pool->lock);
    closed = pool->closed;
    pthread_mutex_unlock(&pool->lock);
    return closed;
}

int pool_join(struct pool *pool)
{
    int error = may_wait(pool);

    if (error != 0)
        return error;
    if (!is_closed(pool))
        return -EINVAL;
    pthread_mutex_lock(&pool->join_lock);
    for (size_t i = 0; i < pool->n_workers && !pool->joined; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pool->joined = true;
    pthread_mutex_unlock(&pool->join_lock);
    return 0;
}

int pool_destroy(struct pool *pool)
{
    int error = pool != NULL ? may_wait(pool) : 0;

    if (pool == NULL || error != 0)
        return error;
    pool_close(pool);
    pool_join(pool);
    for (size_t i = 0; i < pool->n_workers; i++)
        sem_destroy(&pool->workers[i].wake);
    pthread_mutex_destroy(&pool->join_lock);
    pthread_mutex_destroy(&pool->lock);
    pool__queue_release(&pool->queue);
    free(pool);
    return 0;
}
