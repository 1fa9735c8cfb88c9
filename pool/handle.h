/* Handles: their memory, their references, and their calls. Private to pool/.
 *
 * A handle's calls are claimed in parts, each by one thread, by a step of n_unclaimed. The calls of parts that a thread
 * has run one after the other are taken off n_unended in one step, at the end. As nothing adds calls, that comes to 0
 * once, for the thread that ends or skips the last of them: so there is one completer. Where the pool has a bound,
 * parts are claimed under the lock, because with the last one a place in the queue is free; and so are an iterator's
 * calls.
 */
#ifndef POOL_HANDLE_H
#define POOL_HANDLE_H

#include "state.h"

/* With the lock held: */
struct pool_handle *pool__new_handle(struct pool *pool);
void pool__free_handle(struct pool_handle *handle);
void pool__unreference(struct pool_handle *handle); /* frees it with the last reference */
bool pool__begin_await(struct pool_handle *handle); /* whoever completes it wakes; false if it is ready */

/* For who has that seat, without the lock. It keeps some handles, and takes and gives back several at once. */
struct pool_handle *pool__spare_handle(struct pool *pool, struct pool__seat *seat); /* NULL: no memory. May lock */
void pool__fetch_handles(struct pool *pool, struct pool__seat *seat); /* with the lock: as far as there is memory */
void pool__keep_handle(struct pool__seat *seat, struct pool_handle *handle); /* that has no owner */
void pool__give_back(struct pool_handle *handle); /* to the pool, which may go with it. Locks */
void pool__discard(struct pool_handle *handle); /* keeps it, in a seat that is visited, or gives it back */
void pool__trim_handles(struct pool__seat *seat); /* to what it may keep. With the lock */
void pool__trim_handles_alone(struct pool *pool, struct pool__seat *seat);
bool pool__has_many_handles(const struct pool__seat *seat); /* more than that */
void pool__return_handles(struct pool__seat *seat); /* all. With the lock */

/* And without: */
bool pool__drop_reference(struct pool_handle *handle); /* whether it was the last one: then the handle is to be freed */
bool pool__is_claimed(const struct pool_handle *handle); /* whether nothing is unclaimed */

/* False: the task's handle stays. */
static inline bool pool__claim(struct pool_handle *handle, struct pool__task *task, bool all)
{
    if (!handle->kind->claim(handle, task, all))
        return false;
    task->handle = handle;
    task->has_place = false;
    task->error.code = 0;
    return true;
}

int pool__tell(struct pool_error *error, const struct pool_error *from); /* returns the code */
int pool__tell_call(struct pool_error *error, int code);                 /* an error of the call itself */
void pool__free(struct pool *pool); /* with all handles: none is in use */

#endif
