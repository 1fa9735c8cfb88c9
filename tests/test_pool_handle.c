/* Handles: what they say, time-outs, cancelling, releasing, and many waiters. */
#include "asleep.h"
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static struct pool_handle *start(struct pool *pool, pool_call_fn *fn, void *arg)
{
    struct pool_handle *handle = NULL;

    CHECK_EQ(pool_apply_async(pool, fn, arg, NULL, NULL, &handle), 0);
    return handle;
}

static void check_not_ready(struct pool_handle *handle)
{
    CHECK(!pool_handle_ready(handle));
    CHECK_EQ(pool_handle_successful(handle), -EAGAIN);
    CHECK_EQ(pool_handle_wait(handle, 0), -ETIMEDOUT);
    CHECK_EQ(pool_handle_get(handle, 2 * 1000 * 1000, NULL), -ETIMEDOUT);
}

static void test_timeouts(struct pool_options options)
{
    struct pool *pool = gate_pool(options);
    struct gate gate;
    struct pool_handle *handle;

    gate_init(&gate);
    handle = start(pool, gate_call, &gate);
    gate_take(&gate.reached);
    check_not_ready(handle);
    gate_free(&gate);
    CHECK_EQ(pool_handle_get(handle, 100 * 1000000000ll, NULL), 0);
    CHECK_EQ(pool_handle_get(handle, 0, NULL), 0);
    CHECK_EQ(pool_handle_successful(handle), 1);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK(pool_handle_ready(handle)); /* it outlives its pool */
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    pool_handle_release(handle);
    pool_handle_release(NULL);
}

static int wait_for_oneself(void *arg, void *result)
{
    struct pool_handle **handle = arg;
    size_t index;

    (void)result;
    CHECK_EQ(pool_handle_wait(*handle, POOL_FOREVER), -EDEADLK);
    CHECK_EQ(pool_handle_get(*handle, 1000, NULL), -EDEADLK);
    CHECK_EQ(pool_first_completed(handle, 1, POOL_FOREVER, &index), -EDEADLK);
    return 0;
}

static void test_deadlock(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate gate;
    struct pool_handle *handle;

    gate_hold(&gate, pool);
    CHECK_EQ(pool_apply_async(pool, wait_for_oneself, &handle, NULL, NULL, &handle), 0);
    gate_free(&gate);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    pool_handle_release(handle);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int obey(void *gate, void *result)
{
    (void)result;
    sem_post(&((struct gate *)gate)->reached);
    while (!pool_stop_requested())
        sched_yield();
    return pool_fail(-EINTR, "stopped");
}

static void count_error(void *context, const struct pool_error *error)
{
    CHECK_EQ(error->code, -ECANCELED);
    ++*(int *)context;
}

/* One that is queued never runs; one that runs is asked to stop, and its own code counts. */
static void test_cancel(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate running, queued;
    int n_errors = 0;
    struct pool_callbacks callbacks = {NULL, count_error, &n_errors};
    struct pool_handle *handle = NULL, *other = NULL;
    struct pool_counters counters;
    struct pool_error error;

    gate_init(&running);
    gate_init(&queued);
    handle = start(pool, obey, &running);
    gate_take(&running.reached);
    CHECK_EQ(pool_apply_async(pool, gate_call, &queued, NULL, &callbacks, &other), 0);
    CHECK_EQ(pool_handle_cancel(other), 0);
    CHECK_EQ(n_errors, 1);
    CHECK_EQ(pool_handle_get(other, 0, &error), -ECANCELED);
    CHECK_EQ(error.code, -ECANCELED);
    CHECK_EQ(pool_handle_successful(other), 0);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.n_queued, 0);
    check_not_ready(handle);
    CHECK_EQ(pool_handle_cancel(handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, &error), -EINTR);
    CHECK_EQ(pool_handle_cancel(handle), 0);
    CHECK_EQ(pool_handle_get(handle, 0, NULL), -EINTR);
    CHECK(!pool_stop_requested());
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_errors, 1);
    CHECK(sem_trywait(&queued.reached) != 0);
    pool_handle_release(handle);
    pool_handle_release(other);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A map of which one part runs ends when that has ended, as cancelled from where it was. */
static void test_cancel_map(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate gate;
    int codes[5] = {1, 1, 1, 1, 1};
    struct pool_calls calls = {.fn = gate_call, .args = &gate, .codes = codes, .n_calls = 5, .chunksize = 1};
    struct pool_handle *handle;
    struct pool_error error;

    gate_init(&gate);
    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handle), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_handle_cancel(handle), 0);
    check_not_ready(handle);
    gate_free(&gate);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, &error), -ECANCELED);
    CHECK_EQ(error.index, 1);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(codes[i], i == 0 ? 0 : -ECANCELED);
    pool_handle_release(handle);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A handle that was given up: its task runs all the same. */
static void test_release_early(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate first, second;

    gate_hold(&first, pool);
    gate_init(&second);
    pool_handle_release(start(pool, gate_call, &second));
    gate_free(&first);
    gate_take(&second.reached);
    gate_free(&second);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void *wait_with_others(void *handle)
{
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    CHECK(pool_handle_ready(handle));
    return NULL;
}

static void test_many_waiters(void)
{
    enum { N_WAITERS = 8 };
    struct pool *pool = gate_pool(one_strict);
    struct gate gate;
    struct pool_handle *handle;
    pthread_t threads[N_WAITERS];

    gate_init(&gate);
    handle = start(pool, gate_call, &gate);
    for (int i = 0; i < N_WAITERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, wait_with_others, handle), 0);
    gate_take(&gate.reached);
    gate_free(&gate);
    for (int i = 0; i < N_WAITERS; i++)
        pthread_join(threads[i], NULL);
    pool_handle_release(handle);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int return_code(void *code, void *result)
{
    (void)result;
    return *(int *)code;
}

/* Far more handles than a slab has, in use at once and used again. */
static void test_many_handles(void)
{
    enum { N_HANDLES = 1000 };
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2});
    struct pool_handle *handles[N_HANDLES];
    int codes[N_HANDLES];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N_HANDLES; i++) {
            codes[i] = i + round;
            handles[i] = start(pool, return_code, &codes[i]);
        }
        for (int i = N_HANDLES; i-- > 0;) {
            CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), i + round);
            pool_handle_release(handles[i]);
        }
    }
    CHECK_EQ(pool_destroy(pool), 0);
}

static struct sleeper {
    struct pool_handle *handle;
    atomic_int id;
} sleeper;

static void *sleep_for_handle(void *arg)
{
    sleeper.id = asleep_self();
    CHECK_EQ(pool_handle_wait(sleeper.handle, POOL_FOREVER), 0);
    return arg;
}

/* Who sleeps until a handle is ready is woken. */
static void test_sleeping(struct pool_options options)
{
    struct pool *pool = gate_pool(options);
    struct gate gate;
    pthread_t thread;

    gate_init(&gate);
    sleeper.id = 0;
    sleeper.handle = start(pool, gate_call, &gate);
    gate_take(&gate.reached);
    CHECK_EQ(pthread_create(&thread, NULL, sleep_for_handle, NULL), 0);
    asleep_await(&sleeper.id);
    gate_free(&gate);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    pool_handle_release(sleeper.handle);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_timeouts(one_strict);
    test_timeouts((struct pool_options){.n_workers = 1});
    test_sleeping(one_strict);
    test_deadlock();
    test_cancel();
    test_cancel_map();
    test_release_early();
    test_many_waiters();
    test_many_handles();
    return check_failures() != 0;
}
