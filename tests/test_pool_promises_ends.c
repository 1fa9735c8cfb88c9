/* Sentences of pool.h that no other test would miss: bounds and ends. test_promises_pool.py has them all. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static atomic_int n_run;

static void count(void *arg)
{
    (void)arg;
    n_run++;
}

static int call(void *arg, void *result)
{
    (void)result;
    count(arg);
    return 0;
}

static struct pool *held(struct gate *gate, struct pool_options options)
{
    n_run = 0;
    return gate_held(gate, options);
}


/*
 * The end of the process
 */

static void write_byte(void *file)
{
    CHECK_EQ(write(*(int *)file, "x", 1), 1);
}

/* With a task that runs and one that is queued exit() ends the process, and neither is run to its end. */
static void test_exit(void)
{
    int pipe_ends[2], status = -1;
    char byte;
    pid_t child;

    CHECK_EQ(pipe(pipe_ends), 0);
    child = fork(); /* while there is no other thread, so that sanitizers let the child start some */
    if (child == 0) {
        struct gate gate;
        struct pool *pool;

        alarm(20);
        pool = held(&gate, one_strict);
        CHECK_EQ(pool_submit(pool, write_byte, &pipe_ends[1]), 0);
        exit(7);
    }
    close(pipe_ends[1]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_EQ(read(pipe_ends[0], &byte, 1), 0);
    close(pipe_ends[0]);
}


/*
 * The bound
 */

static int next_few(void *n_left, void **arg)
{
    *arg = NULL;
    return *(int *)n_left > 0 && (*(int *)n_left)-- > 0;
}

static int take_one(void *gate, void *result)
{
    (void)result;
    gate_pass(gate);
    return 0;
}

/* A map counts until its last part has begun; an iterator does not count, and waits for no room. */
static void test_bound(void)
{
    struct gate gate, parts;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .max_queued = 1, .strict = true});
    const struct pool_calls calls = {.fn = take_one, .args = &parts, .n_calls = 3, .chunksize = 1};
    struct pool_feed feed;
    struct pool_iterator *iterator;
    int n_left = 5;

    feed = (struct pool_feed){.fn = call, .next = next_few, .source = &n_left, .look_ahead = 5};
    gate_init(&parts);
    CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(n_left, 0);
    CHECK_EQ(gate_counters(pool).n_queued, 1);
    gate_free(&gate);
    for (int i = 0; i < 3; i++) {
        gate_take(&parts.reached);
        CHECK_EQ(gate_counters(pool).n_queued, i < 2);
        CHECK_EQ(pool_try_submit(pool, count, NULL), i < 2 ? -EAGAIN : 0);
        gate_free(&parts);
    }
    CHECK_EQ(pool_wait(pool), 0); /* for an iterator's tasks too */
    CHECK_EQ(n_run, 5 + 1);
    CHECK_EQ(gate_counters(pool).n_queued, 0);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void *apply_when_full(void *pool)
{
    n_run = -1;
    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, NULL), 0);
    return NULL;
}

/* A call with a result waits for room as well. */
static void test_apply_at_bound(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .max_queued = 1, .strict = true});
    pthread_t thread;

    CHECK_EQ(pool_submit(pool, count, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, apply_when_full, pool), 0);
    while (n_run == 0)
        sched_yield();
    usleep(20 * 1000); /* in which it could go over the bound */
    CHECK_EQ(gate_counters(pool).n_queued, 1);
    gate_free(&gate);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, 1);
}

static void submit_when_full(void *arg)
{
    struct pool *pool = arg;

    CHECK_EQ(pool_submit_or_run(pool, count, NULL), 0); /* now it is full */
    CHECK_EQ(n_run, 0);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 1), -ETIMEDOUT);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 0), -ETIMEDOUT);
    CHECK_EQ(n_run, 0);
    CHECK_EQ(pool_submit_or_run(pool, count, NULL), 0);
    CHECK_EQ(n_run, 1);
}

/* A worker waits for room as well where it says for how long, and runs what it submits or runs. */
static void test_worker_at_bound(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = 1, .strict = true});

    n_run = 0;
    CHECK_EQ(pool_submit_or_run(pool, count, NULL), -EPERM); /* though there is room */
    CHECK_EQ(pool_submit(pool, submit_when_full, pool), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_run, 2);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void nest(void *pool)
{
    if (n_run++ < 40)
        CHECK_EQ(pool_submit_or_run(pool, nest, pool), 0);
}

/* Tasks in tasks on a thread outside the pool: 32 of them, and one goes over the bound. */
static void test_nesting(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .max_queued = 1});

    CHECK_EQ(pool_submit(pool, count, NULL), 0);
    CHECK_EQ(pool_submit_or_run(pool, nest, pool), 0);
    CHECK_EQ(n_run, 32);
    CHECK_EQ(gate_counters(pool).tasks_helped, 32);
    CHECK_EQ(gate_counters(pool).n_queued, 2);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK(n_run >= 41);
    CHECK_EQ(pool_destroy(pool), 0);
}


/*
 * Ends
 */

static pthread_t terminating;
static struct gate dropping;
static atomic_int n_dropped;

static void drop_slowly(pool_fn *fn, void *arg)
{
    CHECK(fn == count && arg == NULL);
    CHECK(pthread_equal(pthread_self(), terminating));
    n_dropped++;
    gate_pass(&dropping);
}

static void *terminate(void *pool)
{
    terminating = pthread_self();
    CHECK_EQ(pool_terminate(pool), 0);
    return NULL;
}

/* One thread is still dropping tasks; another that terminates as well does not wait for it. */
static void test_terminate_twice(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .strict = true, .dropped = drop_slowly});
    pthread_t thread;

    gate_init(&dropping);
    CHECK_EQ(pool_submit_many(pool, count, NULL, 0, 2, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, terminate, pool), 0);
    gate_take(&dropping.reached);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(n_dropped, 1);
    for (int i = 0; i < 2; i++)
        gate_free(&dropping);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(n_dropped, 2);
    CHECK_EQ(gate_counters(pool).tasks_dropped, 2);
    gate_end(&gate, pool);
}

static atomic_bool is_submitting;

static void submit_until_closed(void *pool)
{
    int error;

    is_submitting = true;
    while ((error = pool_submit(pool, count, NULL)) == 0)
        sched_yield();
    CHECK_EQ(error, -ESHUTDOWN);
    is_submitting = false;
}

/* A task may go on submitting while its pool is destroyed. */
static void test_submit_while_destroyed(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});

    CHECK_EQ(pool_submit(pool, submit_until_closed, pool), 0);
    while (!is_submitting)
        sched_yield();
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK(!is_submitting);
}

struct joiner {
    struct pool *pool;
    int value;
    pthread_t thread;
};

static void set_value(void *value)
{
    usleep(10 * 1000);
    *(int *)value = 5; /* plain */
}

static void *join(void *arg)
{
    struct joiner *joiner = arg;

    CHECK_EQ(pool_join(joiner->pool), 0);
    CHECK_EQ(joiner->value, 5);
    return NULL;
}

/* Several threads join at once, and the one that closed the pool does again. */
static void test_joiners(void)
{
    struct joiner joiners[3] = {{.pool = gate_pool(one_strict)}};

    for (int i = 0; i < 3; i++) {
        joiners[i].pool = joiners[0].pool;
        joiners[i].value = 0;
        CHECK_EQ(pool_submit(joiners[0].pool, set_value, &joiners[i].value), 0);
    }
    CHECK_EQ(pool_close(joiners[0].pool), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&joiners[i].thread, NULL, join, &joiners[i]), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_join(joiners[i].thread, NULL), 0);
    CHECK_EQ(pool_join(joiners[0].pool), 0);
    CHECK_EQ(gate_counters(joiners[0].pool).threads_alive, 0);
    CHECK_EQ(pool_destroy(joiners[0].pool), 0);
}

static pthread_key_t key;
static atomic_bool is_destroyed;

static void destroy_slowly(void *value)
{
    (void)value;
    usleep(30 * 1000); /* who does not wait for this is found out */
    is_destroyed = true;
}

static void set_key(void *arg)
{
    CHECK_EQ(pthread_setspecific(key, arg), 0);
}

/* A worker has not ended while its own destructors run, whatever the time-out is. */
static void test_timed_join(void)
{
    struct pool *pool = gate_pool(one_strict);
    int error;

    CHECK_EQ(pthread_key_create(&key, destroy_slowly), 0);
    CHECK_EQ(pool_submit(pool, set_key, &key), 0);
    CHECK_EQ(pool_close(pool), 0);
    do
        error = pool_timed_join(pool, 1000);
    while (error == -ETIMEDOUT);
    CHECK_EQ(error, 0);
    CHECK(is_destroyed);
    CHECK_EQ(pool_destroy(pool), 0);
    pthread_key_delete(key);
}

int main(void)
{
    test_exit();
    test_bound();
    test_apply_at_bound();
    test_worker_at_bound();
    test_nesting();
    test_terminate_twice();
    test_submit_while_destroyed();
    test_joiners();
    test_timed_join();
    return check_failures() != 0;
}
