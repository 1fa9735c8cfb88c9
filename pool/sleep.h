/* Sleeping until something that the lock guards has changed, and giving up the lock. Private to pool/.
 *
 * WAKING. Whoever changes what a thread sleeps for moves its sleeper to pool->wakes, in the same critical section;
 * pool__unlock() posts them all once the lock is free. A thread pushes its sleeper on a list in the critical section in
 * which it looked and found nothing; so no wake-up is lost, and none is given twice.
 *
 * The sleeping calls are made with the lock held, give it up, and return with it held: true if woken, false at the
 * deadline. pool__sleep() puts the caller last in the list, pool__sleep_idle() a worker first in `idle`.
 * pool__wake() has the first n_max of a list woken at the next pool__unlock() and returns how many there were.
 */
#ifndef POOL_SLEEP_H
#define POOL_SLEEP_H

#include "state.h"

void pool__unlock(struct pool *pool);
bool pool__sleep(struct pool *pool, struct pool__sleepers *list, int64_t deadline_ns);
bool pool__await(struct pool *pool, struct pool__sleepers *list, int64_t deadline_ns); /* looks for spin_ns before */
int64_t pool__spin_ns(const struct pool *pool, int64_t deadline_ns); /* how long to look before sleeping */
bool pool__sleep_idle(struct pool *pool, struct pool__sleeper *sleeper, int64_t deadline_ns);
size_t pool__wake(struct pool *pool, struct pool__sleepers *list, size_t n_max);
size_t pool__wake_idle(struct pool *pool, size_t n_max); /* the same for `idle`: they search from now on */

#endif
