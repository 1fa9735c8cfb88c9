/* The pool: creation, size, and its end. */
#include "call.h"
#include "complete.h"
#include "cpus.h"
#include "elastic.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "notice.h"
#include "quiet.h"
#include "seat.h"
#include "sleep.h"
#include "stock.h"
#include "thread.h"
#include "ticket.h"
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* About what waking a thread takes that sleeps on an idle CPU of a virtual machine, where 25 to 57 us were measured: to
 * look for so long costs at most as much again, and an idle pool costs it once. */
enum { SPIN_NS = 50 * 1000 };

/* Frees all but the handles' memory and what guards it, and that too if there is no handle. */
static void release_pool(struct pool *pool)
{
    bool is_last;

    pool__lock(pool);
    pool__front(pool); /* drops what is left: ranges of handles that have ended */
    for (size_t i = 0; i < pool__count_seats(pool); i++)
        pool__return_handles(pool__seat(pool, i));
    pool__unlock(pool);
    pool__queue_release(&pool->queue);
    free((void *)pool->options.cpusets);
    free(pool->workers);
    pool__free_seats(pool);
    for (size_t i = 0; i < pool->n_ports; i++)
        pool__port_release(&pool->ports[i]);
    pthread_attr_destroy(&pool->attr);
    pthread_mutex_destroy(&pool->size_lock);
    pthread_mutex_destroy(&pool->join_lock);
    pool__lock(pool);
    pool->destroyed = true;
    is_last = pool->n_handles == 0;
    pool__unlock(pool);
    if (is_last)
        pool__free(pool);
}

static bool are_options_valid(const struct pool_options *options)
{
    if (options->max_workers != 0 && options->max_workers < options->n_workers)
        return false;
    if (options->cpusets == NULL)
        return options->n_cpusets == 0;
    return options->n_cpusets > 0 && options->cpuset_bytes > 0 &&
           options->cpuset_bytes <= SIZE_MAX / options->n_cpusets;
}

static int choose_sizes(struct pool_options *options)
{
    struct pool_cpu_limits limits;
    int error = 0;

    if (options->n_workers == 0) {
        error = pool_cpu_limits("", &limits);
        options->n_workers = limits.n_usable;
    }
    if (error == 0 && options->max_workers == 0)
        options->max_workers = options->n_workers;
    return error != 0 ? error : options->max_workers < options->n_workers ? -EINVAL : 0;
}

static int copy_cpusets(struct pool_options *options)
{
    const void *cpusets = options->cpusets;
    void *copy;

    if (cpusets == NULL)
        return 0;
    copy = malloc(options->n_cpusets * options->cpuset_bytes);
    options->cpusets = copy;
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, cpusets, options->n_cpusets * options->cpuset_bytes);
    return 0;
}

static int make_attr(struct pool *pool)
{
    int error = -pthread_attr_init(&pool->attr);

    if (error != 0)
        return error;
    error = pool__set_signals(pool);
    if (error == 0 && pool->options.stack_bytes != 0)
        error = -pthread_attr_setstacksize(&pool->attr, pool->options.stack_bytes);
    if (error != 0)
        pthread_attr_destroy(&pool->attr);
    return error;
}

/* glibc's adaptive mutex spins for a moment before it sleeps. The lock is held for less time than a sleep takes:
 * with it, two workers and a submitter of empty tasks spend half the time. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
#ifdef __GLIBC__
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

/* More workers than there can be. */
static int check_size(size_t n_workers)
{
    return n_workers > SIZE_MAX / sizeof(struct pool__worker) ? -ENOMEM : 0;
}

/* A pool without threads. */
static int new_pool(struct pool **out, const struct pool_options *options)
{
    struct pool *pool;
    size_t n_cpus;
    int error = pool__count_mask(&n_cpus);

    if (error == 0)
        error = check_size(options->n_workers);
    if (error != 0)
        return error;
    pool = aligned_alloc(_Alignof(struct pool), sizeof *pool);
    if (pool == NULL)
        return -ENOMEM;
    memset(pool, 0, sizeof *pool);
    pool->options = *options;
    pool->run_worker = pool__run_worker;
    pool->start_called = pool__start_called;
    pool->fork_generation = pool__fork_generation();
    pool->max_workers = options->max_workers;
    atomic_init(&pool->n_workers, options->n_workers);
    pool->spin_ns = n_cpus < 2 || options->spin_ns < 0 ? 0 : options->spin_ns > 0 ? options->spin_ns : SPIN_NS;
    atomic_init(&pool->first_seat, POOL__GUESTS);
    pool->n_searching_max = n_cpus > 1 ? n_cpus - 1 : 1;
    pool->queue.spares.n_kept = &pool->n_spare_blocks;
    if (options->max_queued == 0)
        pool->n_ports = n_cpus < POOL__PORTS ? n_cpus : POOL__PORTS;
    for (size_t i = 0; i < pool->n_ports; i++)
        pool__port_init(&pool->ports[i], &pool->n_spare_blocks);
    snprintf(pool->name, sizeof pool->name, "%s", options->name != NULL ? options->name : "pool");
    error = copy_cpusets(&pool->options);
    pool->n_indices = options->n_workers;
    pool->workers = calloc(pool->n_indices, sizeof pool->workers[0]);
    if (error == 0)
        error = pool->workers != NULL ? make_attr(pool) : -ENOMEM;
    if (error != 0) {
        free((void *)pool->options.cpusets);
        free(pool->workers);
        free(pool);
        return error;
    }
    init_lock(&pool->lock);
    pthread_mutex_init(&pool->size_lock, NULL);
    pthread_mutex_init(&pool->join_lock, NULL);
    *out = pool;
    return 0;
}

static int start_first_threads(struct pool *pool)
{
    size_t n_workers = pool->options.start_all ? pool_n_workers(pool) : 1;
    int error = pool->max_workers > pool_n_workers(pool) ? pool__start_scout(pool) : 0;

    if (error != 0)
        return error;
    pool__lock(pool);
    pool__reserve(pool, n_workers);
    pool__unlock(pool);
    return pool__start_reserved(pool, n_workers);
}

int pool_create(struct pool **out, const struct pool_options *given)
{
    struct pool_options options = {0};
    struct pool *pool = NULL;
    int error = pool__watch_forks();

    if (given != NULL)
        options = *given;
    if (out == NULL || !are_options_valid(&options))
        return -EINVAL;
    if (error == 0)
        error = choose_sizes(&options);
    if (error == 0)
        error = new_pool(&pool, &options);
    if (error != 0)
        return error;
    error = start_first_threads(pool);
    if (error != 0) {
        pool_destroy(pool);
        return error;
    }
    *out = pool;
    return 0;
}

/* Sets how many workers there should be, and lets idle ones in excess look at it. The lock is held. */
static void set_size(struct pool *pool, size_t n_workers, size_t max_workers)
{
    /* [SIZE] relaxed: a number that orders nothing; pairs with the load in pool_n_workers(). */
    atomic_store_explicit(&pool->n_workers, n_workers, memory_order_relaxed);
    pool->max_workers = max_workers;
    if (pool->n_alive > n_workers)
        pool__wake_idle(pool, pool->n_alive - n_workers);
}

/* size_lock is held. */
static int resize(struct pool *pool, size_t n_workers, size_t max_workers)
{
    size_t n_before = pool_n_workers(pool), max_before, n_missing = 0;
    bool is_closed;
    int error = max_workers > n_workers ? pool__start_scout(pool) : 0;

    if (error != 0)
        return error;
    pool__lock(pool);
    is_closed = pool->closed;
    max_before = pool->max_workers;
    if (!is_closed) {
        set_size(pool, n_workers, max_workers);
        if (pool->options.start_all && n_workers > pool->n_alive)
            n_missing = n_workers - pool->n_alive;
        pool__reserve(pool, n_missing);
    }
    pool__unlock(pool);
    if (is_closed)
        return -ESHUTDOWN;
    error = pool__start_reserved(pool, n_missing);
    pool__lock(pool);
    if (error != 0)
        set_size(pool, n_before, max_before);
    else
        pool__call(pool, n_workers);
    pool__unlock(pool);
    return error;
}

int pool_resize(struct pool *pool, size_t n_workers, size_t max_workers)
{
    int error;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (max_workers == 0)
        max_workers = n_workers;
    if (n_workers == 0 || max_workers < n_workers)
        return -EINVAL;
    error = check_size(n_workers);
    if (error != 0)
        return error;
    pthread_mutex_lock(&pool->size_lock);
    error = resize(pool, n_workers, max_workers);
    pthread_mutex_unlock(&pool->size_lock);
    return error;
}

void pool_get_counters(struct pool *pool, struct pool_counters *counters)
{
    if (pool__is_inherited(pool))
        return;
    pool__lock(pool);
    *counters = pool->counters;
    counters->n_queued = pool__n_queued(pool) + pool__n_loose_of_use(pool, SIZE_MAX);
    /* [COUNT] relaxed: orders nothing. */
    counters->tasks_helped = atomic_load_explicit(&pool->n_helped, memory_order_relaxed);
    counters->tasks_nested = pool__nested(pool);
    pool__unlock(pool);
}

/* Refuses new tasks. The lock is held. */
static void close_pool(struct pool *pool)
{
    int cancel_state = pool__disable_cancel();

    pool->closed = true;
    pool__post_notices(pool);
    for (size_t i = 0; i < pool->n_ports; i++)
        pool__port_await(&pool->ports[i]);
    pool__await_visits(pool);
    pool__enable_cancel(cancel_state);
    pool__wake_idle(pool, SIZE_MAX);
    pool->n_room_tokens += pool__wake(pool, &pool->awaiting_room, SIZE_MAX);
    pool__wake(pool, &pool->awaiting_interval, SIZE_MAX);
    pool__wake(pool, &pool->scout, SIZE_MAX);
}

int pool_close(struct pool *pool)
{
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    pool__lock(pool);
    close_pool(pool);
    pool__unlock(pool);
    return 0;
}

/* Ends tasks that are not queued any more without running them. The lock is held on entry and return. */
static void drop_range(struct pool *pool, const struct pool__range *range)
{
    struct pool__frame frame;
    int cancel_state = pool__begin_aside(&frame);

    pool->counters.tasks_dropped += range->n_tasks;
    pool__unlock(pool);
    if (pool->options.dropped != NULL)
        for (size_t i = 0; i < range->n_tasks; i++)
            pool->options.dropped(range->fn, (void *)(range->arg + i * range->stride_bytes));
    pool__end_aside(&frame, cancel_state);
    pool__lock(pool);
    pool__finish_tasks(pool, range->n_tasks);
}

/* Drops the tasks of the oldest range. The lock is held on entry and return. */
static void drop_queued(struct pool *pool)
{
    struct pool__range range = *pool__queue_front(&pool->queue);

    pool__queue_drop(&pool->queue);
    pool->n_queued -= range.n_tasks;
    drop_range(pool, &range);
}

/* Drops what is loose: all that was submitted by who did not see that the pool is closed. The lock is held on entry and
 * return. */
static void drop_loose(struct pool *pool)
{
    struct pool__item item;

    while (pool__take_port(pool, 0, &item, NULL) || pool__steal(pool, 0, &item) ||
           pool__steal_guests(pool, 0, &item)) {
        struct pool__range range = {item.fn, (uintptr_t)item.arg, 0, 1};

        if (item.fn == NULL)
            pool__drop_spawned(item.arg);
        else
            drop_range(pool, &range);
    }
}

int pool_terminate(struct pool *pool)
{
    struct pool__range *range;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    pool__lock(pool);
    close_pool(pool);
    /* [STOP] relaxed: within the lock, or a request that orders nothing; pairs with the load in
     * pool__is_terminated(). */
    atomic_store_explicit(&pool->terminated, true, memory_order_relaxed);
    while ((range = pool__front(pool)) != NULL) {
        if (range->fn == NULL)
            pool__cancel((struct pool_handle *)range->arg);
        else
            drop_queued(pool);
    }
    drop_loose(pool);
    pool__unlock(pool);
    return 0;
}

/* 0 where this thread may wait for the end of the pool's tasks. */
static int may_join(const struct pool *pool)
{
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    return pool__is_inside(pool) ? -EDEADLK : 0;
}

static int join(struct pool *pool, int64_t deadline_ns)
{
    int error = may_join(pool), cancel_state;

    if (error != 0)
        return error;
    pool__complete_deferred();
    pool__lock(pool);
    if (!pool->closed)
        error = -EINVAL;
    pool__begin_quiet(pool);
    while (error == 0 && (pool->n_threads > 0 || pool__unfinished(pool) > 0))
        error = pool__sleep(pool, &pool->awaiting_end, deadline_ns) ? 0 : -ETIMEDOUT;
    pool->n_awaiting_quiet--;
    pool__unlock(pool);
    if (error != 0)
        return error;
    cancel_state = pool__disable_cancel();
    pthread_mutex_lock(&pool->join_lock); /* who comes second returns no sooner */
    pool__join_last(pool);
    pthread_mutex_unlock(&pool->join_lock);
    pool__enable_cancel(cancel_state);
    return 0;
}

int pool_join(struct pool *pool)
{
    return join(pool, POOL__NEVER);
}

int pool_timed_join(struct pool *pool, int64_t timeout_ns)
{
    return join(pool, pool__deadline(timeout_ns));
}

int pool_destroy(struct pool *pool)
{
    int error = pool != NULL ? may_join(pool) : 0;

    if (pool == NULL || error != 0)
        return error;
    pool_close(pool);
    pool_join(pool);
    release_pool(pool);
    return 0;
}

void pool_end_closed(struct pool **pool)
{
    pool_destroy(*pool);
}

void pool_end_terminated(struct pool **pool)
{
    if (*pool != NULL)
        pool_terminate(*pool);
    pool_destroy(*pool);
}
