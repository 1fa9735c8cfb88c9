/* One call with a result, and one function over an array: apply, map, starmap. A call is a map of one. */
#include "complete.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "notice.h"
#include "room.h"
#include "seat.h"
#include "sleep.h"
#include "submit.h"
#include "ticket.h"
#include "wait.h"

#include <errno.h>
#include <sched.h>

static bool claim(struct pool_handle *handle, struct pool__task *task, bool all)
{
    const struct pool_calls *calls = &handle->work.calls;
    /* [CLAIM] relaxed: a guess that the exchange checks. */
    size_t n_unclaimed = atomic_load_explicit(&handle->n_unclaimed, memory_order_relaxed), n_calls;

    do {
        if (n_unclaimed == 0)
            return false;
        n_calls = all || n_unclaimed < calls->chunksize ? n_unclaimed : calls->chunksize;
        /* [CLAIM] relaxed: what the calls need was made known with the handle. */
    } while (!atomic_compare_exchange_weak_explicit(&handle->n_unclaimed, &n_unclaimed, n_unclaimed - n_calls,
                                                    memory_order_relaxed, memory_order_relaxed));
    task->n_calls = n_calls;
    task->begin = calls->n_calls - n_unclaimed;
    task->end = task->begin + n_calls;
    task->is_last = task->end == calls->n_calls;
    return true;
}

static void *element(void *base, size_t index, size_t size_bytes)
{
    return (void *)((uintptr_t)base + index * size_bytes);
}

static void end_call(struct pool__task *task, int code, const char *message)
{
    int *codes = task->handle->work.calls.codes;

    if (codes != NULL)
        codes[task->begin] = code;
    pool__end_call(task, task->begin, code, message);
}

/* The call of task->begin has returned. */
static void note_end(struct pool__task *task, int code, char *message)
{
    end_call(task, code, message);
    message[0] = '\0';
}

/* Nothing is noted of a call without error, message and code: a loop over short calls is as fast as one by hand. */
static void run_star(struct pool__task *task, uintptr_t result, size_t result_bytes, char *message)
{
    const struct pool__work *work = &task->handle->work;
    void *args[POOL_ARGS_MAX];

    for (size_t i = 0; i < work->n_star_args; i++)
        args[i] = element(work->star_args[i].base, task->begin, work->star_args[i].stride_bytes);
    for (size_t at = task->begin; at < task->end; result += result_bytes) {
        int code = work->star_fn(args, (void *)result);

        if (code != 0 || message[0] != '\0' || work->calls.codes != NULL)
            note_end(task, code, message);
        for (size_t i = 0; i < work->n_star_args; i++)
            args[i] = element(args[i], 1, work->star_args[i].stride_bytes);
        task->begin = ++at;
    }
}

/* The same. */
static void run_part(struct pool__task *task)
{
    const struct pool_calls *calls = &task->handle->work.calls;
    size_t result_bytes = calls->results != NULL ? calls->result_bytes : 0, arg_bytes = calls->arg_bytes;
    uintptr_t arg = (uintptr_t)calls->args + task->begin * arg_bytes;
    uintptr_t result = (uintptr_t)calls->results + task->begin * result_bytes;
    char *message = pool__begin_calls();

    if (task->handle->work.star_fn != NULL) {
        run_star(task, result, result_bytes, message);
        return;
    }
    for (size_t i = task->begin; i < task->end; arg += arg_bytes, result += result_bytes) {
        int code = calls->fn((void *)arg, (void *)result);

        if (code != 0 || message[0] != '\0' || calls->codes != NULL)
            note_end(task, code, message);
        task->begin = ++i;
    }
}

static void skip(struct pool__task *task, int code)
{
    for (; task->begin < task->end; task->begin++, code = -ECANCELED) {
        end_call(task, code, "");
        if (task->handle->work.calls.codes == NULL)
            return; /* of the others nobody is told */
    }
}

/* Of who has run all of them nobody else has to know. */
static bool end(struct pool__task *task)
{
    struct pool_handle *handle = task->handle;

    return task->n_calls == handle->work.calls.n_calls ||
           /* [ENDED] release: what the part did; acquire: the last one sees what all did. */
           atomic_fetch_sub_explicit(&handle->n_unended, task->n_calls, memory_order_acq_rel) == task->n_calls;
}

static const struct pool__kind kind_of_calls = {claim, run_part, skip, end, pool__free_handle};

/* Makes it a handle of calls that are not queued yet, with so many references. */
static void init_calls(struct pool_handle *handle, const struct pool__work *work,
                       const struct pool_callbacks *callbacks, size_t n_references)
{
    size_t n_calls = work->calls.n_calls;

    handle->kind = &kind_of_calls;
    atomic_init(&handle->state, n_references * POOL__REFERENCE);
    atomic_init(&handle->n_unclaimed, n_calls);
    atomic_init(&handle->n_unended, n_calls);
    atomic_init(&handle->stop, false);
    handle->is_queued = false;
    handle->is_spawned = false;
    handle->is_ordered = false;
    handle->completer_owns = POOL__REFERENCE;
    handle->watched_from = -1;
    handle->n_ranges = 0;
    handle->awaiting = (struct pool__sleepers){NULL, NULL};
    handle->watches = NULL;
    handle->error.code = 0;
    handle->error.index = 0;
    handle->error.message[0] = '\0';
    handle->callbacks = callbacks != NULL ? *callbacks : (struct pool_callbacks){NULL, NULL, NULL};
    handle->work = *work;
    if (work->calls.chunksize == 0) {
        size_t n_chunks = 4 * pool_n_workers(handle->pool);

        handle->work.calls.chunksize = n_calls / n_chunks + (n_calls % n_chunks != 0);
    }
}

/* A call that was made on this thread ends it. */
static void abandon_rest(void *arg)
{
    struct pool_handle *handle = arg;
    struct pool *pool = handle->pool;

    pool__lock(pool);
    pool__cancel(handle);
    pool__unreference(handle);
    pool__unlock(pool);
}

/* Makes the calls on this thread. The lock is held on entry and return. */
static void make_calls(struct pool_handle *handle)
{
    pthread_cleanup_push(abandon_rest, handle);
    while (pool__help(handle))
        continue;
    pthread_cleanup_pop(0);
}

/* Queues the handle. Its references are from then on those of others. The lock is held. */
static int queue_calls(struct pool_handle *handle)
{
    const struct pool_calls *calls = &handle->work.calls;
    struct pool *pool = handle->pool;
    int error;

    pool->n_unfinished++;
    error = pool__queue_handle(handle, (calls->n_calls - 1) / calls->chunksize + 1);
    if (error == 0) {
        handle->is_queued = true;
        pool->n_queued++;
    } else {
        pool->n_unfinished--;
    }
    return error;
}

/* Completes the handle on this thread, as far as others have not: it is not queued. The lock is held on entry and
 * return. */
static void end_here(struct pool_handle *handle)
{
    handle->pool->n_unfinished++;
    if (handle->work.calls.n_calls == 0)
        pool__complete(handle);
    else
        make_calls(handle);
    pool__unreference(handle);
}

/* Makes a handle of these calls and queues it, or makes them on this thread. The lock is held on entry and return. */
static int begin_calls(struct pool *pool, const struct pool__work *work, const struct pool_callbacks *callbacks,
                       bool run_here, bool is_watched, struct pool_handle **out)
{
    bool is_here = run_here || work->calls.n_calls == 0;
    struct pool_handle *handle = pool__new_handle(pool);
    int error;

    if (handle == NULL)
        return -ENOMEM;
    /* This function's if it goes on with it, that of what is not ready, and the user's. */
    init_calls(handle, work, callbacks, (size_t)is_here + 1 + (out != NULL));
    if (is_watched && work->calls.n_calls > handle->work.calls.chunksize)
        handle->watched_from = sched_getcpu();
    error = is_here ? 0 : queue_calls(handle);
    if (error != 0) {
        pool__free_handle(handle);
        return error;
    }
    if (out != NULL)
        *out = handle;
    if (is_here)
        end_here(handle);
    return 0;
}

/* Whether the calls may be left in a seat. A map there is one task for who counts how many workers to start. */
static bool may_spawn(const struct pool *pool, size_t n_calls)
{
    /* [NOTICES] relaxed: a guess. */
    bool is_growing = atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__GROWING;

    return pool->n_ports > 0 && n_calls > 0 && (n_calls == 1 || !is_growing);
}

/* The seat that a thread outside visits to leave calls there, or NULL: they come after what it has submitted before,
 * and in a strict pool a worker is to find them at once. */
static struct pool__seat *visit_to_spawn(struct pool *pool)
{
    /* [NOTICES] relaxed: what this thread has queued itself it sees. */
    bool is_queued = atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__QUEUED;
    struct pool__seat *seat = NULL;

    if (!pool->options.strict && !is_queued && pool__is_port_empty(pool))
        seat = pool__visit(pool);
    if (seat == NULL || seat->free_handles != NULL)
        return seat;
    pool__end_visit(pool);
    return NULL;
}

/* Leaves the handle of the calls in a seat, without the lock: in that of the worker whose task makes them, or in the
 * one that a thread visits, which is likely to run them itself. Returns 1 where they have to be queued. */
static int spawn_calls(struct pool *pool, const struct pool__work *work, const struct pool_callbacks *callbacks,
                       struct pool_handle **out)
{
    struct pool__seat *own = pool__own_seat(pool), *seat = NULL;
    struct pool_handle *handle, *before = out != NULL ? *out : NULL;
    struct pool__item item = {NULL, NULL};
    int error;

    if (may_spawn(pool, work->calls.n_calls))
        seat = own != NULL ? own : visit_to_spawn(pool);
    if (seat == NULL)
        return 1;
    handle = pool__spare_handle(pool, seat);
    if (handle == NULL)
        return -ENOMEM;
    /* That of what is not ready, that of its place in the seat, and the user's. */
    init_calls(handle, work, callbacks, (size_t)2 + (out != NULL));
    handle->is_spawned = true;
    handle->is_ordered = own == NULL;
    item.arg = handle;
    if (out != NULL)
        *out = handle; /* before another worker can run the call, which may look there */
    error = own != NULL ? pool__spawn(pool, seat, item) : pool__spawn_visiting(pool, seat, item);
    if (error == 0)
        return 0;
    pool__discard(handle);
    if (out != NULL)
        *out = before;
    return error;
}

/* What a thread outside needs to leave its next calls in the seat that it visits. The lock is held. */
static void prepare_visits(struct pool *pool)
{
    struct pool__seat *seat;

    if (pool->options.strict || pool->n_ports == 0 || pool__own_seat(pool) != NULL)
        return;
    pool__open_guest_seats(pool);
    seat = pool__visit(pool);
    if (seat == NULL)
        return;
    if (seat->free_handles == NULL)
        pool__fetch_handles(pool, seat);
    pool__end_visit(pool);
}

static bool are_valid(const struct pool__work *work)
{
    if (work->star_fn == NULL)
        return work->calls.fn != NULL;
    return work->n_star_args > 0 && work->n_star_args <= POOL_ARGS_MAX;
}

static int start_calls(struct pool *pool, const struct pool__work *work, const struct pool_callbacks *callbacks,
                       bool is_watched, struct pool_handle **out)
{
    int error;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (!are_valid(work))
        return -EINVAL;
    error = spawn_calls(pool, work, callbacks, out);
    if (error <= 0)
        return error;
    pool__lock(pool);
    if (work->calls.n_calls == 0)
        error = pool__check_open(pool); /* nothing is queued, so there is nothing to wait for */
    else
        error = pool__admit(pool, pool__when_full(pool), POOL__NEVER);
    if (error >= 0) {
        error = begin_calls(pool, work, callbacks, error == 1, is_watched, out);
        pool__pass_on_room(pool);
        prepare_visits(pool);
    }
    pool__unlock(pool);
    return error;
}

/* The arguments may go with the thread: so none of the calls goes on. */
static void abandon(void *arg)
{
    struct pool_handle *handle = *(struct pool_handle **)arg;

    if (handle != NULL)
        pool__abandon(handle);
}

/* Makes the calls, waits for them, and tells how they ended. One that this thread makes may call pthread_exit(). */
static int run_calls(struct pool *pool, const struct pool__work *work, struct pool_error *error)
{
    struct pool_handle *handle = NULL;
    int code;

    pthread_cleanup_push(abandon, &handle);
    code = start_calls(pool, work, NULL, pool->spin_ns > 0 && !pool__may_help(pool), &handle);
    if (code == 0)
        code = pool_handle_get(handle, POOL_FOREVER, error);
    else
        pool__tell_call(error, code);
    pthread_cleanup_pop(0);
    pool_handle_release(handle);
    return code;
}

static struct pool__work one_call(pool_call_fn *fn, void *arg, void *result)
{
    return (struct pool__work){
        .calls = {.fn = fn, .args = arg, .results = result, .n_calls = 1, .chunksize = 1},
    };
}

static struct pool__work star_calls(const struct pool_starcalls *calls)
{
    return (struct pool__work){
        .star_fn = calls->fn,
        .star_args = calls->args,
        .n_star_args = calls->n_args,
        .calls = {.results = calls->results, .result_bytes = calls->result_bytes, .codes = calls->codes,
                  .n_calls = calls->n_calls, .chunksize = calls->chunksize},
    };
}

int pool_apply(struct pool *pool, pool_call_fn *fn, void *arg, void *result, struct pool_error *error)
{
    const struct pool__work work = one_call(fn, arg, result);

    return run_calls(pool, &work, error);
}

int pool_apply_async(struct pool *pool, pool_call_fn *fn, void *arg, void *result,
                     const struct pool_callbacks *callbacks, struct pool_handle **out)
{
    const struct pool__work work = one_call(fn, arg, result);

    return start_calls(pool, &work, callbacks, false, out);
}

int pool_map(struct pool *pool, const struct pool_calls *calls, struct pool_error *error)
{
    const struct pool__work work = {.calls = *calls};

    return run_calls(pool, &work, error);
}

int pool_map_async(struct pool *pool, const struct pool_calls *calls, const struct pool_callbacks *callbacks,
                   struct pool_handle **out)
{
    const struct pool__work work = {.calls = *calls};

    return start_calls(pool, &work, callbacks, false, out);
}

int pool_starmap(struct pool *pool, const struct pool_starcalls *calls, struct pool_error *error)
{
    const struct pool__work work = star_calls(calls);

    return run_calls(pool, &work, error);
}

int pool_starmap_async(struct pool *pool, const struct pool_starcalls *calls,
                       const struct pool_callbacks *callbacks, struct pool_handle **out)
{
    const struct pool__work work = star_calls(calls);

    return start_calls(pool, &work, callbacks, false, out);
}
