/* Waiting for several handles: an object that every handle tells when it is ready.
 *
 * Each handle that is not ready at the start has a watch in its list, guarded by its pool's lock. Its completer
 * pushes the watch on the stack `done` and posts, both under that lock; so whoever has removed the watches
 * of all handles, taking those locks, knows that nobody is about to touch the object. The one consumer takes
 * the stack as a whole and reverses it, which is the order of completion. The handles may be of several
 * pools, with a lock each: so the stack is pushed on with an atomic exchange.
 */
#include "complete.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "sleep.h"

#include <errno.h>
#include <stdlib.h>

struct pool_completions {
    struct pool__done done;
    struct pool__watch *next;   /* in order of completion; the consumer's, as all below */
    size_t n_left;              /* handles that have not been delivered */
    size_t first_unhelped;      /* of which and all after it there may be unclaimed calls */
    unsigned fork_generation;
    size_t n_handles;
    struct pool__watch watches[];
};

/* Moves what is done to the end of `next`, the oldest first. It is empty. */
static void take_all_done(struct pool_completions *completions)
{
    /* [DONE] acquire: sees next_done of all that were pushed; pairs with release in announce() in complete.c. */
    struct pool__watch *watch = atomic_exchange_explicit(&completions->done.first, NULL, memory_order_acquire);

    while (watch != NULL) {
        struct pool__watch *below = watch->next_done;

        watch->next_done = completions->next;
        completions->next = watch;
        watch = below;
    }
}

/* Watches the handle, or appends it to those that are done if it is ready. */
static int begin_watch(struct pool__watch *watch, struct pool__watch ***end)
{
    struct pool_handle *handle = watch->handle;
    struct pool *pool = handle->pool;

    if (!pool_handle_ready(handle)) {
        if (pool__is_inherited(pool))
            return -ENOTRECOVERABLE;
        pool__lock(pool);
        watch->is_watching = watch->is_linked = pool__begin_await(handle);
        if (watch->is_linked) {
            watch->next = handle->watches;
            watch->link = &handle->watches;
            if (watch->next != NULL)
                watch->next->link = &watch->next;
            handle->watches = watch;
        }
        pool__unlock(pool);
    }
    if (!watch->is_watching) {
        **end = watch;
        *end = &watch->next_done;
    }
    return 0;
}

/* After this nobody is about to tell of the watch. */
static void end_watch(struct pool__watch *watch)
{
    struct pool_handle *handle = watch->handle;

    if (!watch->is_watching || pool__is_inherited(handle->pool))
        return;
    pool__lock(handle->pool);
    if (watch->is_linked) {
        *watch->link = watch->next;
        if (watch->next != NULL)
            watch->next->link = watch->link;
    }
    pool__unlock(handle->pool);
}

int pool_as_completed(struct pool_handle *const *handles, size_t n_handles, struct pool_completions **out)
{
    struct pool_completions *completions;
    struct pool__watch **end;
    int error = 0;

    if (n_handles > (SIZE_MAX - sizeof *completions) / sizeof completions->watches[0])
        return -ENOMEM;
    completions = calloc(1, sizeof *completions + n_handles * sizeof completions->watches[0]);
    if (completions == NULL)
        return -ENOMEM;
    completions->fork_generation = pool__fork_generation();
    completions->n_handles = n_handles;
    end = &completions->next;
    for (size_t i = 0; i < n_handles && error == 0; i++) {
        struct pool__watch *watch = &completions->watches[i];

        watch->done = &completions->done;
        watch->handle = handles[i];
        if (handles[i] == NULL)
            continue;
        error = begin_watch(watch, &end);
        completions->n_left++;
    }
    if (error != 0)
        pool_completions_release(completions);
    else
        *out = completions;
    return error;
}

/* Runs a part of one of the handles' tasks on this thread. Returns false if there is none that it may run. */
static bool help_any(struct pool_completions *completions)
{
    bool has_helped = false;

    while (!has_helped && completions->first_unhelped < completions->n_handles) {
        struct pool_handle *handle = completions->watches[completions->first_unhelped].handle;

        if (handle != NULL && !pool_handle_ready(handle))
            has_helped = pool__help_alone(handle);
        completions->first_unhelped += !has_helped;
    }
    return has_helped;
}

static bool is_among(struct pool_handle *handle, const struct pool_completions *completions)
{
    const struct pool__watch *watch;

    pool__lock(handle->pool);
    watch = handle->watches;
    while (watch != NULL && watch->done != &completions->done)
        watch = watch->next;
    pool__unlock(handle->pool);
    return watch != NULL;
}

/* 0 if this thread may wait for the handles that are left. It looks at the tasks that the thread is in, and not at the
 * handles, of which there may be many; a task that has not ended has its watch. */
static int may_wait(const struct pool_completions *completions)
{
    if (completions->fork_generation != pool__fork_generation())
        return -ENOTRECOVERABLE;
    for (const struct pool__frame *frame = pool__current; frame != NULL; frame = frame->outer) {
        struct pool_handle *handle = frame->task->handle;

        if (handle != NULL && !pool__is_inherited(frame->pool) && is_among(handle, completions))
            return -EDEADLK;
    }
    return 0;
}

static int next_until(struct pool_completions *completions, int64_t deadline_ns, size_t *index)
{
    bool timed_out = false;

    for (;;) {
        struct pool__watch *watch;
        int error;

        if (completions->next == NULL)
            take_all_done(completions);
        watch = completions->next;
        if (watch != NULL) {
            completions->next = watch->next_done;
            completions->n_left--;
            *index = (size_t)(watch - completions->watches);
            return 0;
        }
        error = completions->n_left == 0 ? -ENOENT : timed_out ? -ETIMEDOUT : may_wait(completions);
        if (error != 0)
            return error;
        if (deadline_ns == POOL__NEVER && help_any(completions))
            continue;
        pool__complete_deferred();
        timed_out = !pool__park(&completions->done.parker, deadline_ns);
    }
}

int pool_completions_next(struct pool_completions *completions, int64_t timeout_ns, size_t *index)
{
    return next_until(completions, pool__deadline(timeout_ns), index);
}

void pool_completions_release(struct pool_completions *completions)
{
    if (completions == NULL)
        return;
    for (size_t i = 0; i < completions->n_handles; i++)
        end_watch(&completions->watches[i]);
    free(completions);
}

static bool has_failed(const struct pool_handle *handle)
{
    return pool_handle_successful(handle) == 0;
}

static bool any(const struct pool_handle *handle)
{
    (void)handle;
    return true;
}

static void release_completions(void *completions)
{
    pool_completions_release(completions);
}

/* Waits for the first handle that is_wanted; -ENOENT if all are ready and none is. */
static int await_first(struct pool_handle *const *handles, size_t n_handles, int64_t timeout_ns,
                       bool (*is_wanted)(const struct pool_handle *), size_t *index)
{
    int64_t deadline_ns = pool__deadline(timeout_ns);
    struct pool_completions *completions;
    size_t at;
    int error = pool_as_completed(handles, n_handles, &completions);

    if (error != 0)
        return error;
    pthread_cleanup_push(release_completions, completions); /* a task that this thread runs may end it */
    do
        error = next_until(completions, deadline_ns, &at);
    while (error == 0 && !is_wanted(handles[at]));
    pthread_cleanup_pop(1);
    if (error == 0)
        *index = at;
    return error;
}

static size_t count_handles(struct pool_handle *const *handles, size_t n_handles)
{
    size_t n = 0;

    for (size_t i = 0; i < n_handles; i++)
        n += handles[i] != NULL;
    return n;
}

int pool_first_completed(struct pool_handle *const *handles, size_t n_handles, int64_t timeout_ns, size_t *index)
{
    for (size_t i = 0; i < n_handles; i++) {
        if (handles[i] != NULL && pool_handle_ready(handles[i])) {
            *index = i;
            return 0;
        }
    }
    return await_first(handles, n_handles, timeout_ns, any, index);
}

int pool_first_failed(struct pool_handle *const *handles, size_t n_handles, int64_t timeout_ns, size_t *index)
{
    int error = await_first(handles, n_handles, timeout_ns, has_failed, index);

    if (error != -ENOENT || count_handles(handles, n_handles) == 0)
        return error;
    *index = n_handles;
    return 0;
}

int pool_cancel_all(struct pool_handle *const *handles, size_t n_handles)
{
    int error = 0;

    for (size_t i = 0; i < n_handles; i++) {
        int cancel_error = handles[i] != NULL ? pool_handle_cancel(handles[i]) : 0;

        error = error != 0 ? error : cancel_error;
    }
    return error;
}
