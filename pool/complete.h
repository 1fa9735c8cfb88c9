/* Completing handles: callbacks, and telling who waits. Private to pool/.
 *
 * The completer calls the callback, sets READY, and wakes who waits. Who is to be woken sets AWAITED, under the lock,
 * and is in a list before it gives the lock up. The completer takes the lock if AWAITED was set before READY: as both
 * are steps of one word, either the completer sees AWAITED or who waits sees READY. So a handle that nobody sleeps for
 * is completed without the lock, and with READY its completer's reference goes in the same step: it does not touch the
 * handle any more.
 */
#ifndef POOL_COMPLETE_H
#define POOL_COMPLETE_H

#include "state.h"

/* With the lock held, which may be given up in between: */
void pool__complete(struct pool_handle *handle);
void pool__note_error(const struct pool__task *task); /* the first by index is that of the handle */

/* And without: */
void pool__end_task_alone(struct pool__task *task); /* one that ran on this thread, which waits for its handle */
void pool__complete_deferred(void); /* what this thread has put off: before it waits */

#endif
