/* apply, apply_async and their callbacks; what fails arrives with code and message. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    *(int *)result = n * n;
    return 0;
}

static int fail(void *arg, void *result)
{
    (void)result;
    return pool_fail(*(int *)arg, "no number %d", *(int *)arg);
}

static int fail_silently(void *arg, void *result)
{
    (void)result;
    return *(int *)arg;
}

static int fail_at_length(void *arg, void *result)
{
    (void)result;
    return pool_fail(*(int *)arg, "%200d", 7);
}

static void test_apply(struct pool *pool)
{
    struct pool_error error;
    int n = 12, result = 0, code = -EIO;

    CHECK_EQ(pool_apply(pool, square, &n, &result, &error), 0);
    CHECK_EQ(result, 144);
    CHECK_EQ(error.code, 0);
    CHECK_EQ(pool_apply(pool, fail, &code, NULL, &error), -EIO);
    CHECK_EQ(error.code, -EIO);
    CHECK_EQ(error.index, 0);
    CHECK(strcmp(error.message, "no number -5") == 0);
    CHECK_EQ(pool_apply(pool, fail_silently, &code, NULL, &error), -EIO);
    CHECK(error.message[0] == '\0');
    CHECK_EQ(pool_apply(pool, fail_at_length, &code, NULL, &error), -EIO);
    CHECK_EQ(strlen(error.message), POOL_MESSAGE_BYTES - 1);
    CHECK_EQ(pool_apply(pool, fail, &code, NULL, NULL), -EIO);
    CHECK_EQ(pool_fail(-3, "nobody listens"), -3);
    CHECK_EQ(pool_apply(pool, square, &n, &result, NULL), 0); /* no error has harmed a worker */
}

/* A task that has another run in it keeps its own message. */
static int fail_after_another(void *pool, void *result)
{
    int other = -1, code = pool_fail(-2, "the outer one");

    (void)result;
    CHECK_EQ(pool_apply(pool, fail, &other, NULL, NULL), -1);
    return code;
}

static void test_nested_message(struct pool *pool)
{
    struct pool_error error;

    CHECK_EQ(pool_apply(pool, fail_after_another, pool, NULL, &error), -2);
    CHECK(strcmp(error.message, "the outer one") == 0);
}

struct seen {
    struct pool_handle *handle;
    struct gate gate;
    int n_called, n_failed, value, code;
    size_t worker;
    bool was_ready;
    struct pool *pool;
};

static void on_success(void *context, void *result)
{
    struct seen *seen = context;

    seen->n_called++;
    seen->value = *(int *)result;
    seen->worker = pool_worker_index(seen->pool);
    gate_pass(&seen->gate);
}

static void on_failure(void *context, const struct pool_error *error)
{
    struct seen *seen = context;

    seen->n_failed++;
    seen->code = error->code;
    CHECK(strcmp(error->message, "no number -5") == 0);
    gate_pass(&seen->gate);
}

/* The callback is called once, on the thread of the task, before the handle is ready. */
static void test_callbacks(struct pool *pool, pool_call_fn *fn, int arg)
{
    struct seen seen = {.pool = pool, .worker = SIZE_MAX};
    struct pool_callbacks callbacks = {on_success, on_failure, &seen};
    int result = 0;

    gate_init(&seen.gate);
    CHECK_EQ(pool_apply_async(pool, fn, &arg, &result, &callbacks, &seen.handle), 0);
    gate_take(&seen.gate.reached);
    CHECK(!pool_handle_ready(seen.handle));
    CHECK_EQ(pool_handle_successful(seen.handle), -EAGAIN);
    CHECK_EQ(pool_handle_wait(seen.handle, 1000), -ETIMEDOUT);
    gate_free(&seen.gate);
    CHECK_EQ(pool_handle_wait(seen.handle, POOL_FOREVER), 0);
    CHECK(pool_handle_ready(seen.handle));
    CHECK_EQ(pool_handle_successful(seen.handle), fn == square);
    CHECK_EQ(seen.n_called, fn == square);
    CHECK_EQ(seen.n_failed, fn != square);
    CHECK_EQ(seen.value, fn == square ? arg * arg : 0);
    CHECK_EQ(seen.code, fn == square ? 0 : arg);
    CHECK_EQ(seen.worker, fn == square ? 0 : SIZE_MAX);
    pool_handle_release(seen.handle);
}

/* Without a handle only the callback tells. */
static void test_no_handle(struct pool *pool)
{
    struct seen seen = {.pool = pool};
    struct pool_callbacks callbacks = {on_success, NULL, &seen};
    int arg = 3, result = 0;

    gate_init(&seen.gate);
    CHECK_EQ(pool_apply_async(pool, square, &arg, &result, &callbacks, NULL), 0);
    gate_take(&seen.gate.reached);
    gate_free(&seen.gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(seen.value, 9);
    CHECK_EQ(pool_apply_async(pool, fail, &arg, NULL, &callbacks, NULL), 0); /* error callback: none */
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(seen.n_called, 1);
}

int main(void)
{
    for (int strict = 0; strict < 2; strict++) {
        struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = strict});

        test_apply(pool);
        test_nested_message(pool);
        test_callbacks(pool, square, 5);
        test_callbacks(pool, fail, -EIO);
        test_no_handle(pool);
        CHECK_EQ(pool_destroy(pool), 0);
    }
    return check_failures() != 0;
}
