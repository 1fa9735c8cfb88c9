/* Sentences of pool.h that no other test would miss: handles and maps. test_promises_pool.py has them all. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static int return_code(void *code, void *result)
{
    (void)result;
    return code != NULL ? *(int *)code : 0;
}

static void set(void *value)
{
    *(int *)value = 1;
}

static void count(void *n)
{
    atomic_fetch_add((atomic_int *)n, 1);
}

static int set_result(void *value, void *result)
{
    set(value);
    *(int *)result = 1;
    return 0;
}


/*
 * What happens before what: plain variables, for ThreadSanitizer
 */

static int next_value(void *source, void **arg)
{
    int **left = source;

    *arg = *left;
    return *(*left)++ == 0;
}

static void test_happens_before(struct pool_options options)
{
    struct pool *pool = gate_pool(options);
    struct pool_handle *handles[6];
    struct pool_completions *completions;
    struct pool_iterator *iterator;
    int values[6] = {0}, results[6] = {0}, fed[3] = {0, 0, 7}, submitted = 0, result, *next = fed;
    const struct pool_feed feed = {.fn = set_result, .next = next_value, .source = &next,
                                   .result_bytes = sizeof(int), .look_ahead = 1};
    const struct pool_calls calls = {.fn = set_result, .args = values, .arg_bytes = sizeof *values,
                                     .results = results, .result_bytes = sizeof *results, .n_calls = 6};
    size_t index;

    for (int i = 0; i < 6; i++)
        CHECK_EQ(pool_apply_async(pool, set_result, &values[i], &results[i], NULL, &handles[i]), 0);
    while (!pool_handle_ready(handles[0]))
        usleep(100);
    CHECK_EQ(values[0] + results[0], 2);
    while (pool_handle_successful(handles[1]) == -EAGAIN)
        usleep(100);
    CHECK_EQ(values[1] + results[1], 2);
    while (pool_handle_wait(handles[2], 1000) == -ETIMEDOUT)
        continue;
    CHECK_EQ(values[2] + results[2], 2);
    CHECK_EQ(pool_first_completed(&handles[3], 1, POOL_FOREVER, &index), 0);
    CHECK_EQ(values[3] + results[3], 2);
    CHECK_EQ(pool_first_failed(&handles[4], 1, POOL_FOREVER, &index), 0);
    CHECK_EQ(values[4] + results[4], 2);
    CHECK_EQ(pool_as_completed(&handles[5], 1, &completions), 0);
    CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), 0);
    CHECK_EQ(values[5] + results[5], 2);
    pool_completions_release(completions);
    for (int i = 0; i < 6; i++)
        pool_handle_release(handles[i]);
    memset(values, 0, sizeof values);
    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    CHECK_EQ(values[0] + values[5], 2);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, &result, NULL), 0);
    CHECK_EQ(result + fed[0], 2);
    pool_iterator_release(iterator); /* waits for what runs, and drops the rest */
    CHECK(fed[1] == 0 || fed[1] == 1);
    CHECK_EQ(pool_submit(pool, set, &submitted), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(submitted, 1);
    submitted = 0;
    CHECK_EQ(pool_submit(pool, set, &submitted), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_timed_join(pool, INT64_MAX), 0);
    CHECK_EQ(submitted, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}


/*
 * Errors and details
 */

static struct pool_error used(void)
{
    return (struct pool_error){77, 77, "of another"};
}

static void check_unused(const struct pool_error *error)
{
    CHECK_EQ(error->code, 0);
    CHECK_EQ(error->index, 0);
    CHECK_EQ(error->message[0], '\0');
}

static int get_outer(void *outer, void *result)
{
    struct pool_error error = used();

    (void)result;
    CHECK_EQ(pool_handle_get(*(struct pool_handle **)outer, POOL_FOREVER, &error), -EDEADLK);
    check_unused(&error);
    return 0;
}

struct outer {
    struct pool *pool;
    struct pool_handle *handle;
    struct gate gate;
};

/* Waits for a task that waits for this one: on the only worker, so both are on one thread. */
static int wait_for_inner(void *arg, void *result)
{
    struct outer *outer = arg;
    struct pool_completions *completions;
    size_t index;

    (void)result;
    gate_pass(&outer->gate);
    CHECK_EQ(pool_apply(outer->pool, get_outer, &outer->handle, NULL, NULL), 0);
    CHECK_EQ(pool_first_failed(&outer->handle, 1, 0, &index), -EDEADLK);
    CHECK_EQ(pool_as_completed(&outer->handle, 1, &completions), 0);
    CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), -EDEADLK);
    pool_completions_release(completions);
    return -ETIMEDOUT; /* as the task's own it is told from a time-out */
}

static void test_details(void)
{
    struct outer outer = {.pool = gate_pool(one_strict)};
    struct pool_error error = used();
    struct pool_calls calls = {.fn = return_code, .n_calls = 3};
    int positive = 7;

    gate_init(&outer.gate);
    CHECK_EQ(pool_apply_async(outer.pool, wait_for_inner, &outer, NULL, NULL, &outer.handle), 0);
    gate_take(&outer.gate.reached);
    CHECK_EQ(pool_handle_get(outer.handle, 1, &error), -ETIMEDOUT);
    check_unused(&error);
    gate_free(&outer.gate);
    CHECK_EQ(pool_handle_get(outer.handle, POOL_FOREVER, &error), -ETIMEDOUT);
    CHECK_EQ(error.code, -ETIMEDOUT);
    pool_handle_release(outer.handle);
    error = used();
    CHECK_EQ(pool_map(outer.pool, &calls, &error), 0);
    check_unused(&error);
    error = used();
    CHECK_EQ(pool_apply(outer.pool, return_code, NULL, NULL, &error), 0);
    check_unused(&error);
    CHECK_EQ(pool_apply(outer.pool, return_code, &positive, NULL, &error), 7);
    CHECK_EQ(error.code, 7);
    calls.n_calls = SIZE_MAX; /* too many parts to count */
    calls.chunksize = 1;
    error = used();
    CHECK_EQ(pool_map(outer.pool, &calls, &error), -EOVERFLOW);
    check_unused(&error);
    CHECK_EQ(pool_destroy(outer.pool), 0);
}


/*
 * Callbacks
 */

struct told {
    pthread_barrier_t both;
    atomic_int n;
    struct pool *pool;
};

static void meet_other(void *context, void *result)
{
    struct told *told = context;

    CHECK(result == NULL);
    pthread_barrier_wait(&told->both);
    CHECK_EQ(pool_apply(told->pool, return_code, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_resize(told->pool, 3, 0), 0);
    CHECK_EQ(pool_submit(told->pool, count, &told->n), 0);
    told->n++;
}

/* Two callbacks at the same time, of handles that were given up before, through callbacks that were copied. */
static void test_callbacks(void)
{
    struct told told = {.pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true})};
    struct pool_callbacks callbacks = {.callback = meet_other, .context = &told};
    struct pool_handle *handle;
    struct gate gate;

    gate_init(&gate);
    pthread_barrier_init(&told.both, NULL, 2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pool_apply_async(told.pool, gate_call, &gate, NULL, &callbacks, &handle), 0);
        pool_handle_release(handle);
    }
    callbacks.callback = NULL; /* a success that nobody wants to hear of */
    CHECK_EQ(pool_apply_async(told.pool, return_code, NULL, NULL, &callbacks, NULL), 0);
    memset(&callbacks, 0xff, sizeof callbacks);
    gate_free(&gate);
    gate_free(&gate);
    CHECK_EQ(pool_wait(told.pool), 0);
    CHECK_EQ(told.n, 4);
    CHECK_EQ(pool_destroy(told.pool), 0);
    pthread_barrier_destroy(&told.both);
}


/*
 * Several handles
 */

static void finish(struct gate *gate, struct pool_handle *handle)
{
    gate_free(gate);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
}

/* A handle that is there twice comes twice; what is ready at the start comes by index; the array may go. */
static void test_completions(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 4, .strict = true});
    struct gate gates[4];
    struct pool_handle *handles[4], *given[6];
    struct pool_completions *completions;
    size_t seen[6];

    for (int i = 0; i < 4; i++) {
        gate_init(&gates[i]);
        CHECK_EQ(pool_apply_async(pool, gate_call, &gates[i], NULL, NULL, &handles[i]), 0);
    }
    for (int i = 0; i < 6; i++)
        given[i] = handles[i % 4];
    finish(&gates[3], handles[3]);
    finish(&gates[1], handles[1]);
    CHECK_EQ(pool_as_completed(given, 6, &completions), 0);
    memset(given, 0xff, sizeof given);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pool_completions_next(completions, 0, &seen[i]), 0);
    CHECK(seen[0] == 1 && seen[1] == 3 && seen[2] == 5);
    CHECK_EQ(pool_completions_next(completions, 1, &seen[3]), -ETIMEDOUT);
    finish(&gates[2], handles[2]);
    finish(&gates[0], handles[0]);
    for (int i = 3; i < 6; i++)
        CHECK_EQ(pool_completions_next(completions, 0, &seen[i]), 0);
    CHECK(seen[3] == 2 && seen[4] + seen[5] == 4 && (seen[4] == 0 || seen[4] == 4));
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &seen[0]), -ENOENT);
    pool_completions_release(completions);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pool_handle_get(handles[i], 0, NULL), 0); /* as they were */
        pool_handle_release(handles[i]);
    }
    CHECK_EQ(pool_as_completed(NULL, SIZE_MAX, &completions), -ENOMEM);
    CHECK_EQ(pool_as_completed(NULL, 0, &completions), 0);
    CHECK_EQ(pool_completions_next(completions, 0, &seen[0]), -ENOENT);
    pool_completions_release(completions);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* To be cancelled is to fail; a handle that is there twice is no more than one. */
static void test_cancelled_first(void)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, one_strict);
    struct pool_handle *handles[3];
    struct pool_error error;
    size_t index = 77;

    CHECK_EQ(pool_apply_async(pool, return_code, NULL, NULL, NULL, &handles[0]), 0);
    CHECK_EQ(pool_apply_async(pool, return_code, NULL, NULL, NULL, &handles[1]), 0);
    handles[2] = handles[1];
    CHECK_EQ(pool_first_failed(handles, 3, 1, &index), -ETIMEDOUT);
    CHECK_EQ(pool_handle_cancel(handles[1]), 0);
    CHECK_EQ(pool_first_failed(handles, 3, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, 1);
    error = used();
    CHECK_EQ(pool_handle_get(handles[1], 0, &error), -ECANCELED);
    CHECK(error.code == -ECANCELED && error.index == 0 && error.message[0] == '\0');
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_cancel_all(handles, 3), 0);
    CHECK_EQ(pool_handle_get(handles[0], 0, NULL), 0);
    CHECK_EQ(pool_first_completed(handles, 3, 0, &index), 0);
    CHECK_EQ(index, 0);
    pool_handle_release(handles[0]);
    pool_handle_release(handles[1]);
    CHECK_EQ(pool_destroy(pool), 0);
}


/*
 * Stopping
 */

struct stopping {
    struct pool *pool;
    struct gate gate;
    bool outer, inner, before;
};

static int note_stop(void *seen, void *result)
{
    (void)result;
    *(bool *)seen = pool_stop_requested();
    return 0;
}

/* That this task is to stop does not mean the one that it waits for. */
static int wait_though_stopped(void *arg, void *result)
{
    struct stopping *stopping = arg;

    (void)result;
    stopping->before = pool_stop_requested();
    gate_pass(&stopping->gate);
    CHECK_EQ(pool_apply(stopping->pool, note_stop, &stopping->inner, NULL, NULL), 0);
    stopping->outer = pool_stop_requested();
    return 0;
}

static void test_stop(void)
{
    struct stopping stopping = {.pool = gate_pool(one_strict), .inner = true};
    struct pool_handle *handle;

    CHECK(!pool_stop_requested());
    gate_init(&stopping.gate);
    CHECK_EQ(pool_apply_async(stopping.pool, wait_though_stopped, &stopping, NULL, NULL, &handle), 0);
    gate_take(&stopping.gate.reached);
    CHECK_EQ(pool_handle_cancel(handle), 0);
    gate_free(&stopping.gate);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    CHECK(!stopping.before && !stopping.inner && stopping.outer);
    CHECK_EQ(gate_counters(stopping.pool).tasks_nested, 1);
    pool_handle_release(handle);
    CHECK_EQ(pool_destroy(stopping.pool), 0);
}

int main(void)
{
    test_happens_before((struct pool_options){.n_workers = 2, .strict = true});
    test_happens_before((struct pool_options){.n_workers = 1});
    test_details();
    test_callbacks();
    test_completions();
    test_cancelled_first();
    test_stop();
    return check_failures() != 0;
}
