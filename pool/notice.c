/* Notices: see notice.h. */
#include "notice.h"
#include "stock.h"

size_t pool_n_workers(const struct pool *pool)
{
    /* [SIZE] relaxed: a number that orders nothing; pairs with the store in set_size(). */
    return atomic_load_explicit(&pool->n_workers, memory_order_relaxed);
}

void pool__post_notices(struct pool *pool)
{
    bool is_wake = pool->idle.first != NULL && pool->n_searching < pool->n_searching_max;
    bool is_start = pool->n_alive < pool_n_workers(pool) ||
                    (pool->is_scout_free && pool->n_alive < pool->max_workers);
    bool is_alone = pool->n_searching == 0 && pool->n_alive == pool->n_ready;
    uint32_t notices = (pool->closed ? POOL__CLOSED : 0) | (is_wake || is_start ? POOL__CALL : 0) |
                       (is_wake || (is_start && is_alone) ? POOL__CALL_HELPED : 0) |
                       (pool->n_alive < pool->max_workers ? POOL__GROWING : 0) |
                       (pool__is_queue_of_use(pool) ? POOL__QUEUED : 0) |
                       (pool->n_ready > pool->max_workers ? POOL__SHRUNK : 0) |
                       (pool->n_awaiting_quiet > 0 ? POOL__QUIET : 0);
    uint32_t changed;

    /* [NOTICES] relaxed: written under the lock. */
    changed = notices ^ atomic_load_explicit(&pool->notices, memory_order_relaxed);
    if (changed & ~(uint32_t)POOL__QUEUED)
        /* [NOTICES] seq_cst: before who has changed them looks at the loose tasks; pairs with the loads in submit.c. */
        atomic_store_explicit(&pool->notices, notices, memory_order_seq_cst);
    else if (changed != 0)
        /* [NOTICES] relaxed: a thread sees what it has queued itself, and to others it is a guess. */
        atomic_store_explicit(&pool->notices, notices, memory_order_relaxed);
}
