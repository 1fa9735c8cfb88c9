/* Calling for workers: waking those that sleep, and starting those that are missing. Private to pool/. With the lock
 * held.
 *
 * TOKENS. A wake-up of an idle worker is a token that stands for a task. Invariant, whenever the lock is free: if there
 * are tasks, and idle workers, then some worker searches, that is it holds a token and has not looked yet, or is about
 * to look in any case. Whoever makes a task gives a token, unless there are enough; whoever holds one takes a task, or
 * finds that another has taken it; and if there are more, passes the token on: end_search() in worker.c.
 *
 * WATCHED. Waking a worker takes longer than many a short map. So whoever waits for a map in a strict pool, and is
 * about to look for its end, watches it: one worker is called for it, which passes no token on, and if it has not ended
 * after some microseconds, who watches calls for the others. As long as that has not come, a queue with nothing
 * else in it is none of the tasks that the invariant speaks of. A worker on the CPU of who watches passes its token on,
 * since who watches may not run before it.
 */
#ifndef POOL_CALL_H
#define POOL_CALL_H

#include "state.h"

void pool__call(struct pool *pool, size_t n_tasks); /* there are so many more tasks to be taken: wakes or starts */
void pool__reserve(struct pool *pool, size_t n_workers); /* counts workers that are about to be started */

#endif
