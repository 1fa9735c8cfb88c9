/* A thread of one's own: start, join, what can be asked of it, the service that is asked to stop. */
#include "check.h"
#include "rawthread.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refuse_threads.h"

enum { LONG_NS = 1000 * 1000 * 1000 };

struct gate {
    sem_t reached, open;
    pid_t native_id;
    char name[RAWTHREAD_NAME_BYTES];
};

static void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    sem_init(&gate->reached, 0, 0);
    sem_init(&gate->open, 0, 0);
}

static void take(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

static void pass(void *arg)
{
    struct gate *gate = arg;

    gate->native_id = gettid();
    pthread_getname_np(pthread_self(), gate->name, sizeof gate->name);
    sem_post(&gate->reached);
    take(&gate->open);
}

static void test_life(void)
{
    const struct rawthread_attr attr = {.name = "a name that is too long", .stack_bytes = 1 << 20};
    struct rawthread thread;
    struct gate gate;

    gate_init(&gate);
    CHECK_EQ(rawthread_init(&thread, pass, &gate, &attr), 0);
    CHECK(!rawthread_is_alive(&thread));
    CHECK_EQ(rawthread_native_id(&thread), 0);
    CHECK_EQ(rawthread_join(&thread), -EINVAL);
    CHECK_EQ(rawthread_timed_join(&thread, 0), -EINVAL);
    CHECK_EQ(rawthread_start(&thread), 0);
    CHECK_EQ(rawthread_start(&thread), -EALREADY);
    CHECK(rawthread_is_alive(&thread));
    take(&gate.reached);
    CHECK_EQ(rawthread_native_id(&thread), gate.native_id);
    CHECK(gate.native_id != getpid());
    CHECK(strcmp(rawthread_name(&thread), "a name that is ") == 0);
    CHECK(strcmp(gate.name, "a name that is ") == 0);
    CHECK_EQ(rawthread_timed_join(&thread, 0), -ETIMEDOUT);
    CHECK_EQ(rawthread_timed_join(&thread, 2000000), -ETIMEDOUT);
    CHECK_EQ(rawthread_release(&thread), -EBUSY);
    sem_post(&gate.open);
    CHECK_EQ(rawthread_timed_join(&thread, 100ll * LONG_NS), 0);
    CHECK(!rawthread_is_alive(&thread));
    CHECK_EQ(rawthread_native_id(&thread), gate.native_id);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(rawthread_start(&thread), -EALREADY);
    CHECK_EQ(rawthread_release(&thread), 0);
}

static void never(void *arg)
{
    (void)arg;
    CHECK(!"called");
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* A refused start leaves nothing behind, and the same thread may be started later. */
static void test_refused(void)
{
    const struct rawthread_attr tiny = {.stack_bytes = 1};
    struct rawthread thread;
    atomic_int n = 0;

    CHECK_EQ(rawthread_init(&thread, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(rawthread_init(&thread, never, NULL, &tiny), 0);
    CHECK_EQ(rawthread_start(&thread), -EINVAL);
    CHECK(!rawthread_is_alive(&thread));
    CHECK_EQ(rawthread_release(&thread), 0);

    CHECK_EQ(rawthread_init(&thread, add_one, &n, NULL), 0);
    CHECK(strcmp(rawthread_name(&thread), "") == 0);
    refuse_threads(0, 1);
    CHECK_EQ(rawthread_start(&thread), -EAGAIN);
    CHECK_EQ(rawthread_join(&thread), -EINVAL);
    CHECK_EQ(rawthread_start(&thread), 0);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(rawthread_release(&thread), 0);
    refuse_threads(0, 1);
    CHECK_EQ(rawthread_start_detached(add_one, &n, NULL), -EAGAIN);
    refuse_threads(0, 0);
    CHECK_EQ(rawthread_start_detached(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(rawthread_start_detached(never, NULL, &tiny), -EINVAL);
    CHECK_EQ(n, 1);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

/* An object that embeds the thread and keeps its state. */
struct counter {
    struct rawthread thread;
    int n_rounds;
    atomic_bool has_begun;
};

static void serve(void *arg)
{
    struct counter *counter = arg;

    CHECK_EQ(rawthread_join(&counter->thread), -EDEADLK);
    atomic_store(&counter->has_begun, true);
    while (!rawthread_sleep(&counter->thread, 100 * 1000))
        counter->n_rounds++;
    CHECK(rawthread_stop_requested(&counter->thread));
}

static void test_service(void)
{
    struct counter counter = {.n_rounds = 0};

    CHECK_EQ(rawthread_init(&counter.thread, serve, &counter, NULL), 0);
    CHECK_EQ(rawthread_start(&counter.thread), 0);
    while (!atomic_load(&counter.has_begun))
        usleep(100);
    CHECK(!rawthread_stop_requested(&counter.thread));
    usleep(10000);
    CHECK_EQ(rawthread_ask_stop(&counter.thread), 0);
    CHECK_EQ(rawthread_join(&counter.thread), 0);
    CHECK(rawthread_stop_requested(&counter.thread));
    CHECK_EQ(rawthread_release(&counter.thread), 0);
}

static void sleep_for_ever(void *arg)
{
    CHECK(rawthread_sleep(arg, RAWTHREAD_FOREVER));
}

/* Asked before its start, and in the middle of a long sleep. */
static void test_ask_early(void)
{
    struct rawthread thread;

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(rawthread_init(&thread, sleep_for_ever, &thread, NULL), 0);
        if (i == 0)
            CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK_EQ(rawthread_start(&thread), 0);
        usleep(1000);
        if (i == 1)
            CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK_EQ(rawthread_join(&thread), 0);
        CHECK_EQ(rawthread_release(&thread), 0);
    }
}

static void *join_with_others(void *thread)
{
    CHECK_EQ(rawthread_join(thread), 0);
    CHECK(!rawthread_is_alive(thread));
    return NULL;
}

static void test_many_joiners(void)
{
    enum { N = 6 };
    struct rawthread thread;
    struct gate gate;
    pthread_t joiners[N];

    gate_init(&gate);
    CHECK_EQ(rawthread_init(&thread, pass, &gate, NULL), 0);
    CHECK_EQ(rawthread_start(&thread), 0);
    for (int i = 0; i < N; i++)
        CHECK_EQ(pthread_create(&joiners[i], NULL, join_with_others, &thread), 0);
    sem_post(&gate.open);
    for (int i = 0; i < N; i++)
        pthread_join(joiners[i], NULL);
    CHECK_EQ(rawthread_release(&thread), 0);
}

static void leave(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    pthread_exit(NULL);
}

static void test_exit(void)
{
    struct rawthread thread;
    atomic_int n = 0;

    CHECK_EQ(rawthread_init(&thread, leave, &n, NULL), 0);
    CHECK_EQ(rawthread_start(&thread), 0);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(rawthread_release(&thread), 0);
}

static void test_detached(void)
{
    const struct rawthread_attr attr = {.name = "detached", .stack_bytes = 256 << 10};
    static struct gate gate; /* nobody knows when the thread is done with it */

    gate_init(&gate);
    CHECK_EQ(rawthread_start_detached(pass, &gate, &attr), 0);
    take(&gate.reached);
    CHECK(strcmp(gate.name, "detached") == 0);
    CHECK(gate.native_id != getpid());
    sem_post(&gate.open);
}

/* In the child of a fork nothing hangs, whoever held the lock. */
static void test_fork(void)
{
    struct rawthread thread;
    struct gate gate;
    int status = -1;
    pid_t child;

    gate_init(&gate);
    CHECK_EQ(rawthread_init(&thread, pass, &gate, NULL), 0);
    CHECK_EQ(rawthread_start(&thread), 0);
    take(&gate.reached);
    child = fork();
    if (child == 0) {
        alarm(20); /* a hang ends the child */
        CHECK(!rawthread_is_alive(&thread));
        CHECK_EQ(rawthread_start(&thread), -ENOTRECOVERABLE);
        CHECK_EQ(rawthread_join(&thread), -ENOTRECOVERABLE);
        CHECK_EQ(rawthread_timed_join(&thread, 1000), -ENOTRECOVERABLE);
        CHECK_EQ(rawthread_ask_stop(&thread), -ENOTRECOVERABLE);
        CHECK_EQ(rawthread_release(&thread), -ENOTRECOVERABLE);
        CHECK_EQ(rawthread_native_id(&thread), 0);
        CHECK(rawthread_stop_requested(&thread));
        _exit(check_failures() != 0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    sem_post(&gate.open);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(rawthread_release(&thread), 0);
}

int main(void)
{
    test_life();
    test_refused();
    test_service();
    test_ask_early();
    test_many_joiners();
    test_exit();
    test_detached();
    test_fork();
    return check_failures() != 0;
}
