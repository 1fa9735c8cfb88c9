/* What a thread does with the calls of a handle that it needs: see help.h. */
#include "complete.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "seat.h"
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
    struct pool__seat *seat = pool__own_seat(handle->pool);
    /* In the place of another part nobody would find the rest. */
    bool is_all = seat == NULL || pool__deque_count(pool__place_of_rest(seat, handle)) >= POOL__DEQUE_ITEMS;

    if (pool__claim(handle, task, is_all)) {
        task->has_place = !task->is_last;
        if (task->is_last)
            handle->completer_owns += POOL__REFERENCE; /* that of its place */
        return true;
    }
    note_gone(handle->pool);
    if (pool__drop_reference(handle))
        pool__discard(handle);
    return false;
}

void pool__drop_spawned(struct pool_handle *handle)
{
    pool__cancel(handle);
    note_gone(handle->pool);
    pool__unreference(handle);
}

/* A part was claimed of a handle that is not taken out of a queue or a seat for that. If it was the last one and the
 * handle is in the seat of this thread, as what it has put there last, it leaves. */
static void leave_place(struct pool__task *task)
{
    struct pool_handle *handle = task->handle;
    bool has_left = false;

    if (task->is_last && handle->is_spawned) {
        struct pool *pool = handle->pool;
        struct pool__seat *own = pool__own_seat(pool), *seat = own == NULL ? pool__visit(pool) : NULL;

        if (own != NULL)
            has_left = pool__deque_pop_handle(pool__place_of_rest(own, handle), handle);
        if (seat != NULL) {
            has_left = pool__deque_pop_handle(&seat->spawned, handle);
            pool__end_visit(pool);
        }
    }
    if (has_left)
        handle->completer_owns += POOL__REFERENCE;
    else
        pool__note_stale(task);
}

bool pool__help_alone(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__task task;
    size_t n_run = 0;
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
    if (!pool__claim(handle, &task, false))
        return false;
    leave_place(&task);
    if (!handle->is_spawned && pool__may_sweep(pool)) /* which others write that help */
        sweep_alone(pool);
    do {
        pool__count_here(pool, task.n_calls - n_run);
        n_run = task.n_calls;
        pool__run(pool, &task);
    } while (pool__take_next_part(&task));
    pool__end_task_alone(&task);
    return true;
}

bool pool__take_next_part(struct pool__task *task)
{
    struct pool_handle *handle = task->handle;
    size_t n_run = task->n_calls;

    if (needs_lock(handle) || !handle->kind->claim(handle, task, false))
        return false;
    task->n_calls += n_run;
    leave_place(task);
    return true;
}
