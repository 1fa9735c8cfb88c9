/* Submitting: from outside and from tasks, with the lock and without it. What happens to a submitted task is told from
 * top to bottom in submit.c, task.c and worker.c. */
#include "complete.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "quiet.h"
#include "room.h"
#include "seat.h"
#include "sleep.h"
#include "stock.h"
#include "submit.h"
#include "task.h"
#include "call.h"

#include <errno.h>

/* Runs a task that has not been queued on the caller's thread. The lock is held on entry and return. */
static void run_unqueued(struct pool *pool, const struct pool__range *range)
{
    struct pool__task task;

    task.handle = NULL;
    task.item = (struct pool__item){range->fn, (void *)range->arg};
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
        size_t n_queued = pool__n_queued(pool), room = n_queued < max_queued ? max_queued - n_queued : 1;

        some.n_tasks = range->n_tasks < room ? range->n_tasks : room;
    }
    if (error == 0) {
        error = pool__push(pool, &some, some.n_tasks);
        if (error == 0) {
            pool->n_queued += some.n_tasks;
            pool->n_unfinished += some.n_tasks;
        }
        pool__pass_on_room(pool);
        if (error != 0)
            return error;
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

/* Called after a task was put into the seat: what there is to see to. */
static int answer(struct pool *pool, struct pool__seat *seat, uint32_t notices)
{
    struct pool__item item;

    if (notices & POOL__CLOSED) {
        if (!pool__deque_pop(&seat->spawned, &item))
            return 0; /* somebody has taken it */
        pool__add(&seat->n_submitted, (size_t)-1); /* [COUNT] relaxed: as before */
        return -ESHUTDOWN;
    }
    pool__lock(pool);
    pool__call(pool, 1);
    pool__unlock(pool);
    return 0;
}

/* Called after a task was put where others find it: calls for a worker where that notice says so. */
static void call_on(struct pool *pool, uint32_t notice)
{
    /* [NOTICES] seq_cst: after the task can be seen; pairs with the store in pool__post_notices(). */
    if (!(atomic_load_explicit(&pool->notices, memory_order_seq_cst) & notice))
        return;
    pool__lock(pool);
    pool__call(pool, 1);
    pool__unlock(pool);
}

/* Submits a task of a thread outside without the lock. Returns 1 if that has to be done with it. */
static int put_into_port(struct pool *pool, pool_fn *fn, void *arg)
{
    int error;

    /* [NOTICES] relaxed: what this thread has queued itself it sees, and others have no order; who knows that the pool
     * is closed sees that. */
    if ((atomic_load_explicit(&pool->notices, memory_order_relaxed) & (POOL__QUEUED | POOL__CLOSED)) ||
        !pool__is_visited_empty(pool))
        return 1;
    error = pool__port_put(pool__own_port(pool), (struct pool__item){fn, arg}, &pool->notices, POOL__CLOSED);
    if (error == 0)
        call_on(pool, POOL__CALL);
    return error;
}

/* Puts an item into a seat that this thread has. Returns 0, or 1 if there is no room or the pool is closed. */
static int put_in_seat(struct pool *pool, struct pool__seat *seat, struct pool__item item)
{
    /* [NOTICES] relaxed: who knows that the pool is closed sees it; who closes it meanwhile is answered, or waits until
     * nobody visits: pool__await_visits(). */
    if (atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__CLOSED)
        return 1;
    pool__add(&seat->n_submitted, 1); /* [COUNT] relaxed: before the item can be taken */
    if (pool__deque_push(&seat->spawned, item))
        return 0;
    pool__add(&seat->n_submitted, (size_t)-1); /* [COUNT] relaxed: as before */
    return 1;
}

int pool__spawn_visiting(struct pool *pool, struct pool__seat *seat, struct pool__item item)
{
    int error = put_in_seat(pool, seat, item);

    pool__end_visit(pool);
    if (error == 0)
        call_on(pool, POOL__CALL_HELPED);
    return error;
}

int pool__spawn(struct pool *pool, struct pool__seat *seat, struct pool__item item)
{
    uint32_t notices;
    int error = put_in_seat(pool, seat, item);

    if (error != 0)
        return error;
    /* [NOTICES] seq_cst: after the task can be seen; pairs with the store in pool__post_notices(). */
    notices = atomic_load_explicit(&pool->notices, memory_order_seq_cst) & (POOL__CLOSED | POOL__CALL);
    return notices == 0 ? 0 : answer(pool, seat, notices);
}

void pool__share(struct pool__seat *seat, struct pool__task *task)
{
    struct pool_handle *handle = task->handle;
    struct pool__deque *place = pool__place_of_rest(seat, handle);
    struct pool *pool = handle->pool;

    task->has_place = false;
    pool__deque_push(place, (struct pool__item){NULL, handle}); /* there is room: see pool__take_handle() */
    /* [NOTICES] seq_cst: after the rest can be seen; pairs with the store in pool__post_notices(). */
    if (!(atomic_load_explicit(&pool->notices, memory_order_seq_cst) & (POOL__CLOSED | POOL__CALL)))
        return;
    pool__lock(pool);
    if (!pool__is_terminated(pool))
        pool__call(pool, 1);
    else if (pool__deque_pop_handle(place, handle)) /* it was nowhere when others were dropped */
        pool__drop_spawned(handle);
    pool__unlock(pool);
}

/* Submits a task without the lock. Returns 1 if that has to be done with it. */
static int spawn(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__seat *seat = pool__own_seat(pool);

    if (fn == NULL || pool->n_ports == 0 || pool__is_inherited(pool))
        return 1;
    return seat != NULL ? pool__spawn(pool, seat, (struct pool__item){fn, arg}) : put_into_port(pool, fn, arg);
}

int pool_submit(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};
    int error = spawn(pool, fn, arg);

    return error <= 0 ? error : submit(pool, &range, pool__when_full(pool), POOL__NEVER);
}

int pool_try_submit(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};
    int error = spawn(pool, fn, arg);

    if (error > 0)
        error = submit(pool, &range, POOL__BLOCK, POOL__LOOK);
    return error == -ETIMEDOUT ? -EAGAIN : error;
}

int pool_timed_submit(struct pool *pool, pool_fn *fn, void *arg, int64_t timeout_ns)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};
    int error = spawn(pool, fn, arg);

    return error <= 0 ? error : submit(pool, &range, POOL__BLOCK, pool__deadline(timeout_ns));
}

int pool_submit_or_run(struct pool *pool, pool_fn *fn, void *arg)
{
    struct pool__range range = {fn, (uintptr_t)arg, 0, 1};
    int error;

    if (!pool__may_help(pool))
        return pool__is_inherited(pool) ? -ENOTRECOVERABLE : -EPERM;
    error = spawn(pool, fn, arg);
    return error <= 0 ? error : submit(pool, &range, POOL__RUN, POOL__NEVER);
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

/* Takes a loose task, from the guest's own seat first. Without the lock. */
static bool take_loose(const struct pool__guest *guest, size_t turn, struct pool__task *task)
{
    struct pool *pool = guest->pool;
    struct pool__item item;

    while (!pool__is_terminated(pool) &&
           ((guest->seat != NULL && pool__steal(pool, guest->index, &item)) ||
            pool__take_port(pool, turn, &item, guest->seat) ||
            (guest->seat != NULL && pool__steal_guests(pool, turn, &item))))
        if (pool__take_item(item, task))
            return true;
    return false;
}

/* Runs loose tasks on this thread, as long as there are any. The lock is held on entry and return. */
static void help_loose(const struct pool__guest *guest)
{
    struct pool *pool = guest->pool;
    struct pool__task task;

    pool__unlock(pool);
    for (size_t turn = 0; take_loose(guest, turn, &task); turn++) {
        pool__count_here(pool, task.n_calls);
        if (task.handle != NULL && task.has_place)
            pool__share(guest->seat, &task);
        pool__run(pool, &task);
        if (task.handle != NULL)
            pool__end_task_alone(&task);
        else
            pool__finish_alone(pool);
        if (guest->seat != NULL)
            pool__trim_handles_alone(pool, guest->seat);
    }
    pool__lock(pool);
}

/* Makes this thread a guest, with a seat if one is free and the pool has seats. The lock is held. */
static void begin_guest(struct pool__guest *guest, struct pool *pool)
{
    guest->pool = pool;
    guest->seat = pool__sit_down(pool, &guest->index);
    pool__enter_guest(guest);
}

/* What its tasks have submitted stays there until somebody takes it. The lock is held. */
static void end_guest(struct pool__guest *guest)
{
    pool__leave_guest();
    if (guest->seat != NULL) {
        pool__return_handles(guest->seat);
        pool__stand_up(guest->pool, guest->index);
    }
}

/* A task has ended this thread. */
static void abandon_guest(void *arg)
{
    struct pool__guest *guest = arg;
    struct pool *pool = guest->pool;

    pool__lock(pool);
    end_guest(guest);
    pool__unlock(pool);
}

/* Runs tasks as long as there are any. The lock is held on entry and return. */
static void help_all(struct pool *pool)
{
    struct pool__guest guest;
    struct pool__task task;

    begin_guest(&guest, pool);
    pthread_cleanup_push(abandon_guest, &guest);
    help_loose(&guest);
    while (pool__take(pool, &task, guest.seat)) {
        pool__run_here(pool, &task);
        help_loose(&guest);
    }
    pthread_cleanup_pop(0);
    end_guest(&guest);
}

int pool_wait(struct pool *pool)
{
    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (pool__is_inside(pool))
        return -EDEADLK;
    pool__complete_deferred();
    pool__lock(pool);
    if (pool__may_help(pool))
        help_all(pool);
    pool__begin_quiet(pool);
    if (pool__unfinished(pool) > 0)
        pool__await(pool, &pool->awaiting_all, POOL__NEVER);
    pool->n_awaiting_quiet--;
    pool__unlock(pool);
    return 0;
}
