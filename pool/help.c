/* What a thread does with the calls of a handle that it needs: see help.h. */
#include "complete.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "sleep.h"
#include "stock.h"
#include "task.h"
#include "ticket.h"

#include <errno.h>

void pool__cancel(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__task task;

    /* [STOP] relaxed: orders nothing; pairs with the load in pool_stop_requested(). */
    atomic_store_explicit(&handle->stop, true, memory_order_relaxed);
    if (!pool__claim(handle, &task, true))
        return;
    pool__note_claim(&task);
    pool__unlock(pool);
    handle->kind->skip(&task, -ECANCELED);
    pool__lock(pool);
    pool__finish(pool, &task);
}

bool pool__help(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__task task;

    if (pool__is_claimed(handle))
        return false;
    if (pool__is_terminated(pool)) {
        pool__cancel(handle); /* who else would may be this thread, further out */
        return true;
    }
    if (!pool__may_help(pool) || !pool__claim(handle, &task, false))
        return false;
    pool__note_claim(&task);
    pool__run_here(pool, &task);
    return true;
}

static void sweep_alone(struct pool *pool)
{
    pool__lock(pool);
    pool__sweep(pool);
    pool__unlock(pool);
}

static bool needs_lock(const struct pool_handle *handle)
{
    const struct pool *pool = handle->pool;

    return handle->slab == NULL || pool->options.max_queued > 0 || pool__is_terminated(pool);
}

/* The handle has left its seat, and nothing is unclaimed any more. */
static void note_gone(struct pool *pool)
{
    /* [STALE] relaxed: a count, see stock.h. */
    atomic_fetch_sub_explicit(&pool->n_stale_spawned, 1, memory_order_relaxed);
}

bool pool__take_handle(struct pool_handle *handle, struct pool__task *task)
{
    if (pool__claim(handle, task, false)) {
        handle->completer_owns += POOL__REFERENCE; /* that of its place */
        return true;
    }
    note_gone(handle->pool);
    if (pool__drop_reference(handle))
        pool__discard(handle);
    return false;
}

void pool__forget_spawned(struct pool_handle *handle)
{
    note_gone(handle->pool);
    pool__unreference(handle);
}

/* Claims the only part of a handle that is in a seat: takes it out where that is this worker's and it is the last one
 * that was put there, as where tasks wait for what they have submitted. */
static bool claim_spawned(struct pool_handle *handle, struct pool__task *task)
{
    struct pool__seat *seat = pool__own_seat(handle->pool);

    if (seat != NULL && pool__deque_pop_handle(&seat->spawned, handle))
        return pool__take_handle(handle, task);
    if (!pool__claim(handle, task, false))
        return false;
    pool__note_stale(task);
    return true;
}

bool pool__help_alone(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__task task;
    bool has_helped;

    if (pool__is_claimed(handle))
        return false;
    if (needs_lock(handle)) {
        pool__lock(pool);
        has_helped = pool__help(handle);
        pool__unlock(pool);
        return has_helped;
    }
    if (!pool__may_help(pool))
        return false;
    if (handle->is_spawned) {
        if (!claim_spawned(handle, &task))
            return false;
    } else {
        if (!pool__claim(handle, &task, false))
            return false;
        pool__note_stale(&task);
        if (pool__may_sweep(pool))
            sweep_alone(pool);
    }
    pool__count_here(pool, &task);
    pool__run(pool, &task);
    pool__end_task_alone(&task);
    return true;
}

bool pool__take_next_part(struct pool__task *task)
{
    struct pool__task next;

    if (needs_lock(task->handle) || !pool__claim(task->handle, &next, false))
        return false;
    pool__note_stale(&next);
    pool__end_part_alone(task); /* not the last one: the next has not ended */
    *task = next;
    return true;
}
