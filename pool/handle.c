/* Handles: how their tasks are queued, claimed, finished, cancelled, and waited for.
 *
 * A handle's calls are claimed in parts, each by one thread, in one critical section with looking at n_unclaimed.
 * It is complete when none is unclaimed and no part runs. As nothing adds calls, that comes true once, for
 * the thread that finishes or skips the last part: so there is one completer, which calls the callback,
 * sets ready, and wakes who waits.
 *
 * A waiter looks at ready under the lock, or by [READY] before; it touches the handle after its wake-up only
 * to read what is constant from then on.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLAB_HANDLES = 15 };

struct pool__slab {
    struct pool__slab *next;
    struct pool_handle handles[SLAB_HANDLES];
};

/* All of a pool's handles come from its slabs and return there. The lock is held. */
struct pool_handle *pool__new_handle(struct pool *pool)
{
    struct pool_handle *handle = pool->free_handles;

    if (handle == NULL) {
        struct pool__slab *slab = malloc(sizeof *slab);

        if (slab == NULL)
            return NULL;
        slab->next = pool->slabs;
        pool->slabs = slab;
        for (size_t i = 0; i < SLAB_HANDLES; i++) {
            slab->handles[i].next_free = handle;
            handle = &slab->handles[i];
        }
    }
    pool->free_handles = handle->next_free;
    pool->n_handles++;
    return handle;
}

void pool__free_handle(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    handle->next_free = pool->free_handles;
    pool->free_handles = handle;
    pool->n_handles--;
}

void pool__free_slabs(struct pool *pool)
{
    while (pool->slabs != NULL) {
        struct pool__slab *next = pool->slabs->next;

        free(pool->slabs);
        pool->slabs = next;
    }
}

void pool__unreference(struct pool_handle *handle)
{
    if (--handle->n_references == 0)
        handle->kind->free(handle);
}

int pool__queue_handle(struct pool_handle *handle, size_t n_tickets)
{
    const struct pool__range range = {NULL, (uintptr_t)handle, 0, n_tickets};
    int error = pool__push(handle->pool, &range);

    if (error == 0) {
        handle->n_ranges++;
        handle->n_references++;
    }
    return error;
}

void pool__claim(struct pool_handle *handle, struct pool__task *task, bool all)
{
    struct pool *pool = handle->pool;

    task->handle = handle;
    task->error.code = 0;
    handle->kind->claim(handle, task, all);
    handle->n_unclaimed -= task->n_calls;
    handle->n_running++;
    if (handle->n_unclaimed > 0)
        return;
    pool->n_stale += handle->n_ranges;
    if (handle->is_counted) {
        handle->is_counted = false;
        pool->n_queued--;
        pool__wake(pool, &pool->awaiting_room, 1);
    }
}

bool pool__help(struct pool_handle *handle)
{
    struct pool__task task;

    if (handle->n_unclaimed == 0 || pool__is_terminated(handle->pool))
        return false;
    pool__claim(handle, &task, false);
    pool__sweep(handle->pool);
    pool__run_here(handle->pool, &task);
    return true;
}

void pool__cancel(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__task task;

    /* [STOP] relaxed: orders nothing; pairs with the load in pool_stop_requested(). */
    atomic_store_explicit(&handle->stop, true, memory_order_relaxed);
    if (handle->n_unclaimed == 0)
        return;
    pool__claim(handle, &task, true);
    pool__sweep(pool);
    pool__unlock(pool);
    handle->kind->skip(&task, -ECANCELED);
    pool__lock(pool);
    pool__finish(pool, &task);
}

void pool__abandon(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    pool__lock(pool);
    pool__cancel(handle);
    while (!pool_handle_ready(handle))
        pool__sleep(pool, &handle->awaiting, POOL__NEVER);
    pool__unlock(pool);
    pool_handle_release(handle);
}

void pool__complete(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    const struct pool_callbacks *callbacks = &handle->callbacks;

    if (handle->error.code != 0 ? callbacks->error_callback != NULL : callbacks->callback != NULL) {
        pool__unlock(pool);
        pool__call_back(handle);
        pool__lock(pool);
    }
    /* [READY] release: publishes results and error; pairs with acquire in pool_handle_ready(). */
    atomic_store_explicit(&handle->ready, true, memory_order_release);
    pool__wake(pool, &handle->awaiting, SIZE_MAX);
    pool__announce(handle->watches);
    handle->watches = NULL;
    pool__finish_tasks(pool, 1);
    pool__unreference(handle);
}

bool pool_handle_ready(const struct pool_handle *handle)
{
    /* [READY] acquire: sees what the tasks did; pairs with release in pool__complete(). */
    return atomic_load_explicit(&handle->ready, memory_order_acquire);
}

int pool_handle_successful(const struct pool_handle *handle)
{
    if (!pool_handle_ready(handle))
        return pool__is_inherited(handle->pool) ? -ENOTRECOVERABLE : -EAGAIN;
    return handle->error.code == 0;
}

int pool_handle_wait(struct pool_handle *handle, int64_t timeout_ns)
{
    struct pool *pool = handle->pool;
    int64_t deadline_ns = pool__deadline(timeout_ns);
    bool is_ready = pool_handle_ready(handle);

    if (is_ready)
        return 0;
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (pool__is_running(pool, handle))
        return -EDEADLK;
    pool__lock(pool);
    while (deadline_ns == POOL__NEVER && pool__may_help(pool) && pool__help(handle))
        continue;
    is_ready = pool_handle_ready(handle) || pool__sleep(pool, &handle->awaiting, deadline_ns);
    pool__unlock(pool);
    return is_ready ? 0 : -ETIMEDOUT;
}

int pool_handle_get(struct pool_handle *handle, int64_t timeout_ns, struct pool_error *error)
{
    int wait_error = pool_handle_wait(handle, timeout_ns);

    if (wait_error == 0)
        return pool__tell(error, &handle->error);
    return pool__tell_call(error, wait_error);
}

int pool__tell(struct pool_error *error, const struct pool_error *from)
{
    if (error != NULL) {
        error->code = from->code;
        error->index = from->index;
        strcpy(error->message, from->code != 0 ? from->message : "");
    }
    return from->code;
}

int pool__tell_call(struct pool_error *error, int code)
{
    if (error != NULL) {
        error->code = 0;
        error->index = 0;
        error->message[0] = '\0';
    }
    return code;
}

int pool_handle_cancel(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    pool__lock(pool);
    pool__cancel(handle);
    pool__unlock(pool);
    return 0;
}

void pool_handle_release(struct pool_handle *handle)
{
    struct pool *pool = handle != NULL ? handle->pool : NULL;
    bool is_last;

    if (handle == NULL || pool__is_inherited(pool))
        return;
    pool__lock(pool);
    pool__unreference(handle);
    is_last = pool->destroyed && pool->n_handles == 0;
    pool__unlock(pool);
    if (is_last)
        pool__free(pool);
}
