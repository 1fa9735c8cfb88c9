/* Tasks that have not ended, and who waits until there are none. Private to pool/. With the lock held, where nothing
 * else is said.
 *
 * COUNTING. Tasks that go through the lock are counted in n_unfinished, up and down. One that a worker submits is
 * counted by its seat before it can be taken, one in a port by that, a task that a worker has taken is counted by its
 * seat when it has ended, and a handle that was completed without the lock by the seat of the worker that did so, or in
 * n_ended_helped. So the pool is quiet when n_unfinished + submitted - ended is 0. The sum of what has ended is read
 * first: then each task that it counts was counted as submitted before, and so were those that it submitted. What is
 * submitted meanwhile makes the difference larger, never 0 by mistake.
 *
 * Who waits says so by a notice before it counts, and who ends a task without the lock counts it before it looks at the
 * notices: so one of the two sees that the pool is quiet.
 */
#ifndef POOL_QUIET_H
#define POOL_QUIET_H

#include "state.h"

size_t pool__unfinished(const struct pool *pool); /* tasks that are queued or running */
void pool__begin_quiet(struct pool *pool); /* before who waits for it looks whether no task is queued or running */
void pool__check_quiet(struct pool *pool); /* wakes who waits for it, if that is so */
void pool__check_end(struct pool *pool); /* a thread or a task has gone that a closed pool may have waited for */
void pool__finish_tasks(struct pool *pool, size_t n_tasks);
void pool__finish_spawned(struct pool *pool); /* one that a seat has counted, and n_unfinished has not */
void pool__finish_alone(struct pool *pool); /* one, without the lock. The caller has something that keeps the pool */

#endif
