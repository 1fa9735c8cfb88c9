/* Calls with a result that tasks hand over: they stay with their worker, and may be waited for, cancelled, dropped and
 * released by any thread, at any time, like others. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { N_MANY = 1000 }; /* more than a seat holds */

static struct pool *the_pool;
static atomic_int n_runs;

static int run(void *arg, void *result)
{
    n_runs++;
    if (result != NULL)
        *(void **)result = arg;
    return 0;
}

/* What a task of these tests does, on a worker. */
typedef void inside_fn(void);

static void call_inside(void *fn)
{
    (*(inside_fn **)fn)();
}

static void inside(struct pool_options options, inside_fn *fn)
{
    n_runs = 0;
    the_pool = gate_pool(options);
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(gate_counters(the_pool).n_queued, 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

static struct pool_options options_of(size_t n_workers)
{
    return (struct pool_options){.n_workers = n_workers};
}

static struct pool_handle *hand_over(void *arg, void *result)
{
    struct pool_handle *handle = NULL;

    CHECK_EQ(pool_apply_async(the_pool, run, arg, result, NULL, &handle), 0);
    return handle;
}

/* In the order in which they were handed over, and in the other; more than there is room for. */
static void wait_for_many(void)
{
    static struct pool_handle *handles[N_MANY];
    static void *results[N_MANY];

    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < N_MANY; i++)
            handles[i] = hand_over(&results[i], &results[i]);
        for (size_t k = 0; k < N_MANY; k++) {
            size_t i = turn == 0 ? k : N_MANY - 1 - k;

            CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
            CHECK(results[i] == &results[i]);
            pool_handle_release(handles[i]);
        }
    }
    CHECK_EQ(n_runs, 2 * N_MANY);
}

/* Nobody keeps the handle, or somebody gives it back before the task has begun. */
static void leave_alone(void)
{
    for (size_t i = 0; i < N_MANY; i++) {
        if (i % 2 == 0)
            CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, NULL), 0);
        else
            pool_handle_release(hand_over(NULL, NULL));
    }
}

static void test_left_alone(struct pool_options options)
{
    inside(options, leave_alone);
    CHECK_EQ(n_runs, N_MANY);
}

/* What is cancelled stays where it is until its turn comes, and does not count as queued. With one worker. */
static void cancel_some(void)
{
    enum { N = 10 };
    struct pool_handle *handles[N];

    for (size_t i = 0; i < N; i++)
        handles[i] = hand_over(NULL, NULL);
    CHECK_EQ(gate_counters(the_pool).n_queued, N);
    for (size_t i = 0; i < N; i += 2)
        CHECK_EQ(pool_handle_cancel(handles[i]), 0);
    CHECK_EQ(gate_counters(the_pool).n_queued, N / 2);
    for (size_t i = 0; i < N; i++)
        CHECK_EQ(pool_handle_get(handles[i], i % 2 == 0 ? POOL_FOREVER : 0, NULL),
                 i % 2 == 0 ? -ECANCELED : -ETIMEDOUT);
    for (size_t i = 0; i < N; i++)
        pool_handle_release(handles[i]);
}

/* What was cancelled before has gone. */
static void count_others(void)
{
    for (int i = 0; i < 3; i++)
        pool_handle_release(hand_over(NULL, NULL));
    CHECK_EQ(gate_counters(the_pool).n_queued, 3);
}

static void test_cancelled(void)
{
    inside_fn *fns[] = {cancel_some, count_others};

    the_pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(pool_submit(the_pool, call_inside, &fns[i]), 0);
        CHECK_EQ(pool_wait(the_pool), 0);
    }
    CHECK_EQ(pool_destroy(the_pool), 0);
}

static struct pool_handle *given;
static struct gate gate;

static void give_away(void)
{
    given = hand_over(NULL, NULL);
    gate_pass(&gate);
}

/* The worker is held, and its task is waited for, cancelled or released by a thread outside. */
static void test_given_away(void)
{
    enum { WAIT, CANCEL, RELEASE, N };

    for (int way = 0; way < N; way++) {
        inside_fn *fn = give_away;

        the_pool = gate_pool((struct pool_options){.n_workers = 1});
        gate_init(&gate);
        n_runs = 0;
        CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
        gate_take(&gate.reached);
        CHECK_EQ(gate_counters(the_pool).n_queued, 1);
        if (way == WAIT)
            CHECK_EQ(pool_handle_get(given, POOL_FOREVER, NULL), 0);
        if (way == CANCEL)
            CHECK_EQ(pool_handle_cancel(given), 0);
        CHECK_EQ(gate_counters(the_pool).n_queued, way == RELEASE);
        pool_handle_release(given);
        gate_free(&gate);
        CHECK_EQ(pool_wait(the_pool), 0);
        CHECK_EQ(n_runs, way != CANCEL);
        CHECK_EQ(pool_destroy(the_pool), 0);
    }
}

static void *wait_for_given(void *arg)
{
    CHECK_EQ(pool_handle_get(given, POOL_FOREVER, NULL), 0);
    pool_handle_release(given);
    return arg;
}

/* Who waits in a strict pool sleeps until the worker comes to it. */
static void test_awaited_outside(void)
{
    inside_fn *fn = give_away;
    pthread_t waiter;

    the_pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    gate_init(&gate);
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pthread_create(&waiter, NULL, wait_for_given, NULL), 0);
    usleep(10 * 1000);
    gate_free(&gate);
    CHECK_EQ(pthread_join(waiter, NULL), 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* What waits in a seat is cancelled when the pool is terminated, with its callback; nothing more is accepted. */
static atomic_int n_errors;

static void count_error(void *context, const struct pool_error *error)
{
    CHECK(context == &n_errors);
    CHECK_EQ(error->code, -ECANCELED);
    n_errors++;
}

static void leave_and_pass(void)
{
    const struct pool_callbacks callbacks = {.error_callback = count_error, .context = &n_errors};

    for (int i = 0; i < 5; i++)
        CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, &callbacks, NULL), 0);
    given = hand_over(NULL, NULL);
    gate_pass(&gate);
    CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, NULL), -ESHUTDOWN);
}

static void test_terminate(void)
{
    inside_fn *fn = leave_and_pass;

    the_pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    gate_init(&gate);
    n_runs = n_errors = 0;
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_terminate(the_pool), 0);
    CHECK_EQ(gate_counters(the_pool).n_queued, 0);
    CHECK_EQ(pool_handle_get(given, POOL_FOREVER, NULL), -ECANCELED);
    CHECK_EQ(n_errors, 5);
    gate_end(&gate, the_pool);
    pool_handle_release(given); /* after the pool */
    CHECK_EQ(n_runs, 0);
}

/* A closed pool still runs them. */
static void test_close(void)
{
    inside_fn *fn = leave_and_pass;

    the_pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    gate_init(&gate);
    n_runs = n_errors = 0;
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_close(the_pool), 0);
    gate_end(&gate, the_pool);
    CHECK_EQ(pool_handle_get(given, 0, NULL), 0);
    pool_handle_release(given);
    CHECK_EQ(n_runs, 6);
}

/* A call may look where its handle was to be put, from its beginning. */
static int look_for_itself(void *handle, void *result)
{
    (void)result;
    CHECK(*(struct pool_handle **)handle != NULL);
    return 0;
}

static void look_many_times(void)
{
    for (int i = 0; i < N_MANY; i++) {
        struct pool_handle *handle = NULL;

        CHECK_EQ(pool_apply_async(the_pool, look_for_itself, &handle, NULL, NULL, &handle), 0);
        if (i % 2 == 0)
            sched_yield();
        CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
        pool_handle_release(handle);
    }
}

/* Of calls that hand over the next one for ever, and a task from outside that ends that. */
static atomic_bool is_over;

static int hand_over_next(void *arg, void *result)
{
    (void)arg;
    (void)result;
    if (!is_over)
        CHECK_EQ(pool_apply_async(the_pool, hand_over_next, NULL, NULL, NULL, NULL), 0);
    return 0;
}

static void end_chain(void *arg)
{
    (void)arg;
    is_over = true;
}

static void test_turns(void)
{
    for (int n_before = 0; n_before < 2; n_before++) {
        the_pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
        is_over = false;
        for (int i = 0; i < n_before; i++)
            CHECK_EQ(pool_submit(the_pool, end_chain, NULL), 0);
        CHECK_EQ(pool_wait(the_pool), 0);
        is_over = false;
        CHECK_EQ(pool_apply_async(the_pool, hand_over_next, NULL, NULL, NULL, NULL), 0);
        usleep(1000);
        CHECK_EQ(pool_submit(the_pool, end_chain, NULL), 0);
        CHECK_EQ(pool_wait(the_pool), 0);
        CHECK_EQ(pool_destroy(the_pool), 0);
    }
}

/* A callback waits for tasks that its worker has in its seat: the other worker runs them. They are more than those that
 * have their turn before the call, as the oldest. */
enum { N_LEFT = 8 };
static sem_t has_run;

static void post_run(void *arg)
{
    (void)arg;
    sem_post(&has_run);
}

static void await_run(void *context, void *result)
{
    (void)context;
    (void)result;
    gate_free(&gate); /* of the other worker */
    for (int i = 0; i < N_LEFT; i++)
        gate_take(&has_run);
}

static void leave_all(void)
{
    const struct pool_callbacks callbacks = {.callback = await_run};

    for (int i = 0; i < N_LEFT; i++)
        CHECK_EQ(pool_submit(the_pool, post_run, NULL), 0);
    CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, &callbacks, NULL), 0);
}

static void test_callback_waits(void)
{
    inside_fn *fn = leave_all;

    the_pool = gate_pool((struct pool_options){.n_workers = 2, .start_all = true, .strict = true});
    sem_init(&has_run, 0, 0);
    gate_hold(&gate, the_pool);
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* What was run in another order than it is in the seat is no task that waits: no worker is started for it. The pool is
 * elastic only from then on, so that none is started while tasks do wait. */
static void wait_in_order(void)
{
    enum { N = 10 };
    struct pool_handle *handles[N];

    for (size_t i = 0; i < N; i++)
        handles[i] = hand_over(NULL, NULL);
    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
        CHECK_EQ(gate_counters(the_pool).n_queued, N - 1 - i);
        pool_handle_release(handles[i]);
    }
    CHECK_EQ(pool_resize(the_pool, 1, 4), 0);
    usleep(300 * 1000); /* three times as long as a stall of which an elastic pool grows in any case */
}

static void test_elastic(void)
{
    inside_fn *fn = wait_in_order;

    the_pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    CHECK_EQ(pool_submit(the_pool, call_inside, &fn), 0);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(gate_counters(the_pool).threads_peak, 2); /* the worker and the one that watches the pool */
    CHECK_EQ(pool_destroy(the_pool), 0);
}

static int fail(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return pool_fail(-EDOM, "no square root of %d", -1);
}

static int leave(void *arg, void *result)
{
    (void)result;
    pthread_exit(arg);
}

static int wait_for_itself(void *handle, void *result)
{
    (void)result;
    return pool_handle_wait(*(struct pool_handle **)handle, POOL_FOREVER);
}

/* How a call ends is told as from outside. */
static void end_in_all_ways(void)
{
    struct pool_handle *handle;
    struct pool_error error;

    CHECK_EQ(pool_apply_async(the_pool, fail, NULL, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, &error), -EDOM);
    CHECK(strcmp(error.message, "no square root of -1") == 0);
    pool_handle_release(handle);
    CHECK_EQ(pool_apply(the_pool, fail, NULL, NULL, &error), -EDOM);
    CHECK_EQ(pool_apply_async(the_pool, wait_for_itself, &handle, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), -EDEADLK);
    pool_handle_release(handle);
}

static void leave_to_another(void)
{
    CHECK_EQ(pool_apply_async(the_pool, leave, NULL, NULL, NULL, &given), 0);
}

/* The call ends its worker. */
static void test_exit(void)
{
    inside((struct pool_options){.n_workers = 1, .strict = true}, leave_to_another);
    CHECK_EQ(pool_handle_get(given, 0, NULL), -EOWNERDEAD);
    pool_handle_release(given);
}

int main(void)
{
    for (size_t n_workers = 1; n_workers <= 4; n_workers++) {
        struct pool_options options = options_of(n_workers);

        inside(options, wait_for_many);
        test_left_alone(options);
        inside(options, end_in_all_ways);
        options.strict = true;
        inside(options, end_in_all_ways);
        inside(options, look_many_times);
        inside(options, wait_for_many);
        test_left_alone(options);
        options.max_queued = 3;
        inside(options, wait_for_many);
        test_left_alone(options);
    }
    test_cancelled();
    test_given_away();
    test_awaited_outside();
    test_terminate();
    test_close();
    test_exit();
    test_turns();
    test_callback_waits();
    test_elastic();
    return check_failures() != 0;
}
