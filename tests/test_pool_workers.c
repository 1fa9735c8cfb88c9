/* What workers are like: names, CPUs, signals, stacks, how many there are, and that idle ones rest. */
#include "check.h"
#include "pool.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N_WORKERS = 3 };

/* What one worker says of itself. All workers meet, so each runs one such task. */
struct report {
    pthread_barrier_t *barrier;
    char name[16];
    sigset_t blocked;
    cpu_set_t cpus;
    pthread_t thread;
};

static void report(void *arg)
{
    struct report *report = arg;

    pthread_getname_np(pthread_self(), report->name, sizeof report->name);
    pthread_sigmask(SIG_BLOCK, NULL, &report->blocked);
    sched_getaffinity(0, sizeof report->cpus, &report->cpus);
    report->thread = pthread_self();
    pthread_barrier_wait(report->barrier);
}

static void ask_workers(struct pool_options options, struct report *reports)
{
    struct pool *pool = NULL;
    pthread_barrier_t barrier;

    options.n_workers = N_WORKERS;
    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        exit(1);
    pthread_barrier_init(&barrier, NULL, N_WORKERS);
    for (int i = 0; i < N_WORKERS; i++)
        reports[i].barrier = &barrier;
    CHECK_EQ(pool_submit_many(pool, report, reports, sizeof *reports, N_WORKERS, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    pthread_barrier_destroy(&barrier);
}

static bool has_name(const struct report *reports, const char *name)
{
    for (int i = 0; i < N_WORKERS; i++) {
        if (strcmp(reports[i].name, name) == 0)
            return true;
    }
    return false;
}

static void test_names(void)
{
    struct report reports[N_WORKERS];

    ask_workers((struct pool_options){0}, reports);
    CHECK(has_name(reports, "pool-0") && has_name(reports, "pool-1") && has_name(reports, "pool-2"));
    ask_workers((struct pool_options){.name = "a-name-that-is-too-long"}, reports);
    CHECK(has_name(reports, "a-name-that-i-0") && has_name(reports, "a-name-that-i-2"));
}

/* Where there are two CPUs, workers 0 and 2 get the first and worker 1 the second; else all get the one. */
static void test_cpus(void)
{
    struct report reports[N_WORKERS];
    cpu_set_t mine, masks[2];
    size_t n = 0;

    sched_getaffinity(0, sizeof mine, &mine);
    ask_workers((struct pool_options){0}, reports);
    for (int i = 0; i < N_WORKERS; i++)
        CHECK(CPU_EQUAL(&reports[i].cpus, &mine));
    for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
        if (CPU_ISSET(cpu, &mine)) {
            CPU_ZERO(&masks[n]);
            CPU_SET(cpu, &masks[n++]);
        }
    }
    ask_workers((struct pool_options){.cpusets = masks, .cpuset_bytes = sizeof masks[0], .n_cpusets = n},
                reports);
    for (int i = 0; i < N_WORKERS; i++) {
        size_t index = (size_t)(strrchr(reports[i].name, '-')[1] - '0');

        CHECK(CPU_EQUAL(&reports[i].cpus, &masks[index % n]));
    }
}

static void test_signals(void)
{
    static const int blocked[] = {SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD, SIGPIPE, SIGPROF};
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct report reports[N_WORKERS];
    sigset_t before, after;

    pthread_sigmask(SIG_BLOCK, NULL, &before);
    ask_workers((struct pool_options){0}, reports);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int i = 0; i < N_WORKERS; i++) {
        for (size_t k = 0; k < sizeof blocked / sizeof *blocked; k++)
            CHECK_EQ(sigismember(&reports[i].blocked, blocked[k]), 1);
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++)
            CHECK_EQ(sigismember(&reports[i].blocked, faults[k]), 0);
    }
    for (int signal = 1; signal < SIGRTMIN; signal++)
        CHECK_EQ(sigismember(&after, signal), sigismember(&before, signal));
}

/* Workers have the mask of the thread that created the pool, whoever starts them. */
static void test_kept_signals(void)
{
    struct report reports[N_WORKERS];
    sigset_t own, before;

    sigemptyset(&own);
    sigaddset(&own, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &own, &before);
    ask_workers((struct pool_options){.keep_signals = true}, reports);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (int i = 0; i < N_WORKERS; i++)
        for (int signal = 1; signal < SIGRTMIN; signal++)
            CHECK_EQ(sigismember(&reports[i].blocked, signal), signal == SIGUSR2);
}

static void measure_stack(void *arg)
{
    pthread_attr_t attr;

    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, arg);
    pthread_attr_destroy(&attr);
}

static void test_stack(void)
{
    struct pool_options options = {.n_workers = 1, .stack_bytes = 32 << 20};
    struct pool *pool = NULL;
    size_t stack_bytes = 0;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        return;
    CHECK_EQ(pool_submit(pool, measure_stack, &stack_bytes), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK(stack_bytes >= (32 << 20) - 65536); /* more where libc had a larger stack left over */
}

static size_t count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    size_t n = 0;

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* The system may show a thread a little longer than until it is joined: all of them are gone once nothing changes. */
static size_t count_settled_threads(void)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};
    size_t n = count_threads();

    for (int n_same = 0; n_same < 5; n_same++) {
        size_t n_then = n;

        nanosleep(&pause, NULL);
        n = count_threads();
        if (n != n_then)
            n_same = 0;
    }
    return n;
}

static long process_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * 1000000000L + used.tv_nsec;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* All threads are there from the start, and use next to no CPU time before and after they have worked. */
static void test_idle(void)
{
    const struct timespec pause = {0, 50 * 1000 * 1000};
    struct pool_options options = {.n_workers = 8, .start_all = true};
    struct pool *pool = NULL;
    size_t n_before = count_settled_threads();

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        return;
    CHECK_EQ(count_threads(), n_before + 8);
    for (int i = 0; i < 2; i++) {
        long begin_ns;

        CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, 1000, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
        nanosleep(&pause, NULL); /* the last of them goes to sleep */
        begin_ns = process_ns();
        nanosleep(&pause, NULL);
        CHECK(process_ns() - begin_ns < 20 * 1000 * 1000);
    }
    CHECK_EQ(count_threads(), n_before + 8);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_names();
    test_cpus();
    test_signals();
    test_kept_signals();
    test_stack();
    test_idle();
    return check_failures() != 0;
}
