/* The bound of the queue, and the way into it. Private to pool/. With the lock held.
 *
 * TOKENS. A wake-up of who waits for room is a token that stands for a free place. Invariant, whenever the lock is
 * free: if there are places, and sleepers, then some thread holds a token and has not looked yet. Whoever makes a
 * place gives a token, unless there is one; whoever holds one takes a place, or finds that another has taken it; and
 * if there are more, passes the token on. So a wake-up is in flight for each place that stays, and not one for each
 * that comes and goes.
 */
#ifndef POOL_ROOM_H
#define POOL_ROOM_H

#include "state.h"

enum pool__when_full {
    POOL__BLOCK,     /* wait for room */
    POOL__RUN,       /* the caller runs the task */
    POOL__GO_OVER    /* queue it beyond the bound */
};
enum pool__when_full pool__when_full(const struct pool *pool);
int pool__check_open(const struct pool *pool); /* 0 where another task may be accepted */
int pool__admit(struct pool *pool, enum pool__when_full when_full, int64_t deadline_ns);
void pool__pass_on_room(struct pool *pool); /* if there is room, somebody else may have it */
/* Workers are called for n_called of its tasks. */
int pool__push(struct pool *pool, const struct pool__range *range, size_t n_called);

#endif
