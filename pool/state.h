/* The state of a pool, a worker, a task and a handle, for all rooms of the pool. Private to pool/.
 *
 * LOCKING. pool->lock guards all that changes in a pool, its queue, its handles and its iterators, where nothing else
 * is said; size_lock serialises who resizes, join_lock who joins. These are taken first. The lock is not held while a
 * function of the user's runs or, but in several.c, while a thread is woken. Functions are called with the lock held
 * where a header says so, and return with it held.
 *
 * CANCELLATION. No code of the pool's is a cancellation point but the user's functions: what may be one in libc runs
 * with cancellation disabled (pool__disable_cancel()), and so do callbacks. A task or a source of arguments that is
 * cancelled on a thread of the user's ends that thread as pthread_exit() does, with the clean-up of its frames.
 *
 * FLOORS. Each room is a .c and a .h file. It calls only rooms below it, in the order of docs/pool.md; what has to go
 * up is a pointer in struct pool.
 */
#ifndef POOL_STATE_H
#define POOL_STATE_H

#include "atomics.h"
#include "deque.h"
#include "park.h"
#include "pool.h"
#include "port.h"
#include "queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
    POOL__LINE_BYTES = 128,  /* between what different threads write: lines of 64 bytes are fetched in pairs */
    POOL__NAME_BYTES = 16,   /* of a thread, with its 0: TASK_COMM_LEN */
    POOL__NESTED_MAX = 32,   /* tasks within tasks by which a worker keeps a bound: see pool_submit() */
    POOL__SEAT_BLOCKS = 56,  /* of growing size: more seats than there can be */
    POOL__AHEAD_MAX = 31,    /* tasks that a worker takes beside the one that it begins */
    POOL__GUESTS = 2         /* the first seats, for threads outside */
};

/* What a thread has to see to that submits, takes or ends a task without the lock: the bits of `notices`. */
enum pool__notice {
    POOL__CLOSED = 1, /* the pool is */
    POOL__CALL = 2,   /* there is somebody to be woken or started for a task */
    POOL__QUEUED = 4, /* there are tasks in the queue */
    POOL__SHRUNK = 8, /* there are workers in excess, which are not to wait for the end of the tasks */
    POOL__QUIET = 16, /* somebody waits until no task is queued or running */
    POOL__CALL_HELPED = 32, /* as POOL__CALL, for a call that its submitter is about to make itself */
    POOL__GROWING = 64 /* there are fewer workers than there may be */
};

/* One thread that sleeps; in at most one list at a time. */
struct pool__sleeper {
    struct pool__parker parker;
    bool is_listed; /* in a list of those that nobody has woken; false: in pool->wakes, or awake */
    struct pool__sleeper *next, *prev;
};

/* From first to last; both NULL if there is none. Each step costs the same however many sleep. */
struct pool__sleepers {
    struct pool__sleeper *first, *last;
};

/* Who has one of the first seats, all but what thieves may take. A worker has the one of its index, and nobody else. */
enum pool__use {
    POOL__UNUSED,
    POOL__VISITED, /* a thread outside, while it puts one thing in or takes one out */
    POOL__SAT      /* a guest, which runs tasks until all have ended */
};

/* The place of a worker with a given index, behind those of threads outside: it stays for those that come after, and
 * for who takes tasks from it, until the pool is freed. Any worker takes tasks from it, and the last one of a pool does
 * not leave before all are gone. */
struct pool__seat {
    struct pool__deque spawned;    /* what its worker has submitted in tasks: the youngest first */
    struct pool__deque claimed;    /* what its worker has taken from others ahead of its turn: the oldest first */
    _Alignas(POOL__LINE_BYTES) atomic_size_t n_submitted; /* to `spawned`; counted before they can be taken */
    atomic_size_t n_begun;  /* tasks that its worker took: to see that some do */
    atomic_size_t n_nested; /* calls that its worker made while it waited for them */
    atomic_size_t n_ended;  /* of both kinds, and handles that its worker completed without the lock */
    struct pool_handle *free_handles; /* for its worker: see pool__spare_handle() */
    size_t n_free_handles;
};

/* What a worker saw when it last looked at one of the first seats: see pool__is_left(). */
struct pool__seen {
    size_t n_gone;
    bool is_filled;
};

/* Owned by its thread until that has left, then by who joins it. */
struct pool__worker {
    _Alignas(POOL__LINE_BYTES) struct pool__sleeper sleeper; /* must be first */
    struct pool *pool;
    size_t index;                  /* constant; SIZE_MAX: the scout of an elastic pool */
    struct pool__seat *seat;       /* that of its index */
    size_t seat_index;             /* of all seats, those of guests too */
    unsigned n_takes, n_port_takes, n_guest_takes; /* to look elsewhere now and then; wrap around */
    bool owes_turn;                /* it is that of what threads outside have put into seats */
    bool owes_look;                /* of ports and the queue, once nothing is claimed */
    bool runs_item;                /* a task of n_begun, which is not in n_ended yet */
    struct pool__seen seen[POOL__GUESTS];
    bool is_searching;             /* counted in n_searching; guarded by the lock */
    bool has_passed_on;            /* another searches for it; guarded by the lock */
    bool is_replacement;           /* takes the place of one that a task has ended */
    struct pool__start *start;     /* who waits until it is prepared, or NULL */
    pid_t id;                      /* the kernel's, as cpu_clock set when it begins; 0 before */
    clockid_t cpu_clock;
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
    sigset_t signals; /* that its threads block */
    void *(*run_worker)(void *worker); /* what the thread of a worker does: see worker.h */
    void (*start_called)(struct pool *pool, size_t n_workers); /* starts workers that were reserved: see thread.h */
    size_t n_searching_max; /* so many at a time: the CPUs in the mask of who created it, without that of a submitter */
    int64_t spin_ns;        /* before a thread sleeps; 0 where there is one CPU */

    pthread_mutex_t join_lock;
    pthread_mutex_t size_lock;
    bool has_scout; /* guarded by it */
    size_t n_cpus; /* constant once there is a scout: how many may be busy */

    /* Written by every task: one pair of cache lines. */
    _Alignas(POOL__LINE_BYTES) pthread_mutex_t lock;
    bool closed;
    atomic_bool terminated;
    _Atomic(uint32_t) notices;   /* enum pool__notice: written by pool__unlock(), for who submits without the lock */
    size_t n_begun_tasks;        /* parts that have begun, to see that some do, without those of the seats */
    struct pool__sleeper *wakes; /* to be posted by who unlocks */
    size_t n_starts;             /* reserved workers, to be started by who unlocks */
    struct pool__sleepers idle;  /* workers: the one that slept last goes first, its caches are the warmest */
    size_t n_idle;               /* of them */
    size_t n_searching;          /* workers that look for a task: were started or woken, or are about to sleep */
    size_t n_called;             /* tasks for which workers were called, and not less than those of them that wait */
    size_t n_unfinished;         /* tasks that are queued or running, but for what is counted elsewhere: see quiet.h */
    size_t n_queued;             /* tasks in the queue, with handles of which nothing is unclaimed */
    struct pool__queue queue;    /* its spare blocks are beyond the two lines */

    /* Written now and then. */
    _Alignas(POOL__LINE_BYTES) struct pool__sleepers awaiting_room;
    size_t n_room_tokens;        /* threads that were woken for room and have not looked yet */
    bool is_spinning;            /* a worker, before it sleeps */
    struct pool__sleepers awaiting_all, awaiting_end, awaiting_start;
    struct pool__sleepers scout; /* while there is nothing to watch */
    bool is_scout_free;          /* it sleeps there, or is about to look whether it can */
    struct pool__sleepers awaiting_interval; /* the scout while there is */
    size_t n_stale_iterators;    /* ranges of which no ticket is good any more: see stock.h */
    size_t n_awaiting_quiet;     /* threads that wait until no task is queued or running */
    bool destroyed;

    /* Written by threads that help, without the lock. */
    _Alignas(POOL__LINE_BYTES) _Atomic(ptrdiff_t) n_stale_handles; /* the same of handles: see stock.h */
    atomic_size_t n_ended_helped;         /* handles that were completed without the lock */
    _Atomic(uint64_t) n_helped;           /* see struct pool_counters */
    _Atomic(ptrdiff_t) n_stale_spawned;   /* handles in seats of which nothing is unclaimed: see stock.h */

    _Alignas(POOL__LINE_BYTES) atomic_size_t n_workers; /* asked for; written under both locks */
    size_t max_workers;
    size_t n_alive;              /* workers that were started or reserved and have not left */
    size_t n_ready;              /* of these the ones that are prepared for tasks */
    size_t n_threads;            /* the same and the scout */
    uint64_t n_created, n_begun, n_left; /* threads, as their creators know; that run; that have left */
    struct pool__port ports[POOL__PORTS]; /* the first n_ports are used: none in a pool with a bound */
    size_t n_ports;              /* constant */
    size_t n_port_takes;         /* under the lock; wraps around */
    atomic_size_t n_spare_blocks; /* of ports and queue */
    struct pool__seat *_Atomic seats[POOL__SEAT_BLOCKS]; /* see seat.c */
    atomic_size_t n_seats;       /* all of them below it are there */
    struct {
        _Alignas(POOL__LINE_BYTES) _Atomic(uint32_t) use; /* enum pool__use */
    } first_seats[POOL__GUESTS]; /* here, since who comes too late must find that out when the seats are gone */
    atomic_size_t first_seat;    /* POOL__GUESTS until a thread outside needs one, then 0 */
    atomic_size_t n_guests;      /* that have one of the first seats; written under the lock */
    struct pool__worker **workers; /* n_indices of them: the live worker with that index, or NULL */
    size_t n_indices, first_free;  /* all indices before first_free are taken */
    struct pool__worker *left;   /* the last thread that has left, until it is joined */

    size_t n_handles;            /* that are not free */
    struct pool__slab *slabs;    /* those with a free handle */
    size_t n_free_slabs;         /* of these the ones without any other */

    struct pool_counters counters; /* but n_queued, which is above */
};

/* What a thread is about to run, runs, or has run: a task, or a part of the calls of a handle or an iterator. */
struct pool__task {
    struct pool_handle *handle;    /* NULL: a submitted task, item */
    size_t n_calls;                /* of this part, and of those before that have not ended */
    bool is_last;                  /* of a handle's: nothing is unclaimed any more */
    bool has_place;                /* the handle was taken out of a seat, and others may need it there */
    struct pool__item item;
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

/* A thread outside that is in a seat of the pool: it takes tasks ahead, and leaves there what they submit, as a worker
 * does. On its stack. */
struct pool__guest {
    struct pool__guest *outer; /* in another pool, or NULL */
    struct pool *pool;
    struct pool__seat *seat;
    size_t index;
};

/* What differs between the calls of a handle and those of an iterator. An iterator's need the lock, but to run or skip
 * them; a handle's do without, but where the pool has a bound. */
struct pool__kind {
    /* Takes a part of the unclaimed calls, or all; false if there is none. */
    bool (*claim)(struct pool_handle *handle, struct pool__task *task, bool all);
    /* Makes the part's calls. Without the lock. */
    void (*run)(struct pool__task *task);
    /* Lets those that have not been made fail, the first of them with code, the others with -ECANCELED. Without it. */
    void (*skip)(struct pool__task *task, int code);
    /* Takes the part's outcome. Returns whether the handle is complete with it: an iterator's never is. */
    bool (*end)(struct pool__task *task);
    /* The last reference is gone. With the lock. */
    void (*free)(struct pool_handle *handle);
};

/* Calls of one function, as they were given. */
struct pool__work {
    struct pool_calls calls;     /* fn is NULL if star_fn is not; args and arg_bytes are then not used */
    pool_star_fn *star_fn;
    const struct pool_arg *star_args;
    size_t n_star_args;
};

/* The state of a handle: two flags, and how many own it. */
enum {
    POOL__READY = 1,    /* its calls have ended, and its callback has returned */
    POOL__AWAITED = 2,  /* whoever completes it has to wake somebody, with the lock */
    POOL__REFERENCE = 4 /* times the number of owners */
};

/* Tasks of one kind: a call, a map, or what was fed to an iterator.
 *
 * References: the user's, one while it is not ready, and one for each range in the queue, or for its place in a seat,
 * since it stays there when its tasks were claimed in another way. */
struct pool_handle {
    const struct pool__kind *kind;
    struct pool *pool;
    atomic_size_t state;
    atomic_size_t n_unclaimed;   /* calls that have not begun */
    atomic_size_t n_unended;     /* calls whose end was not counted yet; untouched where one thread ran all. Not an
                                    iterator's */
    bool is_queued;              /* constant: there was a range of it. Not an iterator's */
    bool is_spawned;             /* constant: it was left in a seat. Not an iterator's */
    bool is_ordered;             /* constant: by a thread outside, so before what that submits next. As above */
    size_t completer_owns;       /* references, as state counts them. Of who claimed the last part. Not an iterator's */
    int watched_from;            /* a CPU, or -1: see call.h. Not an iterator's. Guarded by the lock, but for reads of
                                    its caller, who alone writes it */
    size_t n_ranges;             /* in the queue. Guarded by the lock, as all down to error */
    atomic_bool stop;            /* asked to */
    struct pool__sleepers awaiting; /* AWAITED, or an iterator's */
    struct pool__watch *watches;    /* AWAITED */
    struct pool_error error;     /* constant once ready; code 0: none */
    struct pool_callbacks callbacks;
    struct pool__work work;
    struct pool__slab *slab;     /* constant; an iterator's handle has none */
    struct pool_handle *next_free; /* while it is not, the next one that is deferred */
};

/* One handle of a struct pool_completions. */
struct pool__watch {
    struct pool__watch *next, **link; /* in the handle's list, and what points to this there: guarded by the lock */
    bool is_linked;                /* there: guarded by the lock */
    bool is_watching;              /* was linked at the start; constant */
    struct pool_handle *handle;    /* constant; NULL: none */
    struct pool__done *done;       /* constant: who is told */
    struct pool__watch *next_done;
};

/* Handles that are done, for who waits for several: a stack on which whoever completes one pushes its watch, and a post
 * for each. */
struct pool__done {
    struct pool__parker parker;
    _Atomic(struct pool__watch *) first;
};

/* Until pool__enable_cancel() this thread is not cancelled; a request waits. */
static inline int pool__disable_cancel(void)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

/* As it was before. */
static inline void pool__enable_cancel(int state)
{
    pthread_setcancelstate(state, &state);
}

static inline void pool__lock(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
}

#endif
