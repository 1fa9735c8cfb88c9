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
    if (!pool__may_help(pool) || !pool__claim(handle, &task, false))
        return false;
    pool__note_stale(&task);
    if (pool__may_sweep(pool))
        sweep_alone(pool);
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
