/* pool__deque_push(), pool__deque_pop() and pool__deque_steal() of pool/deque.c, with two slots instead of 256: the
 * owner pushes three items, of which each half is a word of its own, and pops up to three times in between; two thieves
 * steal, of which one may come a second time. The deque is fresh, bottom and top are 0, and indices are bytes that wrap
 * around below 0.
 *
 * Shown: each item that was pushed is taken once, both halves of the same, and none is left when all have found the
 * deque empty; nothing is taken that was not pushed.
 *
 * WEAKEN_PUBLISH: push stores bottom relaxed
 * WEAKEN_POP: pop stores the lower bottom with release only
 * WEAKEN_POP_LOOK: pop goes by the top that it has seen before it lowered bottom
 * WEAKEN_LAST: pop takes the last item without a step of top
 * WEAKEN_EMPTY: pop does not look whether the deque is empty before it lowers bottom
 * WEAKEN_BACK: pop does not put bottom back where it has not found an item
 * WEAKEN_ROOM: push leaves no difference between a full deque and one with an item more
 * WEAKEN_STEAL_LOOK: a thief looks at bottom before top
 * WEAKEN_STEAL_EMPTY: a thief takes a bottom that is 1 below top for items
 * WEAKEN_STEAL_READ: a thief reads the item after its step of top
 * WEAKEN_STEAL_STEP: a thief makes its step of top in two: it compares, then stores
 */
#define OWNER 0
#define N_THREADS 1 /* thieves store nothing but by exchange */
#define N_SLOTS 2
#define BOTTOM 0
#define TOP 1
#define FIRST 2 /* words of a slot: fn, arg */
#define N_WORDS 6
#include "memory.h"

#define N_ITEMS 3
#define FN(index) (FIRST + 2 * ((index) % N_SLOTS))
#define ARG(index) (FN(index) + 1)
#define LESS(a, b) ((a) < (b)) /* of bytes */

byte n_pushed, n_done;
bool is_taken[N_ITEMS + 1];

inline take(fn, arg)
{
    atomic {
        assert(fn == arg && fn > 0 && fn <= n_pushed && !is_taken[fn]);
        is_taken[fn] = true;
        fn = 0;
        arg = 0;
    }
}

inline push()
{
    bottom = LOAD(OWNER, BOTTOM);
    n_there = bottom - LOAD(OWNER, TOP);
    if
#ifdef WEAKEN_ROOM
    :: n_there > N_SLOTS
    :: n_there <= N_SLOTS ->
#else
    :: n_there >= N_SLOTS
    :: n_there < N_SLOTS ->
#endif
        store_relaxed(OWNER, FN(bottom), n_pushed + 1);
        store_relaxed(OWNER, ARG(bottom), n_pushed + 1);
        n_pushed++;
#ifdef WEAKEN_PUBLISH
        store_relaxed(OWNER, BOTTOM, bottom + 1)
#else
        store_seq_cst(OWNER, BOTTOM, bottom + 1)
#endif
    fi
}

inline pop()
{
    bottom = LOAD(OWNER, BOTTOM);
    top = LOAD(OWNER, TOP);
    if
#ifndef WEAKEN_EMPTY
    :: bottom == top
    :: bottom != top ->
#else
    :: true ->
#endif
        bottom--;
#ifdef WEAKEN_POP
        store_release(OWNER, BOTTOM, bottom);
#else
        store_seq_cst(OWNER, BOTTOM, bottom);
#endif
#ifndef WEAKEN_POP_LOOK
        top = LOAD(OWNER, TOP);
#endif
        if
        :: LESS(top, bottom) ->
            fn = LOAD(OWNER, FN(bottom));
            arg = LOAD(OWNER, ARG(bottom));
            take(fn, arg)
        :: else ->
            if
            :: top == bottom ->
                fn = LOAD(OWNER, FN(bottom));
                arg = LOAD(OWNER, ARG(bottom));
#ifndef WEAKEN_LAST
                atomic {
                    IS_DRAINED(OWNER);
                    if
                    :: memory[TOP] == top -> memory[TOP] = top + 1
                    :: else -> fn = 0; arg = 0
                    fi
                }
#endif
            :: else
            fi;
#ifndef WEAKEN_BACK
            store_release(OWNER, BOTTOM, bottom + 1);
#endif
            if
            :: fn > 0 -> take(fn, arg)
            :: else
            fi
        fi
    fi;
    bottom = 0;
    top = 0
}

active proctype owner()
{
    byte bottom, top, n_there, fn, arg, n_pops;

    atomic {
        run flush(OWNER);
        run thief(1);
        run thief(2);
    }
    do
    :: n_pushed < N_ITEMS -> push()
    :: n_pops < N_ITEMS -> n_pops++; pop()
    :: n_pushed == N_ITEMS -> break
    od;
    do
    :: LOAD(OWNER, BOTTOM) != LOAD(OWNER, TOP) -> pop()
    :: else -> break
    od;
    n_done++;
    n_done == 3;
    assert(is_taken[1] && is_taken[2] && is_taken[3])
}

inline steal()
{
    do
    ::
#ifdef WEAKEN_STEAL_LOOK
        bottom = memory[BOTTOM];
        top = memory[TOP];
#else
        top = memory[TOP];
        bottom = memory[BOTTOM];
#endif
        next = bottom + 1;
        if
#ifdef WEAKEN_STEAL_EMPTY
        :: bottom == top -> break
#else
        :: bottom == top || next == top -> break
#endif
        :: else
        fi;
#ifndef WEAKEN_STEAL_READ
        fn = memory[FN(top)];
        arg = memory[ARG(top)];
#endif
#ifdef WEAKEN_STEAL_STEP
        if
        :: memory[TOP] == top ->
            memory[TOP] = top + 1;
#else
        if
        :: atomic { memory[TOP] == top -> memory[TOP] = top + 1 }
#endif
#ifdef WEAKEN_STEAL_READ
            fn = memory[FN(top)];
            arg = memory[ARG(top)];
#endif
            take(fn, arg);
            break
        :: memory[TOP] != top -> fn = 0; arg = 0
        fi
    od;
    atomic { top = 0; bottom = 0; next = 0 }
}

proctype thief(byte n_steals)
{
    byte top, bottom, next, fn, arg;

    do
    :: n_steals > 0 -> n_steals--; steal()
    :: n_steals == 0 -> break
    od;
    n_done++
}
