/* The bound of the queue: exact, and what each way to submit does when it is reached. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

enum { BOUND = 4 };

static atomic_int n_run;

static void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&n_run, 1);
}

static int count_call(void *arg, void *result)
{
    (void)result;
    count(arg);
    return 0;
}

/* A pool whose only worker is held, with n tasks in its queue. */
static struct pool *filled(struct gate *gate, bool is_strict, int n)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = BOUND, .strict = is_strict});

    n_run = 0;
    gate_hold(gate, pool);
    for (int i = 0; i < n; i++)
        CHECK_EQ(pool_try_submit(pool, count, NULL), 0);
    return pool;
}

static size_t n_queued(struct pool *pool)
{
    struct pool_counters counters;

    pool_get_counters(pool, &counters);
    return counters.n_queued;
}

static void end(struct gate *gate, struct pool *pool, int n)
{
    gate_free(gate);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, n);
}

static void test_try(void)
{
    struct gate gate;
    struct pool *pool = filled(&gate, true, BOUND);

    CHECK_EQ(n_queued(pool), BOUND);
    CHECK_EQ(pool_try_submit(pool, count, NULL), -EAGAIN);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 0), -ETIMEDOUT);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 3000000), -ETIMEDOUT);
    CHECK_EQ(pool_submit_or_run(pool, count, NULL), -EPERM);
    CHECK_EQ(n_queued(pool), BOUND);
    end(&gate, pool, BOUND);
}

/* Run by the caller: at once, and counted. */
static void test_run(void)
{
    struct gate gate;
    struct pool *pool = filled(&gate, false, BOUND - 1);
    struct pool_counters counters;

    CHECK_EQ(pool_submit_or_run(pool, count, NULL), 0);
    CHECK_EQ(n_run, 0);
    CHECK_EQ(pool_submit_or_run(pool, count, NULL), 0);
    CHECK_EQ(n_run, 1);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.tasks_helped, 1);
    end(&gate, pool, BOUND + 1);
}

struct submitter {
    struct pool *pool;
    int error;
    size_t n_accepted;
    sem_t begun;
};

static void *submit_one(void *arg)
{
    struct submitter *submitter = arg;

    sem_post(&submitter->begun);
    submitter->error = pool_submit(submitter->pool, count, NULL);
    return NULL;
}

static void *submit_batch(void *arg)
{
    struct submitter *submitter = arg;

    sem_post(&submitter->begun);
    submitter->error = pool_submit_many(submitter->pool, count, NULL, 0, 50, &submitter->n_accepted);
    return NULL;
}

static pthread_t start(struct submitter *submitter, struct pool *pool, void *(*run)(void *))
{
    pthread_t thread;

    *submitter = (struct submitter){.pool = pool, .error = 1};
    sem_init(&submitter->begun, 0, 0);
    CHECK_EQ(pthread_create(&thread, NULL, run, submitter), 0);
    gate_take(&submitter->begun);
    usleep(20000); /* so that it is likely to block; nothing depends on it */
    return thread;
}

static void test_block(void *(*run)(void *), int n_more)
{
    struct gate gate;
    struct pool *pool = filled(&gate, true, BOUND);
    struct submitter submitter;
    pthread_t thread = start(&submitter, pool, run);

    CHECK_EQ(n_queued(pool), BOUND);
    gate_free(&gate);
    pthread_join(thread, NULL);
    CHECK_EQ(submitter.error, 0);
    if (run == submit_batch)
        CHECK_EQ(submitter.n_accepted, 50);
    end(&gate, pool, BOUND + n_more);
}

/* A close wakes who waits for room. Of a batch, what had room has been accepted and is run. */
static void test_close_while_blocked(void *(*run)(void *), int n_before)
{
    struct gate gate;
    struct pool *pool = filled(&gate, true, n_before);
    struct submitter submitter;
    pthread_t thread = start(&submitter, pool, run);

    while (n_queued(pool) < BOUND)
        usleep(100);
    CHECK_EQ(pool_close(pool), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(submitter.error, -ESHUTDOWN);
    CHECK_EQ(submitter.n_accepted, BOUND - n_before);
    end(&gate, pool, BOUND);
}

/* Handles count one, a map as a whole; cancelling makes room. */
static void test_handles(void)
{
    struct gate gate;
    struct pool *pool = filled(&gate, true, BOUND - 2);
    const struct pool_calls calls = {.fn = count_call, .n_calls = 100, .chunksize = 10};
    struct pool_handle *map, *one;

    CHECK_EQ(pool_map_async(pool, &calls, NULL, &map), 0);
    CHECK_EQ(n_queued(pool), BOUND - 1);
    CHECK_EQ(pool_apply_async(pool, count_call, NULL, NULL, NULL, &one), 0);
    CHECK_EQ(pool_try_submit(pool, count, NULL), -EAGAIN);
    CHECK_EQ(pool_handle_cancel(one), 0);
    CHECK_EQ(pool_try_submit(pool, count, NULL), 0);
    CHECK_EQ(pool_try_submit(pool, count, NULL), -EAGAIN);
    pool_handle_release(map);
    pool_handle_release(one);
    end(&gate, pool, BOUND - 2 + 100 + 1);
}

/* A worker never waits for room: it runs the task itself, up to a depth; and then goes over the bound. */
static void nest(void *arg)
{
    struct pool *pool = arg;
    static atomic_int n_nested;

    atomic_fetch_add(&n_run, 1);
    if (atomic_fetch_add(&n_nested, 1) < 40)
        CHECK_EQ(pool_submit(pool, nest, pool), 0);
}

struct inside {
    struct pool *pool;
    struct gate gate;
};

static void fill_and_nest(void *arg)
{
    struct inside *inside = arg;
    struct pool_counters counters;

    for (int i = 0; i < BOUND; i++)
        CHECK_EQ(pool_try_submit(inside->pool, count, NULL), 0);
    CHECK_EQ(pool_try_submit(inside->pool, count, NULL), -EAGAIN);
    CHECK_EQ(pool_submit(inside->pool, count, NULL), 0);
    CHECK_EQ(n_run, 1);
    CHECK_EQ(pool_apply(inside->pool, count_call, NULL, NULL, NULL), 0);
    CHECK_EQ(n_run, 2);
    pool_get_counters(inside->pool, &counters);
    CHECK_EQ(counters.tasks_nested, 2);
    CHECK_EQ(counters.n_queued, BOUND);
    CHECK_EQ(pool_submit(inside->pool, nest, inside->pool), 0);
    pool_get_counters(inside->pool, &counters);
    CHECK_EQ(counters.tasks_nested, 2 + 31); /* this one and 31 in it make the depth of 32 */
    CHECK_EQ(counters.n_queued, BOUND + 1);
}

static void test_inside(void)
{
    struct inside inside = {
        .pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = BOUND, .strict = true}),
    };

    n_run = 0;
    CHECK_EQ(pool_submit(inside.pool, fill_and_nest, &inside), 0);
    CHECK_EQ(pool_wait(inside.pool), 0);
    CHECK_EQ(n_run, 2 + BOUND + 41);
    CHECK_EQ(pool_destroy(inside.pool), 0);
}

int main(void)
{
    test_try();
    test_run();
    test_block(submit_one, 1);
    test_block(submit_batch, 50);
    test_close_while_blocked(submit_one, BOUND);
    test_close_while_blocked(submit_batch, 1);
    test_handles();
    test_inside();
    return check_failures() != 0;
}
