/* Notices: what a thread that does not hold the lock has to see to. Private to pool/. With the lock held.
 *
 * Invariant, whenever the lock is free: `notices` is as the rest of the state says, or was so when who changed that has
 * not looked at the loose tasks yet. A thread that puts a task in looks at them after that, and whoever posts a notice
 * looks at the loose tasks after that: both sequentially consistent, so that one of the two sees the other.
 */
#ifndef POOL_NOTICE_H
#define POOL_NOTICE_H

#include "state.h"

void pool__post_notices(struct pool *pool); /* brings them up to date */

#endif
