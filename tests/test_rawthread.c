/* What each call of rawthread.h does and returns when nothing is in its way, and for wrong options. */
#include "check.h"
#include "rawthread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { N_TASKS = 300 };

static struct rawthread_group *new_group(struct rawthread_options options)
{
    struct rawthread_group *group = NULL;

    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        exit(1);
    return group;
}

static struct rawthread_counters counters_of(const struct rawthread_group *group)
{
    struct rawthread_counters counters;

    rawthread_group_counters(group, &counters);
    return counters;
}

static void increment(void *arg)
{
    ++*(int *)arg; /* plain: the wait makes it visible */
}

static void test_tasks(size_t max_alive, bool detached)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_alive = max_alive,
                                                                         .detached = detached});
    int values[N_TASKS] = {0};

    CHECK_EQ(rawthread_group_wait(group), 0);
    for (int batch = 1; batch <= 3; batch++) {
        for (int i = 0; i < N_TASKS; i++)
            CHECK_EQ(rawthread_group_submit(group, increment, &values[i]), 0);
        CHECK_EQ(rawthread_group_wait(group), 0);
        for (int i = 0; i < N_TASKS; i++)
            CHECK_EQ(values[i], batch);
        CHECK_EQ(counters_of(group).created, batch * N_TASKS);
    }
    CHECK_EQ(counters_of(group).refused, 0);
    CHECK(counters_of(group).peak >= 1 && counters_of(group).peak <= (max_alive ? max_alive : N_TASKS));
    rawthread_group_destroy(group);
}

/* Long and short tasks in turn, so that threads finish in another order than they began. */
static void sleep_and_increment(void *arg)
{
    const struct timespec pause = {0, (long)((uintptr_t)arg / sizeof(int) % 3) * 300 * 1000};

    nanosleep(&pause, NULL);
    increment(arg);
}

/* Destroying waits for what still runs. */
static void test_destroy(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){0});
    int values[N_TASKS] = {0};

    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(rawthread_group_submit(group, sleep_and_increment, &values[i]), 0);
    rawthread_group_destroy(group);
    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(values[i], 1);
    rawthread_group_destroy(NULL);
}

static void meet(void *arg)
{
    pthread_barrier_wait(arg);
}

/* Without a cap all tasks have a thread at once: tasks that wait for each other end. */
static void test_all_at_once(void)
{
    struct rawthread_group *group = NULL;
    pthread_barrier_t barrier;

    if (!CHECK_EQ(rawthread_group_create(&group, NULL), 0))
        return;
    pthread_barrier_init(&barrier, NULL, N_TASKS);
    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(rawthread_group_submit(group, meet, &barrier), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(counters_of(group).peak, N_TASKS);
    rawthread_group_destroy(group);
    pthread_barrier_destroy(&barrier);
}

struct report {
    cpu_set_t cpus;
    size_t stack_bytes, guard_bytes;
    bool is_submitter, is_detached;
    pthread_t submitter;
};

static void report(void *arg)
{
    struct report *report = arg;
    pthread_attr_t attr;
    int detach_state;

    sched_getaffinity(0, sizeof report->cpus, &report->cpus);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &report->stack_bytes);
    pthread_attr_getguardsize(&attr, &report->guard_bytes);
    pthread_attr_getdetachstate(&attr, &detach_state);
    report->is_detached = detach_state == PTHREAD_CREATE_DETACHED;
    pthread_attr_destroy(&attr);
    report->is_submitter = pthread_equal(pthread_self(), report->submitter);
}

static void ask_threads(struct rawthread_options options, struct report *reports, int n)
{
    struct rawthread_group *group = new_group(options);

    for (int i = 0; i < n; i++) {
        reports[i].submitter = pthread_self();
        CHECK_EQ(rawthread_group_submit(group, report, &reports[i]), 0);
    }
    rawthread_group_destroy(group);
    for (int i = 0; i < n; i++)
        CHECK(!reports[i].is_submitter);
}

static void test_stacks(void)
{
    struct report reports[2];

    ask_threads((struct rawthread_options){.stack_bytes = 32 << 20}, reports, 2);
    CHECK(reports[0].stack_bytes >= (32 << 20) - 65536);
    CHECK(reports[0].guard_bytes > 0 && reports[1].guard_bytes > 0);
}

static void test_cpus(void)
{
    enum { N = 5 };
    struct report reports[N];
    cpu_set_t mine, masks[2];
    size_t n = 0;

    sched_getaffinity(0, sizeof mine, &mine);
    ask_threads((struct rawthread_options){0}, reports, N);
    for (int i = 0; i < N; i++)
        CHECK(CPU_EQUAL(&reports[i].cpus, &mine));
    for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
        if (CPU_ISSET(cpu, &mine)) {
            CPU_ZERO(&masks[n]);
            CPU_SET(cpu, &masks[n++]);
        }
    }
    ask_threads((struct rawthread_options){.cpusets = masks, .cpuset_bytes = sizeof masks[0], .n_cpusets = n},
                reports, N);
    for (size_t i = 0; i < N; i++)
        CHECK(CPU_EQUAL(&reports[i].cpus, &masks[i % n]));
}

static void check_refused(struct rawthread_options options)
{
    struct rawthread_group *const unset = (struct rawthread_group *)(uintptr_t)&options;
    struct rawthread_group *group = unset;

    CHECK_EQ(rawthread_group_create(&group, &options), -EINVAL);
    CHECK(group == unset);
}

static void test_errors(void)
{
    cpu_set_t masks[2];
    struct rawthread_group *group;
    int value = 0;

    sched_getaffinity(0, sizeof masks[0], &masks[0]);
    CPU_ZERO(&masks[1]);
    CHECK_EQ(rawthread_group_create(NULL, NULL), -EINVAL);
    check_refused((struct rawthread_options){.stack_bytes = 1});
    check_refused((struct rawthread_options){.cpusets = masks});
    check_refused((struct rawthread_options){.cpusets = masks, .n_cpusets = 1});
    check_refused((struct rawthread_options){.n_cpusets = 1, .cpuset_bytes = sizeof masks[0]});

    /* The second mask holds no CPU: the second thread cannot be had, and stays the one to try. */
    group = new_group((struct rawthread_options){.cpusets = masks, .cpuset_bytes = sizeof masks[0],
                                                 .n_cpusets = 2});
    CHECK_EQ(rawthread_group_submit(group, increment, &value), 0);
    CHECK_EQ(rawthread_group_submit(group, NULL, &value), -EINVAL);
    CHECK_EQ(rawthread_group_submit(group, increment, &value), -EINVAL);
    CHECK_EQ(rawthread_group_submit(group, increment, &value), -EINVAL);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(counters_of(group).created, 1);
    CHECK_EQ(counters_of(group).refused, 2);
    rawthread_group_destroy(group);
}

static void increment_and_exit(void *arg)
{
    increment(arg);
    pthread_exit(NULL);
}

/* A task that ends its thread itself has ended. */
static void test_exits(bool detached)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_alive = 3, .detached = detached});
    int values[50] = {0};

    for (int i = 0; i < 50; i++)
        CHECK_EQ(rawthread_group_submit(group, increment_and_exit, &values[i]), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(values[i], 1);
    rawthread_group_destroy(group);
}

static void *report_thread(void *arg)
{
    report(arg);
    return NULL;
}

/* Untuned threads are those of a bare pthread_create(), detached ones are detached. */
static void test_untuned(void)
{
    struct report bare, untuned;
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, report_thread, &bare), 0);
    pthread_join(thread, NULL);
    ask_threads((struct rawthread_options){.untuned = true}, &untuned, 1);
    CHECK_EQ(untuned.stack_bytes, bare.stack_bytes);
    CHECK_EQ(untuned.guard_bytes, bare.guard_bytes);
    CHECK(!untuned.is_detached);
    ask_threads((struct rawthread_options){.detached = true}, &untuned, 1);
    CHECK(untuned.is_detached);
    ask_threads((struct rawthread_options){.untuned = true, .stack_bytes = 1 << 20}, &untuned, 1);
    CHECK(untuned.stack_bytes >= 1 << 20 && untuned.stack_bytes < 2 << 20); /* musl gives up to a page more */
}

int main(void)
{
    for (int detached = 0; detached < 2; detached++) {
        test_tasks(0, detached);
        test_tasks(1, detached);
        test_tasks(7, detached);
        test_exits(detached);
    }
    test_untuned();
    test_destroy();
    test_all_at_once();
    test_stacks();
    test_cpus();
    test_errors();
    return check_failures() != 0;
}
