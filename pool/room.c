/* The bound of the queue: see room.h. */
#include "call.h"
#include "frame.h"
#include "quiet.h"
#include "room.h"
#include "sleep.h"
#include "stock.h"

#include <errno.h>

/* Whether so many more cannot be counted. Half of what can be is far more than there can be but by a batch. */
static bool are_too_many(const struct pool *pool, size_t n_tasks)
{
    return (n_tasks > SIZE_MAX / 2 || pool->n_unfinished > SIZE_MAX / 2) &&
           pool__unfinished(pool) > SIZE_MAX - n_tasks;
}

int pool__check_open(const struct pool *pool)
{
    if (pool->closed)
        return -ESHUTDOWN;
    return are_too_many(pool, 1) ? -EOVERFLOW : 0;
}

static bool has_room(const struct pool *pool)
{
    return pool->options.max_queued == 0 || pool__n_queued(pool) < pool->options.max_queued;
}

void pool__pass_on_room(struct pool *pool)
{
    if (pool->n_room_tokens == 0 && has_room(pool))
        pool->n_room_tokens += pool__wake(pool, &pool->awaiting_room, 1);
}

/* Waits for room. Returns 0 if a task may be queued; 1 if the caller has to run it, as when_full says; else an error,
 * with the token that it may have been woken with passed on. The lock is held on entry and return. */
int pool__admit(struct pool *pool, enum pool__when_full when_full, int64_t deadline_ns)
{
    for (;;) {
        int error = pool__check_open(pool);

        if (error != 0) {
            pool__pass_on_room(pool);
            return error;
        }
        if (has_room(pool))
            return 0;
        if (when_full != POOL__BLOCK)
            return when_full == POOL__RUN && pool__nesting(pool) < POOL__NESTED_MAX;
        if (!pool__sleep(pool, &pool->awaiting_room, deadline_ns))
            return -ETIMEDOUT; /* it was not woken, and so has no token */
        pool->n_room_tokens--;
    }
}

int pool__push(struct pool *pool, const struct pool__range *range, size_t n_called)
{
    int error;

    if (are_too_many(pool, range->n_tasks))
        return -EOVERFLOW;
    error = pool__queue_push(&pool->queue, range);
    if (error != 0)
        return error;
    pool__call(pool, n_called);
    return 0;
}

enum pool__when_full pool__when_full(const struct pool *pool)
{
    if (pool->options.max_queued == 0 || !pool__is_inside(pool))
        return POOL__BLOCK; /* or the queue is never full */
    return pool__may_help(pool) ? POOL__RUN : POOL__GO_OVER; /* a callback of a strict pool */
}
