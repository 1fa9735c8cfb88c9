/* map, starmap and their asynchronous forms: order, chunks, errors. */
#include "gate.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { N = 1000 };

static int numbers[N], squares[N], codes[N];
static atomic_int n_calls;

static int square(void *arg, void *result)
{
    atomic_fetch_add(&n_calls, 1);
    *(int *)result = *(int *)arg * *(int *)arg;
    return 0;
}

static int fail_thirds(void *arg, void *result)
{
    int n = *(int *)arg;

    atomic_fetch_add(&n_calls, 1);
    if (n % 3 == 2)
        return pool_fail(-n, "%d is a third", n);
    *(int *)result = n;
    return 0;
}

static struct pool_calls calls_of(pool_call_fn *fn, size_t n, size_t chunksize)
{
    return (struct pool_calls){.fn = fn, .args = numbers, .arg_bytes = sizeof *numbers, .results = squares,
                               .result_bytes = sizeof *squares, .n_calls = n, .chunksize = chunksize};
}

static void test_order(struct pool *pool)
{
    static const size_t chunks[] = {0, 1, 2, 7, N - 1, N, N + 1, SIZE_MAX};

    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        struct pool_calls calls = calls_of(square, N, chunks[i]);

        memset(squares, 0, sizeof squares);
        n_calls = 0;
        CHECK_EQ(pool_map(pool, &calls, NULL), 0);
        CHECK_EQ(n_calls, N);
        for (int j = 0; j < N; j++)
            CHECK_EQ(squares[j], j * j);
    }
}

static void test_errors(struct pool *pool)
{
    struct pool_calls calls = calls_of(fail_thirds, 100, 4);
    struct pool_error error;

    calls.codes = codes;
    memset(squares, 0, sizeof squares);
    n_calls = 0;
    CHECK_EQ(pool_map(pool, &calls, &error), -2);
    CHECK_EQ(error.code, -2);
    CHECK_EQ(error.index, 2);
    CHECK(strcmp(error.message, "2 is a third") == 0);
    CHECK_EQ(n_calls, 100); /* those after a failed one too, in the same chunk too */
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(codes[i], i % 3 == 2 ? -i : 0);
        CHECK_EQ(squares[i], i % 3 == 2 ? 0 : i);
    }
}

static void keep_results(void *context, void *results)
{
    *(void **)context = results;
}

static void test_edges(struct pool *pool)
{
    struct pool_calls calls = calls_of(square, 0, 0);
    struct pool_handle *handle;
    void *results = NULL;
    struct pool_callbacks callbacks = {keep_results, NULL, &results};
    int one = 6, result = 0;

    n_calls = 0;
    CHECK_EQ(pool_map_async(pool, &calls, &callbacks, &handle), 0);
    CHECK(pool_handle_ready(handle));
    CHECK(results == squares);
    CHECK_EQ(pool_handle_get(handle, 0, NULL), 0);
    CHECK_EQ(n_calls, 0);
    pool_handle_release(handle);

    calls = (struct pool_calls){.fn = square, .args = &one, .results = &result, .n_calls = 1};
    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    CHECK_EQ(result, 36);
    pool_handle_release(handle);
}

static int count_null(void *arg, void *result)
{
    CHECK(result == NULL);
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* One argument for all, and no results. */
static void test_shared_argument(struct pool *pool)
{
    atomic_int n = 0;
    struct pool_calls calls = {.fn = count_null, .args = &n, .n_calls = N};

    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    CHECK_EQ(n, N);
}

/* Chunks of 0: as many calls as Python would give to a worker at once. Each call but a chunk's first finds the one
 * before it made on its own thread. */

static _Thread_local int n_on_thread;

static int note_turn(void *arg, void *result)
{
    (void)arg;
    *(int *)result = n_on_thread++;
    return 0;
}

static void test_default_chunk(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 3, .strict = true});
    struct pool_calls calls = calls_of(note_turn, 100, 0); /* 100 / (4 * 3), rounded up: 9 */

    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    for (int i = 0; i < 100; i++)
        if (i % 9 != 0)
            CHECK_EQ(squares[i], squares[i - 1] + 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int sum(void *const *args, void *result)
{
    int total = 0;

    for (int i = 0; i < POOL_ARGS_MAX; i++)
        total += *(int *)args[i];
    *(int *)result = total;
    return 0;
}

static int add(void *const *args, void *result)
{
    *(int *)result = *(int *)args[0] + *(int *)args[1];
    return *(int *)args[0] == 50 ? pool_fail(-9, "fifty") : 0;
}

static void test_starmap(struct pool *pool)
{
    int hundred = 100;
    struct pool_arg args[POOL_ARGS_MAX] = {{numbers, sizeof *numbers}, {&hundred, 0}};
    struct pool_starcalls calls = {.fn = add, .args = args, .n_args = 2, .results = squares,
                                   .result_bytes = sizeof *squares, .n_calls = 50};
    struct pool_error error;
    struct pool_handle *handle;

    CHECK_EQ(pool_starmap(pool, &calls, &error), 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(squares[i], i + 100);
    calls.n_calls = 60;
    CHECK_EQ(pool_starmap_async(pool, &calls, NULL, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, &error), -9);
    CHECK_EQ(error.index, 50);
    CHECK(strcmp(error.message, "fifty") == 0);
    pool_handle_release(handle);

    for (int i = 0; i < POOL_ARGS_MAX; i++)
        args[i] = (struct pool_arg){numbers, sizeof *numbers};
    calls = (struct pool_starcalls){.fn = sum, .args = args, .n_args = POOL_ARGS_MAX, .results = squares,
                                    .result_bytes = sizeof *squares, .n_calls = N};
    CHECK_EQ(pool_starmap(pool, &calls, NULL), 0);
    for (int i = 0; i < N; i++)
        CHECK_EQ(squares[i], POOL_ARGS_MAX * i);
    calls.n_args = POOL_ARGS_MAX + 1;
    CHECK_EQ(pool_starmap(pool, &calls, &error), -EINVAL);
    CHECK_EQ(error.code, 0);
    calls.n_args = 0;
    CHECK_EQ(pool_starmap_async(pool, &calls, NULL, &handle), -EINVAL);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        numbers[i] = i;
    for (int strict = 0; strict < 2; strict++) {
        for (size_t n_workers = 1; n_workers <= 3; n_workers++) {
            struct pool *pool = gate_pool((struct pool_options){.n_workers = n_workers, .strict = strict});

            test_order(pool);
            test_errors(pool);
            test_edges(pool);
            test_shared_argument(pool);
            test_starmap(pool);
            CHECK_EQ(pool_destroy(pool), 0);
        }
    }
    test_default_chunk();
    return check_failures() != 0;
}
