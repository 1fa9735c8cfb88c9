/* What a thread costs, piece by piece. The test: each way to make one makes all that it is asked for. With a number of
 * rounds, `build/tests/test_pieces 200`, it measures: all ways in turns, in reversed order in every second round, each
 * one after the other and waited for; `taskset -c 0` before it puts them on one CPU. */
#include "check.h"
#include "load/clone.h"
#include "load/floors.h"
#include "rawthread.h"
#include "record/clock.h"
#include "sanitizers.h"

#include <stdlib.h>

enum { N_THREADS = 50, ROUNDS_MAX = 10000 };

static const unsigned GLIBC = CLONE_SIGNALS | CLONE_REGISTERS | CLONE_ADVISES;

static int64_t run_own_stack(void)
{
    static _Alignas(4096) char stack[CLONE_STACK_BYTES];
    pthread_attr_t attr;
    int64_t elapsed_ns;

    pthread_attr_init(&attr);
    CHECK_EQ(pthread_attr_setstack(&attr, stack, sizeof stack), 0);
    elapsed_ns = floors_time_pthreads(N_THREADS, &attr);
    pthread_attr_destroy(&attr);
    return elapsed_ns;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static int64_t run_spinning(void)
{
    struct rawthread_group *group;
    int error = rawthread_group_create(&group, &(struct rawthread_options){.spin_ns = 200 * 1000});
    uint64_t begin_ns = clock_now_ns(), end_ns;

    for (int i = 0; i < N_THREADS && error == 0; i++) {
        error = rawthread_group_submit(group, do_nothing, NULL);
        rawthread_group_wait(group);
    }
    end_ns = clock_now_ns();
    if (!CHECK_EQ(error, 0))
        return error;
    rawthread_group_destroy(group);
    return (int64_t)(end_ns - begin_ns);
}

/* Each is compared with the one of that number before it. */
static const struct way {
    const char *name;
    const char *floor;    /* or NULL */
    unsigned pieces;      /* of a thread made by hand */
    size_t base;
    int64_t (*run)(void); /* neither */
} ways[] = {
    {"clone(2), reused stack, joined by CLONE_CHILD_CLEARTID", NULL, CLONE_BARE, 0, NULL},
    {"+ signals blocked at creation and end", NULL, CLONE_SIGNALS, 0, NULL},
    {"+ rseq and set_robust_list", NULL, CLONE_SIGNALS | CLONE_REGISTERS, 1, NULL},
    {"+ madvise of the unused stack", NULL, GLIBC, 2, NULL},
    {"+ the rest of pthread_create and join: pthread-tuned", "pthread-tuned", 0, 3, NULL},
    {"+ bookkeeping of the group: raw", "raw", 0, 4, NULL},
    {"detached instead of joined: raw-detached", "raw-detached", 0, 5, NULL},
    {"default attributes: pthread-default", "pthread-default", 0, 4, NULL},
    {"clone(2), joined by looking, with sched_yield(2) between", NULL, CLONE_SPINS, 0, NULL},
    {"clone(2), a new stack for each: mmap, page faults, munmap", NULL, CLONE_MAPS, 0, NULL},
    {"+ a guard page: mprotect", NULL, CLONE_MAPS | CLONE_GUARDS, 9, NULL},
    {"pthread-tuned on a stack of the caller's", NULL, 0, 4, run_own_stack},
    {"raw whose waiter spins for up to 200 us", NULL, 0, 5, run_spinning},
};

enum { N_WAYS = sizeof ways / sizeof *ways };

static int64_t run(const struct way *way)
{
    if (way->run != NULL)
        return way->run();
    return way->floor != NULL ? floor_find(way->floor)->run(N_THREADS) : clone_run(N_THREADS, way->pieces);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median and quartiles. */
static void print_of(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    printf(" | %.2f [%.2f, %.2f]", values[n / 2], values[n / 4], values[3 * n / 4]);
}

static void measure(int n_rounds)
{
    static double us[N_WAYS][ROUNDS_MAX], own[ROUNDS_MAX], more[ROUNDS_MAX], times[ROUNDS_MAX];

    for (int round = 0; round < n_rounds; round++)
        for (size_t i = 0; i < N_WAYS; i++) {
            size_t way = round % 2 == 0 ? i : N_WAYS - 1 - i;

            us[way][round] = (double)run(&ways[way]) * 1e-3 / N_THREADS;
        }
    puts("| a thread | us [quartiles] | more than what it adds to | times clone(2) |\n|---|---|---|---|");
    for (size_t way = 0; way < N_WAYS; way++) {
        for (int round = 0; round < n_rounds; round++) {
            own[round] = us[way][round];
            more[round] = us[way][round] - us[ways[way].base][round];
            times[round] = us[way][round] / us[0][round];
        }
        printf("| %s", ways[way].name);
        print_of(own, n_rounds);
        print_of(more, n_rounds);
        print_of(times, n_rounds);
        puts(" |");
    }
}

/* Processes and threads that were made on this machine since it began. */
static long long n_made(void)
{
    char line[8192];
    long long n = 0;
    FILE *file = fopen("/proc/stat", "re");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "processes %lld", &n);
    if (file != NULL)
        fclose(file);
    return n;
}

static void test_ways(void)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        long long before = n_made();

        CHECK(run(&ways[i]) > 0);
        CHECK(before == 0 || n_made() - before >= N_THREADS);
    }
}

int main(int argc, char **argv)
{
    int n_rounds = argc > 1 ? atoi(argv[1]) : 0;

    if (HAS_THREAD_SANITIZER) {
        puts("threads made by hand are unknown to ThreadSanitizer");
        return 77;
    }
    test_ways();
    if (n_rounds > 0 && n_rounds <= ROUNDS_MAX)
        measure(n_rounds);
    return check_failures() != 0;
}
