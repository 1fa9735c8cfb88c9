/* Tickets: the ranges of handles in the queue. Private to pool/. With the lock held, where nothing else is said.
 *
 * A range in the queue holds tickets. A worker that takes one of a handle's claims the next part of what the handle
 * has left to do. A thread that waits for a handle claims parts without tickets, so there may be more of these than
 * parts: a range of a handle that has nothing left is stale. It is dropped when it comes to the front, or to the back,
 * or when more than half of the ranges are stale all of them are swept out, so that the queue never holds many more
 * than are of use.
 */
#ifndef POOL_TICKET_H
#define POOL_TICKET_H

#include "state.h"

struct pool__range *pool__front(struct pool *pool); /* the oldest range that is not stale, or NULL */
int pool__queue_handle(struct pool_handle *handle, size_t n_tickets);
/* Takes a ticket: claims a part of the handle that the oldest range is of. False if nothing is left of it. */
bool pool__take_part(struct pool *pool, struct pool__range *range, struct pool__task *task);
void pool__note_claim(const struct pool__task *task); /* the task was claimed without taking a ticket */
void pool__note_stale(const struct pool__task *task); /* the same without the lock: in a pool without bound */
void pool__sweep(struct pool *pool);

#endif
