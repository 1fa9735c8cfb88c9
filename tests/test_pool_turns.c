/* Every task has its turn, whoever keeps the workers busy and wherever it waits: each test keeps the workers busy for
 * ever, until one task has run. Then what must not keep others waiting: see each. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static struct pool *pool;
static atomic_bool has_run;

static void have_turn(void *arg)
{
    (void)arg;
    has_run = true;
}

static void begin(struct pool_options options)
{
    has_run = false;
    options.start_all = true;
    pool = gate_pool(options);
}

static void await_turn(void)
{
    while (!has_run)
        sched_yield();
}

static void nothing(void *arg)
{
    (void)arg;
}

static atomic_size_t n_outstanding;

static void take_a_while(void *n_own)
{
    for (volatile int i = 0; i < 3000; i++)
        continue;
    --*(atomic_size_t *)n_own;
    n_outstanding--;
}

static size_t n_own_max;

/* Faster than the worker, and each for itself, so that what waits elsewhere does not hold it up. */
static void *keep_submitting(void *arg)
{
    atomic_size_t *n_own = arg;

    while (!has_run) {
        if (*n_own > n_own_max) {
            sched_yield();
            continue;
        }
        ++*n_own;
        n_outstanding++;
        CHECK_EQ(pool_submit(pool, take_a_while, n_own), 0);
    }
    return NULL;
}

/* Of several threads some meet in a port, and use the queue then. One thread alone does not: of the ports that it has
 * in so many rounds, one at least is not this thread's, where there are several. */
static void test_other_threads(int n_threads, int n_rounds)
{
    enum { N_THREADS_MAX = 9 }; /* more than there are ports */
    static atomic_size_t n_own[N_THREADS_MAX];
    pthread_t threads[N_THREADS_MAX];

    n_own_max = 8000 / (size_t)n_threads;
    for (int i = 0; i < n_rounds; i++) {
        begin((struct pool_options){.n_workers = 1, .strict = true});
        n_outstanding = 0;
        CHECK_EQ(pool_submit(pool, nothing, NULL), 0); /* now this thread has its port */
        for (int j = 0; j < n_threads; j++)
            CHECK_EQ(pthread_create(&threads[j], NULL, keep_submitting, &n_own[j]), 0);
        while (n_outstanding < 4000)
            sched_yield();
        CHECK_EQ(pool_submit(pool, have_turn, NULL), 0);
        for (int j = 0; j < n_threads; j++)
            CHECK_EQ(pthread_join(threads[j], NULL), 0);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

static void go_on(void *arg)
{
    if (!has_run)
        CHECK_EQ(pool_submit(pool, go_on, arg), 0);
}

/* Waits for a task that it submits: as one worker waits, only the other can run it. */
static void wait_for_own(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_submit(pool, have_turn, NULL), 0);
    await_turn();
}

static void test_other_seat(void)
{
    begin((struct pool_options){.n_workers = 2, .strict = true});
    CHECK_EQ(pool_submit(pool, go_on, NULL), 0);
    CHECK_EQ(pool_submit(pool, wait_for_own, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int go_on_with_handles(void *arg, void *result)
{
    if (arg != NULL)
        CHECK_EQ(pool_submit(pool, have_turn, NULL), 0);
    (void)result;
    if (!has_run)
        CHECK_EQ(pool_apply_async(pool, go_on_with_handles, NULL, NULL, NULL, NULL), 0);
    return 0;
}

static void test_behind_handles(void)
{
    static int first;

    begin((struct pool_options){.n_workers = 1, .strict = true});
    CHECK_EQ(pool_apply_async(pool, go_on_with_handles, &first, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

enum { N_PARTS = 10000 };
static atomic_size_t n_parts;

static int go_on_with_parts(void *arg, void *result)
{
    (void)arg;
    (void)result;
    if (n_parts++ == 0)
        CHECK_EQ(pool_submit(pool, have_turn, NULL), 0);
    return has_run && n_parts == N_PARTS;
}

/* What a part of a map submits does not wait for all the others. */
static void test_behind_parts(void)
{
    const struct pool_calls calls = {.fn = go_on_with_parts, .n_calls = N_PARTS, .chunksize = 1};

    begin((struct pool_options){.n_workers = 1, .strict = true});
    n_parts = 0;
    CHECK_EQ(pool_map(pool, &calls, NULL), 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_bool may_go;
static atomic_size_t n_begun[2];

static void count(void *arg)
{
    (void)arg;
    n_begun[pool_worker_index(pool) != 0]++;
    while (!may_go)
        sched_yield();
}

/* A worker in excess leaves after the task that it runs, however many wait. */
static void test_excess(void)
{
    enum { N_TASKS = 50000 };
    struct pool_counters counters;

    begin((struct pool_options){.n_workers = 2, .strict = true});
    may_go = false;
    n_begun[0] = n_begun[1] = 0;
    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(pool_submit(pool, count, NULL), 0);
    while (n_begun[0] == 0 || n_begun[1] == 0)
        sched_yield();
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    may_go = true;
    CHECK_EQ(pool_wait(pool), 0);
    CHECK(n_begun[0] == 1 || n_begun[1] == 1);
    CHECK_EQ(n_begun[0] + n_begun[1], N_TASKS);
    do
        pool_get_counters(pool, &counters);
    while (counters.threads_alive > 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int count_part(void *arg, void *result)
{
    (void)result;
    count(arg);
    return 0;
}

/* And after the part of a map. */
static void test_excess_of_parts(void)
{
    const struct pool_calls calls = {.fn = count_part, .n_calls = N_PARTS, .chunksize = 1};

    begin((struct pool_options){.n_workers = 2, .strict = true});
    may_go = false;
    n_begun[0] = n_begun[1] = 0;
    CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
    while (n_begun[0] == 0 || n_begun[1] == 0)
        sched_yield();
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    may_go = true;
    CHECK_EQ(pool_wait(pool), 0);
    CHECK(n_begun[0] == 1 || n_begun[1] == 1);
    CHECK_EQ(n_begun[0] + n_begun[1], N_PARTS);
    CHECK_EQ(pool_destroy(pool), 0);
}

enum { N_ORDERED = 200 };
static size_t order[N_ORDERED];
static atomic_size_t n_ordered;

/* One of them ends its thread: the worker that comes in its place goes on where it was. */
static void note(void *number)
{
    order[n_ordered++] = (size_t)number;
    if ((size_t)number == 10)
        pthread_exit(NULL);
}

static void test_order_after_exit(void)
{
    struct gate gate;

    begin((struct pool_options){.n_workers = 1, .strict = true});
    n_ordered = 0;
    gate_hold(&gate, pool);
    for (size_t i = 0; i < N_ORDERED; i++)
        CHECK_EQ(pool_submit(pool, note, (void *)i), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    for (size_t i = 0; i < N_ORDERED; i++)
        CHECK_EQ(order[i], i);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void *close_cancelled(void *arg)
{
    CHECK_EQ(pthread_cancel(pthread_self()), 0);
    CHECK_EQ(pool_close(pool), 0);
    have_turn(arg);
    pthread_testcancel();
    return NULL;
}

static atomic_int n_keeping;

static void *submit_until_closed(void *arg)
{
    (void)arg;
    n_keeping++;
    while (pool_submit(pool, nothing, NULL) == 0)
        continue;
    return NULL;
}

/* Closing waits for who is about to submit, and is no cancellation point. */
static void test_close_cancelled(void)
{
    enum { N_THREADS = 3 };

    for (int i = 0; i < 100; i++) {
        pthread_t threads[N_THREADS], closer;

        begin((struct pool_options){.n_workers = 1});
        n_keeping = 0;
        for (int j = 0; j < N_THREADS; j++)
            CHECK_EQ(pthread_create(&threads[j], NULL, submit_until_closed, NULL), 0);
        while (n_keeping < N_THREADS)
            sched_yield();
        CHECK_EQ(pthread_create(&closer, NULL, close_cancelled, NULL), 0);
        CHECK_EQ(pthread_join(closer, NULL), 0);
        CHECK(has_run);
        for (int j = 0; j < N_THREADS; j++)
            CHECK_EQ(pthread_join(threads[j], NULL), 0);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

static atomic_bool is_over;

static void submit_in_vain(void *context, size_t index)
{
    (void)context;
    (void)index;
    for (int i = 0; i < 20000; i++)
        CHECK_EQ(pool_submit(pool, nothing, NULL), -ESHUTDOWN);
    is_over = true;
}

static void *wait_again(void *arg)
{
    (void)arg;
    while (!is_over)
        CHECK_EQ(pool_wait(pool), 0);
    return NULL;
}

/* What is refused keeps nobody waiting who has seen it counted. */
static void test_refused(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;

        is_over = false;
        begin((struct pool_options){.n_workers = 1, .finalizer = submit_in_vain});
        CHECK_EQ(pthread_create(&thread, NULL, wait_again, NULL), 0);
        CHECK_EQ(pool_close(pool), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

int main(void)
{
    test_other_threads(9, 2);
    test_other_threads(1, 4);
    test_other_seat();
    test_behind_handles();
    test_behind_parts();
    test_excess();
    test_excess_of_parts();
    test_order_after_exit();
    test_close_cancelled();
    test_refused();
    return check_failures() != 0;
}
