/* Every allocation and every creation of a thread is refused in turn: each call then returns the error that its
 * contract says and has done nothing, what was accepted runs, what was not does not, all works afterwards, and
 * nothing is left behind. */
#include "check.h"
#include "rawthread.h"
#include "refuse_calls.h"

#include <sched.h>
#include <semaphore.h>

enum { N_TASKS = 20, N_HELD = 70 }; /* more than are joined in a batch; nearly as many as a slab of records holds */

static char untouched; /* what an *out holds that is not to be set */

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_thread(const void *attr)
{
    struct rawthread thread;
    atomic_int n = 0;
    int error;

    refuse_planned();
    error = rawthread_init(&thread, add_one, &n, attr);
    CHECK_EQ(error, 0);
    error = rawthread_start(&thread);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    if (error != 0) {
        CHECK(!rawthread_is_alive(&thread));
        CHECK_EQ(rawthread_native_id(&thread), 0);
        CHECK_EQ(rawthread_join(&thread), -EINVAL);
        CHECK_EQ(n, 0);
        CHECK_EQ(rawthread_start(&thread), 0);
    }
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(rawthread_release(&thread), 0);
}

/* A thread that was never to be started is released as it is. */
static void test_not_started(const void *arg)
{
    struct rawthread thread;
    atomic_int n = 0;
    int error;

    (void)arg;
    refuse_planned();
    CHECK_EQ(rawthread_init(&thread, add_one, &n, NULL), 0);
    error = rawthread_start(&thread);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    CHECK_EQ(rawthread_join(&thread), error == 0 ? 0 : -EINVAL);
    CHECK_EQ(rawthread_release(&thread), 0);
}

static void tell(void *arg)
{
    sem_post(arg);
}

static void test_detached(const void *attr)
{
    static sem_t begun;
    int error, n_begun = 0;

    sem_init(&begun, 0, 0);
    refuse_planned();
    error = rawthread_start_detached(tell, &begun, attr);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    if (error == 0) {
        while (sem_wait(&begun) != 0)
            continue;
        refuse_n_threads--; /* nobody joins it */
    }
    sem_getvalue(&begun, &n_begun);
    CHECK_EQ(n_begun, 0);
}

struct task {
    atomic_int n_runs;
    bool is_accepted;
};

static void run(void *arg)
{
    ((struct task *)arg)->n_runs++;
}

/* What was accepted runs, and nothing else. */
static void run_group(struct rawthread_group *group, int n_tasks)
{
    struct task tasks[N_TASKS];

    for (int i = 0; i < n_tasks; i++) {
        int error;

        tasks[i] = (struct task){.is_accepted = false};
        error = rawthread_group_submit(group, run, &tasks[i]);
        CHECK_EQ(error, refuse_taken());
        tasks[i].is_accepted = error == 0;
    }
    CHECK_EQ(rawthread_group_wait(group), 0);
    for (int i = 0; i < n_tasks; i++)
        CHECK_EQ(tasks[i].n_runs, tasks[i].is_accepted);
}

static void test_group(const void *arg)
{
    const struct rawthread_options *options = arg;
    struct rawthread_group *group = (void *)&untouched;
    long n_threads = refuse_n_threads;
    int error;

    refuse_planned();
    error = rawthread_group_create(&group, options);
    CHECK_EQ(error, refuse_taken());
    if (error == 0)
        run_group(group, N_TASKS);
    refuse_nothing();
    if (error == 0) {
        run_group(group, 2);
        rawthread_group_destroy(group);
    } else {
        CHECK(group == (void *)&untouched);
    }
    if (options != NULL && options->detached)
        refuse_n_threads = n_threads; /* nobody joins them */
}

static void hold(void *arg)
{
    while (sem_wait(arg) != 0)
        continue;
}

/* More threads exist than ever before: that needs memory. */
static void test_peak(const void *arg)
{
    struct rawthread_group *group = NULL;
    int n_accepted = 0;
    sem_t held;

    (void)arg;
    sem_init(&held, 0, 0);
    if (!CHECK_EQ(rawthread_group_create(&group, NULL), 0))
        return;
    for (int i = 0; i < N_HELD + 6; i++) {
        int error;

        if (i == N_HELD)
            refuse_planned();
        error = rawthread_group_submit(group, hold, &held);
        CHECK_EQ(error, refuse_taken());
        n_accepted += error == 0;
    }
    refuse_nothing();
    for (int i = 0; i < n_accepted; i++)
        sem_post(&held);
    run_group(group, 2);
    rawthread_group_destroy(group);
}

/* Refused only for a while, a creation is tried again. */
static void test_retry(const void *arg)
{
    static const struct rawthread_options options = {.retry_ns = 60u * 1000000000u};
    struct rawthread_group *group = NULL;
    struct rawthread_counters counters;
    atomic_int n = 0;

    (void)arg;
    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        return;
    CHECK_EQ(rawthread_group_submit(group, add_one, &n), 0);
    refuse_calls(refuse_planned_first, refuse_planned_n > 7 ? 7 : refuse_planned_n);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rawthread_group_submit(group, add_one, &n), 0);
    refuse_nothing();
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 21);
    rawthread_group_counters(group, &counters);
    CHECK_EQ(counters.created, 21);
    CHECK_EQ(counters.refused, refuse_n_refused);
    rawthread_group_destroy(group);
}

/* Shows that the calls are counted at all: at least so many in each. */
static void check_each(void (*test)(const void *), const void *arg, int n_min)
{
    CHECK(refuse_each(test, arg) >= n_min);
}

int main(void)
{
    static const struct rawthread_attr attr = {.name = "named", .stack_bytes = 256 << 10};
    cpu_set_t cpus;
    const struct rawthread_options options[] = {
        {.untuned = true},
        {.max_alive = 3},
        {.max_alive = 3, .detached = true},
        {.detached = true},
        {.cpusets = &cpus, .cpuset_bytes = sizeof cpus, .n_cpusets = 1},
    };

    sched_getaffinity(0, sizeof cpus, &cpus);
    check_each(test_thread, NULL, 1);
    check_each(test_thread, &attr, 1);
    check_each(test_not_started, NULL, 1);
    check_each(test_detached, NULL, 2);
    check_each(test_detached, &attr, 2);
    check_each(test_group, NULL, N_TASKS + 3);
    check_each(test_peak, NULL, 7);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        check_each(test_group, &options[i], N_TASKS + 3);
    check_each(test_retry, NULL, 20);
    return check_failures() != 0;
}
