/* Growing and shrinking while tasks run; the elastic pool. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "refuse_threads.h"

static size_t n_alive(struct pool *pool)
{
    struct pool_counters counters;

    pool_get_counters(pool, &counters);
    return counters.threads_alive;
}

static void await_alive(struct pool *pool, size_t n)
{
    while (n_alive(pool) != n)
        usleep(500);
}

/* n tasks run at the same time, on workers of different indices below n. */
static void check_width(struct pool *pool, size_t n)
{
    struct gate gate;

    gate_init(&gate);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (size_t i = 0; i < n; i++)
        gate_take(&gate.reached);
    for (size_t i = 0; i < n; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
}

static void test_sizes(void)
{
    static const size_t sizes[] = {1, 5, 2, 9, 1, 3};
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_EQ(pool_resize(pool, sizes[i], 0), 0);
        CHECK_EQ(pool_n_workers(pool), sizes[i]);
        check_width(pool, sizes[i]);
        await_alive(pool, sizes[i]);
    }
    CHECK_EQ(pool_resize(pool, 0, 0), -EINVAL);
    CHECK_EQ(pool_resize(pool, 3, 2), -EINVAL);
    CHECK_EQ(pool_n_workers(pool), 3);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Shrunk while all workers are busy and tasks wait: every task runs, on what is left. */
static void test_shrink_busy(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 4, .strict = true});
    struct gate gate;

    gate_init(&gate);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (int i = 0; i < 4; i++)
        gate_take(&gate.reached);
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    CHECK_EQ(n_alive(pool), 4);
    for (int i = 0; i < 20; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    await_alive(pool, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* The second of three new threads is refused: nothing has changed. */
static void test_refused(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true, .start_all = true});
    struct pool_counters counters;

    refuse_threads(1, 1);
    CHECK_EQ(pool_resize(pool, 5, 0), -EAGAIN);
    refuse_threads(0, 0);
    CHECK_EQ(pool_n_workers(pool), 2);
    await_alive(pool, 2);
    check_width(pool, 2);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.threads_refused, 1);
    CHECK_EQ(pool_resize(pool, 5, 0), 0);
    check_width(pool, 5);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

static struct pool *indexed;
static atomic_int used[8];

static void note_index(void *gate)
{
    size_t index = pool_worker_index(indexed);

    CHECK(index < 8);
    if (index < 8)
        CHECK_EQ(atomic_fetch_add(&used[index], 1), 0);
    gate_pass(gate);
}

/* Indices are dense, and those of workers that have left are used again. */
static void test_indices(void)
{
    struct gate gate;

    indexed = gate_pool((struct pool_options){.n_workers = 8, .strict = true, .start_all = true});
    CHECK(pool_worker_index(indexed) == SIZE_MAX);
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(pool_resize(indexed, 2, 0), 0);
        await_alive(indexed, 2);
        CHECK_EQ(pool_resize(indexed, 8, 0), 0);
        memset(used, 0, sizeof used);
        gate_init(&gate);
        for (int i = 0; i < 8; i++)
            CHECK_EQ(pool_submit(indexed, note_index, &gate), 0);
        for (int i = 0; i < 8; i++)
            gate_take(&gate.reached);
        for (int i = 0; i < 8; i++)
            gate_free(&gate);
        CHECK_EQ(pool_wait(indexed), 0);
    }
    CHECK_EQ(pool_destroy(indexed), 0);
}

/* Tasks that wait for each other end although there is one worker to begin with; never more than 6 run. */
static void test_elastic(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 6, .strict = true});
    struct pool_counters counters;
    struct gate gate;

    check_width(pool, 6);
    gate_init(&gate);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (int i = 0; i < 6; i++)
        gate_take(&gate.reached);
    usleep(20000);
    CHECK(sem_trywait(&gate.reached) != 0);
    for (int i = 0; i < 20; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.threads_peak, 7); /* and the scout */
    CHECK_EQ(pool_n_workers(pool), 1);
    await_alive(pool, 2); /* in excess and idle, they have left */
    check_width(pool, 6);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* An elastic pool with all its threads refused but the first does what it can. */
static void test_elastic_refused(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 3, .strict = true});
    struct pool_counters counters;
    struct gate gate;

    refuse_threads(0, 3);
    check_width(pool, 3); /* it tries again, and the fourth time is not refused */
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.threads_refused, 3);
    gate_hold(&gate, pool);
    CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    gate_free(&gate);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

/* A pool becomes elastic, and is no longer. */
static void test_become_elastic(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    CHECK_EQ(pool_resize(pool, 1, 4), 0);
    check_width(pool, 4);
    CHECK_EQ(pool_resize(pool, 2, 0), 0);
    await_alive(pool, 3);
    check_width(pool, 2);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* No initializer but the first one's succeeds. */
static int fail_later(void *context, size_t index)
{
    (void)context;
    return index == 0 ? 0 : -EMFILE;
}

/* An elastic pool whose new workers cannot be prepared tries again, but ever less often. */
static void test_elastic_unprepared(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 3, .initializer = fail_later});
    struct pool_counters counters = {0};
    struct timespec start, now;
    struct gate gate;

    clock_gettime(CLOCK_MONOTONIC, &start);
    gate_hold(&gate, pool);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    usleep(200 * 1000);
    pool_get_counters(pool, &counters);
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* Intervals of 10 ms, and shorter ones at first, of each of which come two. */
    CHECK(counters.threads_refused <= 2 * (8 + (uint64_t)(now.tv_sec - start.tv_sec + 1) * 100));
    while (counters.threads_refused < 5)
        pool_get_counters(pool, &counters);
    for (int i = 0; i < 6; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int feed_nothing(void *source, void **arg)
{
    *arg = NULL;
    return ++*(int *)source <= 3;
}

static int do_nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* A task of an iterator whose place in the queue is taken over from one that its waiter has run is a reason to grow as
 * well. */
static void test_elastic_iterator(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 4});
    int n_fed = 0;
    struct pool_feed feed = {.fn = do_nothing, .next = feed_nothing, .source = &n_fed, .look_ahead = 1};
    struct pool_iterator *iterator;
    struct gate gate;

    gate_hold(&gate, pool);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_iterator_next(iterator, INT64_MAX, NULL, NULL, NULL), 0); /* with a time-out nobody helps */
    pool_iterator_release(iterator);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_elastic_unprepared();
    test_elastic_iterator();
    test_sizes();
    test_shrink_busy();
    test_refused();
    test_indices();
    test_elastic();
    test_elastic_refused();
    test_become_elastic();
    return check_failures() != 0;
}
