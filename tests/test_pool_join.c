/* Joining waits for whatever the pool has accepted, on whichever thread it runs, and for its callbacks. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

struct outside {
    struct pool *pool;
    struct pool_handle *handle;
    struct gate gate;
    atomic_bool has_ended;
};

static int pass(void *arg, void *result)
{
    struct outside *outside = arg;

    (void)result;
    gate_pass(&outside->gate);
    usleep(20000); /* who does not wait for this is found out */
    outside->has_ended = true;
    return 0;
}

static void *apply_outside(void *arg)
{
    struct outside *outside = arg;

    CHECK_EQ(pool_apply(outside->pool, pass, outside, NULL, NULL), 0);
    return NULL;
}

static void *wait_outside(void *arg)
{
    struct outside *outside = arg;

    CHECK_EQ(pool_handle_wait(outside->handle, POOL_FOREVER), 0);
    return NULL;
}

static void begin(struct outside *outside, struct gate *blocked)
{
    *outside = (struct outside){.pool = gate_pool((struct pool_options){.n_workers = 1})};
    gate_init(&outside->gate);
    gate_hold(blocked, outside->pool);
}

static void await_no_thread(struct pool *pool)
{
    struct pool_counters counters;

    do {
        usleep(1000);
        pool_get_counters(pool, &counters);
    } while (counters.threads_alive > 0);
}

/* The only worker has left while another thread still runs the task that it waits for. */
static void test_helper(void)
{
    struct outside outside;
    struct gate blocked;
    pthread_t thread;

    begin(&outside, &blocked);
    CHECK_EQ(pthread_create(&thread, NULL, apply_outside, &outside), 0);
    gate_take(&outside.gate.reached);
    CHECK_EQ(pool_close(outside.pool), 0);
    gate_free(&blocked);
    await_no_thread(outside.pool);
    CHECK_EQ(pool_timed_join(outside.pool, 1000 * 1000), -ETIMEDOUT);
    gate_free(&outside.gate);
    CHECK_EQ(pool_join(outside.pool), 0);
    CHECK(outside.has_ended);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_destroy(outside.pool), 0);
}

static void test_destroy(void)
{
    struct outside outside;
    struct gate blocked;
    pthread_t thread;

    begin(&outside, &blocked);
    CHECK_EQ(pool_apply_async(outside.pool, pass, &outside, NULL, NULL, &outside.handle), 0);
    CHECK_EQ(pthread_create(&thread, NULL, wait_outside, &outside), 0);
    gate_take(&outside.gate.reached);
    gate_free(&blocked);
    gate_free(&outside.gate);
    CHECK_EQ(pool_destroy(outside.pool), 0);
    CHECK(outside.has_ended);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    pool_handle_release(outside.handle);
}

static void call_back(void *context, const struct pool_error *error)
{
    struct outside *outside = context;

    CHECK_EQ(error->code, -ECANCELED);
    CHECK_EQ(pool_wait(outside->pool), -EDEADLK);
    CHECK_EQ(pool_join(outside->pool), -EDEADLK);
    CHECK_EQ(pool_handle_wait(outside->handle, POOL_FOREVER), -EDEADLK);
    pool_fail(-EIO, "nobody reads this");
    pass(outside, NULL);
    pool_handle_release(outside->handle);
}

static void *cancel(void *arg)
{
    struct outside *outside = arg;

    CHECK_EQ(pool_handle_cancel(outside->handle), 0);
    return NULL;
}

/* Who cancels is still in the callback. */
static void test_callback(void)
{
    struct outside outside;
    const struct pool_callbacks callbacks = {.error_callback = call_back, .context = &outside};
    struct gate blocked;
    pthread_t thread;

    begin(&outside, &blocked);
    CHECK_EQ(pool_apply_async(outside.pool, pass, NULL, NULL, &callbacks, &outside.handle), 0);
    CHECK_EQ(pthread_create(&thread, NULL, cancel, &outside), 0);
    gate_take(&outside.gate.reached);
    gate_free(&blocked);
    gate_free(&outside.gate);
    CHECK_EQ(pool_destroy(outside.pool), 0);
    CHECK(outside.has_ended);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void tell(void *context, void *result)
{
    (void)context;
    (void)result;
    pool_fail(-EIO, "from the callback");
}

static int do_nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* Waits for a task whose callback fails, then fails without a word. */
static int fail_around(void *pool, void *result)
{
    const struct pool_callbacks callbacks = {.callback = tell};
    struct pool_handle *handle;

    (void)result;
    CHECK_EQ(pool_apply_async(pool, do_nothing, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
    return -ERANGE;
}

/* What is said in a callback is not taken for what the task around it says. */
static void test_message(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool_error error;

    CHECK_EQ(pool_apply(pool, fail_around, pool, NULL, &error), -ERANGE);
    CHECK_EQ(error.message[0], '\0');
    CHECK_EQ(pool_destroy(pool), 0);
}

static pthread_key_t key;

static void resize_late(void *pool)
{
    CHECK_EQ(pool_resize(pool, 2, 0), -ESHUTDOWN);
    CHECK_EQ(pool_join(pool), -EDEADLK);
}

static void set_key(void *pool)
{
    pthread_setspecific(key, pool);
}

/* A thread's own destructors run when it has left the pool, and may still call it. */
static void test_destructor(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});

    CHECK_EQ(pthread_key_create(&key, resize_late), 0);
    CHECK_EQ(pool_submit(pool, set_key, pool), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    pthread_key_delete(key);
}

int main(void)
{
    test_helper();
    test_destroy();
    test_callback();
    test_message();
    test_destructor();
    return check_failures() != 0;
}
