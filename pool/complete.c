/* Completing handles: callbacks, and telling who waits: see complete.h. */
#include "complete.h"
#include "frame.h"
#include "handle.h"
#include "quiet.h"
#include "sleep.h"

/* Callbacks that run on this thread, one within the other, and handles whose turn comes when one of them has returned:
 * each may cancel another task, whose callback cancels the next, however small the stack is. */
static _Thread_local int n_callbacks;
static _Thread_local struct pool_handle *deferred;

static void announce(struct pool__watch *watch)
{
    while (watch != NULL) {
        struct pool__done *done = watch->done;
        struct pool__watch *next = watch->next;

        watch->is_linked = false;
        /* [DONE] relaxed: only a guess for the exchange below, which checks it. */
        watch->next_done = atomic_load_explicit(&done->first, memory_order_relaxed);
        /* [DONE] release: publishes next_done; pairs with acquire in take_all_done(). Relaxed on failure: a guess */
        while (!atomic_compare_exchange_weak_explicit(&done->first, &watch->next_done, watch,
                                                      memory_order_release, memory_order_relaxed))
            continue;
        pool__post(&done->parker);
        watch = next;
    }
}

/* Sets READY and drops the completer's references. Returns false, and does neither, if somebody has to be woken. */
static bool try_publish(struct pool_handle *handle, bool *was_last)
{
    /* [STATE] relaxed: a guess that the exchange checks. */
    size_t state = atomic_load_explicit(&handle->state, memory_order_relaxed), next;

    do {
        if (state & POOL__AWAITED)
            return false;
        next = state + POOL__READY - handle->completer_owns;
        /* [STATE] release: publishes results and error; pairs with acquire in pool_handle_ready(). Acquire: as in
         * pool__drop_reference(). Relaxed on failure: a guess */
    } while (!atomic_compare_exchange_weak_explicit(&handle->state, &state, next, memory_order_acq_rel,
                                                    memory_order_relaxed));
    *was_last = next < POOL__REFERENCE;
    return true;
}

/* What is left once the callback has returned. The lock is held. */
static void publish(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    bool was_last, is_spawned = handle->is_spawned;

    if (try_publish(handle, &was_last)) {
        if (was_last)
            handle->kind->free(handle);
    } else {
        /* [STATE] release: as in try_publish(). */
        atomic_fetch_or_explicit(&handle->state, POOL__READY, memory_order_release);
        pool__wake(pool, &handle->awaiting, SIZE_MAX);
        announce(handle->watches);
        handle->watches = NULL;
        if (handle->completer_owns > POOL__REFERENCE)
            pool__drop_reference(handle);
        pool__unreference(handle);
    }
    if (is_spawned)
        pool__finish_spawned(pool);
    else
        pool__finish_tasks(pool, 1);
}

/* The same, taking the lock: the handle may be nobody's any more, and then nothing but the task that has not ended
 * keeps its pool. */
static void publish_unlocked(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;

    pool__lock(pool);
    publish(handle);
    pool__unlock(pool);
}

/* The same without the lock, for who waits for the handle, which is the caller's then and keeps the pool, or for a
 * worker of the pool. */
static void publish_alone(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    bool was_last;

    if (!try_publish(handle, &was_last)) {
        publish_unlocked(handle);
        return;
    }
    if (was_last)
        pool__discard(handle);
    pool__finish_alone(pool);
}

/* A task that the callback waited for has ended this thread. */
static void abandon_callback(void *handle)
{
    n_callbacks--;
    pool__complete_deferred();
    publish_unlocked(handle);
}

/* Without the lock. */
static void call_back(struct pool_handle *handle)
{
    n_callbacks++;
    pthread_cleanup_push(abandon_callback, handle);
    pool__call_back(handle);
    pthread_cleanup_pop(0);
    n_callbacks--;
}

void pool__complete_deferred(void)
{
    while (deferred != NULL) {
        struct pool_handle *handle = deferred;

        deferred = handle->next_free;
        call_back(handle);
        publish_unlocked(handle);
    }
}

static bool has_callback(const struct pool_handle *handle)
{
    const struct pool_callbacks *callbacks = &handle->callbacks;

    return handle->error.code != 0 ? callbacks->error_callback != NULL : callbacks->callback != NULL;
}

/* Calls back, and then those whose turn it is; or puts that off and returns false. Without the lock. */
static bool call_back_now(struct pool_handle *handle)
{
    if (n_callbacks >= POOL__NESTED_MAX) {
        handle->next_free = deferred;
        deferred = handle;
        return false;
    }
    call_back(handle);
    pool__complete_deferred();
    return true;
}

void pool__complete(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    bool is_now = true;

    if (has_callback(handle)) {
        pool__unlock(pool);
        is_now = call_back_now(handle);
        pool__lock(pool);
    }
    if (is_now)
        publish(handle);
}

void pool__note_error(const struct pool__task *task)
{
    struct pool_error *error = &task->handle->error;

    if (task->error.code != 0 && (error->code == 0 || task->error.index < error->index))
        pool__tell(error, &task->error);
}

void pool__end_task_alone(struct pool__task *task)
{
    struct pool_handle *handle = task->handle;

    if (task->error.code != 0) {
        pool__lock(handle->pool);
        pool__note_error(task);
        pool__unlock(handle->pool);
    }
    if (handle->kind->end(task) && (!has_callback(handle) || call_back_now(handle)))
        publish_alone(handle);
}
