/* pool__post() and pool__park() of pool/park.c: two threads post once each, while one parks until it has both tokens,
 * with and without a deadline. The futex may return for no reason once.
 *
 * Shown: who sleeps is woken; each token is taken once, and only a token makes pool__park() return true; what was done
 * before a post is seen by who takes that token or a later one; no poster looks at a parker that may be gone.
 *
 * WEAKEN_RELEASE: the addition of a token is relaxed
 * WEAKEN_ONE_STEP: the poster looks whether the owner sleeps, and then adds the token in another step
 * WEAKEN_EXCHANGE: the owner stores that it sleeps, instead of exchanging the state that it has seen
 * WEAKEN_FUTEX: the futex does not compare the state before it sleeps
 * WEAKEN_LOOK_AGAIN: what ends a sleep is taken for a token
 * WEAKEN_LAST_ACCESS: the poster looks at the state again, after the addition
 */
#define N_POSTERS 2
#define PARKER 2
#define N_THREADS 3
#define N_WORDS 2 /* one for each poster: what it did before it posted */
#include "memory.h"

#define SLEEPING 1
#define TOKEN 2

byte state;
bool in_futex, is_gone, has_strayed;
byte n_taken, n_looks;

#define N_SEEN (LOAD(PARKER, 0) + LOAD(PARKER, 1))

proctype poster(byte me)
{
    byte before;

    store_relaxed(me, me, 1);
#ifdef WEAKEN_ONE_STEP
    before = state;
#endif
    atomic {
#ifndef WEAKEN_RELEASE
        IS_DRAINED(me);
#endif
        assert(!is_gone);
#ifndef WEAKEN_ONE_STEP
        before = state;
#endif
        state = state + TOKEN;
    }
#ifdef WEAKEN_LAST_ACCESS
    atomic {
        assert(!is_gone);
        before = state;
    }
#endif
    if
    :: before & SLEEPING -> in_futex = false
    :: else
    fi
}

/* Sleeps while the state is SLEEPING. */
inline sleep_until()
{
    if
#ifdef WEAKEN_FUTEX
    :: in_futex = true
#else
    :: atomic { state == SLEEPING -> in_futex = true }
    :: state != SLEEPING
#endif
    fi;
    if
    :: !in_futex
    :: atomic { has_deadline -> in_futex = false; timed_out = true }
    :: atomic { in_futex && !has_strayed -> in_futex = false; has_strayed = true }
    fi
}

active proctype parker()
{
    bool has_deadline, timed_out, has_token;
    byte seen, next;

    atomic {
        run flush(0);
        run flush(1);
        run poster(0);
        run poster(1);
    }
    do
    :: n_taken == N_POSTERS -> break
    :: else ->
        atomic {
            if
            :: n_looks < 2 -> has_deadline = true; n_looks++
            :: has_deadline = false
            fi;
            if
            :: has_deadline -> timed_out = true /* POOL__LOOK */
            :: timed_out = false
            fi
        }
        do
        :: seen = state;
           next = (seen >= TOKEN -> (seen - TOKEN) & ~SLEEPING : (timed_out -> 0 : SLEEPING));
#ifdef WEAKEN_EXCHANGE
           if
           :: next == SLEEPING -> state = SLEEPING
           :: else ->
#endif
           atomic {
               if
               :: seen == next
               :: seen != next && state == seen -> state = next
               :: seen != next && state != seen -> goto again
               fi;
               if
               :: seen >= TOKEN ->
                   n_taken++;
                   assert(N_SEEN >= n_taken + next / TOKEN);
               :: else
               fi
           }
#ifdef WEAKEN_EXCHANGE
           fi;
#endif
           if
           :: seen >= TOKEN -> has_token = true; break
           :: else
           fi;
           if
           :: timed_out -> has_token = false; break
           :: else
           fi;
           sleep_until();
#ifdef WEAKEN_LOOK_AGAIN
           if
           :: !timed_out -> n_taken++; has_token = true; assert(N_SEEN >= n_taken); break
           :: else
           fi;
#endif
again:
           skip
        od;
        assert(has_token || has_deadline)
    od;
    assert(state == 0);
    is_gone = true
}
