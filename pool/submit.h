/* The way in for workers. Private to pool/. Without the lock.
 *
 * What a worker submits stays with it: its seat has it before anybody is told. Who closes the pool says so in `notices`
 * before it looks into the seats, so of the two one sees the other.
 */
#ifndef POOL_SUBMIT_H
#define POOL_SUBMIT_H

#include "state.h"

/* Leaves an item in the seat of the calling worker, whose pool has no bound. Returns 0; 1 if there is no room, or the
 * pool is closed; -ESHUTDOWN if that has happened meanwhile. If not 0 the item is the caller's again. */
int pool__spawn(struct pool *pool, struct pool__seat *seat, struct pool__item item);

/* The same in a seat that this thread visits, for what it is likely to run itself. Ends the visit. */
int pool__spawn_visiting(struct pool *pool, struct pool__seat *seat, struct pool__item item);

/* The task's handle, which was taken out of a seat, has other parts: puts it into this one, which is the caller's. */
void pool__share(struct pool__seat *seat, struct pool__task *task);

#endif
