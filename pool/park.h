/* Where a thread sleeps until another wakes it. Private to pool/. */
#ifndef POOL_PARK_H
#define POOL_PARK_H

#include "atomics.h"

#include <stdbool.h>
#include <stdint.h>

/* One thread parks, any may post. All zero holds no token. */
struct pool__parker {
    _Atomic uint32_t state; /* 2 * tokens + (1 while its thread sleeps or is about to) */
};

/* Gives a token and wakes the sleeper. What this thread did before happens before the park that takes the
 * token, and may be the end of the parker: it is not looked at again. */
void pool__post(struct pool__parker *parker);

/* Takes a token, sleeping until there is one. Returns false if there is none at deadline_ns of
 * CLOCK_MONOTONIC. */
bool pool__park(struct pool__parker *parker, int64_t deadline_ns);

enum { POOL__LOOK = 0 }; /* a deadline that has passed */
#define POOL__NEVER INT64_MAX

/* Whether there is a token, for pool__spin(): pool__park() takes it. */
bool pool__has_token(void *parker, bool looks_far);

/* Calls is_there() again and again, until it is true or spin_ns nanoseconds have passed; returns whether it is. Every
 * microsecond or so looks_far is true, and it lets other threads have this CPU, which who is waited for may need. It
 * begins with that where this thread has slept or woken another since it last did this; else it first looks for some
 * microseconds. */
bool pool__spin(bool (*is_there)(void *arg, bool looks_far), void *arg, int64_t spin_ns);

/* To be called by who begins a thread: it may be on this CPU. */
void pool__share_cpu(void);

/* CLOCK_MONOTONIC, in nanoseconds. */
int64_t pool__now_ns(void);

/* When a time-out ends that begins now: POOL__NEVER if and only if it is negative, POOL__LOOK if it is 0. */
int64_t pool__deadline(int64_t timeout_ns);

#endif
