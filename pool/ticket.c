/* Tickets: the ranges of handles in the queue: see ticket.h. */
#include "handle.h"
#include "room.h"
#include "stock.h"
#include "ticket.h"

void pool__note_stale(const struct pool__task *task)
{
    struct pool_handle *handle = task->handle;

    if (!task->is_last)
        return;
    if (handle->slab == NULL)
        handle->pool->n_stale_iterators += handle->n_ranges;
    else if (handle->is_spawned)
        /* [STALE] relaxed: a count, which is never too high; see stock.h. */
        atomic_fetch_add_explicit(&handle->pool->n_stale_spawned, 1, memory_order_relaxed);
    else if (handle->is_queued)
        /* [STALE] relaxed: a count, which is never too high; see stock.h. */
        atomic_fetch_add_explicit(&handle->pool->n_stale_handles, 1, memory_order_relaxed);
}

/* A range of the handle's leaves the queue. The lock is held. */
static void forget_range(struct pool_handle *handle)
{
    handle->n_ranges--;
    handle->pool->n_queued -= handle->slab != NULL;
    pool__unreference(handle);
}

static bool is_stale(const struct pool__range *range)
{
    struct pool_handle *handle = (void *)range->arg;

    if (range->fn != NULL || !pool__is_claimed(handle))
        return false;
    if (handle->slab == NULL)
        handle->pool->n_stale_iterators--;
    else
        /* [STALE] relaxed: a count, see stock.h. */
        atomic_fetch_sub_explicit(&handle->pool->n_stale_handles, 1, memory_order_relaxed);
    forget_range(handle);
    return true;
}

struct pool__range *pool__front(struct pool *pool)
{
    struct pool__range *range;

    while ((range = pool__queue_front(&pool->queue)) != NULL && is_stale(range))
        pool__queue_drop(&pool->queue);
    return range;
}

/* Who waits for the youngest handle has claimed it, and its range is still there: so handles that come and go one after
 * the other do not fill the queue. */
static void drop_stale_tail(struct pool *pool)
{
    struct pool__range *range = pool__queue_back(&pool->queue);

    if (range != NULL && is_stale(range))
        pool__queue_drop_back(&pool->queue);
}

int pool__queue_handle(struct pool_handle *handle, size_t n_tickets)
{
    const struct pool__range range = {NULL, (uintptr_t)handle, 0, n_tickets};
    int error;

    drop_stale_tail(handle->pool);
    error = pool__push(handle->pool, &range, handle->watched_from >= 0 ? 1 : n_tickets);
    if (error == 0) {
        handle->n_ranges++;
        /* [STATE] relaxed: its user's calls come later; an iterator's state changes under the lock alone. */
        atomic_store_explicit(&handle->state,
                              atomic_load_explicit(&handle->state, memory_order_relaxed) + POOL__REFERENCE,
                              memory_order_relaxed);
    }
    return error;
}

/* Takes a ticket: claims a part of the handle that the oldest range is of. False if nothing is left of it. */
bool pool__take_part(struct pool *pool, struct pool__range *range, struct pool__task *task)
{
    struct pool_handle *handle = (void *)range->arg;

    if (!pool__claim(handle, task, false))
        return false;
    range->n_tasks--;
    if (range->n_tasks == 0 || task->is_last) {
        pool__queue_drop(&pool->queue);
        forget_range(handle);
    }
    if (task->is_last && handle->slab == NULL)
        pool->n_stale_iterators += handle->n_ranges;
    return true;
}

void pool__sweep(struct pool *pool)
{
    size_t n_stale = pool__count_stale(pool);

    if (n_stale > POOL__STALE_MIN && n_stale > pool->queue.n_ranges / 2)
        pool__queue_sweep(&pool->queue, is_stale);
}

/* The same where the lock is held: there may be room in the queue now. */
void pool__note_claim(const struct pool__task *task)
{
    struct pool *pool = task->handle->pool;

    pool__note_stale(task);
    pool__pass_on_room(pool);
    pool__sweep(pool);
}
