/* Each task is counted once, wherever it ran: on threads that live for one task or for many, on more threads than there
 * are cells, in a child that was forked, for one side after the other. */
#include "check.h"
#include "record/tally.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_THREADS = 2 * TALLY_THREADS, N_TASKS = 1000 };

static struct tally *tally;

static void *run(void *n)
{
    for (size_t i = 0; i < *(size_t *)n; i++)
        tally_add(tally, i, -1, false);
    return NULL;
}

/* All at the same time, on each so many. */
static void run_threads(size_t n_threads, size_t n_tasks)
{
    pthread_t threads[N_THREADS];
    for (size_t i = 0; i < n_threads; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, run, &n_tasks), 0);
    for (size_t i = 0; i < n_threads; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void check_sum(size_t n_threads, size_t n_tasks)
{
    struct tally_sum sum = tally_sum(tally);
    CHECK_EQ(sum.n_run, n_threads * n_tasks);
    CHECK_EQ(sum.value_sum, n_threads * (n_tasks * (n_tasks - 1) / 2));
    CHECK_EQ(sum.n_inline, 0);
    CHECK_EQ(sum.n_same_cpu, 0);
}

static size_t n_run_on_cpus(void)
{
    size_t n = 0;
    for (size_t i = 0; i < TALLY_CPUS; i++)
        n += tally->of_cpu[i].n_run[TALLY_ELSEWHERE];
    return n;
}

static void begin(void)
{
    *tally = (struct tally){ 0 };
    tally_begin(tally);
}

static void test_threads(size_t n_threads)
{
    begin();
    run_threads(n_threads, N_TASKS);
    check_sum(n_threads, N_TASKS);
    if (n_threads <= TALLY_THREADS)
        CHECK_EQ(n_run_on_cpus(), 2 * n_threads); /* the first task, and the one with which a cell is taken */
}

static void test_one_task_each(void)
{
    begin();
    run_threads(N_THREADS, 1);
    check_sum(N_THREADS, 1);
    CHECK_EQ(tally->n_threads, 0);
}

/* The same thread, and the same memory. */
static void test_one_after_the_other(void)
{
    size_t n = N_TASKS;
    for (int i = 0; i < 3; i++) {
        begin();
        run_threads(2, n);
        run(&n);
        check_sum(3, n);
    }
}

static void test_fork(void)
{
    size_t n = 1000 * N_TASKS;
    pid_t child;
    int status = -1;
    begin();
    run(&n);
    child = fork();
    run(&n);
    if (child == 0)
        _exit(0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    check_sum(3, n);
}

static void test_places(void)
{
    enum { OTHER_CPU = -1 };
    begin();
    for (int i = 0; i < 5; i++) {
        tally_add(tally, 0, OTHER_CPU, true);
        tally_add(tally, 0, OTHER_CPU, false);
    }
    CHECK_EQ(tally_sum(tally).n_run, 10);
    CHECK_EQ(tally_sum(tally).n_inline, 5);
    CHECK_EQ(tally_sum(tally).n_same_cpu, 5);
}

int main(void)
{
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(tally != MAP_FAILED);
    test_threads(2);
    test_threads(TALLY_THREADS);
    test_threads(N_THREADS);
    test_one_task_each();
    test_one_after_the_other();
    test_fork();
    test_places();
    return check_failures() != 0;
}
