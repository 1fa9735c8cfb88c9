/* What the tests against known bugs of other pools share: pools of several shapes, rounds of choices from a printed
 * seed for a moment each, and threads that are stalled wherever they are. A lost wake-up is a round that does not end,
 * and then the alarm ends the program. POOLBENCH_STRESS_SEED sets the seed. */
#ifndef OTHERS_H
#define OTHERS_H

#include "pool.h"
#include "stress.h"

#include <sys/syscall.h>

enum {
    OTHERS_MS = 15,           /* for each shape, after the first round */
    OTHERS_WORKERS_MAX = 40,
    OTHERS_STALL_NS = 50000,  /* longest; and the longest time between two */
    OTHERS_LOOKS = 100        /* before who waits for a number lets other threads run */
};

/* Which pools a test is for, besides those of any size without a bound. */
enum { OTHERS_BOUNDED = 1, OTHERS_UNBOUNDED = 2, OTHERS_SEVERAL = 4, OTHERS_HELPING = 8 };

struct others {
    struct pool *pool;
    size_t n_workers, max_queued;
    int64_t spin_ns;
    bool is_stalled;
    uint64_t random;
};

static const char *others_test = "";
static uint64_t others_seed;

/* Threads that may be stalled, by the kernel's numbers; 0: none. */
static atomic_int others_ids[OTHERS_WORKERS_MAX + 1];
static atomic_bool others_is_over;

static inline void others_hang(int number)
{
    static const char text[] = " does not end\n";

    (void)number;
    if (write(STDOUT_FILENO, others_test, strlen(others_test)) >= 0 && write(STDOUT_FILENO, text, sizeof text - 1) >= 0)
        abort();
}

/* Lets time pass in the middle of whatever the thread does. */
static inline void others_stall(int number)
{
    static atomic_uint n;
    uint64_t random = others_seed + n++;
    int error = errno;

    (void)number;
    random = stress_random(&random);
    if (random % 2 == 0)
        sched_yield();
    else
        stress_sleep((int64_t)(random >> 32) % OTHERS_STALL_NS);
    errno = error;
}

static inline void *others_stall_all(void *arg)
{
    uint64_t random = *(uint64_t *)arg;

    while (!others_is_over) {
        int id = others_ids[stress_below(&random, OTHERS_WORKERS_MAX + 1)];

        if (id != 0) {
            syscall(SYS_tgkill, getpid(), id, SIGUSR1);
            stress_sleep((int64_t)stress_below(&random, OTHERS_STALL_NS));
        }
    }
    return NULL;
}

static inline int others_begin_worker(void *context, size_t index)
{
    (void)context;
    if (index < OTHERS_WORKERS_MAX)
        others_ids[index] = (int)syscall(SYS_gettid);
    return 0;
}

static inline void others_end_worker(void *context, size_t index)
{
    (void)context;
    if (index < OTHERS_WORKERS_MAX)
        others_ids[index] = 0;
}

/* From nothing to some 20 microseconds: short ones as often as long ones. */
static inline void others_delay(uint64_t *random)
{
    int n = (int)stress_below(random, (size_t)1 << stress_below(random, 13));

    for (atomic_int i = 0; i < n; i++)
        continue;
}

/* Waits for a number without the pool's help. */
static inline void others_await(const atomic_int *n, int least)
{
    for (int n_looks = 0; *n < least; n_looks++)
        if (n_looks >= OTHERS_LOOKS)
            sched_yield();
}

static inline int64_t others_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void others_open(struct others *others, int kind)
{
    struct pool_options options = {.n_workers = others->n_workers, .max_queued = others->max_queued,
                                   .spin_ns = others->spin_ns, .strict = !(kind & OTHERS_HELPING),
                                   .keep_signals = others->is_stalled};

    if (others->is_stalled) {
        options.initializer = others_begin_worker;
        options.finalizer = others_end_worker;
    }
    if (!CHECK_EQ(pool_create(&others->pool, &options), 0))
        exit(1);
}

static inline void others_run_shape(struct others *others, int kind, void (*round)(struct others *))
{
    uint64_t random = stress_random(&others->random);
    int64_t end_ms;
    pthread_t thread;

    others_open(others, kind);
    others_is_over = false;
    if (others->is_stalled)
        stress_thread(&thread, others_stall_all, &random);
    end_ms = others_now_ms() + OTHERS_MS;
    do
        round(others);
    while (check_failures() == 0 && others_now_ms() < end_ms);
    others_is_over = true;
    if (others->is_stalled)
        pthread_join(thread, NULL);
    CHECK_EQ(pool_destroy(others->pool), 0);
}

/* Runs rounds with a pool of each shape that the kind allows. */
static inline void others_run(const char *test, int kind, void (*round)(struct others *))
{
    const size_t more = (size_t)sysconf(_SC_NPROCESSORS_ONLN) + 3, wide = more < 16 ? more : 16;
    const struct others shapes[] = {
        {.n_workers = 1, .spin_ns = POOL_NO_SPIN},
        {.n_workers = 1, .is_stalled = true},
        {.n_workers = 2, .spin_ns = POOL_NO_SPIN, .is_stalled = true},
        {.n_workers = 2},
        {.n_workers = wide, .spin_ns = POOL_NO_SPIN},
        {.n_workers = wide, .is_stalled = true},
        {.n_workers = 1, .max_queued = 1, .spin_ns = POOL_NO_SPIN},
        {.n_workers = wide, .max_queued = 1, .spin_ns = POOL_NO_SPIN, .is_stalled = true},
        {.n_workers = wide, .max_queued = 2},
    };

    others_test = test;
    alarm(STRESS_HANG_SECONDS);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && check_failures() == 0; i++) {
        struct others others = shapes[i];

        others.random = others_seed + i;
        if ((kind & OTHERS_BOUNDED && others.max_queued == 0) || (kind & OTHERS_UNBOUNDED && others.max_queued > 0) ||
            (kind & OTHERS_SEVERAL && others.n_workers == 1))
            continue;
        others_run_shape(&others, kind, round);
    }
    alarm(0);
    if (check_failures() != 0)
        printf("%s fails with POOLBENCH_STRESS_SEED=%" PRIu64 "\n", test, others_seed);
}

static inline void others_begin(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    others_seed = stress_setting("POOLBENCH_STRESS_SEED", (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec, 0,
                                 UINT64_MAX);
    printf("seed %" PRIu64 "\n", others_seed);
    fflush(stdout);
    signal(SIGALRM, others_hang);
    signal(SIGUSR1, others_stall);
    others_ids[OTHERS_WORKERS_MAX] = (int)syscall(SYS_gettid);
}

#endif
