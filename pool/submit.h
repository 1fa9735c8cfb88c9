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

#endif
