/* How who puts in a task without the lock and who goes to sleep see each other: put_into_port() of pool/submit.c,
 * pool__call() of pool/call.c, pool__post_notices() of pool/notice.c, pool__unlock(), pool__wake_idle() and
 * pool__sleep_idle() of pool/sleep.c, find_task(), spin(), end_search(), stay_idle() and retire() of pool/worker.c.
 *
 * Two threads outside put in two or three tasks, each through a port of its own. There are two workers: both are there
 * from the start, or the second is started when it is called, or it is in excess and may go after a time-out, or the
 * pool is shrunk to one worker. One worker may search at a time. The lock is given up by a store with release, which is
 * as little as a lock may do. A parker is a number of tokens: park.pml shows that it is as good as that.
 *
 * Shown: each task is run, and no wake-up is lost. A task ends only when another has begun on the other worker, if
 * there is one: so no task waits while a worker sleeps.
 *
 * WEAKEN_PUT: the number of tasks in a port is stored with release only
 * WEAKEN_NOTICES: notices are stored with release only
 * WEAKEN_NOTICES_FIRST: put_into_port() looks at the notices before it puts the task in
 * WEAKEN_LOOK: pool__sleep_idle() does not look for loose tasks after it has given up the lock
 * WEAKEN_NO_NOTICE: end_search() does not bring the notices up to date before it looks for tasks
 * WEAKEN_PASS_ON: end_search() wakes nobody for the tasks that are left
 * WEAKEN_RETIRE: a worker that leaves wakes nobody for the tasks that are left
 * WEAKEN_CALL: put_into_port() does not call a worker that is missing, only those that are idle
 * WEAKEN_POST_UNDER_WAY: a worker that was woken at its time-out goes by the time-out
 */
#define N_THREADS 5 /* workers, those who put in, who shrinks the pool */
#define N_PUTTERS 2
#define NOTICES 0
#define LOCK 1
#define PUT 2 /* a port's number of tasks ever */
#define N_WORDS 4
#include "memory.h"

#define CALL 2
#define SHRUNK 8

byte n_taken[N_PUTTERS]; /* with n_put under `taking` where it matters */
byte tokens[2];
byte n_tasks, n_begun, n_run;
bool may_time_out;

/* Under the lock. */
byte idle[2]; /* n_idle of them, the first one is the last */
bool is_listed[2], is_searching[2], is_spinning;
byte n_idle, n_searching, n_called, n_alive, n_ready, n_workers, max_workers, n_starts;
bool wakes[2];

#define TAKE_LOCK(me) memory[LOCK] == 0 && IS_DRAINED(me) -> memory[LOCK] = 1
#define IS_CALL ((n_idle > 0 && n_searching < 1) || n_alive < n_workers)
#define CURRENT ((IS_CALL -> CALL : 0) + (n_ready > max_workers -> SHRUNK : 0))

inline post_notices(me)
{
    if
    :: LOAD(me, NOTICES) != CURRENT ->
#ifdef WEAKEN_NOTICES
        store_release(me, NOTICES, CURRENT)
#else
        store_seq_cst(me, NOTICES, CURRENT)
#endif
    :: else
    fi
}

/* pool__unlock() up to the posts, which post() makes. */
inline unlock(me)
{
    atomic {
        post_notices(me);
        wake_0 = wakes[0];
        wake_1 = wakes[1];
        start = n_starts;
        wakes[0] = false;
        wakes[1] = false;
        n_starts = 0;
        store_release(me, LOCK, 0)
    }
}

inline post()
{
    do
    :: atomic { wake_0 -> tokens[0]++; wake_0 = false }
    :: atomic { wake_1 -> tokens[1]++; wake_1 = false }
    :: atomic { start > 0 -> start = 0; run worker(1, true) }
    :: !wake_0 && !wake_1 && start == 0 -> break
    od
}

#define IN_PORT(me, i) (LOAD(me, PUT + i) - n_taken[i])
#define N_LOOSE(me) (IN_PORT(me, 0) + IN_PORT(me, 1))

/* The first of `idle`, if there is one. */
inline wake_idle()
{
    if
    :: n_idle > 0 ->
        n_idle--;
        is_searching[idle[n_idle]] = true;
        is_listed[idle[n_idle]] = false;
        wakes[idle[n_idle]] = true;
        idle[n_idle] = 0;
        n_searching++
    :: else
    fi
}

/* pool__call(pool, 1) */
inline call(me)
{
    n_there = n_searching + n_idle + n_alive - n_ready;
    n_called++;
    do
    :: n_searching < n_called && n_searching < 1 && n_idle > 0 -> wake_idle()
    :: else -> break
    od;
    if
    :: n_called > n_there ->
        n_called = (N_LOOSE(me) < n_there + 1 -> N_LOOSE(me) : n_there + 1);
        if
#ifdef WEAKEN_CALL
        :: false
#else
        :: n_called > n_there && n_workers > n_alive -> n_alive++; n_starts++
#endif
        :: else
        fi
    :: else
    fi;
    n_there = 0
}

proctype putter(byte me; byte n)
{
    byte n_put, n_there, start, notices;
    bool wake_0, wake_1;

    do
    :: n_put == n -> break
    :: else ->
        n_put++;
#ifdef WEAKEN_NOTICES_FIRST
        notices = LOAD(me, NOTICES);
#endif
#ifdef WEAKEN_PUT
        store_release(me, PUT + me - 2, n_put);
#else
        store_seq_cst(me, PUT + me - 2, n_put);
#endif
#ifndef WEAKEN_NOTICES_FIRST
        notices = LOAD(me, NOTICES);
#endif
        if
        :: notices & CALL ->
            atomic { TAKE_LOCK(me); call(me) }
            unlock(me);
            post()
        :: else
        fi;
        notices = 0
    od
}

/* pool_resize() to one worker. */
proctype shrinker(byte me)
{
    byte start;
    bool wake_0, wake_1;

    atomic {
        TAKE_LOCK(me);
        n_workers = 1;
        max_workers = 1;
        wake_idle()
    }
    unlock(me);
    post()
}

inline end_search(me)
{
    atomic {
        if
        :: is_searching[me] ->
            is_searching[me] = false;
            n_searching--;
#ifndef WEAKEN_NO_NOTICE
            post_notices(me)
#endif
        :: else
        fi
    }
    atomic {
        if
        :: N_LOOSE(me) == 0 -> n_called = 0
#ifdef WEAKEN_PASS_ON
        :: else
#else
        :: else -> wake_idle()
#endif
        fi
    }
}

inline take_out(me)
{
    if
    :: idle[0] == me -> idle[0] = idle[1]
    :: else
    fi;
    idle[1] = 0;
    n_idle--;
    is_listed[me] = false
}

/* The lock is held on entry and return. */
inline sleep_idle(me)
{
    atomic {
        idle[n_idle] = me;
        n_idle++;
        is_listed[me] = true
    }
    unlock(me);
    post();
#ifndef WEAKEN_LOOK
    sees_task = IN_PORT(me, 0) > 0;
    sees_task = sees_task || IN_PORT(me, 1) > 0;
#endif
    if
    :: sees_task -> sees_task = false
    :: else ->
end_asleep:
        if
        :: tokens[me] > 0 -> tokens[me]--; woken = true
        :: may_time_out && me == 1 -> may_time_out = false; has_stayed = false
        fi
    fi;
    atomic { TAKE_LOCK(me) }
    if
    :: woken
    :: !woken && !is_listed[me] ->
#ifndef WEAKEN_POST_UNDER_WAY
        atomic { tokens[me] > 0 -> tokens[me]--; has_stayed = true }
#endif
    :: atomic { !woken && is_listed[me] -> take_out(me) }
    fi;
    woken = false
}

/* From either port. */
inline take(me)
{
    if
    :: IN_PORT(me, 0) > 0 -> n_taken[0]++; has_found = true
    :: IN_PORT(me, 1) > 0 -> n_taken[1]++; has_found = true
    :: else
    fi
}

/* Until there is a task, or the worker has to leave. The lock is held on entry and return. */
inline find(me)
{
    do
    :: atomic {
            n_ready <= max_workers ->
            take(me);
            if
            :: has_found -> break
            :: else
            fi
        }
        if
        :: N_LOOSE(me) > 0
        :: atomic {
                else ->
                if
                :: !has_stayed && n_ready > n_workers -> break
                :: else
                fi;
                if
                :: !has_spun && !is_spinning ->
                    has_spun = true;
                    is_spinning = true;
                    n_searching = n_searching + 1 - is_searching[me];
                    is_searching[me] = true
                :: else -> goto idle_now
                fi
            }
            unlock(me);
            post();
            atomic { TAKE_LOCK(me); is_spinning = false }
            goto again;
idle_now:
            if
            :: is_searching[me] -> end_search(me)
            :: else
            fi;
            has_stayed = true;
            sleep_idle(me);
            has_spun = false;
again:
            skip
        fi
    :: n_ready > max_workers -> break
    od
}

proctype worker(byte me; bool is_new)
{
    byte start;
    bool wake_0, wake_1, sees_task, woken, has_found, has_spun, has_stayed;

    if
    :: is_new ->
        atomic {
            TAKE_LOCK(me);
            is_new = false;
            n_ready++;
            n_searching++;
            is_searching[me] = true
        }
        unlock(me);
        post()
    :: else
    fi;
    do
    ::
        atomic {
            if
            :: !is_searching[me] && !(LOAD(me, NOTICES) & SHRUNK) -> take(me)
            :: else
            fi
        }
        if
        :: has_found
        :: else ->
            atomic { TAKE_LOCK(me); has_stayed = true }
            find(me);
            atomic {
                has_stayed = false;
                has_spun = false;
                n_alive = n_alive - !has_found;
                n_ready = n_ready - !has_found
            }
            if
#ifdef WEAKEN_RETIRE
            :: has_found && is_searching[me] -> end_search(me)
            :: else -> n_searching = n_searching - is_searching[me]
#else
            :: !has_found || is_searching[me] -> end_search(me)
            :: else
#endif
            fi;
            unlock(me);
            post()
        fi;
        if
        :: atomic { has_found -> has_found = false; n_begun++ }
        :: else -> break
        fi;
        n_begun > 1 || (n_workers == 1 && n_ready == 1);
        n_run++
    od
}

init
{
    atomic {
        n_tasks = 2;
        n_workers = 2;
        max_workers = 2;
        n_alive = 2;
        n_ready = 2;
        if
        :: n_alive = 1; n_ready = 1
        :: n_tasks = 3
        :: run shrinker(4); run flush(4)
        :: n_workers = 1; may_time_out = true
        fi;
        memory[NOTICES] = CURRENT;
        run flush(0);
        run flush(1);
        run flush(2);
        run flush(3);
        run worker(0, false);
        if
        :: n_alive == 2 -> run worker(1, false)
        :: else
        fi;
        run putter(2, n_tasks - 1);
        run putter(3, 1)
    }
    timeout;
    assert(n_run == n_tasks);
    assert(n_idle == n_alive && n_searching == 0 && tokens[0] == 0 && tokens[1] == 0)
}
