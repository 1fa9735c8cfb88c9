/* The machine's own primitives. Each function does its operation n times and returns the time of all. */
#include "load/floors.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/executor.h"
#include "load/clone.h"
#include "record/clock.h"

static long futex(atomic_int *word, int op, int value)
{
    return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static int64_t clock_floor(uint64_t n)
{
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n; i++)
        (void)clock_now_ns();
    return (int64_t)(clock_now_ns() - start);
}

static int64_t syscall_floor(uint64_t n)
{
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n; i++)
        syscall(SYS_getppid);
    return (int64_t)(clock_now_ns() - start);
}

static int64_t futex_wake_floor(uint64_t n)
{
    atomic_int word = 0;
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n; i++)
        futex(&word, FUTEX_WAKE_PRIVATE, 1);
    return (int64_t)(clock_now_ns() - start);
}

/* Two threads that take turns, each on a CPU of its own. */
struct turns {
    _Alignas(128) atomic_int turn; /* whose turn it is: 0 the caller's, 1 the partner's */
    uint64_t n;
    bool sleeping; /* wait in the kernel, not in a loop */
    int error;     /* of the partner */
};

/* [TURN] release hands over, acquire takes over; the word itself is all that is handed. */
static void take_turn(struct turns *turns, int mine)
{
    while (atomic_load_explicit(&turns->turn, memory_order_acquire) != mine) /* [TURN] acquire */
        if (turns->sleeping)
            futex(&turns->turn, FUTEX_WAIT_PRIVATE, !mine);
}

static void pass_turn(struct turns *turns, int mine)
{
    atomic_store_explicit(&turns->turn, !mine, memory_order_release); /* [TURN] release */
    if (turns->sleeping)
        futex(&turns->turn, FUTEX_WAKE_PRIVATE, 1);
}

static int turn_cpus[2] = { -1, -1 };

void floors_set_cpus(int caller, int partner)
{
    turn_cpus[0] = caller;
    turn_cpus[1] = partner;
}

static int stand_on(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) != 0 ? -errno : 0;
}

static void *turns_partner(void *arg)
{
    struct turns *turns = arg;
    turns->error = stand_on(turn_cpus[1]);
    for (uint64_t i = 0; i < turns->n; i++) {
        take_turn(turns, 1);
        pass_turn(turns, 1);
    }
    return NULL;
}

static int64_t time_turns(uint64_t n, bool sleeping)
{
    struct turns turns = { .turn = 0, .n = n + 1, .sleeping = sleeping };
    pthread_t partner;
    if (turn_cpus[0] < 0 || turn_cpus[1] < 0)
        return -ENOTSUP;
    int error = stand_on(turn_cpus[0]);
    if (error)
        return error;
    error = pthread_create(&partner, NULL, turns_partner, &turns);
    if (error)
        return -error;
    pass_turn(&turns, 0);
    take_turn(&turns, 0); /* the partner is there */
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n; i++) {
        pass_turn(&turns, 0);
        take_turn(&turns, 0);
    }
    uint64_t end = clock_now_ns();
    pthread_join(partner, NULL);
    return turns.error ? turns.error : (int64_t)(end - start);
}

static int64_t cache_line_floor(uint64_t n)
{
    return time_turns(n, false);
}

static int64_t futex_round_trip_floor(uint64_t n)
{
    return time_turns(n, true);
}

static int64_t clone_floor(uint64_t n)
{
    return clone_run(n, CLONE_BARE);
}

static void *thread_nothing(void *arg)
{
    return arg;
}

int64_t floors_time_pthreads(uint64_t n, const pthread_attr_t *attributes)
{
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, attributes, thread_nothing, NULL);
        if (error)
            return -error;
        pthread_join(thread, NULL);
    }
    return (int64_t)(clock_now_ns() - start);
}

static int64_t pthread_default_floor(uint64_t n)
{
    return floors_time_pthreads(n, NULL);
}

static void init_tuned(pthread_attr_t *attributes)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    pthread_attr_init(attributes);
    pthread_attr_setstacksize(attributes, least > 64 << 10 ? (size_t)least : 64 << 10);
}

static int64_t pthread_tuned_floor(uint64_t n)
{
    pthread_attr_t attributes;
    init_tuned(&attributes);
    int64_t elapsed_ns = floors_time_pthreads(n, &attributes);
    pthread_attr_destroy(&attributes);
    return elapsed_ns;
}

/* What the threads of an open load go through: born on the generator's CPU, they have to move. */
static int64_t pthread_bound_floor(uint64_t n)
{
    pthread_attr_t attributes;
    cpu_set_t there;
    if (turn_cpus[0] < 0 || turn_cpus[1] < 0)
        return -ENOTSUP;
    int error = stand_on(turn_cpus[0]);
    if (error)
        return error;
    CPU_ZERO(&there);
    CPU_SET((size_t)turn_cpus[1], &there);
    init_tuned(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof there, &there);
    int64_t elapsed_ns = floors_time_pthreads(n, &attributes);
    pthread_attr_destroy(&attributes);
    return elapsed_ns;
}

static void task_nothing(void *arg)
{
    (void)arg;
}

/* One thread per task as a backend makes it, but one at a time. */
static int64_t time_backend(uint64_t n, const char *name)
{
    const struct executor *executor = executor_find(name);
    const struct executor_options options = { .n_workers = 1 };
    void *state;
    int error = executor->create(&options, &state);
    if (error)
        return error;
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n && !error; i++) {
        error = executor->submit(state, task_nothing, NULL);
        executor->wait_all(state);
    }
    uint64_t end = clock_now_ns();
    executor->destroy(state);
    return error ? error : (int64_t)(end - start);
}

static int64_t raw_floor(uint64_t n)
{
    return time_backend(n, "raw");
}

static int64_t raw_detached_floor(uint64_t n)
{
    return time_backend(n, "raw-detached");
}

const struct floor floor_table[] = {
    { "clock", "one reading of the clock", 10000, clock_floor },
    { "syscall", "the cheapest system call", 10000, syscall_floor },
    { "cache-line", "a cache line to another CPU and back", 2000, cache_line_floor },
    { "futex-wake", "a futex wake with nobody waiting", 10000, futex_wake_floor },
    { "futex-round-trip", "waking a sleeper on another CPU, and being woken by it", 50, futex_round_trip_floor },
    { "clone", "a bare kernel thread, reused stack, joined", 50, clone_floor },
    { "pthread-default", "pthread_create and join with default attributes", 50, pthread_default_floor },
    { "pthread-tuned", "pthread_create and join with a small stack", 50, pthread_tuned_floor },
    { "pthread-bound", "the same, bound to another CPU than its creator's", 50, pthread_bound_floor },
    { "raw", "one thread per task as measured here, one at a time, joined", 50, raw_floor },
    { "raw-detached", "the same, detached", 50, raw_detached_floor },
    { NULL, NULL, 0, NULL },
};

const struct floor *floor_find(const char *name)
{
    for (const struct floor *floor = floor_table; floor->name; floor++)
        if (strcmp(floor->name, name) == 0)
            return floor;
    return NULL;
}
