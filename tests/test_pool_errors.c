/* Each error that pool.h names, from wrong options, from a closed pool and from a worker. */
#include "check.h"
#include "pool.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

static struct pool *new_pool(size_t n_workers)
{
    struct pool_options options = {.n_workers = n_workers};
    struct pool *pool = NULL;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        exit(1);
    return pool;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void check_refused(struct pool_options options, int error)
{
    struct pool *const unset = (struct pool *)(uintptr_t)&options;
    struct pool *pool = unset;

    CHECK_EQ(pool_create(&pool, &options), error);
    CHECK(pool == unset);
}

static void test_options(void)
{
    unsigned char no_cpu[sizeof(cpu_set_t)] = {0};
    cpu_set_t mine;

    sched_getaffinity(0, sizeof mine, &mine);
    CHECK_EQ(pool_create(NULL, NULL), -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .stack_bytes = 1}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .stack_bytes = SIZE_MAX}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .cpusets = &mine}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .cpusets = &mine, .n_cpusets = 1}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .n_cpusets = 1}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .cpusets = &mine, .cpuset_bytes = sizeof mine,
                                        .n_cpusets = SIZE_MAX / sizeof mine + 1}, -EINVAL);
    check_refused((struct pool_options){.n_workers = 3, .cpusets = no_cpu, .cpuset_bytes = sizeof no_cpu,
                                        .n_cpusets = 1}, -EINVAL);
    check_refused((struct pool_options){.n_workers = SIZE_MAX}, -ENOMEM);
}

/* Only the second of two masks is bad: a worker has started by then, and must be gone again. */
static void test_second_mask(void)
{
    cpu_set_t masks[2];

    sched_getaffinity(0, sizeof masks[0], &masks[0]);
    CPU_ZERO(&masks[1]);
    check_refused((struct pool_options){.n_workers = 4, .cpusets = masks, .cpuset_bytes = sizeof masks[0],
                                        .n_cpusets = 2}, -EINVAL);
}

static void test_closed(void)
{
    struct pool *pool = new_pool(2);
    size_t n_accepted = 77;

    CHECK_EQ(pool_join(pool), -EINVAL);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_submit(pool, nothing, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, 3, &n_accepted), -ESHUTDOWN);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, 3, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_submit(pool, nothing, NULL), -ESHUTDOWN);
    CHECK_EQ(pool_destroy(pool), 0);
}

struct pair {
    struct pool *own, *other;
};

static void call_from_worker(void *arg)
{
    struct pair *pair = arg;

    CHECK_EQ(pool_wait(pair->own), -EDEADLK);
    CHECK_EQ(pool_join(pair->own), -EDEADLK);
    CHECK_EQ(pool_destroy(pair->own), -EDEADLK);
    CHECK_EQ(pool_submit(pair->own, nothing, NULL), 0); /* refusing to be destroyed did not close it */
    CHECK_EQ(pool_wait(pair->other), 0);
    CHECK_EQ(pool_destroy(pair->other), 0);
    CHECK_EQ(pool_close(pair->own), 0);
    CHECK_EQ(pool_submit(pair->own, nothing, NULL), -ESHUTDOWN);
}

static void test_worker(void)
{
    struct pair pair = {new_pool(1), new_pool(1)};

    CHECK_EQ(pool_submit(pair.own, call_from_worker, &pair), 0);
    CHECK_EQ(pool_wait(pair.own), 0);
    CHECK_EQ(pool_destroy(pair.own), 0);
}

static void sleep_until_set(void *arg)
{
    while (!atomic_load((atomic_bool *)arg))
        sched_yield();
}

static int no_next(void *source, void **arg)
{
    (void)source;
    (void)arg;
    return 0;
}

static int no_call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void test_overflow(void)
{
    struct pool *pool = new_pool(1);
    atomic_bool may_go = false;
    size_t n_accepted = 77;

    CHECK_EQ(pool_submit(pool, sleep_until_set, &may_go), 0);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, SIZE_MAX, &n_accepted), -EOVERFLOW);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, SIZE_MAX - 1, &n_accepted), 0);
    CHECK_EQ(pool_submit(pool, nothing, NULL), -EOVERFLOW);
    CHECK_EQ(pool_apply_async(pool, no_call, NULL, NULL, NULL, NULL), -EOVERFLOW);
    CHECK_EQ(pool_terminate(pool), 0);
    atomic_store(&may_go, true);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* More workers than there can be. */
static void test_size(void)
{
    struct pool *pool = new_pool(1);

    check_refused((struct pool_options){.n_workers = SIZE_MAX / 4 + 1}, -ENOMEM);
    CHECK_EQ(pool_resize(pool, SIZE_MAX / 4 + 1, 0), -ENOMEM);
    CHECK_EQ(pool_n_workers(pool), 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Nothing is queued without a function. */
static void test_no_function(void)
{
    struct pool *pool = new_pool(1);
    struct pool_arg arg = {NULL, 0};
    struct pool_error error = {.code = 1};
    struct pool_iterator *iterator;
    size_t n_accepted = 77;

    CHECK_EQ(pool_submit(pool, NULL, &arg), -EINVAL);
    CHECK_EQ(pool_try_submit(pool, NULL, &arg), -EINVAL);
    CHECK_EQ(pool_timed_submit(pool, NULL, &arg, 0), -EINVAL);
    CHECK_EQ(pool_submit_or_run(pool, NULL, &arg), -EINVAL);
    CHECK_EQ(pool_submit_many(pool, NULL, &arg, 0, 3, &n_accepted), -EINVAL);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_apply(pool, NULL, &arg, NULL, &error), -EINVAL);
    CHECK_EQ(error.code, 0);
    CHECK_EQ(pool_apply_async(pool, NULL, &arg, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(pool_map(pool, &(struct pool_calls){.n_calls = 1}, NULL), -EINVAL);
    CHECK_EQ(pool_map_async(pool, &(struct pool_calls){.n_calls = 1}, NULL, NULL), -EINVAL);
    CHECK_EQ(pool_starmap(pool, &(struct pool_starcalls){.args = &arg, .n_args = 1, .n_calls = 1}, NULL), -EINVAL);
    CHECK_EQ(pool_imap(pool, &(struct pool_feed){.fn = no_call}, &iterator), -EINVAL);
    CHECK_EQ(pool_imap_unordered(pool, &(struct pool_feed){.next = no_next}, &iterator), -EINVAL);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_no_function();
    test_size();
    test_options();
    test_second_mask();
    test_closed();
    test_worker();
    test_overflow();
    return check_failures() != 0;
}
