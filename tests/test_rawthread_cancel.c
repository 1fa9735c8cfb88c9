/* A thread that is cancelled in a call: where the call is a cancellation point it leaves all as it was, and the same
 * can be done again; elsewhere the request waits until the call has returned. A task that is cancelled has ended, and
 * who waits for it is told. */
#include "check.h"
#include "rawthread.h"
#include "sanitizers.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HANG_SECONDS = 60, FRAMES_BYTES = 32 << 10 };

static const int64_t LONG_NS = 3600ll * 1000 * 1000 * 1000;

/* How a call meets its request: it was there before, or comes while the thread sleeps (or, on a slow machine, before:
 * the outcome is the same). */
enum request { BEFORE, ASLEEP };

struct call {
    enum request request;
    void (*make)(void *);
    void *arg;
};

static void take(void *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

/* AddressSanitizer does not see the end of frames that a cancellation leaves, and has to be told that what lies below
 * this one is free. */
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *begin, size_t bytes);

__attribute__((no_sanitize_address)) static void forget_frames(void *arg)
{
    (void)arg;
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region((char *)__builtin_frame_address(0) - FRAMES_BYTES, FRAMES_BYTES);
}

static void *make_call(void *arg)
{
    struct call *call = arg;

    if (call->request == BEFORE)
        pthread_cancel(pthread_self());
    pthread_cleanup_push(forget_frames, NULL);
    call->make(call->arg);
    pthread_cleanup_pop(0);
    return NULL;
}

static sem_t requested; /* if who is to let a call go on waits for that */

/* Makes a call on a thread that is cancelled in it. */
static void check_cancelled(enum request request, void (*make)(void *), void *arg)
{
    const struct timespec moment = {0, 5 * 1000 * 1000};
    struct call call = {request, make, arg};
    pthread_t thread;
    void *result = NULL;

    if (!CHECK_EQ(pthread_create(&thread, NULL, make_call, &call), 0))
        return;
    nanosleep(&moment, NULL);
    if (request == ASLEEP)
        pthread_cancel(thread);
    sem_post(&requested);
    pthread_join(thread, &result);
    CHECK(result == PTHREAD_CANCELED);
}


/*
 * Cancellation points of a thread
 */

static void join(void *thread)
{
    rawthread_join(thread);
}

static void join_for_long(void *thread)
{
    rawthread_timed_join(thread, LONG_NS);
}

static void sleep_for_ever(void *thread)
{
    rawthread_sleep(thread, RAWTHREAD_FOREVER);
}

static void sleep_for_long(void *thread)
{
    rawthread_sleep(thread, LONG_NS);
}

static uint64_t spin_ns; /* of those who wait */

static void start(struct rawthread *thread, rawthread_fn *fn, void *arg)
{
    CHECK_EQ(rawthread_init(thread, fn, arg, &(struct rawthread_attr){.spin_ns = spin_ns}), 0);
    CHECK_EQ(rawthread_start(thread), 0);
}

static void test_waits(void)
{
    void (*const calls[])(void *) = {join, join_for_long, sleep_for_ever, sleep_for_long};

    for (size_t i = 0; i < 2 * sizeof calls / sizeof *calls; i++) {
        struct rawthread thread;
        sem_t gate;

        sem_init(&gate, 0, 0);
        start(&thread, take, &gate);
        check_cancelled(i % 2 == 0 ? BEFORE : ASLEEP, calls[i / 2], &thread);
        CHECK(rawthread_is_alive(&thread));
        CHECK(!rawthread_stop_requested(&thread));
        CHECK_EQ(rawthread_timed_join(&thread, 0), -ETIMEDOUT);
        sem_post(&gate);
        CHECK_EQ(rawthread_join(&thread), 0);
        CHECK_EQ(rawthread_release(&thread), 0);
    }
}

/* A thread whose function has returned, and whose thread-specific destructor takes its time. */
static pthread_key_t slow_key;
static struct slow {
    struct rawthread thread;
    sem_t returned, gate;
    bool is_over; /* plain: the join makes it visible */
} slow;

static void end_slowly(void *arg)
{
    (void)arg;
    sem_post(&slow.returned);
    take(&slow.gate);
    slow.is_over = true;
}

static void return_at_once(void *arg)
{
    pthread_setspecific(slow_key, arg);
}

static void start_slow(void)
{
    sem_init(&slow.returned, 0, 0);
    sem_init(&slow.gate, 0, 0);
    slow.is_over = false;
    start(&slow.thread, return_at_once, &slow);
    take(&slow.returned);
}

static void end_slow(void)
{
    CHECK(slow.is_over);
    CHECK_EQ(rawthread_release(&slow.thread), 0);
}

/* The function has returned, and the joiner waits for the thread's end itself: another may then join. */
static void test_join_of_returned(void)
{
    for (int i = 0; i < 4; i++) {
        start_slow();
        check_cancelled(i % 2 == 0 ? BEFORE : ASLEEP, i / 2 == 0 ? join : join_for_long, &slow.thread);
        CHECK(!rawthread_is_alive(&slow.thread));
        CHECK_EQ(rawthread_release(&slow.thread), -EBUSY);
        CHECK_EQ(rawthread_timed_join(&slow.thread, 0), -ETIMEDOUT);
        sem_post(&slow.gate);
        CHECK_EQ(rawthread_join(&slow.thread), 0);
        end_slow();
    }
}

static void *join_and_check(void *arg)
{
    CHECK_EQ(rawthread_join(arg), 0);
    CHECK(slow.is_over);
    return NULL;
}

/* Those who wait for the one that joins take its place when it is cancelled. */
static void test_other_joiners(void)
{
    enum { N = 3 };
    const struct timespec moment = {0, 2 * 1000 * 1000};
    pthread_t joiners[N];
    void *result;

    start_slow();
    for (int i = 0; i < N; i++) {
        CHECK_EQ(pthread_create(&joiners[i], NULL, join_and_check, &slow.thread), 0);
        nanosleep(&moment, NULL);
    }
    for (int i = 0; i < N - 1; i++) {
        pthread_cancel(joiners[i]);
        pthread_join(joiners[i], &result);
        CHECK(result == PTHREAD_CANCELED);
    }
    sem_post(&slow.gate);
    pthread_join(joiners[N - 1], &result);
    CHECK(result == NULL);
    end_slow();
}


/*
 * The group's wait
 */

static void wait_for_group(void *group)
{
    rawthread_group_wait(group);
}

static void count(void *n)
{
    atomic_fetch_add((atomic_int *)n, 1);
}

struct held {
    sem_t gate;
    atomic_int *n;
};

static void hold(void *arg)
{
    struct held *held = arg;

    take(&held->gate);
    count(held->n);
}

/* Cancelled with the oldest task's thread joined and others to come, and again with all of them left: nothing is joined
 * twice or forgotten, and the group works on. */
static void test_group_wait(struct rawthread_options options, enum request request)
{
    enum { N_HELD = 4, N_MORE = 100 };
    struct rawthread_group *group = NULL;
    struct held held[N_HELD];
    atomic_int n = 0;

    options.spin_ns = spin_ns;
    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        return;
    for (int i = 0; i < N_HELD; i++) {
        sem_init(&held[i].gate, 0, 0);
        held[i].n = &n;
        CHECK_EQ(rawthread_group_submit(group, hold, &held[i]), 0);
    }
    check_cancelled(request, wait_for_group, group);
    sem_post(&held[0].gate);
    sem_post(&held[2].gate);
    while (n < 2)
        sched_yield();
    check_cancelled(request, wait_for_group, group);
    for (int i = 0; i < N_MORE; i++)
        CHECK_EQ(rawthread_group_submit(group, count, &n), 0);
    check_cancelled(request, wait_for_group, group);
    sem_post(&held[1].gate);
    sem_post(&held[3].gate);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n, N_HELD + N_MORE);
    CHECK_EQ(rawthread_group_submit(group, count, &n), 0);
    rawthread_group_destroy(group);
    CHECK_EQ(n, N_HELD + N_MORE + 1);
}

static void end_group(void *group)
{
    rawthread_group_destroy(group);
}

static void open_gate(void *gate)
{
    sem_post(gate);
}

/* What the user's clean-up handler has to do before the stack goes on which the tasks work. */
static void run_on_own_stack(void *arg)
{
    struct rawthread_group *group = NULL;
    struct held held = {.n = arg};

    sem_init(&held.gate, 0, 0);
    if (!CHECK_EQ(rawthread_group_create(&group, NULL), 0))
        return;
    CHECK_EQ(rawthread_group_submit(group, hold, &held), 0);
    CHECK_EQ(rawthread_group_submit(group, take, &held.gate), 0);
    pthread_cleanup_push(end_group, group);
    pthread_cleanup_push(open_gate, &held.gate);
    pthread_cleanup_push(open_gate, &held.gate);
    pthread_cleanup_push(forget_frames, NULL);
    rawthread_group_wait(group);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
}

static void test_destroyed_by_handler(void)
{
    for (int i = 0; i < 2; i++) {
        atomic_int n = 0;

        check_cancelled(i == 0 ? BEFORE : ASLEEP, run_on_own_stack, &n);
        CHECK_EQ(n, 1);
    }
}


/*
 * Calls that are no cancellation points
 */

static void doze(void *n)
{
    const struct timespec pause = {0, 1000 * 1000};

    nanosleep(&pause, NULL);
    count(n);
}

/* All that no cancellation point is, each where it waits if it can wait. */
static void make_all_calls(void *arg)
{
    const struct rawthread_options capped = {.max_alive = 1};
    const struct rawthread_options capped_detached = {.max_alive = 1, .detached = true};
    const struct rawthread_options retrying = {.max_threads = 1, .retry_ns = (uint64_t)LONG_NS};
    const struct rawthread_options *const options[] = {NULL, &capped, &capped_detached, &retrying};
    struct rawthread_counters counters;
    struct rawthread thread;
    static atomic_int n; /* a detached thread may be about to end */
    bool *has_returned = arg;

    n = 0;
    for (int i = 0; i < 20; i++) { /* the native id is waited for, if the thread is slower */
        CHECK_EQ(rawthread_init(&thread, count, &n, NULL), 0);
        CHECK_EQ(rawthread_start(&thread), 0);
        CHECK(rawthread_native_id(&thread) > 0);
        rawthread_is_alive(&thread);
        CHECK(strcmp(rawthread_name(&thread), "") == 0);
        CHECK(!rawthread_stop_requested(&thread));
        CHECK_EQ(rawthread_ask_stop(&thread), 0);
        CHECK(rawthread_sleep(&thread, 0));
        CHECK(rawthread_sleep(&thread, RAWTHREAD_FOREVER)); /* has been asked already */
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        CHECK_EQ(rawthread_join(&thread), 0);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
        CHECK_EQ(rawthread_join(&thread), 0); /* does not wait */
        CHECK_EQ(rawthread_release(&thread), 0);
    }
    CHECK_EQ(n, 20);
    CHECK_EQ(rawthread_start_detached(count, &n, NULL), 0);
    while (n < 21)
        sched_yield();
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        struct rawthread_group *group = NULL;

        n = 0;
        CHECK_EQ(rawthread_group_create(&group, options[i]), 0);
        for (int k = 0; k < 40; k++)
            CHECK_EQ(rawthread_group_submit(group, doze, &n), 0);
        rawthread_group_counters(group, &counters);
        rawthread_group_destroy(group);
        CHECK_EQ(n, 40);
    }
    *has_returned = true;
    pthread_testcancel();
}

static void test_others(void)
{
    bool has_returned = false;

    check_cancelled(BEFORE, make_all_calls, &has_returned);
    CHECK(has_returned);
}


/*
 * A task that is split
 */

static struct split {
    sem_t left_gate, left_begun;
    atomic_bool is_left_over, has_right_returned;
    bool is_right_cancelled; /* while it runs, not while it waits for the left one */
} split;

static void run_half(void *arg)
{
    if (arg == NULL) {
        take(&split.left_begun);
        if (split.is_right_cancelled)
            pause();
        split.has_right_returned = true;
        return;
    }
    sem_post(&split.left_begun);
    take(&split.left_gate);
    *(int *)arg = 1; /* on the stack of who is cancelled */
    split.is_left_over = true;
}

static void check_left(void *arg)
{
    (void)arg;
    CHECK(split.is_left_over);
}

static void fork_once(void *arg)
{
    int local = 0;

    (void)arg;
    pthread_cleanup_push(check_left, NULL);
    CHECK_EQ(rawthread_fork(run_half, &local, NULL, 0), 0);
    CHECK_EQ(local, 1);
    pthread_testcancel();
    pthread_cleanup_pop(1);
}

static void *open_left(void *arg)
{
    const struct timespec moment = {0, 20 * 1000 * 1000}; /* in which who does not wait would leave */

    take(&requested);
    nanosleep(&moment, NULL);
    sem_post(&split.left_gate);
    return arg;
}

/* What the left half works on stays until it has returned. */
static void test_fork(bool is_right_cancelled, enum request request)
{
    pthread_t opener;

    split.is_left_over = split.has_right_returned = false;
    split.is_right_cancelled = is_right_cancelled;
    sem_init(&split.left_gate, 0, 0);
    sem_init(&split.left_begun, 0, 0);
    sem_init(&requested, 0, 0);
    CHECK_EQ(pthread_create(&opener, NULL, open_left, NULL), 0);
    check_cancelled(request, fork_once, NULL);
    pthread_join(opener, NULL);
    CHECK(split.is_left_over);
    if (is_right_cancelled)
        CHECK(!split.has_right_returned);
}


/*
 * Tasks that are cancelled
 */

static atomic_int n_cancelled;

static void cancel_oneself(void *arg)
{
    (void)arg;
    n_cancelled++;
    pthread_cleanup_push(forget_frames, NULL);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    CHECK(!"reached");
    pthread_cleanup_pop(0);
}

static void cancel_left(void *arg)
{
    if (arg != NULL)
        cancel_oneself(NULL);
}

static void test_cancelled_thread(void)
{
    struct rawthread thread;

    n_cancelled = 0;
    start(&thread, cancel_oneself, NULL);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK(!rawthread_is_alive(&thread));
    CHECK_EQ(rawthread_release(&thread), 0);
    CHECK_EQ(rawthread_fork(cancel_left, &n_cancelled, NULL, 0), 0);
    CHECK_EQ(rawthread_start_detached(cancel_oneself, NULL, NULL), 0);
    while (n_cancelled < 3)
        sched_yield();
}

struct service {
    struct rawthread thread;
    sem_t has_begun;
    pthread_t id;
};

static void serve(void *arg)
{
    struct service *service = arg;

    service->id = pthread_self();
    sem_post(&service->has_begun);
    pthread_cleanup_push(forget_frames, NULL);
    rawthread_sleep(&service->thread, RAWTHREAD_FOREVER);
    CHECK(!"reached");
    pthread_cleanup_pop(0);
}

/* In the sleep that is a service's own. */
static void test_cancelled_service(void)
{
    struct service service;

    sem_init(&service.has_begun, 0, 0);
    start(&service.thread, serve, &service);
    take(&service.has_begun);
    pthread_cancel(service.id);
    CHECK_EQ(rawthread_join(&service.thread), 0);
    CHECK(!rawthread_stop_requested(&service.thread));
    CHECK_EQ(rawthread_release(&service.thread), 0);
}

static void test_cancelled_tasks(struct rawthread_options options)
{
    struct rawthread_group *group = NULL;

    n_cancelled = 0;
    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        return;
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rawthread_group_submit(group, cancel_oneself, NULL), 0);
    CHECK_EQ(rawthread_group_wait(group), 0);
    CHECK_EQ(n_cancelled, 50);
    rawthread_group_destroy(group);
}

static const struct rawthread_options kinds[] = {
    {0}, {.max_alive = 5}, {.detached = true}, {.max_alive = 5, .detached = true},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static void test_points(void)
{
    test_waits();
    if (!HAS_THREAD_SANITIZER) { /* its pthread_join() cannot be called again after it was cancelled */
        test_join_of_returned();
        test_other_joiners();
    }
    for (size_t i = 0; i < N_KINDS; i++)
        if (!HAS_THREAD_SANITIZER || kinds[i].detached) {
            test_group_wait(kinds[i], BEFORE);
            test_group_wait(kinds[i], ASLEEP);
        }
    if (!HAS_THREAD_SANITIZER)
        test_destroyed_by_handler();
}

int main(void)
{
    alarm(HANG_SECONDS);
    CHECK_EQ(pthread_key_create(&slow_key, end_slowly), 0);
    sem_init(&requested, 0, 0);
    test_points();
    spin_ns = (uint64_t)LONG_NS;
    test_points();
    spin_ns = 0;
    for (size_t i = 0; i < N_KINDS; i++)
        test_cancelled_tasks(kinds[i]);
    test_others();
    for (int i = 0; i < 2; i++) {
        test_fork(i != 0, BEFORE);
        test_fork(i != 0, ASLEEP);
    }
    test_cancelled_thread();
    test_cancelled_service();
    return check_failures() != 0;
}
