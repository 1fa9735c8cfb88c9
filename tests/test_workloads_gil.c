/* Tasks under one lock: one at a time computes, a long one gives way to others, and those that wait do so together. */
#include "test_workloads.h"

#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>

static atomic_int n_to_meet; /* so many waits must go on at the same time before the first of them ends */
static atomic_int n_waiting;
static sem_t all_wait;

/* Stands in for libc's, which is this system call. Whoever waits in vain for the others goes on after a while. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    struct timespec deadline;

    if (atomic_load(&n_to_meet) > 0) {
        if (atomic_fetch_add(&n_waiting, 1) + 1 == atomic_load(&n_to_meet))
            for (int i = 0; i < atomic_load(&n_to_meet); i++)
                sem_post(&all_wait);
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 5;
        CHECK_EQ(sem_timedwait(&all_wait, &deadline), 0);
    }
    return syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
}

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double times_given_way(struct trial *trial)
{
    struct workload_measure measure = { 0 };

    CHECK_EQ(trial->workload->measure(trial->state, &measure, 1), 1);
    CHECK(!strcmp(measure.name, "gave_way"));
    return measure.value;
}

/* However many CPUs there are, the process's time is not above that of the clock; and tasks that are much longer than
 * the wait for the lock take turns. */
static void test_one_at_a_time(void)
{
    struct trial trial;
    double cpu_s, wall_s;
    uint64_t sum;

    trial_init(&trial, "gil-cpu");
    trial.config.values[0] = 50000000;
    CHECK_EQ(set_up(&trial), 0);
    cpu_s = -seconds(CLOCK_PROCESS_CPUTIME_ID);
    wall_s = -seconds(CLOCK_MONOTONIC);
    sum = run_from_threads(&trial, 2 * N_THREADS);
    cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID);
    wall_s += seconds(CLOCK_MONOTONIC);
    CHECK(passes(&trial, 2 * N_THREADS, sum));
    CHECK(cpu_s < 1.3 * wall_s);
    CHECK(times_given_way(&trial) > 0);
    tear_down(&trial);
}

static void test_alone(void)
{
    struct trial trial;

    trial_init(&trial, "gil-cpu");
    CHECK_EQ(set_up(&trial), 0);
    CHECK(passes(&trial, 20, run_serially(&trial, 20)));
    CHECK(times_given_way(&trial) == 0);
    tear_down(&trial);
}

/* The lock is given back for the wait: all threads wait at once. */
static void test_waits_meet(void)
{
    struct trial trial;
    uint64_t sum;

    trial_init(&trial, "gil-io");
    CHECK_EQ(set_up(&trial), 0);
    sem_init(&all_wait, 0, 0);
    atomic_store(&n_to_meet, N_THREADS);
    sum = run_from_threads(&trial, N_THREADS);
    atomic_store(&n_to_meet, 0);
    CHECK(passes(&trial, N_THREADS, sum));
    tear_down(&trial);
}

int main(void)
{
    test_alone();
    test_one_at_a_time();
    test_waits_meet();
    return check_failures() != 0;
}
