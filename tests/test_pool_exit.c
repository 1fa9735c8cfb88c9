/* Tasks that call pthread_exit(), signals to workers, and a worker that somebody cancels. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "refuse_threads.h"

static atomic_int n_run;

static void leave(void *arg)
{
    (void)arg;
    n_run++;
    pthread_exit(NULL);
}

static int leave_call(void *arg, void *result)
{
    (void)result;
    leave(arg);
    return 0;
}

static int leave_fourth(void *arg, void *result)
{
    *(int *)result = 7;
    if (*(int *)arg == 4)
        pthread_exit(NULL);
    return 0;
}

static void count(void *arg)
{
    (void)arg;
    n_run++;
}

static void test_exit(int n_refused)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    int numbers[10], results[10] = {0}, codes[10];
    struct pool_calls calls = {.fn = leave_fourth, .args = numbers, .arg_bytes = sizeof *numbers,
                               .results = results, .result_bytes = sizeof *results, .codes = codes,
                               .n_calls = 10, .chunksize = 3};
    struct pool_error error;

    for (int i = 0; i < 10; i++)
        numbers[i] = i;
    n_run = 0;
    refuse_threads(0, n_refused);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(pool_submit(pool, leave, NULL), 0);
        CHECK_EQ(pool_submit(pool, count, NULL), 0);
        CHECK_EQ(pool_apply(pool, leave_call, NULL, NULL, &error), -EOWNERDEAD);
        CHECK_EQ(error.code, -EOWNERDEAD);
    }
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_run, 15);
    CHECK_EQ(pool_map(pool, &calls, &error), -EOWNERDEAD);
    CHECK_EQ(error.index, 4);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(codes[i], i == 4 ? -EOWNERDEAD : i == 5 ? -ECANCELED : 0);
        CHECK_EQ(results[i], i == 5 ? 0 : 7);
    }
    refuse_threads(0, 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

/* The outer task goes with the inner one. */
static int leave_inside(void *arg, void *result)
{
    (void)result;
    pool_apply(arg, leave_call, NULL, NULL, NULL);
    CHECK(!"reached");
    return 0;
}

static void test_nested_exit(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    CHECK_EQ(pool_apply(pool, leave_inside, pool, NULL, NULL), -EOWNERDEAD);
    CHECK_EQ(pool_submit(pool, count, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Of threads that have ended at most one is not joined, so that they do not use up the memory of the process. */
static void test_many_exits(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});

    for (int i = 0; i < 200; i++)
        CHECK_EQ(pool_submit(pool, leave, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    while (refuse_n_unjoined() > 2 + 1)
        usleep(1000);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

struct outside {
    struct pool *pool;
    pthread_t thread;
    struct pool_handle *handle;
    atomic_int n_late;
    atomic_bool has_ended;
};

/* Ends the outside thread, which helps; elsewhere it is too late. */
static int leave_outside(void *arg, void *result)
{
    struct outside *outside = *(struct outside **)arg;

    (void)result;
    if (pthread_equal(pthread_self(), outside->thread))
        pthread_exit(NULL);
    outside->n_late += outside->has_ended;
    return 0;
}

static void *map_outside(void *arg)
{
    struct outside *args[20];
    struct pool_calls calls = {.fn = leave_outside, .args = args, .arg_bytes = sizeof *args, .n_calls = 20,
                               .chunksize = 1};

    for (int i = 0; i < 20; i++)
        args[i] = arg;
    args[0]->thread = pthread_self();
    pool_map(args[0]->pool, &calls, NULL);
    CHECK(!"reached");
    return NULL;
}

/* The calls of a map that have not begun when the thread ends that waits for it, and owns their arguments, are not
 * made. */
static void test_exit_of_waiter(void)
{
    struct outside outside = {.pool = gate_pool((struct pool_options){.n_workers = 1})};
    struct gate gate;
    pthread_t thread;

    gate_hold(&gate, outside.pool);
    CHECK_EQ(pthread_create(&thread, NULL, map_outside, &outside), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    outside.has_ended = true;
    gate_free(&gate);
    CHECK_EQ(pool_destroy(outside.pool), 0);
    CHECK_EQ(outside.n_late, 0);
}

static void *wait_for_first(void *arg)
{
    struct outside *outside = arg;
    size_t index;

    outside->thread = pthread_self();
    CHECK_EQ(pool_apply_async(outside->pool, leave_outside, &arg, NULL, NULL, &outside->handle), 0);
    pool_first_failed(&outside->handle, 1, POOL_FOREVER, &index);
    CHECK(!"reached");
    return NULL;
}

/* What the waiter had made goes with it: a leak check sees it. */
static void test_exit_of_first(void)
{
    struct outside outside = {.pool = gate_pool((struct pool_options){.n_workers = 1})};
    struct gate gate;
    pthread_t thread;

    gate_hold(&gate, outside.pool);
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_first, &outside), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_handle_get(outside.handle, POOL_FOREVER, NULL), -EOWNERDEAD);
    pool_handle_release(outside.handle);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(outside.pool), 0);
}

struct on_the_spot {
    struct pool *pool;
    int codes[4], code;
    atomic_int n_callbacks;
};

static int leave_first(void *arg, void *result)
{
    (void)arg;
    (void)result;
    if (n_run++ == 0)
        pthread_exit(NULL);
    return 0;
}

static void note_failure(void *context, const struct pool_error *error)
{
    struct on_the_spot *spot = context;

    spot->code = error->code;
    spot->n_callbacks++;
}

static void map_on_the_spot(void *arg)
{
    struct on_the_spot *spot = arg;
    struct pool_callbacks callbacks = {.error_callback = note_failure, .context = spot};
    struct pool_calls calls = {.fn = leave_first, .codes = spot->codes, .n_calls = 4, .chunksize = 1};

    CHECK_EQ(pool_submit(spot->pool, count, NULL), 0); /* now it is full */
    n_run = 0;
    pool_map_async(spot->pool, &calls, &callbacks, NULL);
    CHECK(!"reached");
}

/* A map that a worker runs at once, because the queue is full, ends with the worker. */
static void test_exit_on_the_spot(void)
{
    struct on_the_spot spot = {.pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = 1,
                                                                .strict = true})};

    CHECK_EQ(pool_submit(spot.pool, map_on_the_spot, &spot), 0);
    CHECK_EQ(pool_wait(spot.pool), 0);
    CHECK_EQ(spot.n_callbacks, 1);
    CHECK_EQ(spot.code, -EOWNERDEAD);
    CHECK_EQ(spot.codes[0], -EOWNERDEAD);
    for (int i = 1; i < 4; i++)
        CHECK_EQ(spot.codes[i], -ECANCELED);
    CHECK_EQ(n_run, 2); /* with the one that was queued */
    CHECK_EQ(pool_destroy(spot.pool), 0);
}

static void leave_when_free(void *gate)
{
    gate_pass(gate);
    pthread_exit(NULL);
}

/* A worker in excess that ends is replaced while tasks wait: no other may be free for a long time. */
static void test_exit_of_surplus(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 2});
    struct gate blocked, leaving, waiting;

    gate_init(&leaving);
    gate_init(&waiting);
    gate_hold(&blocked, pool);
    CHECK_EQ(pool_submit(pool, leave_when_free, &leaving), 0);
    gate_take(&leaving.reached);
    CHECK_EQ(pool_submit(pool, gate_pass, &waiting), 0);
    gate_free(&leaving);
    gate_take(&waiting.reached);
    gate_free(&waiting);
    gate_free(&blocked);
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_int n_signals;
static pthread_t worker;
static pthread_t signalled;

static void on_signal(int number)
{
    (void)number;
    n_signals++;
    signalled = pthread_self();
}

static int note_worker(void *arg, void *result)
{
    (void)arg;
    (void)result;
    worker = pthread_self();
    return 0;
}

/* A signal to the process never runs on a worker, one to a worker stays pending, and nothing is disturbed. */
static void test_signals(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    signal(SIGUSR1, on_signal);
    CHECK_EQ(pool_apply(pool, note_worker, NULL, NULL, NULL), 0);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    while (n_signals == 0)
        usleep(100);
    CHECK(pthread_equal(signalled, pthread_self()));
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pthread_kill(worker, SIGUSR1), 0);
        CHECK_EQ(pool_submit(pool, count, NULL), 0);
        CHECK_EQ(pool_apply(pool, note_worker, NULL, NULL, NULL), 0);
    }
    CHECK_EQ(n_signals, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Cancellation is disabled. */
static void test_cancellation(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    CHECK_EQ(pool_apply(pool, note_worker, NULL, NULL, NULL), 0);
    CHECK_EQ(pthread_cancel(worker), 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(pool_apply(pool, note_worker, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_exit(0);
    test_exit(3); /* the pool tries again */
    test_nested_exit();
    test_many_exits();
    test_exit_of_waiter();
    test_exit_of_first();
    test_exit_on_the_spot();
    test_exit_of_surplus();
    test_signals();
    test_cancellation();
    return check_failures() != 0;
}
