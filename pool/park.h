/* Where a thread sleeps until another wakes it. Private to pool/. */
#ifndef POOL_PARK_H
#define POOL_PARK_H

#include <stdatomic.h>
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

/* Lets other threads have this CPU first, then looks for a token for up to spin_ns nanoseconds, without taking it. */
void pool__spin(struct pool__parker *parker, int64_t spin_ns);

enum { POOL__LOOK = 0 }; /* a deadline that has passed */
#define POOL__NEVER INT64_MAX

/* CLOCK_MONOTONIC, in nanoseconds. */
int64_t pool__now_ns(void);

/* When a time-out ends that begins now: POOL__NEVER if it is negative, POOL__LOOK if it is 0. */
int64_t pool__deadline(int64_t timeout_ns);

#endif
