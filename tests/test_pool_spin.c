/* Who looks for what it waits for before it sleeps, and for how long: see spin_ns in pool.h. A pool's threads sleep in
 * futex calls alone. */
#include "check.h"
#include "pool.h"
#include "syscall.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static const int64_t LONG_NS = 60ll * 1000 * 1000 * 1000;

static atomic_int n_sleeps;
static _Thread_local int n_own_sleeps;

static void before_futex(int operation)
{
    n_sleeps += operation == FUTEX_WAIT_BITSET;
    n_own_sleeps += operation == FUTEX_WAIT_BITSET;
}

static int pause_for(void *us, void *result)
{
    (void)result;
    usleep(*(useconds_t *)us);
    return 0;
}

static struct pool *make_several(size_t n_workers, int64_t spin_ns)
{
    const struct pool_options options = {.n_workers = n_workers, .start_all = true, .strict = true,
                                         .spin_ns = spin_ns};
    struct pool *pool = NULL;

    CHECK_EQ(pool_create(&pool, &options), 0);
    return pool;
}

static struct pool *make(int64_t spin_ns)
{
    return make_several(1, spin_ns);
}

/* Whether this thread has slept until a task ended that takes a while. */
static bool sleeps(struct pool *pool, int64_t timeout_ns)
{
    useconds_t us = 20 * 1000;
    struct pool_handle *handle;
    int n_before = n_own_sleeps;

    CHECK_EQ(pool_apply_async(pool, pause_for, &us, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, timeout_ns), 0);
    pool_handle_release(handle);
    return n_own_sleeps > n_before;
}

static void pause_here(void *us)
{
    pause_for(us, NULL);
}

/* The same for all tasks of a pool. */
static bool sleeps_for_all(struct pool *pool)
{
    useconds_t us = 20 * 1000;
    int n_before = n_own_sleeps;

    CHECK_EQ(pool_submit(pool, pause_here, &us), 0);
    CHECK_EQ(pool_wait(pool), 0);
    return n_own_sleeps > n_before;
}

static int next(void *us, void **arg)
{
    static int n;

    *arg = us;
    return n++ % 2 == 0;
}

/* The same for the only element of an iterator. */
static bool sleeps_for_next(struct pool *pool)
{
    useconds_t us = 20 * 1000;
    struct pool_feed feed = {.fn = pause_for, .next = next, .source = &us};
    struct pool_iterator *iterator;
    int n_before;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    n_before = n_own_sleeps;
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
    n_before = n_own_sleeps - n_before;
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), -ENODATA);
    pool_iterator_release(iterator);
    return n_before > 0;
}

static void test_long(void)
{
    int n_before = n_sleeps;
    struct pool *pool = make(LONG_NS);

    CHECK(!sleeps(pool, POOL_FOREVER));
    CHECK(!sleeps(pool, LONG_NS));
    CHECK(!sleeps_for_all(pool));
    CHECK(!sleeps_for_next(pool));
    usleep(20 * 1000);
    CHECK_EQ(n_sleeps, n_before); /* nor has the worker, which looks out still */
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_int n_spawned_runs;

static void run(void *arg)
{
    (void)arg;
    n_spawned_runs++;
}

/* Ends when the other worker, which looks out after its first task, has run what this one submits. */
static void spawn_and_wait(void *pool)
{
    while (n_spawned_runs == 0)
        sched_yield();
    usleep(10 * 1000);
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    while (n_spawned_runs == 1)
        sched_yield();
}

/* One worker at a time looks out, and it sees what another one's task submits. */
static void test_one_looks_out(void)
{
    int n_before = n_sleeps;
    struct pool *pool = make_several(2, LONG_NS);

    while (n_sleeps == n_before)
        usleep(100);
    CHECK_EQ(pool_submit(pool, spawn_and_wait, pool), 0);
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Who has nothing to wait for but tasks sleeps until there is one. */
static void test_long_sleep(void)
{
    int n_before = n_sleeps;
    struct pool *pool = make(POOL_NO_SPIN);

    while (n_sleeps == n_before)
        usleep(100);
    n_before = n_sleeps;
    usleep(1100 * 1000); /* more than the second after which surplus workers leave */
    CHECK_EQ(n_sleeps, n_before);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* No longer than the time-out. */
static void test_timeout(void)
{
    struct pool *pool = make(LONG_NS);
    useconds_t us = 50 * 1000;
    struct pool_handle *handle;

    CHECK_EQ(pool_apply_async(pool, pause_for, &us, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, 1000 * 1000), -ETIMEDOUT);
    CHECK_EQ(pool_handle_wait(handle, 0), -ETIMEDOUT);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* The worker sleeps soon, and so does who waits. */
static void check_sleeps(int64_t spin_ns)
{
    int n_before = n_sleeps;
    struct pool *pool = make(spin_ns);

    while (n_sleeps == n_before)
        usleep(100);
    CHECK(sleeps(pool, POOL_FOREVER));
    CHECK(sleeps_for_all(pool));
    CHECK(sleeps_for_next(pool));
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_one_cpu(void)
{
    cpu_set_t all, one;

    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    check_sleeps(LONG_NS);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

struct meeting {
    atomic_size_t n_come;
    size_t n_expected;
};

/* Ends when all have begun. */
static int meet(void *meeting_pointer, void *result)
{
    struct meeting *meeting = *(struct meeting **)meeting_pointer;

    (void)result;
    meeting->n_come++;
    while (meeting->n_come < meeting->n_expected)
        sched_yield();
    return 0;
}

enum { N_MET_MAX = 8 };

static void check_meeting(struct pool *pool, size_t n_calls)
{
    struct meeting meeting = {.n_expected = n_calls}, *args[N_MET_MAX];
    struct pool_calls calls = {.fn = meet, .args = args, .arg_bytes = sizeof args[0], .n_calls = n_calls,
                               .chunksize = 1};

    for (size_t i = 0; i < n_calls; i++)
        args[i] = &meeting;
    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
}

/* Who waits for a map first looks for its end, and one worker is called for it: all others that it needs come too,
 * those that sleep, those that have not been started, and those that an elastic pool makes. */
static void test_watched(bool strict, int64_t spin_ns)
{
    const struct pool_options kinds[] = {
        {.n_workers = 2, .start_all = true}, {.n_workers = N_MET_MAX, .start_all = true},
        {.n_workers = N_MET_MAX}, {.n_workers = 1, .max_workers = N_MET_MAX},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pool_options options = kinds[i];
        size_t n_most = options.max_workers > 0 ? options.max_workers : options.n_workers;
        struct pool *pool = NULL;

        options.strict = strict;
        options.spin_ns = spin_ns;
        CHECK_EQ(pool_create(&pool, &options), 0);
        for (size_t n = n_most; n >= 2; n--)
            check_meeting(pool, n);
        for (int turn = 0; turn < 20; turn++)
            check_meeting(pool, 2);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

int main(void)
{
    struct pool_cpu_limits limits = {0};

    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    if (limits.n_affinity > 1) {
        test_long();
        test_one_looks_out();
        test_timeout();
        test_watched(true, LONG_NS);
        test_watched(false, LONG_NS);
    }
    test_watched(true, 0);
    test_watched(false, 0);
    test_watched(true, POOL_NO_SPIN);
    test_long_sleep();
    check_sleeps(POOL_NO_SPIN);
    check_sleeps(INT64_MIN);
    check_sleeps(0); /* 50 microseconds */
    test_one_cpu();
    return check_failures() != 0;
}
