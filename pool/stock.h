/* What waits to be taken, in the queue and loose. Private to pool/. With the lock held, where nothing else is said.
 *
 * A range of a handle's tickets is stale when nothing of the handle is unclaimed. Who claims the rest of a handle
 * counts its range as stale after that, and who drops a range whose handle has nothing left takes it off, which may
 * come first. So the count may be too low for a moment, and is never too high: no range that is of use is taken for a
 * stale one. (An iterator's ranges, which can be of use again, are counted under the lock.) In the same way handles are
 * counted that are in a seat and have nothing left.
 */
#ifndef POOL_STOCK_H
#define POOL_STOCK_H

#include "state.h"

enum { POOL__STALE_MIN = 64 }; /* so many ranges may be stale in any case: half a block */

size_t pool__n_queued(const struct pool *pool); /* tasks in the queue, as max_queued counts */
size_t pool__n_waiting(const struct pool *pool, size_t n_max); /* tasks, counted up to n_max */
bool pool__is_queue_of_use(const struct pool *pool); /* whether there are tasks in the queue, not only stale ranges */
bool pool__has_tasks(const struct pool *pool);
bool pool__needs_search(struct pool *pool); /* the same, but for a watched map that is alone: see call.h */
size_t pool__n_loose_of_use(const struct pool *pool, size_t n_max); /* as pool__n_loose(), but no stale places */
size_t pool__n_parts(const struct pool_handle *handle); /* of a map that are unclaimed, but at least 1 */
size_t pool__count_stale(const struct pool *pool); /* ranges */
bool pool__may_sweep(const struct pool *pool); /* whether there may be many of them. Also without the lock */

#endif
