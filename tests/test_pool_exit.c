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
        CHECK_EQ(codes[i], i == 4 || i == 5 ? -EOWNERDEAD : 0);
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
    test_signals();
    test_cancellation();
    return check_failures() != 0;
}
