/* Tasks: taking them from the queue, running them, and what a task can say and ask.
 *
 * A range in the queue holds tickets. A worker that takes one of a handle's claims the next part of what the handle
 * has left to do. A thread that waits for a handle claims parts without tickets, so there may be more of
 * these than parts: a range of a handle that has nothing left is stale. It is dropped when it comes to the
 * front, or when more than half of the ranges are stale all of them are swept out, so that the queue never
 * holds many more than are of use.
 *
 * Each task that runs has a frame on its thread's stack. If the task leaves by pthread_exit(), the frame's clean-up
 * ends it as failed and its thread goes on ending.
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { N_STALE_MIN = 64 }; /* so many ranges may be stale in any case: half a block */

static _Thread_local struct pool__frame *current;

bool pool__is_running(const struct pool *pool, const struct pool_handle *handle)
{
    for (const struct pool__frame *frame = current; frame != NULL; frame = frame->outer)
        if (frame->pool == pool && (handle == NULL || frame->task->handle == handle))
            return true;
    return false;
}

size_t pool__nesting(const struct pool *pool)
{
    size_t n = 0;

    for (const struct pool__frame *frame = current; frame != NULL; frame = frame->outer)
        n += frame->pool == pool;
    return n;
}

bool pool__is_inside(const struct pool *pool)
{
    return pool__is_worker(pool) || pool__is_running(pool, NULL);
}

bool pool__may_help(const struct pool *pool)
{
    return !pool->options.strict || pool__is_worker(pool);
}

bool pool__is_terminated(const struct pool *pool)
{
    /* [STOP] relaxed: within the lock, or a request that orders nothing; pairs with the store in
     * pool_terminate(). */
    return atomic_load_explicit(&pool->terminated, memory_order_relaxed);
}

/* Forgets the oldest range, which is a handle's. The lock is held. */
static void drop_range_of(struct pool *pool, struct pool_handle *handle)
{
    pool->n_stale -= handle->n_unclaimed == 0;
    handle->n_ranges--;
    pool__queue_drop(&pool->queue);
    pool__unreference(handle);
}

struct pool__range *pool__front(struct pool *pool)
{
    struct pool__range *range;

    while ((range = pool__queue_front(&pool->queue)) != NULL && range->fn == NULL) {
        struct pool_handle *handle = (void *)range->arg;

        if (handle->n_unclaimed > 0)
            break;
        drop_range_of(pool, handle);
    }
    return range;
}

bool pool__take(struct pool *pool, struct pool__task *task)
{
    struct pool__range *range = pool__is_terminated(pool) ? NULL : pool__front(pool);

    if (range == NULL)
        return false;
    range->n_tasks--;
    if (range->fn == NULL) {
        struct pool_handle *handle = (void *)range->arg;

        pool__claim(handle, task, false);
        if (range->n_tasks == 0 || handle->n_unclaimed == 0)
            drop_range_of(pool, handle);
        return true;
    }
    task->handle = NULL;
    task->n_calls = 1;
    task->fn = range->fn;
    task->arg = (void *)range->arg;
    if (range->n_tasks > 0)
        range->arg += range->stride_bytes;
    else
        pool__queue_drop(&pool->queue);
    pool->n_queued--;
    pool__wake(pool, &pool->awaiting_room, 1);
    return true;
}

static bool is_stale(const struct pool__range *range)
{
    struct pool_handle *handle = (void *)range->arg;

    if (range->fn != NULL || handle->n_unclaimed > 0)
        return false;
    handle->n_ranges--;
    pool__unreference(handle);
    return true;
}

void pool__sweep(struct pool *pool)
{
    if (pool->n_stale <= N_STALE_MIN || pool->n_stale <= pool->queue.n_ranges / 2)
        return;
    pool__queue_sweep(&pool->queue, is_stale);
    pool->n_stale = 0;
}

/* The task of this frame called pthread_exit(). */
static void abandon(void *arg)
{
    struct pool__frame *frame = arg;
    struct pool__task *task = frame->task;

    if (task->handle != NULL)
        task->handle->kind->skip(task, -EOWNERDEAD);
    current = frame->outer;
    pool__lock(frame->pool);
    pool__finish(frame->pool, task);
    pool__unlock(frame->pool);
}

void pool__run(struct pool *pool, struct pool__task *task)
{
    struct pool__frame frame;

    frame.outer = current;
    frame.pool = pool;
    frame.task = task;
    current = &frame;
    pthread_cleanup_push(abandon, &frame);
    if (task->handle == NULL)
        task->fn(task->arg);
    else
        task->handle->kind->run(task);
    pthread_cleanup_pop(0);
    current = frame.outer;
}

void pool__run_here(struct pool *pool, struct pool__task *task)
{
    if (pool__is_worker(pool))
        pool->counters.tasks_nested += task->n_calls;
    else
        pool->counters.tasks_helped += task->n_calls;
    pool__unlock(pool);
    pool__run(pool, task);
    pool__lock(pool);
    pool__finish(pool, task);
}

void pool__finish_tasks(struct pool *pool, size_t n_tasks)
{
    pool->n_unfinished -= n_tasks;
    if (pool->n_unfinished > 0)
        return;
    pool__wake(pool, &pool->awaiting_all, SIZE_MAX);
    pool__check_end(pool);
}

void pool__finish(struct pool *pool, struct pool__task *task)
{
    struct pool_handle *handle = task->handle;

    if (handle == NULL) {
        pool__finish_tasks(pool, 1);
    } else {
        handle->n_running--;
        handle->kind->finish(task);
    }
}

/* As if it was a task of the handle's: so it cannot wait for itself, and what it says of an error is its own. */
void pool__call_back(struct pool_handle *handle)
{
    const struct pool_callbacks *callbacks = &handle->callbacks;
    struct pool__task task = {.handle = handle};
    struct pool__frame frame;

    frame.outer = current;
    frame.pool = handle->pool;
    frame.task = &task;
    current = &frame;
    if (handle->error.code != 0)
        callbacks->error_callback(callbacks->context, &handle->error);
    else
        callbacks->callback(callbacks->context, handle->calls.results);
    current = frame.outer;
}

const char *pool__begin_call(void)
{
    current->message[0] = '\0';
    return current->message;
}

void pool__end_call(struct pool__task *task, size_t index, int code, const char *message)
{
    struct pool_error *error = &task->error;

    if (code == 0 || error->code != 0)
        return;
    error->code = code;
    error->index = index;
    strcpy(error->message, message);
}

int pool_fail(int code, const char *format, ...)
{
    va_list args;

    if (current == NULL)
        return code;
    va_start(args, format);
    vsnprintf(current->message, sizeof current->message, format, args);
    va_end(args);
    return code;
}

bool pool_stop_requested(void)
{
    const struct pool_handle *handle;

    if (current == NULL)
        return false;
    handle = current->task->handle;
    /* [STOP] relaxed: orders nothing; pairs with the store in pool__cancel(). */
    return (handle != NULL && atomic_load_explicit(&handle->stop, memory_order_relaxed)) ||
           pool__is_terminated(current->pool);
}
