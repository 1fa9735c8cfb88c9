/* pool__port_put(), rewind_empty(), append_item(), pool__port_take() and pool__port_await() of pool/port.c, with one
 * block of three items that is never added to: who finds it full is refused. Two threads put in twice each, one takes
 * out, and one closes the pool, as close_pool() of pool/pool.c does.
 *
 * Shown: what was accepted is taken once, and as it was put in; nothing is put in once pool__port_await() has returned.
 *
 * WEAKEN_PUT: n_put is stored relaxed
 * WEAKEN_EXCHANGE: who puts in looks at is_putting, and sets it in another step
 * WEAKEN_STOP: who puts in looks whether the pool is closed before it has is_putting
 * WEAKEN_AWAIT: pool__port_await() does not wait
 * WEAKEN_REWIND: the block begins anew though there are items in it
 * WEAKEN_TAKEN: n_taken is stored before the item is read
 */
#define TAKER 2
#define CLOSER 3
#define N_THREADS 4
#define PUTTING 0
#define CLOSED 1
#define N_PUT 2
#define N_TAKEN 3
#define TAIL_AT 4
#define HEAD_AT 5
#define ITEM 6
#define N_SLOTS 3
#define N_WORDS 9
#include "memory.h"

#define N_PUTS 2

byte n_accepted, n_seen, n_done, n_closed_at;
bool is_accepted[2 * N_PUTS + 1], is_taken[2 * N_PUTS + 1], is_closed;

#define IS_PENDING(me) (HAS(me, 0, PUTTING) || HAS(me, 1, PUTTING) || HAS(me, 2, PUTTING))

inline exchange_putting(me)
{
#ifdef WEAKEN_EXCHANGE
    was_putting = LOAD(me, PUTTING);
    atomic { !IS_PENDING(me) -> memory[PUTTING] = 1 }
#else
    atomic { !IS_PENDING(me) -> was_putting = memory[PUTTING]; memory[PUTTING] = 1 }
#endif
}

inline stop_putting(me)
{
    store_release(me, PUTTING, 0)
}

inline rewind_empty(me)
{
    if
#ifdef WEAKEN_REWIND
    :: LOAD(me, TAIL_AT) > 0 ->
#else
    :: LOAD(me, TAIL_AT) > 0 && LOAD(me, N_TAKEN) == LOAD(me, N_PUT) ->
#endif
        store_relaxed(me, HEAD_AT, 0);
        store_relaxed(me, TAIL_AT, 0)
    :: else
    fi
}

inline append(me, item)
{
    at = LOAD(me, TAIL_AT);
    store_relaxed(me, ITEM + at, item);
    store_relaxed(me, TAIL_AT, at + 1);
    at = LOAD(me, N_PUT) + 1;
    atomic { is_accepted[item] = true; n_accepted++ }
#ifdef WEAKEN_PUT
    store_relaxed(me, N_PUT, at);
#else
    store_seq_cst(me, N_PUT, at);
#endif
    at = 0
}

proctype putter(byte me)
{
    byte n, at;
    bool was_putting, has_stopped;

    do
    :: n == N_PUTS -> break
    :: else ->
        n++;
#ifdef WEAKEN_STOP
        has_stopped = LOAD(me, CLOSED);
#endif
        exchange_putting(me);
        if
        :: was_putting
        :: else ->
#ifndef WEAKEN_STOP
            has_stopped = LOAD(me, CLOSED);
#endif
            if
            :: has_stopped
            :: else ->
                rewind_empty(me);
                if
                :: LOAD(me, TAIL_AT) < N_SLOTS -> append(me, 1 + me * N_PUTS + n - 1)
                :: else
                fi
            fi;
            stop_putting(me)
        fi
    od;
    n_done++
}

proctype taker()
{
    byte n_taken, at, item;

    do
    :: LOAD(TAKER, N_PUT) != n_taken ->
        n_taken++;
#ifdef WEAKEN_TAKEN
        store_release(TAKER, N_TAKEN, n_taken);
#endif
        at = LOAD(TAKER, HEAD_AT);
        item = LOAD(TAKER, ITEM + at);
        store_relaxed(TAKER, HEAD_AT, at + 1);
#ifndef WEAKEN_TAKEN
        store_release(TAKER, N_TAKEN, n_taken);
#endif
        atomic {
            assert(is_accepted[item] && !is_taken[item]);
            is_taken[item] = true;
            n_seen++;
            at = 0;
            item = 0
        }
    :: is_closed && n_done == 2 && LOAD(TAKER, N_PUT) == n_taken -> break
    od;
    assert(memory[N_PUT] == n_closed_at && n_seen == n_accepted)
}

proctype closer()
{
    bool was_putting;

    store_seq_cst(CLOSER, CLOSED, 1);
#ifndef WEAKEN_AWAIT
    do
    :: exchange_putting(CLOSER);
       if
       :: was_putting -> memory[PUTTING] == 0 /* it sleeps, and looks again */
       :: else -> break
       fi
    od;
    stop_putting(CLOSER);
#endif
    n_closed_at = LOAD(CLOSER, N_PUT);
    is_closed = true
}

init
{
    atomic {
        run flush(0);
        run flush(1);
        run flush(TAKER);
        run flush(CLOSER);
        run putter(0);
        run putter(1);
        run taker();
        run closer()
    }
}
