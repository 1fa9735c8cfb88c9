/* A handle of two calls in parts of one, from its range in the queue to its end: claim() and end() of pool/calls.c,
 * pool__drop_reference() and pool__begin_await() of pool/handle.c, try_publish(), publish() and publish_alone() of
 * pool/complete.c, pool__help_alone(), pool__take_next_part() and pool__cancel() of pool/help.c, pool__note_stale(),
 * is_stale() and pool__take_part() of pool/ticket.c, pool__check_quiet() and pool__finish_alone() of pool/quiet.c, and
 * pool_wait() of pool/submit.c without its help.
 *
 * A worker takes parts from the queue. The user helps, or cancels, or does neither, and releases the handle, which need
 * not be ready, when a second thread of the user's, which sleeps until it is ready or for a while, is done with it. A
 * fourth thread waits until no task is queued or running. A parker is a number of tokens, as in idle.pml.
 *
 * Shown: each call is run or cancelled once; one thread completes the handle, and calls back once, when all calls have
 * ended; who sees READY sees the results, the error and what the callback did; nobody who waits is left asleep; nobody
 * touches the handle after its last reference is gone, and then it is freed, once; no range that is of use is counted
 * as a stale one, and in the end the count is 0.
 *
 * WEAKEN_CLAIM: calls are claimed in two steps: a look, then a store
 * WEAKEN_END: the step of n_unended is relaxed
 * WEAKEN_READY: the step to READY is relaxed
 * WEAKEN_CALLBACK: READY is set before the callback
 * WEAKEN_ERROR: the error is noted after the end of the part
 * WEAKEN_AWAITED: the completer looks whether AWAITED is set, and then sets READY in another step
 * WEAKEN_LISTED: who waits sets AWAITED and sleeps, without a look whether READY was set before
 * WEAKEN_DROP: the completer's reference goes in a step before READY
 * WEAKEN_REFERENCE: the range in the queue has no reference
 * WEAKEN_STALE: the range is counted as stale before the last part is claimed
 * WEAKEN_TICKET: a part that was claimed without taking a ticket is not noted
 * WEAKEN_QUIET: notices are stored with release only
 * WEAKEN_QUIET_FIRST: who completes the handle looks at the notices before it counts the end
 * WEAKEN_QUIET_COUNT: who waits for quiet counts before it says so
 */
#define WORKER 0
#define USER 1
#define SLEEPER 2
#define QUIET 3
#define N_THREADS 4
#define N_CALLS 2
#define RESULT 0 /* of each call */
#define CALLED_BACK 2
#define NOTICES 3
#define LOCK 4
#define N_WORDS 5
#include "memory.h"

#define READY 1
#define AWAITED 2
#define REFERENCE 4
#ifdef WEAKEN_DROP
#define PUBLISHED READY
#else
#define PUBLISHED (READY - REFERENCE)
#endif
#define QUIET_NOTICE 16

/* The handle. */
bool is_freed;
byte state, n_unclaimed, n_unended, error;

/* Under the lock, but for n_ended_helped and n_stale. */
bool is_queued, is_awaiting[N_THREADS], has_quiet_sleeper, wakes[N_THREADS];
byte n_awaiting_quiet, n_unfinished, n_ended_helped;
short n_stale;

byte tokens[N_THREADS];
bool is_claimed[N_CALLS], is_ended[N_CALLS], is_cancelled, is_sleeper_done, is_gone[N_THREADS];
byte n_completed;

#define TOUCH assert(!is_freed)
#define N_STALE_RANGES (is_queued && n_unclaimed == 0)
#define MAY_LOCK(me) (memory[LOCK] == 0)

inline lock(me)
{
    atomic { MAY_LOCK(me) -> memory[LOCK] = 1 }
}

inline post_notices(me)
{
    if
    :: LOAD(me, NOTICES) != (n_awaiting_quiet > 0 -> QUIET_NOTICE : 0) ->
#ifdef WEAKEN_QUIET
        store_release(me, NOTICES, (n_awaiting_quiet > 0 -> QUIET_NOTICE : 0))
#else
        store_seq_cst(me, NOTICES, (n_awaiting_quiet > 0 -> QUIET_NOTICE : 0))
#endif
    :: else
    fi
}

inline unlock(me)
{
    atomic {
        post_notices(me);
        wake_sleeper = wakes[SLEEPER];
        wake_quiet = wakes[QUIET];
        wakes[SLEEPER] = false;
        wakes[QUIET] = false;
        store_release(me, LOCK, 0)
    }
    if
    :: wake_sleeper -> atomic { assert(!is_gone[SLEEPER]); tokens[SLEEPER]++; wake_sleeper = false }
    :: else
    fi;
    if
    :: wake_quiet -> atomic { assert(!is_gone[QUIET]); tokens[QUIET]++; wake_quiet = false }
    :: else
    fi
}

inline free_handle()
{
    assert(!is_freed && !is_queued);
    is_freed = true
}

#define IS_UNFINISHED (n_unfinished != n_ended_helped)

inline check_quiet()
{
    if
    :: has_quiet_sleeper && !IS_UNFINISHED -> has_quiet_sleeper = false; wakes[QUIET] = true
    :: else
    fi
}

/* drop_reference() where the lock is held, and freeing what was the last one. */
inline unreference(me)
{
    if
    :: atomic { state < 2 * REFERENCE -> TOUCH; free_handle() }
    :: atomic {
            state >= 2 * REFERENCE && IS_DRAINED(me) ->
            TOUCH;
            state = state - REFERENCE;
            if
            :: state < REFERENCE -> free_handle()
            :: else
            fi
        }
    fi
}

/* claim() of one call, or all. */
inline claim(me, all)
{
    atomic {
        TOUCH;
        n = 0;
        if
        :: n_unclaimed == 0
        :: else ->
            n = (all -> n_unclaimed : 1);
            begin = N_CALLS - n_unclaimed;
#ifndef WEAKEN_CLAIM
            n_unclaimed = n_unclaimed - n
#endif
        fi
    }
#ifdef WEAKEN_CLAIM
    if
    :: n > 0 -> n_unclaimed = N_CALLS - begin - n
    :: else
    fi;
#endif
    atomic {
        if
        :: n > 0 ->
            is_last = begin + n == N_CALLS;
            assert(!is_claimed[begin]);
            is_claimed[begin] = true;
            is_claimed[begin + n - 1] = true
        :: else
        fi
    }
}

inline count_stale()
{
    atomic {
        n_stale++;
        assert(n_stale <= N_STALE_RANGES)
    }
}

inline note_stale()
{
#if !defined WEAKEN_TICKET && !defined WEAKEN_STALE
    if
    :: is_last -> TOUCH; count_stale()
    :: else
    fi
#else
    skip
#endif
}

/* What WEAKEN_STALE does instead. */
inline note_early()
{
#ifdef WEAKEN_STALE
    if
    :: n_unclaimed == 1 -> count_stale()
    :: else
    fi
#else
    skip
#endif
}

/* Runs the part. */
inline make_calls(me)
{
    store_relaxed(me, RESULT + begin, 1);
    atomic { TOUCH; is_ended[begin] = true }
}

/* end(): whether it is the last one to end. Of who has run all nobody else has to know. */
inline end(me)
{
    atomic {
        TOUCH;
#ifndef WEAKEN_END
        IS_DRAINED(me);
#endif
        n_unended = n_unended - n;
        is_completer = n == N_CALLS || n_unended == 0;
        n_completed = n_completed + is_completer;
        assert(n_completed < 2);
        assert(!is_completer || (is_ended[0] && is_ended[1]))
    }
}

inline call_back(me)
{
    atomic {
        TOUCH;
        assert(LOAD(me, RESULT) == 1 && LOAD(me, RESULT + 1) == 1);
        assert(LOAD(me, CALLED_BACK) == 0);
        store_relaxed(me, CALLED_BACK, 1)
    }
#ifdef WEAKEN_DROP
    atomic { IS_DRAINED(me) -> state = state - REFERENCE }
#endif
}

/* try_publish(). */
inline try_publish(me)
{
    was_published = !(state & AWAITED);
#ifdef WEAKEN_AWAITED
    if
    :: was_published ->
        atomic { IS_DRAINED(me); TOUCH; state = state + PUBLISHED; was_last = state < REFERENCE }
    :: else
    fi
#else
    atomic {
#ifndef WEAKEN_READY
        IS_DRAINED(me);
#endif
        TOUCH;
        was_published = !(state & AWAITED);
        if
        :: was_published ->
            state = state + PUBLISHED;
            was_last = state < REFERENCE
        :: else
        fi
    }
#endif
}

/* The lock is held. */
inline publish(me)
{
    try_publish(me);
    if
    :: was_published && was_last -> free_handle()
    :: was_published && !was_last
    :: !was_published ->
        atomic {
#ifndef WEAKEN_READY
            IS_DRAINED(me);
#endif
            TOUCH;
            state = state | READY
        }
        atomic {
            TOUCH;
            wakes[SLEEPER] = wakes[SLEEPER] || is_awaiting[SLEEPER];
            is_awaiting[SLEEPER] = false
        }
#ifdef WEAKEN_DROP
        atomic {
            if
            :: state < REFERENCE -> free_handle()
            :: else
            fi
        }
#else
        unreference(me)
#endif
    fi;
    atomic {
        n_unfinished--;
        check_quiet();
        was_published = false;
        was_last = false
    }
}

/* Of a completer with the lock; it may be given up for the callback. */
inline complete(me)
{
#ifdef WEAKEN_CALLBACK
    publish(me);
    call_back(me)
#else
    unlock(me);
    call_back(me);
    lock(me);
    publish(me)
#endif
}

inline finish_alone(me)
{
#ifdef WEAKEN_QUIET_FIRST
    notices = LOAD(me, NOTICES);
#endif
    atomic { IS_DRAINED(me) -> n_ended_helped++ }
#ifndef WEAKEN_QUIET_FIRST
    notices = LOAD(me, NOTICES);
#endif
    if
    :: notices & QUIET_NOTICE ->
        lock(me);
        atomic { check_quiet() }
        unlock(me)
    :: else
    fi;
    notices = 0
}

/* Of a completer without the lock. */
inline complete_alone(me)
{
#ifndef WEAKEN_CALLBACK
    call_back(me);
#endif
    try_publish(me);
    if
    :: !was_published ->
        lock(me);
        publish(me);
        unlock(me)
    :: was_published ->
        if
        :: was_last -> lock(me); free_handle(); unlock(me)
        :: else
        fi;
        finish_alone(me)
    fi;
#ifdef WEAKEN_CALLBACK
    call_back(me);
#endif
    atomic { was_published = false; was_last = false }
}

/* Drops the range if it is stale, else takes a ticket of it. The lock is held. */
inline take_part(me)
{
    if
    :: !is_queued
    :: is_queued ->
        claim(me, false);
        if
        :: n == 0 ->
            atomic { n_stale--; is_queued = false }
#ifndef WEAKEN_REFERENCE
            unreference(me)
#endif
        :: n > 0 && is_last ->
            is_queued = false;
#ifndef WEAKEN_REFERENCE
            unreference(me)
#endif
        :: n > 0 && !is_last
        fi
    fi
}

proctype worker()
{
    byte n, n_run, begin, notices;
    bool is_last, is_completer, was_published, was_last, wake_sleeper, wake_quiet;

    do
    ::
        lock(WORKER);
        n = 0;
        take_part(WORKER);
        if
        :: n == 0 -> unlock(WORKER); break
        :: n > 0 -> unlock(WORKER)
        fi;
        do
        ::
            make_calls(WORKER);
            n_run++;
            note_early();
            claim(WORKER, false);
            if
            :: n == 0 -> break
            :: else -> note_stale()
            fi
        od;
        /* All that it has run end together. */
        n = n_run;
        n_run = 0;
        lock(WORKER);
        end(WORKER);
        if
        :: is_completer -> is_completer = false; complete(WORKER)
        :: else
        fi;
        unlock(WORKER)
    od
}

inline see_ready(me)
{
    atomic {
        if
        :: state & READY ->
            TOUCH;
            assert(LOAD(me, RESULT) == 1 && LOAD(me, RESULT + 1) == 1 && LOAD(me, CALLED_BACK) == 1);
            assert(error == is_cancelled)
        :: else
        fi
    }
}

inline help_alone(me)
{
    note_early();
    claim(me, false);
    if
    :: n == 0 -> break
    :: else ->
        do
        ::
            note_stale();
            make_calls(me);
            n_run++;
            note_early();
            claim(me, false);
            if
            :: n == 0 -> break
            :: else
            fi
        od;
        n = n_run;
        n_run = 0;
        end(me);
        if
        :: is_completer -> is_completer = false; complete_alone(me)
        :: else
        fi
    fi
}

inline cancel(me)
{
    lock(me);
    note_early();
    claim(me, true);
    if
    :: n == 0
    :: else ->
        note_stale();
        unlock(me);
        atomic { TOUCH; is_cancelled = true; is_ended[begin] = true; is_ended[begin + n - 1] = true }
        store_relaxed(me, RESULT + begin, 1);
        if
        :: n == 2 -> store_relaxed(me, RESULT + 1, 1)
        :: else
        fi;
        lock(me);
#ifndef WEAKEN_ERROR
        error = 1;
#endif
        end(me);
        if
        :: is_completer -> is_completer = false; complete(me)
        :: else
        fi;
#ifdef WEAKEN_ERROR
        error = 1;
#endif
    fi;
    unlock(me)
}

proctype user()
{
    byte n, n_run, begin, notices;
    bool is_last, is_completer, was_published, was_last, wake_sleeper, wake_quiet;

    do
    :: help_alone(USER)
    :: cancel(USER); break
    :: break
    od;
    TOUCH;
    see_ready(USER);
    is_sleeper_done;
    atomic { n = 0; begin = 0; is_last = false }
    /* pool_handle_release() */
    if
    :: atomic { state < 2 * REFERENCE -> TOUCH; was_last = true }
    :: atomic {
            state >= 2 * REFERENCE && IS_DRAINED(USER) ->
            TOUCH;
            state = state - REFERENCE;
            was_last = state < REFERENCE
        }
    fi;
    if
    :: was_last -> lock(USER); free_handle(); unlock(USER)
    :: else
    fi
}

/* await_ready() */
proctype sleeper()
{
    bool has_deadline, wake_sleeper, wake_quiet;

    if
    :: has_deadline = true
    :: skip
    fi;
    lock(SLEEPER);
    atomic {
        TOUCH;
        if
#ifdef WEAKEN_LISTED
        :: true -> state = state | AWAITED; is_awaiting[SLEEPER] = true
#else
        :: !(state & READY) -> state = state | AWAITED; is_awaiting[SLEEPER] = true
        :: else -> state = state | AWAITED
#endif
        fi
    }
    if
    :: is_awaiting[SLEEPER] ->
        unlock(SLEEPER);
        if
        :: tokens[SLEEPER] > 0 -> tokens[SLEEPER]--
        :: has_deadline ->
            lock(SLEEPER);
            if
            :: is_awaiting[SLEEPER] -> is_awaiting[SLEEPER] = false
            :: else -> atomic { tokens[SLEEPER] > 0 -> tokens[SLEEPER]-- }
            fi;
            unlock(SLEEPER)
        fi
    :: else -> unlock(SLEEPER)
    fi;
    is_gone[SLEEPER] = true;
    see_ready(SLEEPER);
    is_sleeper_done = true
}

proctype quiet()
{
    bool is_unfinished, wake_sleeper, wake_quiet;

    lock(QUIET);
#ifdef WEAKEN_QUIET_COUNT
    is_unfinished = IS_UNFINISHED;
#endif
    atomic { n_awaiting_quiet++; post_notices(QUIET) }
#ifndef WEAKEN_QUIET_COUNT
    is_unfinished = IS_UNFINISHED;
#endif
    if
    :: is_unfinished ->
        has_quiet_sleeper = true;
        unlock(QUIET);
        atomic { tokens[QUIET] > 0 -> tokens[QUIET]--; is_gone[QUIET] = true }
        lock(QUIET)
    :: else
    fi;
    assert(n_completed == 1 && (state & READY));
    n_awaiting_quiet--;
    unlock(QUIET)
}

init
{
    atomic {
        n_unclaimed = N_CALLS;
        n_unended = N_CALLS;
        n_unfinished = 1;
        is_queued = true;
#ifdef WEAKEN_REFERENCE
        state = 2 * REFERENCE;
#else
        state = 3 * REFERENCE; /* the user's, that of a handle that is not ready, and the range's */
#endif
        run flush(WORKER);
        run flush(USER);
        run flush(SLEEPER);
        run flush(QUIET);
        run worker();
        run user();
        run sleeper();
        run quiet()
    }
    timeout;
    assert(is_freed && n_completed == 1 && is_claimed[0] && is_claimed[1] && n_stale == 0)
}
