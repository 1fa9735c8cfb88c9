/* When an elastic pool grows and shrinks, rule by rule: see max_workers in pool.h. */
#include "gate.h"
#include "syscall.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POOL_NAME "elastic"

enum {
    N_MORE = 8,         /* workers that the pool may start */
    N_MORE_ALLOWED = 3, /* of which so many may be an accident of a noisy machine: growing doubles the workers */
    N_CPUS_MAX = 64,
    N_QUICK = 200,      /* parts of a map before those that block */
    N_LOOKS = 12,       /* of the scout, in which it would have started a worker */
    SLOW_US = 1000 * 1000
};

static atomic_bool are_wakes_slow; /* as if who wakes had lost its CPU: until the scout has looked often enough */
static atomic_bool is_scout_held;  /* before it sleeps, so that it sees nothing of what is over by then */
static atomic_size_t n_looks;      /* the scout sleeps between two of them */

/* The scout bears the pool's name, workers have an index behind it. */
static bool am_scout(void)
{
    char name[16] = "";

    pthread_getname_np(pthread_self(), name, sizeof name);
    return strcmp(name, POOL_NAME) == 0;
}

static void before_futex(int operation)
{
    size_t until = n_looks + N_LOOKS;

    if (operation != FUTEX_WAKE && am_scout())
        n_looks++;
    for (int us = 0; are_wakes_slow && operation == FUTEX_WAKE && n_looks < until && us < SLOW_US; us += 100)
        usleep(100);
    while (is_scout_held && operation != FUTEX_WAKE && am_scout())
        usleep(100);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t n_cpus(void)
{
    struct pool_cpu_limits limits = {0};

    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    return limits.n_usable;
}

/* As many workers as CPUs, so that they can keep these busy. */
static struct pool *elastic(size_t max_queued)
{
    return gate_pool((struct pool_options){.name = POOL_NAME, .n_workers = n_cpus(), .max_workers = n_cpus() + N_MORE,
                                           .strict = true, .start_all = true, .max_queued = max_queued});
}

static size_t n_more(struct pool *pool)
{
    struct pool_counters counters = {0};

    pool_get_counters(pool, &counters);
    return counters.threads_peak - 1 - n_cpus(); /* the scout */
}

/* Computes for so many microseconds of its thread's time. */
static void compute(void *us)
{
    struct timespec start, now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < *(int *)us);
}

/* While tasks compute, and more of them wait, no workers are started. */
static void test_busy(int us, size_t max_queued, int64_t duration_ns)
{
    struct pool *pool = elastic(max_queued);
    int64_t end_ns = now_ns() + duration_ns;

    while (now_ns() < end_ns)
        CHECK_EQ(pool_submit(pool, compute, &us), 0);
    if (!CHECK(n_more(pool) <= N_MORE_ALLOWED))
        fprintf(stderr, "%zu more for tasks of %d us\n", n_more(pool), us);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int compute_part(void *us, void *result)
{
    (void)result;
    compute(us);
    return 0;
}

/* The same with parts of maps, which are progress too. */
static void test_busy_with_parts(void)
{
    int us = 1000;
    const struct pool_calls calls = {.fn = compute_part, .args = &us, .n_calls = 100, .chunksize = 1};
    struct pool *pool = elastic(0);
    int64_t end_ns = now_ns() + 900 * 1000 * 1000;

    while (now_ns() < end_ns)
        CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    CHECK(n_more(pool) <= N_MORE_ALLOWED);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* While other programs keep the CPUs busy. */
static void beside_others(void (*test)(void))
{
    pid_t others[2 * N_CPUS_MAX];
    size_t n = 2 * n_cpus();

    for (size_t i = 0; i < n; i++) {
        others[i] = fork();
        if (others[i] == 0) {
            alarm(20);
            for (;;)
                continue;
        }
    }
    test();
    for (size_t i = 0; i < n; i++) {
        kill(others[i], SIGKILL);
        waitpid(others[i], NULL, 0);
    }
}

/* Workers that other programs keep from running use little time, but they do not block. */
static void test_busy_for_a_while(void)
{
    test_busy(1000, 64, 300 * 1000 * 1000);
}

static atomic_bool is_called;
static atomic_size_t n_waiting;

static void call(void *arg)
{
    (void)arg;
    is_called = true;
}

static void spin_until_called(void *arg)
{
    (void)arg;
    n_waiting++;
    while (!is_called)
        continue;
}

/* All workers compute until a task has run that is queued: one worker more is started for it. */
static void test_stuck(void)
{
    struct pool *pool = elastic(0);

    for (size_t i = 0; i < n_cpus(); i++)
        CHECK_EQ(pool_submit(pool, spin_until_called, NULL), 0);
    while (n_waiting < n_cpus())
        usleep(1000);
    CHECK_EQ(pool_submit(pool, call, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_more(pool), 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Where tasks block, workers are started; not more than tasks wait, and up to the maximum. */
static void test_blocked(size_t n_blocked, size_t n_expected)
{
    struct pool *pool = elastic(0);
    struct gate gate;

    gate_init(&gate);
    usleep(20 * 1000); /* all sleep */
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, n_blocked, NULL), 0);
    for (size_t i = 0; i < n_cpus() + n_expected; i++)
        gate_take(&gate.reached);
    usleep(30 * 1000); /* in which it could start too many */
    CHECK_EQ(n_more(pool), n_expected);
    for (size_t i = 0; i < n_blocked; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int pass_later(void *arg, void *result)
{
    struct gate *gate = *(struct gate **)arg;

    (void)result;
    if (gate != NULL)
        gate_pass(gate);
    return 0;
}

/* The parts of a map that were begun do not wait any more, whoever began them. The scout looks once all have begun but
 * one: while the quick ones wait, it could take a worker that has lost its CPU for one that blocks. */
static void test_blocked_map(void)
{
    struct gate gate, *gates[N_QUICK + N_CPUS_MAX + 1] = {NULL};
    struct pool *pool = elastic(0);
    struct pool_calls calls = {.fn = pass_later, .args = gates, .arg_bytes = sizeof gates[0],
                               .n_calls = N_QUICK + n_cpus() + 1, .chunksize = 1};

    gate_init(&gate);
    for (size_t i = N_QUICK; i < calls.n_calls; i++)
        gates[i] = &gate;
    is_scout_held = true;
    CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
    for (size_t i = 0; i < n_cpus(); i++)
        gate_take(&gate.reached);
    is_scout_held = false;
    gate_take(&gate.reached);
    usleep(30 * 1000); /* in which it could start too many */
    CHECK_EQ(n_more(pool), 1);
    for (size_t i = 0; i < n_cpus() + 1; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Idle workers that are about to be woken for a task will take it, however long that takes. */
static void test_called(void)
{
    struct pool *pool = elastic(0);
    struct gate gate;

    gate_init(&gate);
    for (size_t i = 0; i + 1 < n_cpus(); i++) {
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
        gate_take(&gate.reached);
    }
    usleep(20 * 1000); /* the last one sleeps */
    are_wakes_slow = true;
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, 3, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        gate_take(&gate.reached);
    usleep(30 * 1000); /* in which it could start too many */
    are_wakes_slow = false;
    CHECK_EQ(n_more(pool), 2);
    for (size_t i = 0; i < n_cpus() + 2; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A pool that is closed grows as well, while tasks wait that were accepted. */
static void test_closed(void)
{
    struct pool *pool = elastic(0);
    struct gate gate;

    gate_init(&gate);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, n_cpus() + 2, NULL), 0);
    CHECK_EQ(pool_close(pool), 0);
    for (size_t i = 0; i < n_cpus() + 2; i++)
        gate_take(&gate.reached);
    for (size_t i = 0; i < n_cpus() + 2; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Those above n_workers end, but no sooner than after a second without a task. */
static void test_shrink(void)
{
    struct pool *pool = elastic(0);
    struct pool_counters counters;
    int64_t start_ns;
    struct gate gate;

    gate_init(&gate);
    for (size_t i = 0; i < n_cpus() + 3; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (size_t i = 0; i < n_cpus() + 3; i++)
        gate_take(&gate.reached);
    start_ns = now_ns();
    for (size_t i = 0; i < n_cpus() + 3; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    do {
        usleep(1000);
        pool_get_counters(pool, &counters);
    } while (counters.threads_alive == n_cpus() + 3 + 1);
    CHECK(now_ns() - start_ns >= 1000 * 1000 * 1000);
    do {
        usleep(1000);
        pool_get_counters(pool, &counters);
    } while (counters.threads_alive > n_cpus() + 1);
    CHECK_EQ(counters.threads_alive, n_cpus() + 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    if (n_cpus() > N_CPUS_MAX) {
        printf("not on this machine: more than %d CPUs to keep busy\n", N_CPUS_MAX);
        return 77;
    }
    test_busy(100, 64, 100 * 1000 * 1000);
    test_busy(1000, 64, 900 * 1000 * 1000); /* tasks begin, so it is not stuck */
    test_busy_with_parts();
    test_busy(1000, 1, 200 * 1000 * 1000);
    beside_others(test_busy_for_a_while);
    test_stuck();
    test_blocked(n_cpus() + 2, 2);
    test_blocked(n_cpus() + 2 * N_MORE, N_MORE);
    test_blocked_map();
    test_called();
    test_closed();
    test_shrink();
    return check_failures() != 0;
}
