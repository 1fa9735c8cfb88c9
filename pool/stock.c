/* What waits to be taken: see stock.h. */
#include "seat.h"
#include "stock.h"

#include <sched.h>

static size_t count_stale_handles(const struct pool *pool)
{
    /* [STALE] relaxed: may be too low, see stock.h. */
    ptrdiff_t n = atomic_load_explicit(&pool->n_stale_handles, memory_order_relaxed);

    return n > 0 ? (size_t)n : 0;
}

size_t pool__n_loose_of_use(const struct pool *pool, size_t n_max)
{
    /* [STALE] relaxed: may be too low, see stock.h. */
    ptrdiff_t n = atomic_load_explicit(&pool->n_stale_spawned, memory_order_relaxed);
    size_t n_stale = n > 0 ? (size_t)n : 0;
    size_t n_loose = pool__n_loose(pool, n_max < SIZE_MAX - n_stale ? n_max + n_stale : SIZE_MAX);

    return n_loose > n_stale ? n_loose - n_stale : 0;
}

size_t pool__count_stale(const struct pool *pool)
{
    return pool->n_stale_iterators + count_stale_handles(pool);
}

size_t pool__n_queued(const struct pool *pool)
{
    return pool->n_queued - count_stale_handles(pool);
}

size_t pool__n_parts(const struct pool_handle *handle)
{
    size_t n_calls = handle->work.calls.chunksize;
    /* [CLAIM] relaxed: a guess. */
    size_t n_unclaimed = atomic_load_explicit(&handle->n_unclaimed, memory_order_relaxed);

    return n_unclaimed <= n_calls ? 1 : (n_unclaimed - 1) / n_calls + 1;
}

/* By somebody who runs beside this thread. */
static bool is_watched(const struct pool_handle *handle)
{
    return handle->slab != NULL && handle->watched_from >= 0 && handle->watched_from != sched_getcpu();
}

/* Tickets of a handle's are more than its parts that wait: most are claimed without one. A stale range counts as one,
 * so that who counts up to a number looks at no more ranges; and so does a watched one, see call.h. */
static size_t count_tasks(const struct pool__range *range)
{
    const struct pool_handle *handle = (void *)range->arg;

    if (range->fn != NULL || handle->slab == NULL)
        return range->n_tasks;
    if (is_watched(handle))
        return 1;
    return pool__n_parts(handle);
}

size_t pool__n_waiting(const struct pool *pool, size_t n_max)
{
    size_t n_queued = pool__queue_count(&pool->queue, n_max, count_tasks);

    return n_queued + pool__n_loose_of_use(pool, n_max - n_queued);
}

bool pool__is_queue_of_use(const struct pool *pool)
{
    return pool->queue.n_ranges > pool__count_stale(pool);
}

bool pool__has_tasks(const struct pool *pool)
{
    return pool__is_queue_of_use(pool) || pool__n_loose(pool, 1) > 0;
}

static bool is_watched_alone(struct pool *pool)
{
    const struct pool__range *range = pool->queue.n_ranges == 1 ? pool__queue_front(&pool->queue) : NULL;

    return range != NULL && range->fn == NULL && is_watched((const struct pool_handle *)range->arg);
}

bool pool__needs_search(struct pool *pool)
{
    return (pool__is_queue_of_use(pool) && !is_watched_alone(pool)) || pool__n_loose(pool, 1) > 0;
}

bool pool__may_sweep(const struct pool *pool)
{
    return count_stale_handles(pool) > POOL__STALE_MIN;
}
