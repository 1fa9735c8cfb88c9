/* Tasks that hand over tasks and wait for them, even with one worker; strict and helping pools. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

static struct pool *the_pool;

static int fib(void *arg, void *result)
{
    int n = *(int *)arg, less[2] = {n - 1, n - 2}, parts[2] = {0, 0};
    struct pool_handle *handle;

    if (n < 2) {
        *(int *)result = n;
        return 0;
    }
    CHECK_EQ(pool_apply_async(the_pool, fib, &less[0], &parts[0], NULL, &handle), 0);
    CHECK_EQ(pool_apply(the_pool, fib, &less[1], &parts[1], NULL), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    pool_handle_release(handle);
    *(int *)result = parts[0] + parts[1];
    return 0;
}

/* A map in a map in a map. */
static int sum_below(void *arg, void *result)
{
    int depth = *(int *)arg, depths[3] = {depth - 1, depth - 1, depth - 1}, sums[3] = {0};
    const struct pool_calls calls = {.fn = sum_below, .args = depths, .arg_bytes = sizeof *depths, .results = sums,
                                     .result_bytes = sizeof *sums, .n_calls = 3, .chunksize = 1};

    *(int *)result = 1;
    if (depth == 0)
        return 0;
    CHECK_EQ(pool_map(the_pool, &calls, NULL), 0);
    *(int *)result += sums[0] + sums[1] + sums[2];
    return 0;
}

struct countdown {
    int left, values[20];
};

static int next_value(void *source, void **arg)
{
    struct countdown *countdown = source;

    if (countdown->left == 0)
        return 0;
    countdown->left--;
    countdown->values[countdown->left] = countdown->left;
    *arg = &countdown->values[countdown->left];
    return 1;
}

static int twice(void *arg, void *result)
{
    *(int *)result = 2 * *(int *)arg;
    return 0;
}

static int iterate_inside(void *arg, void *result)
{
    struct countdown countdown = {.left = 20};
    const struct pool_feed feed = {.fn = twice, .next = next_value, .source = &countdown,
                                   .result_bytes = sizeof(int), .look_ahead = 3};
    struct pool_iterator *iterator;
    int value, *sum = result;

    (void)arg;
    *sum = 0;
    CHECK_EQ(pool_imap_unordered(the_pool, &feed, &iterator), 0);
    while (pool_iterator_next(iterator, POOL_FOREVER, NULL, &value, NULL) == 0)
        *sum += value;
    pool_iterator_release(iterator);
    return 0;
}

static void test_nested(struct pool_options options)
{
    int n = 15, depth = 5, result = 0;

    the_pool = gate_pool(options);
    CHECK_EQ(pool_apply(the_pool, fib, &n, &result, NULL), 0);
    CHECK_EQ(result, 610);
    CHECK_EQ(pool_apply(the_pool, sum_below, &depth, &result, NULL), 0);
    CHECK_EQ(result, 364);
    CHECK_EQ(pool_apply(the_pool, iterate_inside, NULL, &result, NULL), 0);
    CHECK_EQ(result, 380);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* Two pools whose tasks submit to each other. */
struct both {
    struct pool *pools[2];
    int depth;
    atomic_int n;
};

static void ping(void *arg)
{
    struct both *both = arg;
    int n = atomic_fetch_add(&both->n, 1);

    if (n < both->depth)
        CHECK_EQ(pool_submit(both->pools[n % 2], ping, both), 0);
}

static int tell_thread(void *arg, void *result)
{
    (void)arg;
    *(pthread_t *)result = pthread_self();
    return 0;
}

static int ask_other(void *other, void *result)
{
    pthread_t thread;

    (void)result;
    CHECK_EQ(pool_apply(other, tell_thread, NULL, &thread, NULL), 0);
    CHECK(!pthread_equal(thread, pthread_self()));
    return 0;
}

/* A worker of one pool is an outside thread to another one, which is strict. */
static void test_other_pool(void)
{
    struct pool *asking = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool *asked = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    CHECK_EQ(pool_apply(asking, ask_other, asked, NULL, NULL), 0);
    CHECK_EQ(pool_destroy(asking), 0);
    CHECK_EQ(pool_destroy(asked), 0);
}

static void test_several_pools(void)
{
    struct both both = {.depth = 1001};

    for (int i = 0; i < 2; i++)
        both.pools[i] = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    CHECK_EQ(pool_submit(both.pools[1], ping, &both), 0);
    while (atomic_load(&both.n) <= both.depth) {
        CHECK_EQ(pool_wait(both.pools[0]), 0);
        CHECK_EQ(pool_wait(both.pools[1]), 0);
    }
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_destroy(both.pools[i]), 0);
}

static pthread_t outside;
static atomic_int n_outside, n_elsewhere;

static int note_thread(void *arg, void *result)
{
    (void)arg;
    (void)result;
    if (pthread_equal(pthread_self(), outside))
        n_outside++;
    else
        n_elsewhere++;
    return 0;
}

static void note_submitted(void *arg)
{
    note_thread(arg, NULL);
}

static int next_few(void *source, void **arg)
{
    *arg = NULL;
    return (*(int *)source)-- > 0;
}

/* All that can wait, from outside: apply, map, an iterator, a handle, the pool. */
static void wait_in_all_ways(struct pool *pool)
{
    const struct pool_calls calls = {.fn = note_thread, .n_calls = 10, .chunksize = 3};
    int n_left = 10;
    const struct pool_feed feed = {.fn = note_thread, .next = next_few, .source = &n_left};
    struct pool_iterator *iterator;
    struct pool_handle *handle;

    CHECK_EQ(pool_apply(pool, note_thread, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    CHECK_EQ(pool_apply_async(pool, note_thread, NULL, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    while (pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL) == 0)
        continue;
    pool_iterator_release(iterator);
}

static void test_strict(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    struct pool_counters counters;

    n_outside = n_elsewhere = 0;
    for (int i = 0; i < 100; i++) {
        wait_in_all_ways(pool);
        CHECK_EQ(pool_submit_many(pool, note_submitted, NULL, 0, 5, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
    }
    CHECK_EQ(n_outside, 0);
    CHECK_EQ(n_elsewhere, 100 * 27);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.tasks_helped, 0);
    CHECK_EQ(counters.tasks_nested, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* The only worker is held: the caller has to run everything, but not in a wait with a time-out. */
static void test_helping(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    struct gate gate;
    struct pool_counters counters;
    struct pool_handle *handle;

    n_outside = n_elsewhere = 0;
    gate_hold(&gate, pool);
    wait_in_all_ways(pool);
    CHECK_EQ(n_outside, 22);
    CHECK_EQ(pool_apply_async(pool, note_thread, NULL, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, 1000000), -ETIMEDOUT);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.tasks_helped, 22);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
    CHECK_EQ(n_outside, 23);
    CHECK_EQ(pool_submit_many(pool, note_submitted, NULL, 0, 5, NULL), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_outside + n_elsewhere, 28);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.tasks_helped, n_outside);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* While a worker is held at the front, what a helper does must not pile up in the queue behind. */
static void test_stale_tickets(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    struct gate gates[2];
    struct pool_handle *handles[2];

    outside = pthread_self();
    gate_hold(&gates[0], pool);
    CHECK_EQ(pool_submit(pool, note_submitted, NULL), 0);
    CHECK_EQ(pool_apply_async(pool, note_thread, NULL, NULL, NULL, &handles[0]), 0);
    for (int i = 0; i < 20000; i++) {
        CHECK_EQ(pool_apply_async(pool, note_thread, NULL, NULL, NULL, &handles[1]), 0);
        CHECK_EQ(pool_handle_wait(handles[0], POOL_FOREVER), 0);
        pool_handle_release(handles[0]);
        handles[0] = handles[1];
    }
    CHECK_EQ(pool_handle_wait(handles[0], POOL_FOREVER), 0);
    pool_handle_release(handles[0]);
    gate_free(&gates[0]);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    outside = pthread_self();
    for (int strict = 0; strict < 2; strict++)
        for (size_t n_workers = 1; n_workers <= 4; n_workers += 3)
            test_nested((struct pool_options){.n_workers = n_workers, .strict = strict});
    test_several_pools();
    test_other_pool();
    test_strict();
    test_helping();
    test_stale_tickets();
    return check_failures() != 0;
}
