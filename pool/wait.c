/* Handles as their users see them: asking, waiting, cancelling, giving back. */
#include "call.h"
#include "complete.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "sleep.h"
#include "stock.h"
#include "wait.h"

#include <errno.h>

enum { WATCH_NS = 10 * 1000 };

int pool_handle_successful(const struct pool_handle *handle)
{
    if (!pool_handle_ready(handle))
        return pool__is_inherited(handle->pool) ? -ENOTRECOVERABLE : -EAGAIN;
    return handle->error.code == 0;
}

static bool is_ready(void *handle, bool looks_far)
{
    (void)looks_far;
    return pool_handle_ready(handle);
}

/* Looks whether the handle is ready, for a part of what waking a worker takes, and then calls for others: so where
 * they are needed they are that part later, and a short map wakes none. */
static void watch_parts(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    if (pool__spin(is_ready, handle, pool->spin_ns < WATCH_NS ? pool->spin_ns : WATCH_NS))
        return;
    pool__lock(pool);
    handle->watched_from = -1;
    if (!pool__is_claimed(handle))
        pool__call(pool, pool__n_parts(handle));
    pool__unlock(pool);
}

/* Looks for a moment, then sleeps. Returns false at the deadline. */
static bool await_ready(struct pool_handle *handle, int64_t deadline_ns)
{
    struct pool *pool = handle->pool;
    int64_t spin_ns = pool__spin_ns(pool, deadline_ns);
    bool has_ended = pool_handle_ready(handle) || (spin_ns > 0 && pool__spin(is_ready, handle, spin_ns));

    if (has_ended || deadline_ns == POOL__LOOK)
        return has_ended;
    pool__lock(pool);
    has_ended = !pool__begin_await(handle) || pool__sleep(pool, &handle->awaiting, deadline_ns);
    pool__unlock(pool);
    return has_ended;
}

/* A handle with one part, that nobody has claimed, runs nowhere: so the frames need not be looked at. */
static bool may_be_running(const struct pool_handle *handle)
{
    return !handle->is_spawned || pool__is_claimed(handle);
}

int pool_handle_wait(struct pool_handle *handle, int64_t timeout_ns)
{
    struct pool *pool = handle->pool;
    int64_t deadline_ns = pool__deadline(timeout_ns);

    if (pool_handle_ready(handle))
        return 0;
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (may_be_running(handle) && pool__is_running(pool, handle))
        return -EDEADLK;
    while (deadline_ns == POOL__NEVER && pool__help_alone(handle))
        continue;
    if (handle->watched_from >= 0)
        watch_parts(handle);
    pool__complete_deferred();
    return await_ready(handle, deadline_ns) ? 0 : -ETIMEDOUT;
}

int pool_handle_get(struct pool_handle *handle, int64_t timeout_ns, struct pool_error *error)
{
    int wait_error = pool_handle_wait(handle, timeout_ns);

    if (wait_error == 0)
        return pool__tell(error, &handle->error);
    return pool__tell_call(error, wait_error);
}

int pool_handle_cancel(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    if (pool_handle_ready(handle))
        return 0;
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    pool__lock(pool);
    pool__cancel(handle);
    pool__unlock(pool);
    return 0;
}

void pool_handle_release(struct pool_handle *handle)
{
    struct pool__seat *seat;

    if (handle == NULL || pool__is_inherited(handle->pool) || !pool__drop_reference(handle))
        return;
    seat = pool__own_seat(handle->pool);
    if (handle->slab == NULL || (seat != NULL && pool__has_many_handles(seat)))
        pool__give_back(handle);
    else
        pool__discard(handle);
}

void pool__abandon(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    pool__lock(pool);
    pool__cancel(handle);
    if (pool__begin_await(handle))
        pool__sleep(pool, &handle->awaiting, POOL__NEVER);
    pool__unlock(pool);
    pool_handle_release(handle);
}
