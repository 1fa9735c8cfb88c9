/* Sentences of rawthread.h that the other tests do not look at: the table in test_promises_rawthread.py says which. */
#include "check.h"
#include "rawthread.h"
#include "sanitizers.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void take(void *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

static void start(struct rawthread *thread, rawthread_fn *fn, void *arg, const struct rawthread_attr *attr)
{
    CHECK_EQ(rawthread_init(thread, fn, arg, attr), 0);
    CHECK_EQ(rawthread_start(thread), 0);
}

static void end(struct rawthread *thread)
{
    CHECK_EQ(rawthread_join(thread), 0);
    CHECK_EQ(rawthread_release(thread), 0);
}


/*
 * Thread-specific destructors
 */

static pthread_key_t key;
static sem_t destructor_begun, destructor_gate;
static atomic_int n_destroyed;

static void destroy(void *arg)
{
    const struct timespec moment = {0, 5 * 1000 * 1000}; /* for one that joins meanwhile */
    struct rawthread *thread = arg;

    nanosleep(&moment, NULL);
    CHECK_EQ(rawthread_join(thread), -EDEADLK);
    CHECK_EQ(rawthread_timed_join(thread, 0), -EDEADLK);
    CHECK_EQ(rawthread_release(thread), -EBUSY);
    CHECK_EQ(rawthread_start(thread), -EALREADY);
    CHECK_EQ(rawthread_native_id(thread), gettid());
    CHECK(!rawthread_is_alive(thread));
    CHECK_EQ(rawthread_ask_stop(thread), 0);
    CHECK(rawthread_sleep(thread, RAWTHREAD_FOREVER));
    sem_post(&destructor_begun);
    take(&destructor_gate);
    n_destroyed++;
}

static void leave_destructor(void *arg)
{
    pthread_setspecific(key, arg);
}

static void *join_after(void *arg)
{
    CHECK_EQ(rawthread_timed_join(arg, INT64_MIN), 0);
    return NULL;
}

/* They run in a thread that is not alive and has not ended: who joins with a time-out does not wait for them, whether
 * another one does or not. */
static void test_destructor(bool has_joiner)
{
    struct rawthread thread;
    pthread_t joiner;

    CHECK_EQ(pthread_key_create(&key, destroy), 0);
    sem_init(&destructor_begun, 0, 0);
    sem_init(&destructor_gate, 0, 0);
    n_destroyed = 0;
    start(&thread, leave_destructor, &thread, NULL);
    if (has_joiner)
        CHECK_EQ(pthread_create(&joiner, NULL, join_after, &thread), 0);
    take(&destructor_begun);
    CHECK(!rawthread_is_alive(&thread));
    CHECK_EQ(rawthread_timed_join(&thread, 0), -ETIMEDOUT);
    CHECK_EQ(rawthread_timed_join(&thread, 1000 * 1000), -ETIMEDOUT);
    CHECK_EQ(rawthread_timed_join(&thread, 210 * 1000 * 1000), -ETIMEDOUT);
    CHECK_EQ(rawthread_release(&thread), -EBUSY);
    sem_post(&destructor_gate);
    CHECK_EQ(rawthread_timed_join(&thread, INT64_MAX), 0);
    CHECK_EQ(n_destroyed, 1);
    if (has_joiner)
        pthread_join(joiner, NULL);
    CHECK_EQ(rawthread_release(&thread), 0);
    pthread_key_delete(key);
}

static void count_late(void *arg)
{
    const struct timespec moment = {0, 300 * 1000};

    nanosleep(&moment, NULL);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* A group that joins its threads waits for them, in submissions too. */
static void test_destructors_of_group(void)
{
    struct rawthread_group *group = NULL;
    atomic_int n = 0;

    CHECK_EQ(pthread_key_create(&key, count_late), 0);
    CHECK_EQ(rawthread_group_create(&group, NULL), 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rawthread_group_submit(group, leave_destructor, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, 50);
    rawthread_group_destroy(group);
    pthread_key_delete(key);
}

static sem_t late_gate, late_begun;

static void end_late(void *arg)
{
    sem_post(&late_begun);
    take(&late_gate);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* One whose threads are detached waits for their tasks alone. */
static void test_destructors_of_detached(void)
{
    struct rawthread_group *group = NULL;
    static atomic_int n;

    sem_init(&late_gate, 0, 0);
    sem_init(&late_begun, 0, 0);
    CHECK_EQ(pthread_key_create(&key, end_late), 0);
    CHECK_EQ(rawthread_group_create(&group, &(struct rawthread_options){.detached = true}), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rawthread_group_submit(group, leave_destructor, &n), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    rawthread_group_destroy(group);
    CHECK_EQ(n, 0);
    for (int i = 0; i < 5; i++) {
        take(&late_begun);
        sem_post(&late_gate);
    }
    while (n < 5)
        sched_yield();
    pthread_key_delete(key);
}


/*
 * Time-outs
 */

static const int64_t long_ones[] = {RAWTHREAD_FOREVER, INT64_MIN, INT64_MAX, INT64_MAX / 3, 3600000000000};

static void sleep_long(void *arg)
{
    struct rawthread *thread = arg;

    CHECK(!rawthread_sleep(thread, 0));
    CHECK(!rawthread_sleep(thread, 1));
    CHECK(!rawthread_sleep(thread, 999 * 1000));
    sem_post(&destructor_begun);
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
        CHECK(rawthread_sleep(thread, long_ones[i]));
}

/* The largest are none; who waits is woken by what it waits for, not by what happens meanwhile. */
static void test_timeouts(void)
{
    struct rawthread thread;
    pthread_t joiner;

    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++) {
        start(&thread, sleep_long, &thread, NULL);
        CHECK_EQ(pthread_create(&joiner, NULL, join_after, &thread), 0);
        take(&destructor_begun);
        CHECK_EQ(rawthread_timed_join(&thread, 0), -ETIMEDOUT);
        CHECK_EQ(rawthread_timed_join(&thread, 1), -ETIMEDOUT);
        CHECK(rawthread_is_alive(&thread));
        CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK_EQ(rawthread_timed_join(&thread, long_ones[i]), 0);
        CHECK_EQ(rawthread_timed_join(&thread, 0), 0);
        CHECK_EQ(rawthread_ask_stop(&thread), 0);
        pthread_join(joiner, NULL);
        CHECK_EQ(rawthread_release(&thread), 0);
    }
}

/* A joiner is woken when the thread is asked to stop, and goes on waiting. */
static void test_ask_and_join(void)
{
    struct rawthread thread;
    sem_t gate;
    pthread_t joiner;

    sem_init(&gate, 0, 0);
    start(&thread, take, &gate, NULL);
    CHECK_EQ(pthread_create(&joiner, NULL, join_after, &thread), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK_EQ(rawthread_timed_join(&thread, 100 * 1000), -ETIMEDOUT);
    }
    sem_post(&gate);
    pthread_join(joiner, NULL);
    end(&thread);
}


/*
 * Names
 */

static void tell_name(void *name)
{
    pthread_getname_np(pthread_self(), name, RAWTHREAD_NAME_BYTES);
    pthread_setname_np(pthread_self(), "another");
}

static void check_name(const char *given, const char *kept, const char *kernels)
{
    char name[RAWTHREAD_NAME_BYTES] = "", *copy = given != NULL ? strdup(given) : NULL;
    const struct rawthread_attr attr = {.name = copy};
    struct rawthread thread;

    CHECK_EQ(rawthread_init(&thread, tell_name, name, &attr), 0);
    if (copy != NULL)
        memset(copy, '#', strlen(copy));
    free(copy);
    CHECK_EQ(rawthread_start(&thread), 0);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK(strcmp(rawthread_name(&thread), kept) == 0);
    CHECK(strcmp(name, kernels) == 0);
    CHECK_EQ(rawthread_release(&thread), 0);
}

static void test_names(void)
{
    char own[RAWTHREAD_NAME_BYTES] = "";

    pthread_getname_np(pthread_self(), own, sizeof own);
    check_name(NULL, "", own);
    check_name("", "", own);
    check_name("a", "a", "a");
    check_name("fifteen letters", "fifteen letters", "fifteen letters");
    check_name("sixteen letters!", "sixteen letters", "sixteen letters");
    check_name("thirteen byte\xc3\xa4", "thirteen byte\xc3\xa4", "thirteen byte\xc3\xa4");
    check_name("fourteen bytes\xc3\xa4", "fourteen bytes", "fourteen bytes");
    check_name("thirteen byte\xe2\x82\xac", "thirteen byte", "thirteen byte");
    check_name("twelve bytes\xf0\x9f\x98\x80", "twelve bytes", "twelve bytes");
    check_name("eleven byte\xf0\x9f\x98\x80 more", "eleven byte\xf0\x9f\x98\x80", "eleven byte\xf0\x9f\x98\x80");
    check_name("twelve bytes\x80\x80\x80\x80\x80", "twelve bytes", "twelve bytes"); /* no UTF-8: cut somewhere */
}


/*
 * What a thread has from its creator
 */

struct inherited {
    sigset_t signals;
    cpu_set_t cpus;
    size_t stack_bytes;
    sem_t *done;
};

static void look(void *arg)
{
    struct inherited *inherited = arg;
    size_t guard_bytes = 0;
    pthread_attr_t attr;

    pthread_sigmask(SIG_SETMASK, NULL, &inherited->signals);
    sched_getaffinity(0, sizeof inherited->cpus, &inherited->cpus);
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &inherited->stack_bytes);
    pthread_attr_getguardsize(&attr, &guard_bytes);
    pthread_attr_destroy(&attr);
    CHECK(guard_bytes > 0);
#ifdef __GLIBC__
    inherited->stack_bytes += guard_bytes;
#endif
    if (inherited->done != NULL)
        sem_post(inherited->done);
}

static void check_inherited(const struct inherited *theirs, const sigset_t *signals, const cpu_set_t *cpus)
{
    for (int number = 1; number <= SIGSYS; number++)
        CHECK_EQ(sigismember(&theirs->signals, number), sigismember(signals, number));
    CHECK(CPU_EQUAL(&theirs->cpus, cpus));
}

static void test_inherited(void)
{
    struct inherited inherited = {.done = NULL};
    static struct inherited detached;
    static sem_t done;
    struct rawthread_group *group = NULL;
    struct rawthread thread;
    sigset_t signals, before;
    cpu_set_t mine, one;

    sem_init(&done, 0, 0);
    detached.done = &done;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_SETMASK, &signals, &before);
    sched_getaffinity(0, sizeof mine, &mine);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &mine))
            CPU_SET(cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);

    start(&thread, look, &inherited, NULL);
    end(&thread);
    check_inherited(&inherited, &signals, &one);
    CHECK_EQ(rawthread_start_detached(look, &detached, NULL), 0);
    take(&done);
    check_inherited(&detached, &signals, &one);
    CHECK_EQ(rawthread_group_create(&group, NULL), 0);
    CHECK_EQ(rawthread_group_submit(group, look, &inherited), 0);
    rawthread_group_destroy(group);
    check_inherited(&inherited, &signals, &one);

    sched_setaffinity(0, sizeof mine, &mine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *look_bare(void *arg)
{
    look(arg);
    return NULL;
}

static void look_left(void *arg)
{
    if (arg != NULL)
        look(arg);
}

/* musl adds up to two pages of its own, ThreadSanitizer more. */
static void check_stack(size_t is_bytes, size_t wanted_bytes)
{
    CHECK(is_bytes >= wanted_bytes);
    CHECK(HAS_THREAD_SANITIZER || is_bytes <= wanted_bytes + 4 * (size_t)sysconf(_SC_PAGESIZE));
}

static void test_stacks(void)
{
    const struct rawthread_attr attr = {.stack_bytes = 1 << 20};
    size_t least_bytes = (size_t)sysconf(_SC_THREAD_STACK_MIN), small_bytes = RAWTHREAD_STACK_BYTES, bare_bytes;
    struct inherited inherited = {.done = NULL};
    struct rawthread_group *group = NULL;
    struct rawthread thread;
    pthread_t bare;

    if (least_bytes > small_bytes)
        small_bytes = least_bytes;
    start(&thread, look, &inherited, &attr);
    end(&thread);
    check_stack(inherited.stack_bytes, attr.stack_bytes);
    CHECK_EQ(pthread_create(&bare, NULL, look_bare, &inherited), 0);
    pthread_join(bare, NULL);
    bare_bytes = inherited.stack_bytes;
    start(&thread, look, &inherited, NULL);
    end(&thread);
    CHECK_EQ(inherited.stack_bytes, bare_bytes);
    CHECK_EQ(rawthread_group_create(&group, NULL), 0);
    CHECK_EQ(rawthread_group_submit(group, look, &inherited), 0);
    rawthread_group_destroy(group);
    check_stack(inherited.stack_bytes, small_bytes);
    CHECK_EQ(rawthread_fork(look_left, &inherited, NULL, 0), 0);
    check_stack(inherited.stack_bytes, small_bytes);
    CHECK_EQ(rawthread_fork(look_left, &inherited, NULL, 1 << 20), 0);
    check_stack(inherited.stack_bytes, 1 << 20);
}


/*
 * Groups
 */

/* The caller's masks are its own again. */
static void test_masks_are_copied(void)
{
    struct rawthread_options options = {.cpuset_bytes = sizeof(cpu_set_t), .n_cpusets = 1};
    struct inherited inherited = {.done = NULL};
    struct rawthread_group *group = NULL;
    cpu_set_t mine, mask;

    sched_getaffinity(0, sizeof mine, &mine);
    mask = mine;
    options.cpusets = &mask;
    CHECK_EQ(rawthread_group_create(&group, &options), 0);
    CPU_ZERO(&mask);
    memset(&options, 0, sizeof options);
    CHECK_EQ(rawthread_group_submit(group, look, &inherited), 0);
    rawthread_group_destroy(group);
    CHECK(CPU_EQUAL(&inherited.cpus, &mine));
}

struct owned {
    struct rawthread_group *group;
    atomic_int n;
};

static void count(void *n)
{
    atomic_fetch_add((atomic_int *)n, 1);
}

static void *go_on(void *arg)
{
    struct owned *owned = arg;

    for (int i = 0; i < 40; i++)
        CHECK_EQ(rawthread_group_submit(owned->group, count, &owned->n), 0);
    CHECK_EQ(rawthread_group_wait(owned->group), 0);
    return NULL;
}

/* Begun by one thread, gone on with by another. */
static void test_taken_over(void)
{
    struct owned owned = {.n = 0};
    pthread_t thread;

    CHECK_EQ(rawthread_group_create(&owned.group, NULL), 0);
    for (int i = 0; i < 40; i++)
        CHECK_EQ(rawthread_group_submit(owned.group, count, &owned.n), 0);
    CHECK_EQ(pthread_create(&thread, NULL, go_on, &owned), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(owned.n, 80);
    rawthread_group_destroy(owned.group);
}


/*
 * The child of a fork
 */

struct child {
    struct rawthread thread;
    int status;
};

static void serve_child(struct rawthread *inherited)
{
    struct rawthread thread;
    sem_t gate;

    alarm(20); /* a hang ends the child */
    CHECK(rawthread_sleep(inherited, RAWTHREAD_FOREVER));
    CHECK_EQ(rawthread_join(inherited), -ENOTRECOVERABLE);
    /* The memory is free, also for the function of the thread that forked: a new thread is another one. */
    sem_init(&gate, 0, 1);
    start(inherited, take, &gate, NULL);
    end(inherited);
    sem_post(&gate);
    start(&thread, take, &gate, NULL);
    end(&thread);
    CHECK_EQ(rawthread_start_detached(take, &gate, NULL), 0);
    sem_post(&gate);
    _exit(check_failures() != 0);
}

static void fork_from_thread(void *arg)
{
    struct child *child = arg;
    pid_t pid = fork();

    if (pid == 0)
        serve_child(&child->thread);
    CHECK(pid > 0 && waitpid(pid, &child->status, 0) == pid);
}

static void test_child(void)
{
    struct child child = {.status = -1};

    start(&child.thread, fork_from_thread, &child, NULL);
    end(&child.thread);
    CHECK_EQ(child.status, 0);
}

int main(void)
{
    alarm(60);
    test_destructor(false);
    test_destructor(true);
    test_destructors_of_group();
    test_destructors_of_detached();
    test_timeouts();
    test_ask_and_join();
    test_names();
    test_inherited();
    test_stacks();
    test_masks_are_copied();
    test_taken_over();
    if (!HAS_THREAD_SANITIZER) /* which allows no threads in a child */
        test_child();
    return check_failures() != 0;
}
