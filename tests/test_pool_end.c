/* close, terminate, join, destroy, scopes, and every call on a pool that is closed. */
#include "gate.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static int do_nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int do_star(void *const *args, void *result)
{
    (void)args;
    (void)result;
    return 0;
}

static int next_none(void *source, void **arg)
{
    (void)source;
    *arg = NULL;
    return 0;
}

static void test_use_after_close(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct pool_arg star_arg = {NULL, 0};
    const struct pool_calls calls = {.fn = do_nothing, .n_calls = 1};
    const struct pool_starcalls star = {.fn = do_star, .args = &star_arg, .n_args = 1, .n_calls = 1};
    const struct pool_feed feed = {.fn = do_nothing, .next = next_none};
    struct pool_handle *const no_handle = NULL;
    struct pool_handle *handle = NULL;
    struct pool_iterator *iterator;
    struct pool_error error;

    CHECK_EQ(pool_join(pool), -EINVAL);
    CHECK_EQ(pool_timed_join(pool, 0), -EINVAL);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_submit(pool, count, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_try_submit(pool, count, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 5), -ESHUTDOWN);
    CHECK_EQ(pool_submit_or_run(pool, count, NULL), -EPERM);
    CHECK_EQ(pool_submit_many(pool, count, NULL, 0, 2, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_apply(pool, do_nothing, NULL, NULL, &error), -ESHUTDOWN);
    CHECK_EQ(error.code, 0);
    CHECK_EQ(pool_apply_async(pool, do_nothing, NULL, NULL, NULL, &handle), -ESHUTDOWN);
    CHECK_EQ(pool_map(pool, &calls, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handle), -ESHUTDOWN);
    CHECK_EQ(pool_starmap(pool, &star, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_starmap_async(pool, &star, NULL, &handle), -ESHUTDOWN);
    CHECK(handle == no_handle);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), -ESHUTDOWN);
    CHECK_EQ(pool_imap_unordered(pool, &feed, &iterator), -ESHUTDOWN);
    CHECK_EQ(pool_resize(pool, 2, 0), -ESHUTDOWN);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(pool_destroy(NULL), 0);
}

/* What was accepted before the close is run. */
static void test_close(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate gate;
    atomic_int n = 0;

    gate_hold(&gate, pool);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(pool_submit(pool, count, &n), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_timed_join(pool, 2000000), -ETIMEDOUT);
    CHECK_EQ(n, 0);
    gate_free(&gate);
    CHECK_EQ(pool_timed_join(pool, POOL_FOREVER), 0);
    CHECK_EQ(n, 50);
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_int n_dropped;

static void note_dropped(pool_fn *fn, void *arg)
{
    CHECK(fn == count);
    CHECK_EQ((uintptr_t)arg, 1000 + n_dropped);
    n_dropped++;
}

static void until_stopped(void *gate)
{
    sem_post(&((struct gate *)gate)->reached);
    while (!pool_stop_requested())
        sched_yield();
}

static void count_error(void *context, const struct pool_error *error)
{
    CHECK_EQ(error->code, -ECANCELED);
    ++*(int *)context;
}

/* Queued tasks of all kinds are dropped and say so; the one that runs is asked to stop. */
static void test_terminate(void)
{
    struct pool_options options = one_strict;
    struct pool *pool;
    struct gate gate;
    int n_errors = 0, codes[3] = {1, 1, 1};
    struct pool_callbacks callbacks = {NULL, count_error, &n_errors};
    struct pool_calls calls = {.fn = do_nothing, .codes = codes, .n_calls = 3};
    struct pool_handle *one, *map;
    struct pool_counters counters;

    options.dropped = note_dropped;
    pool = gate_pool(options);
    gate_init(&gate);
    CHECK_EQ(pool_submit(pool, until_stopped, &gate), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_submit_many(pool, count, (void *)1000, 1, 5, NULL), 0);
    CHECK_EQ(pool_apply_async(pool, do_nothing, NULL, NULL, &callbacks, &one), 0);
    CHECK_EQ(pool_map_async(pool, &calls, &callbacks, &map), 0);
    CHECK_EQ(pool_submit(pool, count, (void *)1005), 0);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(n_dropped, 6);
    CHECK_EQ(n_errors, 2);
    CHECK_EQ(pool_handle_get(one, 0, NULL), -ECANCELED);
    CHECK_EQ(pool_handle_get(map, 0, NULL), -ECANCELED);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(codes[i], -ECANCELED);
    CHECK_EQ(pool_submit(pool, count, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_join(pool), 0);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.tasks_dropped, 6);
    CHECK_EQ(counters.n_queued, 0);
    CHECK_EQ(counters.threads_alive, 0);
    pool_handle_release(one);
    CHECK_EQ(pool_destroy(pool), 0);
    pool_handle_release(map);
}

/* A task that does not end keeps terminate from nothing and join from all. */
static void test_endless(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct gate gate;

    gate_hold(&gate, pool);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(pool_timed_join(pool, 0), -ETIMEDOUT);
    CHECK_EQ(pool_timed_join(pool, 3000000), -ETIMEDOUT);
    gate_free(&gate);
    CHECK_EQ(pool_timed_join(pool, 100 * 1000000000ll), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_scopes(void)
{
    atomic_int n = 0;
    struct gate gate;

    {
        POOL_CLOSED_BY_SCOPE struct pool *pool = gate_pool(one_strict);

        gate_hold(&gate, pool);
        for (int i = 0; i < 5; i++)
            CHECK_EQ(pool_submit(pool, count, &n), 0);
        gate_free(&gate);
    }
    CHECK_EQ(n, 5);
    {
        POOL_TERMINATED_BY_SCOPE struct pool *pool = gate_pool(one_strict);

        gate_init(&gate);
        CHECK_EQ(pool_submit(pool, until_stopped, &gate), 0);
        gate_take(&gate.reached);
        for (int i = 0; i < 5; i++)
            CHECK_EQ(pool_submit(pool, count, &n), 0);
    }
    CHECK_EQ(n, 5);
    {
        POOL_CLOSED_BY_SCOPE struct pool *none = NULL;
        POOL_TERMINATED_BY_SCOPE struct pool *nor_this = NULL;

        (void)none;
        (void)nor_this;
    }
}

int main(void)
{
    test_use_after_close();
    test_close();
    test_terminate();
    test_endless();
    test_scopes();
    return check_failures() != 0;
}
