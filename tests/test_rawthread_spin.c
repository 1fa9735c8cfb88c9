/* Whoever waits for a thread with spin_ns looks for its end for so long before it sleeps, and without it sleeps at
 * once. The thread that is waited for sees which of the two the waiter does, and ends only then. */
#include "asleep.h"
#include "check.h"
#include "rawthread.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

enum { N_LOOKS = 15, HANG_SECONDS = 60 };

static const uint64_t LONG_NS = 3600ull * 1000 * 1000 * 1000, SHORT_NS = 1000 * 1000;

static bool has_cpus; /* more than one: this thread may spin */
static pid_t waiter;
static atomic_int n_watched;

static void nap(void)
{
    const struct timespec moment = {0, 2 * 1000 * 1000};

    nanosleep(&moment, NULL);
}

/* Ends once the waiter has slept at three looks in a row. */
static void watch_sleeper(void *arg)
{
    for (int n_asleep = 0; n_asleep < 3;) {
        nap();
        n_asleep = asleep_state(waiter) == 'S' ? n_asleep + 1 : 0;
    }
    n_watched++;
    (void)arg;
}

/* Ends once the waiter has been awake at so many looks: one that sleeps is not, and the test hangs. (Where a lock is
 * taken, a waiter that spins may sleep too.) */
static void watch_spinner(void *arg)
{
    for (int n_awake = 0; n_awake < N_LOOKS;) {
        nap();
        n_awake += asleep_state(waiter) != 'S';
    }
    n_watched++;
    (void)arg;
}

static rawthread_fn *watcher_of(uint64_t spin_ns)
{
    return spin_ns == LONG_NS && has_cpus ? watch_spinner : watch_sleeper;
}

static void destroy_watching(void *spins)
{
    watcher_of(*(uint64_t *)spins)(NULL);
}

static pthread_key_t key;

static void leave_destructor(void *spins)
{
    pthread_setspecific(key, spins);
}

static void start(struct rawthread *thread, rawthread_fn *fn, uint64_t *spin_ns)
{
    CHECK_EQ(rawthread_init(thread, fn, spin_ns, &(struct rawthread_attr){.spin_ns = *spin_ns}), 0);
    CHECK_EQ(rawthread_start(thread), 0);
}

/* While its function runs, and while its thread-specific destructor does. */
static void test_join(uint64_t spin_ns)
{
    rawthread_fn *const fns[] = {watcher_of(spin_ns), leave_destructor};
    struct rawthread thread;

    for (int i = 0; i < 4; i++) {
        n_watched = 0;
        start(&thread, fns[i % 2], &spin_ns);
        CHECK_EQ(i < 2 ? rawthread_join(&thread) : rawthread_timed_join(&thread, (int64_t)LONG_NS), 0);
        CHECK_EQ(n_watched, 1);
        CHECK_EQ(rawthread_join(&thread), 0);
        CHECK_EQ(rawthread_release(&thread), 0);
    }
}

static void take(void *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

/* A spin ends with the time-out, and what is refused is refused at once. */
static void test_time_out(void)
{
    struct rawthread thread;
    sem_t gate;

    sem_init(&gate, 0, 0);
    CHECK_EQ(rawthread_init(&thread, take, &gate, &(struct rawthread_attr){.spin_ns = UINT64_MAX}), 0);
    CHECK_EQ(rawthread_join(&thread), -EINVAL);
    CHECK_EQ(rawthread_start(&thread), 0);
    CHECK_EQ(rawthread_timed_join(&thread, 0), -ETIMEDOUT);
    CHECK_EQ(rawthread_timed_join(&thread, 5 * 1000 * 1000), -ETIMEDOUT);
    sem_post(&gate);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(rawthread_release(&thread), 0);
}

/* In rawthread_group_wait(), in a submission at the cap, and at the end of the group. */
static void test_group(struct rawthread_options options)
{
    struct rawthread_group *group = NULL;
    rawthread_fn *watch = watcher_of(options.spin_ns);

    n_watched = 0;
    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        return;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rawthread_group_submit(group, watch, NULL), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n_watched, 2);
    CHECK_EQ(rawthread_group_submit(group, watch, NULL), 0);
    rawthread_group_destroy(group);
    CHECK_EQ(n_watched, 3);
}

static void test_all(uint64_t spin_ns)
{
    test_join(spin_ns);
    for (int i = 0; i < 4; i++)
        test_group((struct rawthread_options){.spin_ns = spin_ns, .detached = i % 2 != 0, .max_alive = i / 2});
}

/* Where the waiter has one CPU it sleeps at once, whatever spin_ns is. */
static void test_one_cpu(const cpu_set_t *own)
{
    cpu_set_t one;
    int cpu = 0;

    while (!CPU_ISSET(cpu, own))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    has_cpus = false;
    test_all(LONG_NS);
    CHECK_EQ(sched_setaffinity(0, sizeof *own, own), 0);
    has_cpus = CPU_COUNT(own) > 1;
}

int main(void)
{
    cpu_set_t own;

    alarm(HANG_SECONDS);
    waiter = asleep_self();
    if (asleep_state(waiter) == 0) {
        puts("not on this machine: no /proc");
        return 77;
    }
    CHECK_EQ(pthread_key_create(&key, destroy_watching), 0);
    if (CHECK_EQ(sched_getaffinity(0, sizeof own, &own), 0))
        test_one_cpu(&own);
    test_all(0);
    test_all(SHORT_NS);
    test_all(LONG_NS);
    test_time_out();
    return check_failures() != 0;
}
