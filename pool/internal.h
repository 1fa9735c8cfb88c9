/* What the files of the pool share. Private to pool/.
 *
 * LOCKING. pool->lock guards all that changes in a pool, its queue, its handles and its iterators, where nothing
 * else is said; size_lock serialises who resizes, join_lock who joins. These are taken first. The
 * lock is not held while a function of the user's runs or, but in several.c, while a thread is woken.
 *
 * WAKING. Whoever changes what a thread sleeps for moves its sleeper to pool->wakes, in the same critical
 * section; pool__unlock() posts them all once the lock is free. A thread pushes its sleeper on a list in the
 * critical section in which it looked and found nothing; so no wake-up is lost, and none is given twice.
 */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include "park.h"
#include "pool.h"
#include "queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POOL__LINE_BYTES = 128,  /* between what different threads write: lines of 64 bytes are fetched in pairs */
    POOL__NAME_BYTES = 16,   /* of a thread, with its 0: TASK_COMM_LEN */
    POOL__NESTED_MAX = 32    /* tasks within tasks by which a worker keeps a bound: see pool_submit() */
};

/* One thread that sleeps; in at most one list at a time. */
struct pool__sleeper {
    struct pool__parker parker;
    struct pool__sleeper *next;
};

/* Owned by its thread until that has left, then by who joins it. */
struct pool__worker {
    _Alignas(POOL__LINE_BYTES) struct pool__sleeper sleeper;
    struct pool *pool;
    size_t index;                  /* constant; SIZE_MAX: the scout of an elastic pool */
    bool is_replacement;           /* takes the place of one that a task has ended */
    struct pool__start *start;     /* who waits until it is prepared, or NULL */
    pthread_t thread;              /* set when it leaves */
};

/* Whoever starts workers and waits until they are prepared. */
struct pool__start {
    size_t n_expected, n_pending;
    int error; /* the first one */
};

/* Owned by whoever created it; its memory stays until the last handle is released. */
struct pool {
    /* Constant after creation. */
    struct pool_options options; /* name is not used, cpusets is a copy */
    char name[POOL__NAME_BYTES];
    unsigned fork_generation;
    pthread_attr_t attr;
    bool may_spin; /* there is more than one CPU */

    pthread_mutex_t join_lock;
    pthread_mutex_t size_lock;
    bool has_scout; /* guarded by it */
    size_t n_cpus; /* constant once there is a scout: how many may be busy */

    /* Written by every task: one pair of cache lines. */
    _Alignas(POOL__LINE_BYTES) pthread_mutex_t lock;
    bool closed;
    atomic_bool terminated;
    struct pool__sleeper *wakes; /* to be posted by who unlocks */
    size_t n_starts;             /* reserved workers, to be started by who unlocks */
    struct pool__sleeper *idle;  /* workers: the one that slept last goes first, its caches are the warmest */
    size_t n_unfinished;         /* tasks that are queued or running */
    size_t n_queued;             /* as max_queued counts */
    struct pool__queue queue;    /* its spare blocks are beyond the two lines */

    /* Written now and then. */
    _Alignas(POOL__LINE_BYTES) struct pool__sleeper *awaiting_room;
    atomic_bool is_spinning;     /* a worker, before it sleeps */
    struct pool__sleeper *awaiting_all, *awaiting_end, *awaiting_start;
    struct pool__sleeper *scout; /* while there is nothing to watch */
    struct pool__sleeper *awaiting_interval; /* the scout while there is */
    size_t n_stale;              /* ranges of which no ticket is good any more: see task.c */
    bool destroyed;

    atomic_size_t n_workers;     /* asked for; written under both locks */
    size_t max_workers;
    size_t n_alive;              /* workers that were started or reserved and have not left */
    size_t n_ready;              /* of these the ones that are prepared for tasks */
    size_t n_threads;            /* the same and the scout */
    uint64_t n_created, n_begun, n_left; /* threads, as their creators know; that run; that have left */
    bool is_first_free;          /* the first worker has not looked for a task yet, and none is meant for it */
    unsigned char *used;         /* n_indices flags: which indices live workers have */
    size_t n_indices;
    struct pool__worker *left;   /* the last thread that has left, until it is joined */

    size_t n_handles;            /* that are not free */
    struct pool_handle *free_handles;
    struct pool__slab *slabs;

    struct pool_counters counters; /* but n_queued, which is above */
};

/* What a thread is about to run, runs, or has run: a task, or a part of the calls of a handle or an iterator. */
struct pool__task {
    struct pool_handle *handle;    /* NULL: a submitted task, fn and arg */
    size_t n_calls;
    pool_fn *fn;
    void *arg;
    size_t begin, end;             /* a handle's calls that have not been made */
    struct pool__slot *slots;      /* an iterator's calls */
    struct pool__slot *next_slot;  /* the first of them that has not been made */
    struct pool_error error;       /* the first call that failed; code 0: none */
};

/* A task that runs on this thread, on its stack. */
struct pool__frame {
    struct pool__frame *outer;
    struct pool *pool;
    struct pool__task *task;
    char message[POOL_MESSAGE_BYTES]; /* of the call that runs, as pool_fail() made it */
};

/* What differs between the calls of a handle and those of an iterator. */
struct pool__kind {
    /* Takes a part of the unclaimed calls, or all. There is at least one. The lock is held. */
    void (*claim)(struct pool_handle *handle, struct pool__task *task, bool all);
    /* Makes the part's calls. */
    void (*run)(struct pool__task *task);
    /* Lets those that have not been made fail, the first of them with code, the others with -ECANCELED. */
    void (*skip)(struct pool__task *task, int code);
    /* Takes the part's outcome. The lock is held; it may be given up in between. */
    void (*finish)(struct pool__task *task);
    /* The last reference is gone. The lock is held. */
    void (*free)(struct pool_handle *handle);
};

/* Tasks of one kind: a call, a map, or what was fed to an iterator.
 *
 * References: the user's, one while it is unfinished, and one for each range in the queue, since a range stays
 * there when its tasks were claimed in another way. */
struct pool_handle {
    const struct pool__kind *kind;
    struct pool *pool;
    size_t n_references;
    size_t n_unclaimed;          /* calls that have not begun */
    size_t n_running;            /* parts that have begun and not ended */
    size_t n_ranges;             /* in the queue */
    bool is_counted;             /* in the pool's n_queued */
    atomic_bool stop;            /* asked to */
    atomic_bool ready;
    struct pool__sleeper *awaiting;
    struct pool__watch *watches;
    struct pool_error error;     /* constant once ready; code 0: none */
    struct pool_callbacks callbacks;
    struct pool_calls calls;     /* fn is NULL if star_fn is not; args and arg_bytes are then not used */
    pool_star_fn *star_fn;
    const struct pool_arg *star_args;
    size_t n_star_args;
    struct pool_handle *next_free;
};

/* One handle of a struct pool_completions. */
struct pool__watch {
    struct pool__watch *next;      /* in the handle's list: guarded by the lock */
    bool is_linked;                /* there: guarded by the lock */
    bool is_watching;              /* was linked at the start; constant */
    struct pool_handle *handle;    /* constant; NULL: none */
    struct pool_completions *completions;
    struct pool__watch *next_done;
};

/* fork.c: which processes may use a pool. */
int pool__watch_forks(void);
unsigned pool__fork_generation(void);
bool pool__is_inherited(const struct pool *pool);

static inline void pool__lock(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
}

/* sleep.c: giving up the lock, and sleeping until what it guards has changed.
 *
 * The sleeping calls are made with the lock held, give it up, and return with it held: true if woken, false at the
 * deadline. pool__sleep() puts the caller last in the list, pool__sleep_idle() a worker first in `idle`.
 * pool__wake() has the first n_max of a list woken at the next pool__unlock() and returns how many there were. */
void pool__unlock(struct pool *pool);
bool pool__sleep(struct pool *pool, struct pool__sleeper **list, int64_t deadline_ns);
bool pool__sleep_idle(struct pool *pool, struct pool__sleeper *sleeper, int64_t deadline_ns);
size_t pool__wake(struct pool *pool, struct pool__sleeper **list, size_t n_max);

/* worker.c. Without the lock. */
bool pool__is_worker(const struct pool *pool);
bool pool__needs_preparation(const struct pool *pool); /* whether workers do something before their first task */
void *pool__run_worker(void *worker);                  /* what a worker's thread does */

/* thread.c. With the lock held: */
void pool__reserve(struct pool *pool, size_t n_workers); /* counts workers that are about to be started */
void pool__call_for_workers(struct pool *pool, size_t n_tasks); /* there are tasks that no idle worker was woken for:
                                                                   the next pool__unlock() starts workers that are
                                                                   missing */
void pool__check_end(struct pool *pool); /* a thread or a task has gone that a closed pool may have waited for */

/* And without. */
int pool__block_signals_of(pthread_attr_t *attr);
struct pool__worker *pool__new_worker(struct pool *pool);
int pool__start_reserved(struct pool *pool, size_t n_workers); /* all of them, and waits until they are prepared; on an
                                                                  error the others are taken back */
int pool__start_replacement(struct pool *pool); /* of the calling worker */
int pool__start_scout_thread(struct pool__worker *scout, void *(*run)(void *));
void pool__start_called(struct pool *pool, size_t n_workers);
void pool__begin(struct pool__worker *worker, const char *name); /* the first that a thread does */
void pool__leave(struct pool__worker *worker);                   /* the last */
void pool__join_last(struct pool *pool); /* with join_lock held */

/* elastic.c */
int pool__start_scout(struct pool *pool);

/* task.c: taking tasks and running them. With the lock held, but pool__run(); pool__run_here() gives it up. */
bool pool__is_running(const struct pool *pool, const struct pool_handle *handle); /* on this thread; NULL: any */
bool pool__is_inside(const struct pool *pool);  /* whether this thread is a worker, or runs a task */
bool pool__may_help(const struct pool *pool);   /* whether this thread may run tasks while it waits */
size_t pool__nesting(const struct pool *pool);
struct pool__range *pool__front(struct pool *pool); /* the oldest range that is not stale, or NULL */
bool pool__is_terminated(const struct pool *pool);  /* from then on no task begins */
bool pool__take(struct pool *pool, struct pool__task *task);
void pool__sweep(struct pool *pool);
void pool__run(struct pool *pool, struct pool__task *task);
void pool__run_here(struct pool *pool, struct pool__task *task);
void pool__finish(struct pool *pool, struct pool__task *task);
void pool__finish_tasks(struct pool *pool, size_t n_tasks);
void pool__call_back(struct pool_handle *handle);  /* without the lock */
const char *pool__begin_call(void);             /* returns where pool_fail() puts the call's message */
void pool__end_call(struct pool__task *task, size_t index, int code, const char *message);

/* submit.c: the way into the queue. With the lock held. */
enum pool__when_full { POOL__BLOCK, POOL__RUN };
enum pool__when_full pool__when_full(const struct pool *pool);
int pool__admit(struct pool *pool, enum pool__when_full when_full, int64_t deadline_ns);
int pool__push(struct pool *pool, const struct pool__range *range);

/* handle.c. With the lock held, but the two that tell. */
struct pool_handle *pool__new_handle(struct pool *pool);
void pool__free_handle(struct pool_handle *handle);
void pool__free_slabs(struct pool *pool);
void pool__unreference(struct pool_handle *handle);
int pool__queue_handle(struct pool_handle *handle, size_t n_tickets);
void pool__claim(struct pool_handle *handle, struct pool__task *task, bool all);
bool pool__help(struct pool_handle *handle);   /* claims a part and runs it; false if there is none */
void pool__cancel(struct pool_handle *handle);
void pool__complete(struct pool_handle *handle);
void pool__abandon(struct pool_handle *handle); /* cancels, waits and releases, without the lock: its caller ends */
int pool__tell(struct pool_error *error, const struct pool_error *from); /* returns the code */
int pool__tell_call(struct pool_error *error, int code);                 /* an error of the call itself */

/* several.c. With the lock held. */
void pool__announce(struct pool__watch *watch);

/* cpus.c: how many CPUs are in the affinity mask of the calling thread. */
int pool__count_mask(size_t *n);

/* pool.c */
void pool__free(struct pool *pool);

#endif
