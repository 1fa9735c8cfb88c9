/* Tasks: taking them, running them, and ending them. Private to pool/. With the lock held, but pool__run() and
 * pool__count_here().
 *
 * Each task that runs has a frame on its thread's stack. If the task leaves by pthread_exit(), the frame's clean-up
 * ends it as failed and its thread goes on ending.
 */
#ifndef POOL_TASK_H
#define POOL_TASK_H

#include "state.h"

bool pool__take(struct pool *pool, struct pool__task *task, struct pool__seat *ahead); /* and more for that seat */
void pool__run(struct pool *pool, struct pool__task *task);
void pool__finish(struct pool *pool, struct pool__task *task);
void pool__run_here(struct pool *pool, struct pool__task *task); /* all that, without the lock in between */
void pool__count_here(struct pool *pool, size_t n_calls); /* counts them as helped or nested */

#endif
