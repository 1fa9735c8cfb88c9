/* The cap is exact, and a refused creation is counted, tried again as asked, and leaves nothing behind. */
#include "check.h"
#include "rawthread.h"
#include "refuse_threads.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct rawthread_group *new_group(struct rawthread_options options)
{
    struct rawthread_group *group = NULL;

    refuse_threads(INT_MAX, 0);
    refuse_n_created = refuse_n_joined = refuse_peak = 0;
    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        exit(1);
    return group;
}

static void check_counters(const struct rawthread_group *group, int created, int refused)
{
    struct rawthread_counters counters;

    rawthread_group_counters(group, &counters);
    CHECK_EQ(counters.created, created);
    CHECK_EQ(counters.created, refuse_n_created);
    CHECK_EQ(counters.refused, refused);
    CHECK_EQ(counters.peak, refuse_peak);
}

static void end_group(struct rawthread_group *group)
{
    rawthread_group_destroy(group);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void meet(void *arg)
{
    pthread_barrier_wait(arg);
}

static void doze(void *arg)
{
    const struct timespec pause = {0, 100 * 1000};

    nanosleep(&pause, NULL);
    add_one(arg);
}

/* As many as the cap allows run at the same time, which the barrier shows, and never one more exists. */
static void test_cap(size_t max_alive)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_alive = max_alive});
    pthread_barrier_t barrier;
    atomic_int n = 0;

    pthread_barrier_init(&barrier, NULL, (unsigned)max_alive);
    for (size_t i = 0; i < 20 * max_alive; i++)
        CHECK_EQ(rawthread_group_submit(group, meet, &barrier), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    pthread_barrier_destroy(&barrier);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rawthread_group_submit(group, i % 2 != 0 ? doze : add_one, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 100);
    CHECK_EQ(refuse_peak, max_alive);
    check_counters(group, (int)(20 * max_alive) + 100, 0);
    end_group(group);
}

/* What the kernel says that the first thread does: R running, S sleeping; '?' if unknown. */
static char state_of_main(void)
{
    char path[64], state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
    file = fopen(path, "re");
    if (file == NULL)
        return state;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    fclose(file);
    return state;
}

/* Returns when the submitter has slept for 20 looks in a row. */
static void watch_submitter(void *arg)
{
    const struct timespec pause = {0, 1000 * 1000};

    (void)arg;
    for (int n = 0; n < 20;) {
        nanosleep(&pause, NULL);
        n = state_of_main() == 'S' ? n + 1 : 0;
    }
}

/* A submitter at the cap sleeps. */
static void test_cap_sleeps(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_alive = 1});

    CHECK_EQ(rawthread_group_submit(group, watch_submitter, NULL), 0);
    CHECK_EQ(rawthread_group_submit(group, watch_submitter, NULL), 0);
    end_group(group);
}

static void test_refused_at_once(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){0});
    atomic_int n = 0;

    refuse_threads(3, 2);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rawthread_group_submit(group, add_one, &n), i == 3 || i == 4 ? -EAGAIN : 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 8);
    check_counters(group, 8, 2);
    end_group(group);
}

static void test_retried(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.retry_ns = 60u * 1000000000u});
    atomic_int n = 0;

    refuse_threads(3, 5);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rawthread_group_submit(group, add_one, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 10);
    check_counters(group, 10, 5);
    end_group(group);
}

static void test_retried_in_vain(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.retry_ns = 5 * 1000 * 1000});
    atomic_int n = 0;
    int n_refused;

    refuse_threads(0, INT_MAX);
    CHECK_EQ(rawthread_group_submit(group, add_one, &n), -EAGAIN);
    n_refused = refuse_n_tried;
    CHECK(n_refused >= 2);
    refuse_threads(INT_MAX, 0);
    CHECK_EQ(rawthread_group_submit(group, add_one, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 1);
    check_counters(group, 1, n_refused);
    end_group(group);
}

static void hold(void *arg)
{
    sem_wait(arg);
}

static void test_max_threads(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_threads = 3});
    atomic_int n = 0;
    sem_t gate;

    sem_init(&gate, 0, 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rawthread_group_submit(group, hold, &gate), i < 3 ? 0 : -EDQUOT);
    for (int i = 0; i < 3; i++)
        sem_post(&gate);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(rawthread_group_submit(group, add_one, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(refuse_peak, 3);
    check_counters(group, 4, 2);
    end_group(group);
    sem_destroy(&gate);
}

/* Where threads end in the meantime, a retried creation gets below max_threads. */
static void test_max_threads_retried(void)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_threads = 2,
                                                                        .retry_ns = 60u * 1000000000u});
    atomic_int n = 0;

    for (int i = 0; i < 50; i++)
        CHECK_EQ(rawthread_group_submit(group, doze, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 50);
    CHECK(refuse_peak <= 2);
    end_group(group);
}

int main(void)
{
    test_cap(1);
    test_cap(2);
    test_cap(17);
    test_cap_sleeps();
    test_refused_at_once();
    test_retried();
    test_retried_in_vain();
    test_max_threads();
    test_max_threads_retried();
    return check_failures() != 0;
}
