/* The atomic operations and the futex calls of the pool, all of which come from here. Private to pool/.
 *
 * A build that checks or counts them defines POOL__ATOMICS, the name of a header that has all this in another way: the
 * types, orders and operations of <stdatomic.h>, and the two calls.
 */
#ifndef POOL_ATOMICS_H
#define POOL_ATOMICS_H

#ifdef POOL__ATOMICS
#include POOL__ATOMICS
#else

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "the futex call takes the 64-bit struct timespec of a 64-bit system");

/* Sleeps while *word is value, until it is woken, or for no reason at all. Returns false at the deadline of
 * CLOCK_MONOTONIC; NULL: there is none. */
static inline bool pool__futex_wait(_Atomic(uint32_t) *word, uint32_t value, const struct timespec *deadline)
{
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

/* Wakes one thread that sleeps there. The word is not looked at, and may be gone. */
static inline void pool__futex_wake(_Atomic(uint32_t) *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

#endif
#endif
