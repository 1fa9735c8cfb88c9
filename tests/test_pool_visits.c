/* Calls that threads outside leave in seats that they visit, where nobody holds the pool's lock for them, and maps that
 * tasks make, whose parts go from seat to seat. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { N = 10 };

static struct pool *the_pool;
static atomic_int n_runs;

static int run(void *arg, void *result)
{
    (void)arg;
    (void)result;
    n_runs++;
    return 0;
}

static int meet(void *barrier, void *result)
{
    (void)result;
    pthread_barrier_wait(barrier);
    return 0;
}

/* With the first call, which is queued, there are handles for the next ones. */
static void begin(struct pool_options options)
{
    the_pool = gate_pool(options);
    CHECK_EQ(pool_apply(the_pool, run, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_wait(the_pool), 0);
    n_runs = 0;
}

/* Without helping: workers run them. */
static void await_runs(int n)
{
    while (n_runs < n)
        usleep(100);
}

/* In a pool whose only worker is held. */
static void leave_calls(struct pool_handle *handles[N], struct gate *gate)
{
    begin((struct pool_options){.n_workers = 1});
    gate_hold(gate, the_pool);
    for (size_t i = 0; i < N; i++)
        CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, &handles[i]), 0);
}

/* What is left there counts as queued, until it is run, in whatever order. */
static void test_counted(void)
{
    struct pool_handle *handles[N];
    struct gate gate;
    size_t n_helped;

    leave_calls(handles, &gate);
    CHECK_EQ(gate_counters(the_pool).n_queued, N);
    n_helped = gate_counters(the_pool).tasks_helped;
    for (size_t i = 0; i < N / 2; i++) {
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
        CHECK_EQ(gate_counters(the_pool).n_queued, N - 1 - i);
    }
    for (size_t i = N; i-- > N / 2;) {
        CHECK_EQ(gate_counters(the_pool).n_queued, i - N / 2 + 1);
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
    }
    CHECK_EQ(gate_counters(the_pool).n_queued, 0);
    for (size_t i = 0; i < N; i++)
        pool_handle_release(handles[i]);
    gate_free(&gate);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(n_runs, N);
    CHECK_EQ(gate_counters(the_pool).tasks_helped, n_helped + N);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* A worker runs what its caller does not wait for, whether it looks out or sleeps. */
static void test_forgotten(int64_t spin_ns, useconds_t pause_us)
{
    begin((struct pool_options){.n_workers = 1, .spin_ns = spin_ns});
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, NULL), 0);
        await_runs(i + 1);
        usleep(pause_us);
    }
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* As many as there are workers run at once, though the workers are yet to be started. */
static void test_at_once(void)
{
    enum { N_WORKERS = 4 };
    static pthread_barrier_t barrier;
    struct pool_handle *handles[N_WORKERS];

    for (int round = 0; round < 50; round++) {
        begin((struct pool_options){.n_workers = N_WORKERS});
        pthread_barrier_init(&barrier, NULL, N_WORKERS);
        for (int i = 0; i < N_WORKERS; i++)
            CHECK_EQ(pool_apply_async(the_pool, meet, &barrier, NULL, NULL, &handles[i]), 0);
        for (int i = 0; i < N_WORKERS; i++) {
            CHECK_EQ(pool_handle_wait(handles[i], 60 * (int64_t)1000000000), 0);
            pool_handle_release(handles[i]);
        }
        pthread_barrier_destroy(&barrier);
        CHECK_EQ(pool_destroy(the_pool), 0);
    }
}

/* So do the parts of a map that a task makes. */
static pthread_barrier_t meeting;

static void map_meeting(void *arg)
{
    const struct pool_calls calls = {.fn = meet, .args = &meeting, .n_calls = 2, .chunksize = 1};

    (void)arg;
    CHECK_EQ(pool_map_async(the_pool, &calls, NULL, NULL), 0);
}

static void test_map_of_task(void)
{
    the_pool = gate_pool((struct pool_options){.n_workers = 2, .start_all = true, .strict = true});
    pthread_barrier_init(&meeting, NULL, 2);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pool_submit(the_pool, map_meeting, NULL), 0);
        CHECK_EQ(pool_wait(the_pool), 0);
    }
    pthread_barrier_destroy(&meeting);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* For a call another worker is started, though the first one will not look for it. */
static void test_started(void)
{
    struct gate gate;

    begin((struct pool_options){.n_workers = 2});
    gate_hold(&gate, the_pool);
    CHECK_EQ(gate_counters(the_pool).threads_alive, 1);
    CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, NULL), 0);
    await_runs(1);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* A worker whose own seat is full takes all of a map, since it has no place for the rest. */
enum { N_PARTS = 500 };
static atomic_int n_refills;
static struct gate filling;

static int refill(void *arg, void *result)
{
    (void)arg;
    (void)result;
    if (n_refills++ < 1000)
        CHECK_EQ(pool_apply_async(the_pool, refill, NULL, NULL, NULL, NULL), 0);
    return 0;
}

static void fill(void *arg)
{
    gate_pass(arg);
    for (int i = 0; i < 300; i++)
        CHECK_EQ(pool_apply_async(the_pool, refill, NULL, NULL, NULL, NULL), 0);
}

static void test_full(void)
{
    const struct pool_calls calls = {.fn = run, .n_calls = N_PARTS, .chunksize = 1};

    n_refills = 0;
    begin((struct pool_options){.n_workers = 1, .start_all = true});
    gate_init(&filling);
    CHECK_EQ(pool_submit(the_pool, fill, &filling), 0);
    gate_take(&filling.reached);
    CHECK_EQ(pool_map_async(the_pool, &calls, NULL, NULL), 0);
    gate_free(&filling);
    await_runs(N_PARTS);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(n_runs, N_PARTS);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* A long map of a task's leaves others their turn. */
static int run_in_time(void *gate, void *result)
{
    (void)result;
    if (n_runs++ == 0)
        gate_pass(gate);
    return 0;
}

static void map_long(void *gate)
{
    const struct pool_calls calls = {.fn = run_in_time, .args = gate, .n_calls = N_PARTS, .chunksize = 1};

    CHECK_EQ(pool_map_async(the_pool, &calls, NULL, NULL), 0);
}

static int n_before;

static void note_before(void *arg)
{
    (void)arg;
    n_before = n_runs;
}

static void test_turn(void)
{
    struct gate gate;

    n_runs = 0;
    gate_init(&gate);
    the_pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true, .strict = true});
    CHECK_EQ(pool_submit(the_pool, map_long, &gate), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_submit(the_pool, note_before, NULL), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(n_runs, N_PARTS);
    CHECK(n_before <= 130);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* All parts, in maps that are larger than the seat has places for, one within the other. */
static int count_parts(void *arg, void *result)
{
    const struct pool_calls calls = {.fn = run, .n_calls = 30, .chunksize = 1};

    (void)arg;
    (void)result;
    return pool_map(the_pool, &calls, NULL);
}

static void map_maps(void *arg)
{
    const struct pool_calls calls = {.fn = count_parts, .n_calls = 20, .chunksize = 1};

    (void)arg;
    for (int i = 0; i < 300; i++)
        CHECK_EQ(pool_map_async(the_pool, &calls, NULL, NULL), 0);
}

static void test_many_maps(size_t n_workers)
{
    n_runs = 0;
    the_pool = gate_pool((struct pool_options){.n_workers = n_workers, .start_all = true, .strict = true});
    CHECK_EQ(pool_submit(the_pool, map_maps, NULL), 0);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(n_runs, 300 * 20 * 30);
    CHECK_EQ(gate_counters(the_pool).n_queued, 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* A pool that is closed takes nothing, and handles outlive a pool with its seats. */
static void test_end(void)
{
    struct pool_handle *handles[N], *none = NULL;

    begin((struct pool_options){.n_workers = 1});
    for (size_t i = 0; i < N; i++)
        CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, &handles[i]), 0);
    for (size_t i = 0; i < N; i++)
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
    for (size_t i = 0; i < N / 2; i++)
        pool_handle_release(handles[i]);
    CHECK_EQ(pool_close(the_pool), 0);
    CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, &none), -ESHUTDOWN);
    CHECK(none == NULL);
    CHECK_EQ(pool_destroy(the_pool), 0);
    for (size_t i = N / 2; i < N; i++)
        pool_handle_release(handles[i]);
}

/* What is left when the pool is terminated is cancelled. */
static void test_terminated(void)
{
    struct pool_handle *handles[N];
    struct gate gate;

    leave_calls(handles, &gate);
    CHECK_EQ(pool_terminate(the_pool), 0);
    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), -ECANCELED);
        pool_handle_release(handles[i]);
    }
    gate_free(&gate);
    CHECK_EQ(n_runs, 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

/* Threads that visit the same seats, more of them than there are seats. */
static void *call_and_wait(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        struct pool_handle *handles[3];

        for (int k = 0; k < 3; k++)
            CHECK_EQ(pool_apply_async(the_pool, run, NULL, NULL, NULL, &handles[k]), 0);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(pool_handle_get(handles[(i + k) % 3], POOL_FOREVER, NULL), 0);
        for (int k = 0; k < 3; k++)
            pool_handle_release(handles[k]);
        if (i % 500 == 0)
            CHECK_EQ(pool_wait(the_pool), 0);
    }
    return NULL;
}

static void test_many_visit(void)
{
    enum { N_THREADS = 8 };
    pthread_t threads[N_THREADS];

    begin((struct pool_options){.n_workers = 2});
    for (int i = 0; i < N_THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, call_and_wait, NULL), 0);
    for (int i = 0; i < N_THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(n_runs, N_THREADS * 2000 * 3);
    CHECK_EQ(pool_wait(the_pool), 0);
    CHECK_EQ(gate_counters(the_pool).n_queued, 0);
    CHECK_EQ(pool_destroy(the_pool), 0);
}

int main(void)
{
    test_counted();
    test_forgotten(0, 0);
    test_forgotten(0, 200);
    test_forgotten(POOL_NO_SPIN, 0);
    test_at_once();
    test_map_of_task();
    test_started();
    test_full();
    test_turn();
    test_many_maps(1);
    test_many_maps(2);
    test_end();
    test_terminated();
    test_many_visit();
    return check_failures() != 0;
}
