/* Tasks: taking them, running them, and ending them: see task.h. */
#include "complete.h"
#include "frame.h"
#include "quiet.h"
#include "room.h"
#include "seat.h"
#include "sleep.h"
#include "stock.h"
#include "task.h"
#include "ticket.h"

#include <errno.h>

/* Takes one of the range's tasks, which are not a handle's. */
static struct pool__item take_item(struct pool *pool, struct pool__range *range)
{
    struct pool__item item = {range->fn, (void *)range->arg};

    range->n_tasks--;
    if (range->n_tasks > 0)
        range->arg += range->stride_bytes;
    else
        pool__queue_drop(&pool->queue);
    pool->n_queued--;
    return item;
}

/* Takes more tasks of the kind of the first, for a worker that would come back for each: a fair share of what waits, so
 * that the other workers find some. */
static void take_ahead(struct pool *pool, struct pool__seat *seat)
{
    size_t n = pool__n_queued(pool) / (2 * pool->n_alive);

    if (n > POOL__AHEAD_MAX)
        n = POOL__AHEAD_MAX;
    for (; n > 0; n--) {
        struct pool__range *range = pool__queue_front(&pool->queue);

        if (range == NULL || range->fn == NULL)
            return;
        pool__deque_push(&seat->claimed, take_item(pool, range)); /* it was empty, and has room for so many */
    }
}

bool pool__take(struct pool *pool, struct pool__task *task, struct pool__seat *ahead)
{
    struct pool__range *range;

    if (pool__is_terminated(pool))
        return false;
    task->handle = NULL;
    task->n_calls = 1;
    if (pool__take_port(pool, pool->n_port_takes++, &task->item, ahead)) {
        pool->n_begun_tasks += ahead == NULL;
        return true;
    }
    do
        range = pool__front(pool);
    while (range != NULL && range->fn == NULL && !pool__take_part(pool, range, task));
    if (range == NULL)
        return false;
    if (task->handle == NULL)
        task->item = take_item(pool, range);
    pool->n_begun_tasks += ahead == NULL; /* else its seat counts it */
    if (pool->options.max_queued > 0)
        pool__pass_on_room(pool);
    else if (ahead != NULL && task->handle == NULL)
        take_ahead(pool, ahead);
    return true;
}

/* The task of this frame called pthread_exit(). */
static void abandon_task(void *arg)
{
    struct pool__frame *frame = arg;
    struct pool__task *task = frame->task;

    if (task->handle != NULL)
        task->handle->kind->skip(task, -EOWNERDEAD);
    pool__leave_frame(frame);
    pool__lock(frame->pool);
    pool__finish(frame->pool, task);
    pool__unlock(frame->pool);
}

void pool__run(struct pool *pool, struct pool__task *task)
{
    struct pool__frame frame;

    frame.pool = pool;
    frame.task = task;
    pool__enter(&frame);
    pthread_cleanup_push(abandon_task, &frame);
    if (task->handle == NULL)
        task->item.fn(task->item.arg);
    else
        task->handle->kind->run(task);
    pthread_cleanup_pop(0);
    pool__leave_frame(&frame);
}

void pool__count_here(struct pool *pool, size_t n_calls)
{
    const struct pool__worker *worker = pool__own_worker(pool);

    if (worker != NULL && worker->seat != NULL)
        pool__add(&worker->seat->n_nested, n_calls); /* [COUNT] relaxed: orders nothing */
    else
        /* [COUNT] relaxed: orders nothing. */
        atomic_fetch_add_explicit(&pool->n_helped, n_calls, memory_order_relaxed);
}

void pool__run_here(struct pool *pool, struct pool__task *task)
{
    pool__count_here(pool, task->n_calls);
    pool__unlock(pool);
    pool__run(pool, task);
    pool__lock(pool);
    pool__finish(pool, task);
}

void pool__finish(struct pool *pool, struct pool__task *task)
{
    if (task->handle == NULL) {
        pool__finish_tasks(pool, 1);
        return;
    }
    pool__note_error(task);
    if (task->handle->kind->end(task))
        pool__complete(task->handle);
}
