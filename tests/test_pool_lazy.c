/* A pool without start_all: workers are started when tasks need them, and one that is refused then is done without. */
#include "gate.h"
#include "refuse_threads.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

static struct pool_counters counters_of(struct pool *pool)
{
    struct pool_counters counters;

    pool_get_counters(pool, &counters);
    return counters;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Tasks that come one after the other need one worker, the first of them at once after the creation. */
static void test_one_at_a_time(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 4, .strict = true});

    CHECK_EQ(counters_of(pool).threads_created, 1);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(pool_submit(pool, nothing, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
    }
    CHECK_EQ(counters_of(pool).threads_created, 1);
    CHECK_EQ(pool_n_workers(pool), 4);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* One task after the other finds no worker idle, and starts one as long as there are fewer than were asked for. */
static void test_growth(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 3, .strict = true});
    struct gate gate;

    gate_init(&gate);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
        if (i < 3)
            gate_take(&gate.reached);
        CHECK_EQ(counters_of(pool).threads_created, i < 3 ? i + 1 : 3);
    }
    for (int i = 0; i < 5; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(counters_of(pool).threads_peak, 3);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_many(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 8, .strict = true});
    struct gate gate;

    gate_init(&gate);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, 3, NULL), 0);
    CHECK_EQ(counters_of(pool).threads_created, 3);
    for (int i = 0; i < 3; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* What waits when a pool grows is begun at once. */
static void test_resize(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct gate gate;

    gate_init(&gate);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    gate_take(&gate.reached);
    CHECK_EQ(counters_of(pool).threads_created, 1);
    CHECK_EQ(pool_resize(pool, 8, 0), 0);
    gate_take(&gate.reached);
    gate_take(&gate.reached);
    CHECK_EQ(counters_of(pool).threads_created, 3);
    for (int i = 0; i < 3; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* The task for which a worker is refused waits for another one, and the next task tries again. */
static void test_refused(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    struct gate gate, second;

    gate_hold(&gate, pool);
    gate_init(&second);
    refuse_threads(0, 1);
    CHECK_EQ(pool_submit(pool, gate_pass, &second), 0);
    CHECK_EQ(counters_of(pool).threads_created, 1);
    CHECK_EQ(counters_of(pool).threads_refused, 1);
    CHECK_EQ(counters_of(pool).threads_peak, 1);
    CHECK_EQ(pool_submit(pool, gate_pass, &second), 0);
    gate_take(&second.reached);
    CHECK_EQ(counters_of(pool).threads_created, 2);
    gate_free(&gate);
    gate_take(&second.reached);
    gate_free(&second);
    gate_free(&second);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

static int fail_but_first(void *context, size_t index)
{
    (void)context;
    return index == 0 ? 0 : -EMFILE;
}

static int fail_first(void *context, size_t index)
{
    return fail_but_first(context, index == 0);
}

static void test_failing_initializer(void)
{
    struct pool_options options = {.n_workers = 3, .strict = true, .initializer = fail_but_first};
    struct pool *pool = gate_pool(options);
    struct gate gate;

    gate_hold(&gate, pool);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, 10, NULL), 0);
    while (counters_of(pool).threads_refused < 2)
        sched_yield();
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    pool = NULL;
    options.initializer = fail_first;
    CHECK_EQ(pool_create(&pool, &options), -EMFILE);
    CHECK(pool == NULL);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

static struct pool *shrinking;
static struct gate first, second;

/* The first worker is now one too many, if the one counts that is about to be refused: it must stay. */
static void shrink(void)
{
    refuse_before = NULL;
    CHECK_EQ(pool_resize(shrinking, 1, 0), 0);
    gate_free(&first);
    gate_take(&second.reached);
    usleep(10 * 1000); /* in which it looks for another task, and could leave */
}

/* A pool that shrinks while a worker is refused keeps one. */
static void test_refused_while_shrinking(void)
{
    shrinking = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    gate_hold(&first, shrinking);
    gate_init(&second);
    gate_free(&second);
    refuse_before = shrink;
    refuse_threads(0, 1);
    CHECK_EQ(pool_submit(shrinking, gate_pass, &second), 0);
    CHECK_EQ(pool_wait(shrinking), 0);
    CHECK_EQ(counters_of(shrinking).threads_refused, 1);
    CHECK_EQ(counters_of(shrinking).threads_alive, 1);
    CHECK_EQ(counters_of(shrinking).threads_created, 1);
    CHECK_EQ(pool_destroy(shrinking), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

int main(void)
{
    refuse_threads(INT_MAX, 0);
    test_one_at_a_time();
    test_growth();
    test_many();
    test_resize();
    test_refused();
    test_failing_initializer();
    test_refused_while_shrinking();
    return check_failures() != 0;
}
