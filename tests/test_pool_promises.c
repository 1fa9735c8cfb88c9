/* Sentences of pool.h that no other test would miss: tasks, threads and ends. test_promises_pool.py has them all. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static void nothing(void *arg)
{
    (void)arg;
}

static int call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}


/*
 * pool_fail()
 */

static void say_dropped(pool_fn *fn, void *arg)
{
    (void)fn;
    (void)arg;
    pool_fail(-EIO, "from dropped()");
}

static void say_argument_dropped(void *source, void *arg)
{
    (void)source;
    (void)arg;
    pool_fail(-EIO, "from the feed's dropped()");
}

static void say_undelivered(void *source, void *arg, void *result)
{
    (void)result;
    say_argument_dropped(source, arg);
}

static int next_two(void *source, void **arg)
{
    *arg = NULL;
    return (*(int *)source)-- > 0;
}

/* Has tasks and arguments dropped and results handed back, then fails. */
static int fail_after_drops(void *arg, void *result)
{
    struct pool_options options = one_strict;
    int n_left = 2;
    const struct pool_feed feed = {.fn = call, .next = next_two, .source = &n_left,
                                   .dropped = say_argument_dropped, .undelivered = say_undelivered};
    struct pool_iterator *iterator;
    struct pool *other;
    struct gate gate;

    (void)arg;
    (void)result;
    pool_fail(0, "from the task");
    options.dropped = say_dropped;
    other = gate_pool(options);
    CHECK_EQ(pool_imap(other, &feed, &iterator), 0);
    CHECK_EQ(pool_wait(other), 0);
    pool_iterator_release(iterator); /* undelivered() */
    gate_hold(&gate, other);
    n_left = 2;
    CHECK_EQ(pool_imap(other, &feed, &iterator), 0);
    CHECK_EQ(pool_submit(other, nothing, NULL), 0);
    CHECK_EQ(pool_terminate(other), 0); /* dropped() of both kinds */
    pool_iterator_release(iterator);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(other), 0);
    return -ERANGE;
}

static int fail_silently_second(void *arg, void *result)
{
    (void)result;
    return *(int *)arg == 0 ? pool_fail(0, "not an error") : -ERANGE;
}

static void say_in_vain(void *arg)
{
    CHECK_EQ(pool_fail(*(int *)arg, "nobody %s", "reads this"), -7);
}

/* What is said elsewhere is no message of the task around it, nor what a call before it said. */
static void test_messages(void)
{
    struct pool *pool = gate_pool(one_strict);
    int numbers[2] = {0, 1}, seven = -7;
    const struct pool_calls calls = {.fn = fail_silently_second, .args = numbers, .arg_bytes = sizeof(int),
                                     .n_calls = 2, .chunksize = 2};
    struct pool_error error;

    CHECK_EQ(pool_apply(pool, fail_after_drops, NULL, NULL, &error), -ERANGE);
    CHECK(strcmp(error.message, "from the task") == 0);
    CHECK_EQ(pool_map(pool, &calls, &error), -ERANGE);
    CHECK_EQ(error.message[0], '\0');
    CHECK_EQ(pool_submit(pool, say_in_vain, &seven), 0);
    CHECK_EQ(pool_apply(pool, call, NULL, NULL, &error), 0);
    CHECK_EQ(error.code, 0);
    CHECK_EQ(error.message[0], '\0');
    CHECK_EQ(pool_destroy(pool), 0);
}


/*
 * Who runs what
 */

static pthread_t me;
static int turns[8];
static atomic_int n_turns, n_mine;

static void take_turn(void *number)
{
    int turn = n_turns++;

    n_mine += pthread_equal(pthread_self(), me);
    if (turn < 8)
        turns[turn] = (int)(uintptr_t)number;
}

static int take_turn_call(void *number, void *result)
{
    (void)result;
    take_turn(number);
    return 0;
}

static void *numbered(int number)
{
    return (void *)(uintptr_t)number;
}

static struct pool *held(struct gate *gate, struct pool_options options)
{
    n_turns = n_mine = 0;
    me = pthread_self();
    return gate_held(gate, options);
}

static void let_go(void *gate)
{
    gate_free(gate);
}

/* A thread that helps begins its own tasks, not what was queued earlier; pool_wait() begins what is queued. */
static void test_help(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1});
    struct pool_handle *handles[2];
    struct pool_completions *completions;
    size_t index;

    CHECK_EQ(pool_submit(pool, take_turn, numbered(1)), 0);
    CHECK_EQ(pool_submit(pool, take_turn, numbered(2)), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_apply_async(pool, take_turn_call, numbered(3 + i), NULL, NULL, &handles[i]), 0);
    CHECK_EQ(pool_first_completed(handles, 2, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, 0);
    CHECK_EQ(n_turns, 1);
    CHECK_EQ(pool_as_completed(handles, 2, &completions), 0);
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), 0);
        CHECK_EQ(index, i);
    }
    pool_completions_release(completions);
    CHECK_EQ(gate_counters(pool).tasks_helped, 2);
    CHECK_EQ(n_turns, 2);
    CHECK_EQ(pool_submit(pool, let_go, &gate), 0); /* whoever waits has to run it, and what comes before it */
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_turns, 4);
    CHECK_EQ(n_mine, 4);
    CHECK(turns[0] == 3 && turns[1] == 4 && turns[2] == 1 && turns[3] == 2);
    CHECK_EQ(gate_counters(pool).tasks_helped, 5);
    for (int i = 0; i < 2; i++)
        pool_handle_release(handles[i]);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void *let_go_later(void *gate)
{
    usleep(20 * 1000); /* in which a wait could run the task itself */
    gate_free(gate);
    return NULL;
}

/* Not even the longest wait that has a time-out runs a task. */
static void test_timed_waits(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .max_queued = 4});
    struct pool_handle *handles[4];
    struct pool_completions *completions;
    size_t index = 77;
    pthread_t thread;

    for (int i = 0; i < 4; i++)
        CHECK_EQ(pool_apply_async(pool, take_turn_call, numbered(i), NULL, NULL, &handles[i]), 0);
    CHECK_EQ(pool_as_completed(handles, 4, &completions), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pool_handle_wait(handles[0], i), -ETIMEDOUT);
        CHECK_EQ(pool_handle_get(handles[0], i, NULL), -ETIMEDOUT);
        CHECK_EQ(pool_first_completed(handles, 4, i, &index), -ETIMEDOUT);
        CHECK_EQ(pool_first_failed(handles, 4, i, &index), -ETIMEDOUT);
        CHECK_EQ(pool_completions_next(completions, i, &index), -ETIMEDOUT);
        CHECK_EQ(pool_timed_submit(pool, take_turn, NULL, i), -ETIMEDOUT);
    }
    CHECK_EQ(index, 77);
    CHECK_EQ(n_turns, 0);
    CHECK_EQ(pthread_create(&thread, NULL, let_go_later, &gate), 0);
    CHECK_EQ(pool_timed_submit(pool, take_turn, NULL, INT64_MAX), 0);
    CHECK_EQ(pool_first_completed(handles, 4, INT64_MAX, &index), 0);
    CHECK_EQ(pool_completions_next(completions, INT64_MAX, &index), 0);
    CHECK_EQ(pool_handle_get(handles[3], INT64_MAX, NULL), 0);
    CHECK_EQ(pool_first_failed(handles, 4, INT64_MAX, &index), 0);
    CHECK_EQ(index, 4);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(n_mine, 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_timed_join(pool, INT64_MAX), 0);
    CHECK_EQ(gate_counters(pool).tasks_helped, 0);
    pool_completions_release(completions);
    for (int i = 0; i < 4; i++)
        pool_handle_release(handles[i]);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Every negative number is no time-out. */
static void test_forever(void)
{
    static const int64_t forevers[] = {POOL_FOREVER, -2, INT64_MIN};

    for (size_t i = 0; i < 3; i++) {
        struct gate gate;
        struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1, .max_queued = 3, .strict = true});
        struct pool_handle *handles[3];
        struct pool_completions *completions;
        size_t index;
        pthread_t thread;

        for (int k = 0; k < 3; k++)
            CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handles[k]), 0);
        CHECK_EQ(pool_as_completed(handles, 3, &completions), 0);
        CHECK_EQ(pthread_create(&thread, NULL, let_go_later, &gate), 0);
        CHECK_EQ(pool_timed_submit(pool, nothing, NULL, forevers[i]), 0);
        CHECK_EQ(pool_completions_next(completions, forevers[i], &index), 0);
        CHECK_EQ(pool_first_failed(handles, 3, forevers[i], &index), 0);
        CHECK_EQ(pool_handle_get(handles[2], forevers[i], NULL), 0);
        CHECK_EQ(pool_close(pool), 0);
        CHECK_EQ(pool_timed_join(pool, forevers[i]), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        pool_completions_release(completions);
        for (int k = 0; k < 3; k++)
            pool_handle_release(handles[k]);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

static int wait_in_task(void *arg, void *result)
{
    struct pool *pool = arg;
    struct pool_handle *none = NULL;
    size_t index;

    (void)result;
    CHECK_EQ(pool_wait(pool), -EDEADLK);
    CHECK_EQ(pool_join(pool), -EDEADLK);
    CHECK_EQ(pool_timed_join(pool, 0), -EDEADLK);
    CHECK_EQ(pool_destroy(pool), -EDEADLK);
    CHECK_EQ(pool_first_completed(&none, 1, POOL_FOREVER, &index), -ENOENT);
    CHECK_EQ(pool_worker_index(pool), pthread_equal(pthread_self(), me) ? SIZE_MAX : 0);
    CHECK_EQ(pool_submit(pool, nothing, NULL), 0);
    return 0;
}

/* In a task on a thread that helps, as on a worker. */
static void test_wait_in_tasks(void)
{
    struct gate gate;
    struct pool *pool = held(&gate, (struct pool_options){.n_workers = 1});

    CHECK_EQ(pool_apply(pool, wait_in_task, pool, NULL, NULL), 0);
    CHECK_EQ(gate_counters(pool).tasks_helped, 1);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_apply(pool, wait_in_task, pool, NULL, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_messages();
    test_help();
    test_timed_waits();
    test_forever();
    test_wait_in_tasks();
    return check_failures() != 0;
}
