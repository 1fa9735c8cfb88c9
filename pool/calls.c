/* One call with a result, and one function over an array: apply, map, starmap. A call is a map of one. */
#include "internal.h"

#include <errno.h>

static void claim(struct pool_handle *handle, struct pool__task *task, bool all)
{
    size_t chunk = handle->calls.chunksize;

    task->n_calls = all || handle->n_unclaimed < chunk ? handle->n_unclaimed : chunk;
    task->begin = handle->calls.n_calls - handle->n_unclaimed;
    task->end = task->begin + task->n_calls;
}

static void *element(void *base, size_t index, size_t size_bytes)
{
    return (void *)((uintptr_t)base + index * size_bytes);
}

static int call_star(const struct pool_handle *handle, size_t index, void *result)
{
    void *args[POOL_ARGS_MAX];

    for (size_t i = 0; i < handle->n_star_args; i++)
        args[i] = element(handle->star_args[i].base, index, handle->star_args[i].stride_bytes);
    return handle->star_fn(args, result);
}

static void end_call(struct pool__task *task, int code, const char *message)
{
    int *codes = task->handle->calls.codes;

    if (codes != NULL)
        codes[task->begin] = code;
    pool__end_call(task, task->begin, code, message);
}

static void run(struct pool__task *task)
{
    const struct pool_handle *handle = task->handle;
    const struct pool_calls *calls = &handle->calls;

    for (; task->begin < task->end; task->begin++) {
        void *result = element(calls->results, task->begin, calls->results != NULL ? calls->result_bytes : 0);

        const char *message = pool__begin_call();
        int code = handle->star_fn != NULL ? call_star(handle, task->begin, result)
                                           : calls->fn(element(calls->args, task->begin, calls->arg_bytes), result);

        end_call(task, code, message);
    }
}

static void skip(struct pool__task *task, int code)
{
    for (; task->begin < task->end; task->begin++, code = -ECANCELED)
        end_call(task, code, "");
}

static void finish(struct pool__task *task)
{
    struct pool_handle *handle = task->handle;

    if (task->error.code != 0 && (handle->error.code == 0 || task->error.index < handle->error.index))
        pool__tell(&handle->error, &task->error);
    if (handle->n_unclaimed == 0 && handle->n_running == 0)
        pool__complete(handle);
}

static const struct pool__kind kind = {claim, run, skip, finish, pool__free_handle};

/* Makes a handle of calls that are not queued yet. The lock is held. */
static struct pool_handle *new_calls(struct pool *pool, const struct pool_handle *like,
                                     const struct pool_callbacks *callbacks)
{
    struct pool_handle *handle = pool__new_handle(pool);
    size_t n_calls = like->calls.n_calls;

    if (handle == NULL)
        return NULL;
    *handle = *like;
    handle->kind = &kind;
    handle->pool = pool;
    handle->n_unclaimed = n_calls;
    if (callbacks != NULL)
        handle->callbacks = *callbacks;
    if (handle->calls.chunksize == 0) {
        size_t n_chunks = 4 * pool_n_workers(pool);

        handle->calls.chunksize = n_calls / n_chunks + (n_calls % n_chunks != 0);
    }
    return handle;
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
    if (handle->n_unclaimed > 0)
        pool__cancel(handle); /* terminated */
}

/* Queues a handle of these calls, or makes them on this thread. The lock is held on entry and return. */
static int queue_calls(struct pool *pool, const struct pool_handle *like, const struct pool_callbacks *callbacks,
                       bool run_here, struct pool_handle **out)
{
    struct pool_handle *handle = new_calls(pool, like, callbacks);
    size_t n_calls = like->calls.n_calls;
    int error;

    if (handle == NULL)
        return -ENOMEM;
    handle->n_references = 2 + (out != NULL); /* this function's, that of the unfinished, the user's */
    pool->n_unfinished++;
    if (n_calls > 0 && !run_here) {
        error = pool__queue_handle(handle, (n_calls - 1) / handle->calls.chunksize + 1);
        if (error != 0) {
            pool->n_unfinished--;
            pool__free_handle(handle);
            return error;
        }
        handle->is_counted = true;
        pool->n_queued++;
    }
    if (out != NULL)
        *out = handle;
    if (n_calls == 0)
        pool__complete(handle);
    if (run_here)
        make_calls(handle);
    pool__unreference(handle);
    return 0;
}

static int start_calls(struct pool *pool, const struct pool_handle *like, const struct pool_callbacks *callbacks,
                       struct pool_handle **out)
{
    int error;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (like->calls.fn == NULL && like->star_fn == NULL)
        return -EINVAL;
    pool__lock(pool);
    error = pool__admit(pool, pool__when_full(pool), POOL__NEVER);
    if (error >= 0) {
        error = queue_calls(pool, like, callbacks, error == 1, out);
        if (error != 0)
            pool__wake(pool, &pool->awaiting_room, 1); /* for whom the room is now */
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
static int run_calls(struct pool *pool, const struct pool_handle *like, struct pool_error *error)
{
    struct pool_handle *handle = NULL;
    int code;

    pthread_cleanup_push(abandon, &handle);
    code = start_calls(pool, like, NULL, &handle);
    if (code == 0)
        code = pool_handle_get(handle, POOL_FOREVER, error);
    else
        pool__tell_call(error, code);
    pthread_cleanup_pop(0);
    pool_handle_release(handle);
    return code;
}

static struct pool_handle one_call(pool_call_fn *fn, void *arg, void *result)
{
    return (struct pool_handle){
        .calls = {.fn = fn, .args = arg, .results = result, .n_calls = 1, .chunksize = 1},
    };
}

static struct pool_handle star_calls(const struct pool_starcalls *calls)
{
    return (struct pool_handle){
        .star_fn = calls->fn,
        .star_args = calls->args,
        .n_star_args = calls->n_args,
        .calls = {.results = calls->results, .result_bytes = calls->result_bytes, .codes = calls->codes,
                  .n_calls = calls->n_calls, .chunksize = calls->chunksize},
    };
}

static bool are_star_calls_valid(const struct pool_starcalls *calls)
{
    return calls->n_args > 0 && calls->n_args <= POOL_ARGS_MAX;
}

int pool_apply(struct pool *pool, pool_call_fn *fn, void *arg, void *result, struct pool_error *error)
{
    const struct pool_handle like = one_call(fn, arg, result);

    return run_calls(pool, &like, error);
}

int pool_apply_async(struct pool *pool, pool_call_fn *fn, void *arg, void *result,
                     const struct pool_callbacks *callbacks, struct pool_handle **out)
{
    const struct pool_handle like = one_call(fn, arg, result);

    return start_calls(pool, &like, callbacks, out);
}

int pool_map(struct pool *pool, const struct pool_calls *calls, struct pool_error *error)
{
    const struct pool_handle like = {.calls = *calls};

    return run_calls(pool, &like, error);
}

int pool_map_async(struct pool *pool, const struct pool_calls *calls, const struct pool_callbacks *callbacks,
                   struct pool_handle **out)
{
    const struct pool_handle like = {.calls = *calls};

    return start_calls(pool, &like, callbacks, out);
}

int pool_starmap(struct pool *pool, const struct pool_starcalls *calls, struct pool_error *error)
{
    const struct pool_handle like = star_calls(calls);

    return are_star_calls_valid(calls) ? run_calls(pool, &like, error) : pool__tell_call(error, -EINVAL);
}

int pool_starmap_async(struct pool *pool, const struct pool_starcalls *calls,
                       const struct pool_callbacks *callbacks, struct pool_handle **out)
{
    const struct pool_handle like = star_calls(calls);

    return are_star_calls_valid(calls) ? start_calls(pool, &like, callbacks, out) : -EINVAL;
}
