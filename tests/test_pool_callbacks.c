/* Callbacks that cancel, terminate and wait, and tasks that end their thread in one. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

enum { DEPTH_MAX = 40, N_HANDLES = 1000 };

static const int64_t SOON_NS = (int64_t)20 * 1000 * 1000 * 1000; /* for what must not take for ever */

static int leave(void *arg, void *result)
{
    (void)arg;
    (void)result;
    pthread_exit(NULL);
}

static int nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void wait_for_leaver(void *pool, void *result)
{
    (void)result;
    pool_apply(pool, leave, NULL, NULL, NULL);
    CHECK(!"reached");
}

static void fail_and_wait_for_leaver(void *pool, const struct pool_error *error)
{
    CHECK_EQ(error->code, -ECANCELED);
    wait_for_leaver(pool, NULL);
}

static void *cancel(void *handle)
{
    pool_handle_cancel(handle);
    CHECK(!"reached");
    return NULL;
}

/* The callback's own task ends as if the callback had returned, on a worker and on a thread that cancels. */
static void test_leaver(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    const struct pool_callbacks callbacks = {wait_for_leaver, fail_and_wait_for_leaver, pool};
    struct pool_handle *handle;
    struct gate gate;
    pthread_t thread;

    CHECK_EQ(pool_apply_async(pool, nothing, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, SOON_NS, NULL), 0);
    pool_handle_release(handle);

    gate_hold(&gate, pool);
    CHECK_EQ(pool_apply_async(pool, nothing, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pthread_create(&thread, NULL, cancel, handle), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(pool_handle_get(handle, SOON_NS, NULL), -ECANCELED);
    pool_handle_release(handle);
    gate_free(&gate);
    CHECK_EQ(pool_close(pool), 0);
    if (CHECK_EQ(pool_timed_join(pool, SOON_NS), 0))
        CHECK_EQ(pool_destroy(pool), 0);
}

/* Handles that wait in the queue, and an error callback that does something to the others. */
static struct {
    struct pool *pool;
    struct pool_handle *handles[N_HANDLES];
    void (*act)(size_t index);
    atomic_int n_called, n_too_deep;
} queued;

static _Thread_local int depth;

static void act(void *context, const struct pool_error *error)
{
    CHECK_EQ(error->code, -ECANCELED);
    queued.n_called++;
    queued.n_too_deep += ++depth > DEPTH_MAX;
    queued.act((size_t)((struct pool_handle **)context - queued.handles));
    depth--;
}

static void cancel_next(size_t index)
{
    if (index + 1 < N_HANDLES)
        CHECK_EQ(pool_handle_cancel(queued.handles[index + 1]), 0);
}

static void cancel_and_await_next(size_t index)
{
    cancel_next(index);
    if (index % 250 == 249 && index + 1 < N_HANDLES)
        CHECK_EQ(pool_handle_get(queued.handles[index + 1], POOL_FOREVER, NULL), -ECANCELED);
}

static void cancel_and_await_first(size_t index)
{
    size_t first;

    cancel_next(index);
    if (index % 250 == 249 && index + 1 < N_HANDLES)
        CHECK_EQ(pool_first_completed(&queued.handles[index + 1], 1, POOL_FOREVER, &first), 0);
}

static void cancel_all(size_t index)
{
    (void)index;
    CHECK_EQ(pool_cancel_all(queued.handles, N_HANDLES), 0);
}

static void terminate(size_t index)
{
    (void)index;
    CHECK_EQ(pool_terminate(queued.pool), 0);
}

static void wait_for_next(size_t index)
{
    if (index % 2 == 0)
        CHECK_EQ(pool_handle_get(queued.handles[index + 1], POOL_FOREVER, NULL), -ECANCELED);
}

/* However many others each callback cancels, the stack does not grow with them; and all end. */
static void test_queued(void (*what)(size_t), bool is_terminated, bool is_strict)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = is_strict});
    struct gate gate;

    queued.pool = pool;
    queued.act = what;
    queued.n_called = queued.n_too_deep = 0;
    gate_hold(&gate, pool);
    for (int i = 0; i < N_HANDLES; i++) {
        const struct pool_callbacks callbacks = {NULL, act, &queued.handles[i]};

        CHECK_EQ(pool_apply_async(pool, nothing, NULL, NULL, &callbacks, &queued.handles[i]), 0);
    }
    CHECK_EQ(is_terminated ? pool_terminate(pool) : pool_handle_cancel(queued.handles[0]), 0);
    gate_free(&gate);
    for (int i = 0; i < N_HANDLES; i++) {
        CHECK_EQ(pool_handle_get(queued.handles[i], POOL_FOREVER, NULL), -ECANCELED);
        pool_handle_release(queued.handles[i]);
    }
    CHECK_EQ(queued.n_too_deep, 0);
    CHECK_EQ(queued.n_called, N_HANDLES);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_leaver();
    for (int is_strict = 0; is_strict <= 1; is_strict++) {
        test_queued(cancel_next, false, is_strict);
        test_queued(cancel_and_await_next, false, is_strict);
        test_queued(cancel_and_await_first, false, is_strict);
        test_queued(cancel_all, false, is_strict);
        test_queued(cancel_all, true, is_strict);
        test_queued(terminate, true, is_strict);
        test_queued(wait_for_next, true, is_strict);
    }
    return check_failures() != 0;
}
