/* Tasks that have not ended, and who waits until there are none: see quiet.h. */
#include "frame.h"
#include "notice.h"
#include "quiet.h"
#include "seat.h"
#include "sleep.h"

size_t pool__unfinished(const struct pool *pool)
{
    /* [ENDED] seq_cst: after this thread has said that it waits; acquire: as below; pairs with pool__finish_alone(). */
    size_t n_ended = atomic_load_explicit(&pool->n_ended_helped, memory_order_seq_cst);
    size_t n_seats = pool__count_seats(pool), n_submitted = 0;

    for (size_t i = 0; i < n_seats; i++)
        /* [COUNT] seq_cst: as above; acquire: sees what the tasks did and submitted; pairs with release in count_one()
         * in worker.c and with pool__finish_alone(). */
        n_ended += atomic_load_explicit(&pool__seat(pool, i)->n_ended, memory_order_seq_cst);
    for (size_t i = 0; i < n_seats; i++)
        /* [COUNT] relaxed: those that matter are seen by the acquire above. */
        n_submitted += atomic_load_explicit(&pool__seat(pool, i)->n_submitted, memory_order_relaxed);
    for (size_t i = 0; i < pool->n_ports; i++)
        /* [PUT] relaxed: as above. */
        n_submitted += atomic_load_explicit(&pool->ports[i].n_put, memory_order_relaxed);
    return pool->n_unfinished + n_submitted - n_ended;
}

void pool__begin_quiet(struct pool *pool)
{
    pool->n_awaiting_quiet++;
    pool__post_notices(pool);
}

void pool__check_end(struct pool *pool)
{
    if (pool->awaiting_end.first != NULL && pool->n_threads == 0 && pool__unfinished(pool) == 0)
        pool__wake(pool, &pool->awaiting_end, SIZE_MAX);
}

void pool__check_quiet(struct pool *pool)
{
    if (pool->awaiting_all.first != NULL && pool__unfinished(pool) == 0)
        pool__wake(pool, &pool->awaiting_all, SIZE_MAX);
    pool__check_end(pool);
}

void pool__finish_tasks(struct pool *pool, size_t n_tasks)
{
    pool->n_unfinished -= n_tasks;
    pool__check_quiet(pool);
}

/* Counts a task that is not counted in n_unfinished, or not there alone, in the seat of this thread, if it has one.
 * Without the lock. */
static void count_ended(struct pool *pool, struct pool__seat *seat)
{
    if (seat != NULL)
        /* [COUNT] seq_cst: as below. The load is this thread's own. */
        atomic_store_explicit(&seat->n_ended, atomic_load_explicit(&seat->n_ended, memory_order_relaxed) + 1,
                              memory_order_seq_cst);
    else
        /* [ENDED] seq_cst: before the look at the notices, where who waits has said so before it counts; release: what
         * the task did; pairs with the load in pool__unfinished(). */
        atomic_fetch_add_explicit(&pool->n_ended_helped, 1, memory_order_seq_cst);
}

void pool__finish_spawned(struct pool *pool)
{
    count_ended(pool, pool__own_seat(pool));
    pool__check_quiet(pool);
}

void pool__finish_alone(struct pool *pool)
{
    struct pool__seat *seat = pool__own_seat(pool);

    if (seat != NULL && pool__is_running(pool, NULL)) {
        /* [COUNT] relaxed: the task that this thread is in has not ended, so the pool is not quiet, and its end will
         * publish what this one did. */
        pool__add(&seat->n_ended, 1);
        return;
    }
    count_ended(pool, seat);
    /* [NOTICES] seq_cst: after the count; pairs with the store in pool__post_notices(). */
    if (atomic_load_explicit(&pool->notices, memory_order_seq_cst) & POOL__QUIET) {
        pool__lock(pool);
        pool__check_quiet(pool);
        pool__unlock(pool);
    }
}
