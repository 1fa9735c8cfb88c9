/* Workers: how they wait for tasks, run them, and leave.
 *
 * A worker that is prepared for tasks is counted in n_ready, and only one that is may leave, where next_task() says
 * so: of several in excess each goes once. Invariant: from the creation until a closed pool is empty there is
 * one that is ready, so what is queued is never left alone. One that was woken for a task and leaves instead,
 * because the pool has shrunk, wakes another for it.
 *
 * A thread that ends by pthread_exit() in a task runs replace_worker() last. It stays counted, as one that is ready,
 * until another takes its place, and if the system refuses that goes on trying. (Rejected: to go on as a worker
 * within its own ending, which clang does not allow.)
 */
#include "call.h"
#include "complete.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "notice.h"
#include "quiet.h"
#include "seat.h"
#include "sleep.h"
#include "stock.h"
#include "submit.h"
#include "task.h"
#include "thread.h"
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

static const int64_t SURPLUS_NS = 1000 * 1000 * 1000; /* how long an elastic pool keeps an idle worker */

enum {
    REPLACE_PAUSE_NS = 1000 * 1000, /* between attempts */
    TURNS = 64,                     /* so many tasks from the own seat, then one from elsewhere */
    ALL_TURNS = 16 * TURNS,         /* so many, then the oldest of those that the worker has submitted: each brings up
                                       what has to wait for what it submits, so this is rare */
    OLDEST_TURN = 1
};

/* Sleeps until woken for a task. Returns false if there has been none for so long that the worker may go. The
 * lock is held. */
static bool stay_idle(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    bool is_surplus = pool->n_ready > pool_n_workers(pool);
    int64_t deadline_ns = is_surplus ? pool__deadline(SURPLUS_NS) : POOL__NEVER;

    return pool__sleep_idle(pool, &worker->sleeper, deadline_ns);
}

/* The calling worker counts as one that will take a task. The lock is held. */
static void begin_search(struct pool__worker *worker)
{
    worker->pool->n_searching += !worker->is_searching;
    worker->is_searching = true;
    worker->has_passed_on = false;
}

/* The calling worker does not look for a task any more. If there are others the next worker does. What was put into a
 * seat before `notices` says that somebody is to be woken is seen here. The lock is held. */
static void end_search(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    if (worker->is_searching) {
        worker->is_searching = false;
        pool->n_searching--;
        pool__post_notices(pool);
    }
    if (!pool__needs_search(pool))
        pool->n_called = 0;
    else if (!(worker->has_passed_on && pool->n_searching > 0) && pool__wake_idle(pool, 1) == 0 &&
             !pool__is_terminated(pool))
        pool__call(pool, 1); /* to start one */
    worker->has_passed_on = false;
}

/* If there is more than one task, wakes the next worker before this one takes any: a system call while it has one would
 * delay that. The lock is held on entry and return. */
static void pass_on_search(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    if (!worker->is_searching || worker->has_passed_on || pool->idle.first == NULL || pool__n_waiting(pool, 2) < 2)
        return;
    worker->has_passed_on = true;
    pool__wake_idle(pool, 1);
    pool__unlock(pool);
    pool__lock(pool);
}

/* The calling worker runs no more tasks. The lock is held. */
static void retire(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    pool->n_alive--;
    pool->n_ready--;
    end_search(worker);
    pool__wake(pool, &pool->scout, 1);
}

/* Of a counter that this thread alone writes. */
static void count_one(atomic_size_t *counter)
{
    /* [COUNT] release: what the tasks did; pairs with acquire in pool__unfinished(). The load is this thread's own. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_release);
}

/* Begins to run a task that nobody asks for a result. */
static void begin_item(struct pool__worker *worker)
{
    worker->runs_item = true;
    count_one(&worker->seat->n_begun);
}

/* Ends what the worker has run, if that is one. */
static void end_item(struct pool__worker *worker)
{
    if (!worker->runs_item)
        return;
    worker->runs_item = false;
    count_one(&worker->seat->n_ended);
}

/* The same for a task of any kind, whose worker has another one. Without the lock, or with it if it is of no handle. */
static void end_before_next(struct pool__worker *worker, struct pool__task *task)
{
    end_item(worker);
    if (task->handle == NULL)
        return;
    pool__end_task_alone(task);
    task->handle = NULL;
    pool__trim_handles_alone(worker->pool, worker->seat);
}

/* The same for a task of any kind. The lock is held; it may be given up in between. */
static void end_task(struct pool__worker *worker, struct pool__task *task)
{
    end_item(worker);
    if (task->handle != NULL)
        pool__finish(worker->pool, task);
    task->handle = NULL;
}

/* Whether workers are in excess. */
static bool is_shrunk(const struct pool *pool)
{
    /* [NOTICES] relaxed: they see it soon. */
    return atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__SHRUNK;
}

/* Whether the end of a task runs nothing of the user's, and needs no lock: so it may come when the next task is taken,
 * which nobody else could run meanwhile. */
static bool ends_alone(const struct pool__task *task)
{
    const struct pool_handle *handle = task->handle;

    return handle == NULL ||
           (handle->is_spawned && handle->callbacks.callback == NULL && handle->callbacks.error_callback == NULL);
}

/* Whether the worker may take a task without the lock. */
static bool may_take(const struct pool__worker *worker, const struct pool__task *task)
{
    const struct pool *pool = worker->pool;

    return ends_alone(task) && !worker->is_searching && !pool__is_terminated(pool) && !is_shrunk(pool);
}

/* Takes an item out of the seats of threads outside. What the worker has claimed may be older. */
static bool take_visited(struct pool__worker *worker, struct pool__item *item)
{
    if (pool__deque_count(&worker->seat->claimed) > 0)
        return false;
    worker->owes_turn = false;
    return pool__steal_guests(worker->pool, worker->n_guest_takes++, item);
}

/* Takes an item out of the worker's own seat, the youngest first; now and then out of another seat, the oldest of those
 * that it has submitted, or none, so that ports and the queue come next: all have their turn. What it has claimed comes
 * before these two. */
static bool take_own_item(struct pool__worker *worker, struct pool__item *item)
{
    struct pool__seat *seat = worker->seat;
    unsigned turn = worker->n_takes++ % ALL_TURNS;

    worker->owes_turn |= turn % TURNS == TURNS / 2;
    if (turn % TURNS == 0) {
        worker->owes_look = pool__deque_steal(&seat->claimed, item);
        return worker->owes_look;
    }
    if (worker->owes_look && pool__deque_count(&seat->claimed) == 0) {
        worker->owes_look = false;
        return false;
    }
    return (turn % TURNS == TURNS / 2 && pool__steal_others(worker->pool, worker->seat_index, item)) ||
           (worker->owes_turn && take_visited(worker, item)) ||
           (turn == OLDEST_TURN && pool__deque_steal(&seat->spawned, item)) ||
           pool__deque_pop(&seat->spawned, item) || pool__deque_steal(&seat->claimed, item);
}

/* Ends the task that the worker has run, and takes another one in this way. */
static bool take_own(struct pool__worker *worker, struct pool__task *task)
{
    struct pool__item item;

    while (may_take(worker, task) && take_own_item(worker, &item)) {
        end_before_next(worker, task);
        if (pool__take_item(item, task))
            return true;
    }
    return false;
}

/* Takes a task from the workers' seats, this one's first, or from those of threads outside too. */
static bool steal_task(struct pool__worker *worker, bool looks_far, struct pool__task *task)
{
    struct pool__item item;

    while (pool__steal(worker->pool, worker->seat_index, &item) || (looks_far && take_visited(worker, &item)))
        if (pool__take_item(item, task))
            return true;
    return false;
}

/* Takes what has waited for longer than what is in the ports and in the queue: what the worker has claimed, and what
 * threads outside that have queued something had put into seats before. */
static bool take_older(struct pool__worker *worker, struct pool__task *task)
{
    struct pool__item item;

    while (!pool__is_terminated(worker->pool) &&
           (pool__deque_steal(&worker->seat->claimed, &item) ||
            (pool__is_queue_of_use(worker->pool) && take_visited(worker, &item))))
        if (pool__take_item(item, task))
            return true;
    return false;
}

/* Whether the worker, which has found no task, has to leave. The lock is held. */
static bool has_to_leave(const struct pool *pool, bool has_stayed)
{
    return pool->closed || (!has_stayed && pool->n_ready > pool_n_workers(pool));
}

/* Whether there may be a task, or the pool is closed. Seats are many, and so are not always looked at. What a thread
 * outside has put into a seat is left to it for two or three looks: it may be about to run it, and to take a short one
 * from it costs both more than that. */
static bool may_find(void *arg, bool looks_far)
{
    struct pool__worker *worker = arg;
    const struct pool *pool = worker->pool;

    /* [NOTICES] relaxed: a guess. */
    if (atomic_load_explicit(&pool->notices, memory_order_relaxed) & (POOL__CLOSED | POOL__QUEUED))
        return true;
    return looks_far ? pool__has_loose(pool) || pool__is_left(pool, worker->seen) : pool__has_port_tasks(pool);
}

/* Looks for a task for a moment, without sleeping and without the lock, as one that was woken for one: so who submits
 * needs to wake nobody. One worker at a time does it. The lock is held on entry and return. */
static void spin(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;

    pool->is_spinning = true;
    begin_search(worker);
    pool__unlock(pool);
    pool__spin(may_find, worker, pool->spin_ns);
    pool__lock(pool);
    pool->is_spinning = false;
}

/* Whether the worker, which has run a part of a handle, is to look elsewhere first. */
static bool is_turn(const struct pool__worker *worker)
{
    return worker->n_takes % TURNS == TURNS / 2;
}

/* The same, or is to come back for another reason: see take_own_item() and take_port(). */
static bool is_any_turn(const struct pool__worker *worker)
{
    return worker->n_takes % (TURNS / 2) == 0;
}

/* Ends the task that the worker has run, and takes another one, sleeping until there is one; false if the worker has to
 * leave. The end, and that the worker is idle, become known in one critical section: so who waits for a task and
 * submits another one finds it idle. */
static bool find_task(struct pool__worker *worker, struct pool__task *task)
{
    struct pool *pool = worker->pool;
    bool has_stayed = true, has_spun = false, has_found = false;
    bool looks_far = pool->spin_ns == 0;
    bool looks_elsewhere = task->handle != NULL && is_turn(worker);

    pool__lock(pool);
    end_task(worker, task);
    pool__trim_handles(worker->seat);
    if (looks_elsewhere && pool->n_ready <= pool->max_workers && !pool__is_terminated(pool))
        has_found = steal_task(worker, true, task);
    while (!has_found && pool->n_ready <= pool->max_workers) {
        pass_on_search(worker);
        has_found = take_older(worker, task) || pool__take(pool, task, worker->seat);
        if (has_found)
            break;
        if (!pool__is_terminated(pool) && (looks_far ? pool__n_loose(pool, 1) > 0 : pool__has_loose(pool))) {
            has_found = steal_task(worker, looks_far, task);
            continue;
        }
        if (!looks_far && (pool->closed || has_spun || pool->is_spinning)) {
            looks_far = true;
            continue;
        }
        if (has_to_leave(pool, has_stayed))
            break;
        pool__check_quiet(pool);
        if (!has_spun && pool->spin_ns > 0 && !pool->is_spinning) {
            spin(worker);
            has_spun = true;
            continue;
        }
        if (worker->is_searching)
            end_search(worker);
        has_stayed = stay_idle(worker);
        has_spun = false;
        looks_far = pool->spin_ns == 0;
    }
    if (!has_found) {
        pool__check_quiet(pool);
        retire(worker);
    } else if (worker->is_searching) {
        end_search(worker);
    }
    pool__unlock(pool);
    return has_found;
}

/* Takes a task from a port without the lock, where that is all that is to be done. What is claimed comes before: it is
 * not looked at while the pool shrinks, see take_own(). */
static bool take_port(struct pool__worker *worker, struct pool__task *task)
{
    struct pool__item item;

    if (!may_take(worker, task) || worker->n_takes % TURNS == 1 || pool__deque_count(&worker->seat->claimed) > 0 ||
        !pool__take_port(worker->pool, worker->n_port_takes++, &item, worker->seat))
        return false;
    end_before_next(worker, task);
    return pool__take_item(item, task);
}

/* Takes what the worker that this one replaces has left in its seat, before what was submitted later. */
static bool take_left(struct pool__worker *worker, struct pool__task *task)
{
    struct pool__item item;

    if (!worker->is_replacement || !may_take(worker, task))
        return false;
    worker->is_replacement = pool__steal(worker->pool, worker->seat_index, &item);
    if (!worker->is_replacement)
        return false;
    end_before_next(worker, task);
    return pool__take_item(item, task);
}

/* Runs a part of a handle, and then others of it, which come before what was submitted later. */
static void run_parts(struct pool__worker *worker, struct pool__task *task)
{
    if (task->has_place)
        pool__share(worker->seat, task);
    worker->n_takes += !task->handle->is_spawned; /* it was counted when it was taken */
    for (;;) {
        count_one(&worker->seat->n_begun);
        pool__run(worker->pool, task);
        if (is_any_turn(worker) || is_shrunk(worker->pool) || !pool__take_next_part(task))
            return;
        worker->n_takes++;
    }
}

static void run_task(struct pool__worker *worker, struct pool__frame *frame, struct pool__task *task)
{
    if (task->handle == NULL) {
        begin_item(worker);
        pool__current = frame;
        task->item.fn(task->item.arg);
        pool__current = frame->outer;
    } else {
        run_parts(worker, task);
    }
}

static void work(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__task task = {.handle = NULL};
    struct pool__frame frame = {.pool = pool, .task = &task};

    pool__lock(pool);
    pool->n_ready += !worker->is_replacement;
    if (!worker->is_replacement)
        begin_search(worker);
    if (pool->n_ready > pool_n_workers(pool))
        pool__wake_idle(pool, SIZE_MAX); /* from now on they may be in excess: see stay_idle() */
    pool__unlock(pool);
    while (take_left(worker, &task) || take_own(worker, &task) || take_port(worker, &task) ||
           find_task(worker, &task))
        run_task(worker, &frame, &task);
}

static void finalize(struct pool__worker *worker)
{
    const struct pool_options *options = &worker->pool->options;

    if (options->finalizer != NULL)
        options->finalizer(options->context, worker->index);
    pool__leave(worker);
}

static void replace_worker(void *arg);

static void be_worker(struct pool__worker *worker)
{
    pthread_cleanup_push(replace_worker, worker);
    work(worker);
    pthread_cleanup_pop(0);
    finalize(worker);
}

/* Binds the calling worker to the CPU set whose turn it is. The first worker tries all the others before, so that a
 * pool with a bad one is not created, though its worker may be started much later. */
static int bind_self(const struct pool__worker *worker)
{
    const struct pool_options *options = &worker->pool->options;
    const char *cpusets = options->cpusets;
    size_t n = worker->index == 0 ? options->n_cpusets : options->n_cpusets > 0;

    while (n-- > 0) {
        const char *cpuset = cpusets + (worker->index + n) % options->n_cpusets * options->cpuset_bytes;

        if (sched_setaffinity(0, options->cpuset_bytes, (const void *)cpuset) != 0)
            return -errno;
    }
    return 0;
}

/* Does what comes before the first task, and tells who waits for it. */
static int prepare(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool__start *start = worker->start;
    int error = bind_self(worker);

    if (error == 0 && pool->options.initializer != NULL)
        error = pool->options.initializer(pool->options.context, worker->index);
    pool__lock(pool);
    if (error != 0) {
        pool->counters.threads_refused++;
        pool->n_alive -= !worker->is_replacement;
        pool__wake(pool, &pool->scout, 1);
    }
    if (start != NULL && start->error == 0)
        start->error = error;
    if (start != NULL && --start->n_pending == 0)
        pool__wake(pool, &pool->awaiting_start, SIZE_MAX);
    pool__unlock(pool);
    return error;
}

/* Makes "<name of the pool>-<index>", the first part cut to fit. Not by snprintf(), which would be a noticeable part of
 * a cold start. */
static void make_name(char name[POOL__NAME_BYTES], const struct pool__worker *worker)
{
    size_t index = worker->index, n = strlen(worker->pool->name), at = POOL__NAME_BYTES - 1, n_suffix;

    name[at] = '\0';
    do
        name[--at] = (char)('0' + index % 10);
    while ((index /= 10) > 0 && at > 1);
    name[--at] = '-';
    n_suffix = POOL__NAME_BYTES - at;
    n = n < at ? n : at;
    memmove(name + n, name + at, n_suffix);
    memcpy(name, worker->pool->name, n);
}

void *pool__run_worker(void *arg)
{
    struct pool__worker *worker = arg;
    char name[POOL__NAME_BYTES];

    make_name(name, worker);
    pool__be_worker(worker);
    pool__begin(worker, name);
    if (pool__needs_preparation(worker->pool) && prepare(worker) != 0)
        pool__leave(worker);
    else
        be_worker(worker);
    return NULL;
}

/* Whether the calling worker, which a task has ended, is missed. If not it is no longer counted. */
static bool is_missed(struct pool__worker *worker)
{
    struct pool *pool = worker->pool;
    bool is_missed;

    pool__lock(pool);
    end_item(worker);
    pool__check_quiet(pool);
    is_missed = pool->n_ready <= pool->max_workers &&
                (pool__has_tasks(pool) || (!pool->closed && pool->n_ready <= pool_n_workers(pool)));
    if (!is_missed)
        retire(worker);
    pool__unlock(pool);
    return is_missed;
}

static void replace_worker(void *arg)
{
    const struct timespec pause = {0, REPLACE_PAUSE_NS};
    struct pool__worker *worker = arg;

    pool__leave_frames();
    while (is_missed(worker) && pool__start_replacement(worker->pool) != 0)
        nanosleep(&pause, NULL);
    finalize(worker);
}
