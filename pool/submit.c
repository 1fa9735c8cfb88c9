/* Submitting: the way into the queue, and its bound. */
#include "internal.h"

#include <errno.h>

/* Waits for room. Returns 0 if a task may be queued; 1 if the caller has to run it, as when_full says. The lock is
 * held on entry and return. */
int pool__admit(struct pool *pool, enum pool__when_full when_full, int64_t deadline_ns)
{
    size_t max_queued = pool->options.max_queued;

    for (;;) {
        if (pool->closed)
            return -ESHUTDOWN;
        if (pool->n_unfinished == SIZE_MAX)
            return -EOVERFLOW;
        if (max_queued == 0 || pool->n_queued < max_queued)
            return 0;
        if (when_full == POOL__RUN)
            return pool__nesting(pool) < POOL__NESTED_MAX ? 1 : 0;
        if (!pool__sleep(pool, &pool->awaiting_room, deadline_ns))
            return -ETIMEDOUT;
    }
}

int pool__push(struct pool *pool, const struct pool__range *range)
{
    int error;

    if (range->n_tasks > SIZE_MAX - pool->n_unfinished)
        return -EOVERFLOW;
    error = pool__queue_push(&pool->queue, range);
    if (error != 0)
        return error;
    pool__call_for_workers(pool, range->n_tasks - pool__wake(pool, &pool->idle, range->n_tasks));
    return 0;
}

/* Runs a task that has not been queued on the caller's thread. The lock is held on entry and return. */
static void run_unqueued(struct pool *pool, const struct pool__range *range)
{
    struct pool__task task;

    task.handle = NULL;
    task.fn = range->fn;
    task.arg = (void *)range->arg;
    task.n_calls = 1;
    pool->n_unfinished++;
    pool__run_here(pool, &task);
}

/* Submits the first of the range's tasks, as many as there is room for, and moves the range on. The lock is held on
 * entry and return. */
static int submit_some(struct pool *pool, struct pool__range *range, enum pool__when_full when_full,
                       int64_t deadline_ns)
{
    size_t max_queued = pool->options.max_queued;
    struct pool__range some = *range;
    int error = pool__admit(pool, when_full, deadline_ns);

    if (error < 0)
        return error;
    if (max_queued != 0) {
        size_t room = pool->n_queued < max_queued ? max_queued - pool->n_queued : 1;

        some.n_tasks = range->n_tasks < room ? range->n_tasks : room;
    }
    if (error == 0) {
        error = pool__push(pool, &some);
        if (error != 0) {
            pool__wake(pool, &pool->awaiting_room, 1); /* for whom the room is now */
            return error;
        }
        pool->n_queued += some.n_tasks;
        pool->n_unfinished += some.n_tasks;
    } else {
        some.n_tasks = 1;
        run_unqueued(pool, &some);
    }
    range->n_tasks -= some.n_tasks;
    range->arg += some.n_tasks * range->stride_bytes;
    return 0;
}

static int submit(struct pool *pool, struct pool__range *range, enum pool__when_full when_full, int64_t deadline_ns)
{
    int error = 0;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (range->fn == NULL)
        return -EINVAL;
    pool__lock(pool);
    if (range->n_tasks == 0)
        error = pool->closed ? -ESHUTDOWN : 0;
    while (range->n_tasks > 0 && error == 0)
        error = submit_some(pool, range, when_full, deadline_ns);
    pool__unlock(pool);
    return error;
}

enum pool__when_full pool__when_full(const struct pool *pool)
{
    return pool__is_worker(pool) ? POOL__RUN : POOL__BLOCK;
}

int pool_submit(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};

    return submit(pool, &range, pool__when_full(pool), POOL__NEVER);
}

int pool_try_submit(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};
    int error = submit(pool, &range, POOL__BLOCK, POOL__LOOK);

    return error == -ETIMEDOUT ? -EAGAIN : error;
}

int pool_timed_submit(struct pool *pool, pool_fn *fn, void *arg, int64_t timeout_ns)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};

    return submit(pool, &range, POOL__BLOCK, pool__deadline(timeout_ns));
}

int pool_submit_or_run(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};

    if (!pool__may_help(pool))
        return pool__is_inherited(pool) ? -ENOTRECOVERABLE : -EPERM;
    return submit(pool, &range, POOL__RUN, POOL__NEVER);
}

int pool_submit_many(struct pool *pool, pool_fn *fn, void *args, size_t stride_bytes, size_t n_tasks,
                     size_t *n_accepted)
{
    struct pool__range range = {fn, (uintptr_t)args, stride_bytes, n_tasks};
    int error = submit(pool, &range, pool__when_full(pool), POOL__NEVER);

    if (n_accepted != NULL)
        *n_accepted = n_tasks - range.n_tasks;
    return error;
}

int pool_wait(struct pool *pool)
{
    struct pool__task task;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (pool__is_inside(pool))
        return -EDEADLK;
    pool__lock(pool);
    while (pool__may_help(pool) && pool__take(pool, &task))
        pool__run_here(pool, &task);
    if (pool->n_unfinished > 0)
        pool__sleep(pool, &pool->awaiting_all, POOL__NEVER);
    pool__unlock(pool);
    return 0;
}
