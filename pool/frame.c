/* Where this thread is: which worker it is, and in which tasks. */
#include "fork.h"
#include "frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local const struct pool__worker *self;
static _Thread_local struct pool__guest *guests; /* what this thread is, the innermost first */

const struct pool__worker *pool__own_worker(const struct pool *pool)
{
    return self != NULL && self->pool == pool ? self : NULL;
}

struct pool__seat *pool__find_own_seat(const struct pool *pool)
{
    const struct pool__worker *worker = pool__own_worker(pool);

    if (worker != NULL)
        return worker->seat;
    for (const struct pool__guest *guest = guests; guest != NULL; guest = guest->outer)
        if (guest->pool == pool)
            return guest->seat;
    return NULL;
}

void pool__enter_guest(struct pool__guest *guest)
{
    guest->outer = guests;
    guests = guest;
    pool__has_sat = true;
}

void pool__leave_guest(void)
{
    guests = guests->outer;
}

bool pool__is_worker(const struct pool *pool)
{
    return pool__own_worker(pool) != NULL;
}

size_t pool_worker_index(const struct pool *pool)
{
    return pool__is_worker(pool) && !pool__is_inherited(pool) ? self->index : SIZE_MAX;
}

void pool__be_worker(const struct pool__worker *worker)
{
    self = worker;
    pool__has_sat = true;
}

_Thread_local struct pool__frame *pool__current;
_Thread_local bool pool__has_sat;

void pool__leave_frames(void)
{
    pool__current = NULL;
}

bool pool__is_running(const struct pool *pool, const struct pool_handle *handle)
{
    for (const struct pool__frame *frame = pool__current; frame != NULL; frame = frame->outer)
        if (frame->pool == pool && (handle == NULL || frame->task->handle == handle))
            return true;
    return false;
}

size_t pool__nesting(const struct pool *pool)
{
    size_t n = 0;

    for (const struct pool__frame *frame = pool__current; frame != NULL; frame = frame->outer)
        if (frame->outer == NULL || frame->outer->task != frame->task) /* a source's is as its outer one */
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

/* As if it was a task of the handle's: so it cannot wait for itself, and what it says of an error is its own. */
void pool__call_back(struct pool_handle *handle)
{
    const struct pool_callbacks *callbacks = &handle->callbacks;
    struct pool__task task = {.handle = handle};
    struct pool__frame frame;
    int cancel_state = pool__disable_cancel();

    frame.outer = pool__current;
    frame.pool = handle->pool;
    frame.task = &task;
    pool__current = &frame;
    pthread_cleanup_push(pool__leave_frame, &frame); /* a task that it waits for may end this thread */
    if (handle->error.code != 0)
        callbacks->error_callback(callbacks->context, &handle->error);
    else
        callbacks->callback(callbacks->context, handle->work.calls.results);
    pthread_cleanup_pop(1);
    pool__enable_cancel(cancel_state);
}

/* As its outer one, but for the message. */
static void enter_frame(struct pool__frame *frame)
{
    static struct pool__task none;

    frame->outer = pool__current;
    frame->pool = pool__current != NULL ? pool__current->pool : NULL;
    frame->task = pool__current != NULL ? pool__current->task : &none;
    frame->message[0] = '\0';
    pool__current = frame;
}

int pool__ask_source(const struct pool_feed *feed, void **arg, char message[POOL_MESSAGE_BYTES])
{
    struct pool__frame frame;
    int code;

    enter_frame(&frame);
    pthread_cleanup_push(pool__leave_frame, &frame); /* it may end this thread */
    code = feed->next(feed->source, arg);
    pthread_cleanup_pop(1);
    strcpy(message, frame.message);
    return code;
}

int pool__begin_aside(struct pool__frame *frame)
{
    int cancel_state = pool__disable_cancel();

    enter_frame(frame);
    return cancel_state;
}

void pool__end_aside(struct pool__frame *frame, int cancel_state)
{
    pool__leave_frame(frame);
    pool__enable_cancel(cancel_state);
}

char *pool__begin_calls(void)
{
    pool__current->message[0] = '\0';
    return pool__current->message;
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

    if (pool__current == NULL)
        return code;
    va_start(args, format);
    vsnprintf(pool__current->message, sizeof pool__current->message, format, args);
    va_end(args);
    return code;
}

bool pool_stop_requested(void)
{
    const struct pool_handle *handle;

    if (pool__current == NULL)
        return false;
    handle = pool__current->task->handle;
    /* [STOP] relaxed: orders nothing; pairs with the store in pool__cancel(). */
    return (handle != NULL && atomic_load_explicit(&handle->stop, memory_order_relaxed)) ||
           (pool__current->pool != NULL && pool__is_terminated(pool__current->pool));
}
