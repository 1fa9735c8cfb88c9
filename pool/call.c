/* Calling for workers: see call.h. */
#include "call.h"
#include "sleep.h"
#include "stock.h"

void pool__reserve(struct pool *pool, size_t n_workers)
{
    pool->n_alive += n_workers;
    pool->n_threads += n_workers;
}

static void call_for_workers(struct pool *pool, size_t n_tasks)
{
    size_t n_asked = pool_n_workers(pool), n_missing = n_asked > pool->n_alive ? n_asked - pool->n_alive : 0;

    if (n_tasks > n_missing && pool->n_alive + n_missing < pool->max_workers)
        pool__wake(pool, &pool->scout, 1);
    if (n_missing > n_tasks)
        n_missing = n_tasks;
    pool__reserve(pool, n_missing);
    pool->n_starts += n_missing;
}

/* Whether there may be workers to start, now or by the scout. */
static bool may_grow(const struct pool *pool)
{
    return pool->n_alive < pool->max_workers;
}

/* Those that search will take as many tasks, and those that are idle or have been started too: one that has found a
 * task wakes the next one, so no more need to search than can run. What waits is counted only where there may be more
 * than all of these take and others to start, because that takes time in the number of workers. */
void pool__call(struct pool *pool, size_t n_tasks)
{
    size_t n_there = pool->n_searching + pool->n_idle + pool->n_alive - pool->n_ready;

    pool->n_called += n_tasks < SIZE_MAX - pool->n_called ? n_tasks : 0;
    while (pool->n_searching < pool->n_called && pool->n_searching < pool->n_searching_max &&
           pool__wake_idle(pool, 1) > 0)
        continue;
    if (pool->n_called <= n_there)
        return;
    pool->n_called = may_grow(pool) ? pool__n_waiting(pool, n_there + n_tasks) : n_there;
    if (pool->n_called > n_there)
        call_for_workers(pool, pool->n_called - n_there);
}
