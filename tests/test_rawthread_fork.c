/* A task that is split: both halves run, at the same time, and nothing is left of a thread that is refused. */
#include "check.h"
#include "rawthread.h"

#include <errno.h>
#include <semaphore.h>

#include "refuse_threads.h"

enum { N = 200 };

struct range {
    int begin, end;
    long sum;
};

/* The sum of the numbers in a range, each half of it a task of its own. */
static void add_up(void *arg)
{
    struct range *range = arg;
    struct range left = {range->begin, range->begin + (range->end - range->begin) / 2, 0};
    struct range right = {left.end, range->end, 0};

    if (range->end - range->begin == 1) {
        range->sum = range->begin;
        return;
    }
    CHECK_EQ(rawthread_fork(add_up, &left, &right, 0), 0);
    range->sum = left.sum + right.sum;
}

static void test_sum(void)
{
    struct range range = {0, N, 0};

    add_up(&range);
    CHECK_EQ(range.sum, (long)N * (N - 1) / 2);
    CHECK_EQ(refuse_n_created, N - 1);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

struct meeting {
    sem_t *mine, *other;
    pthread_t thread;
};

static void meet(void *arg)
{
    struct meeting *meeting = arg;

    meeting->thread = pthread_self();
    sem_post(meeting->mine);
    while (sem_wait(meeting->other) != 0)
        continue; /* EINTR */
}

/* Each half waits for the other; the right one runs on the calling thread. */
static void test_together(void)
{
    sem_t semaphores[2];
    struct meeting left = {&semaphores[0], &semaphores[1], 0}, right = {&semaphores[1], &semaphores[0], 0};

    sem_init(&semaphores[0], 0, 0);
    sem_init(&semaphores[1], 0, 0);
    CHECK_EQ(rawthread_fork(meet, &left, &right, 1 << 20), 0);
    CHECK(pthread_equal(right.thread, pthread_self()));
    CHECK(!pthread_equal(left.thread, right.thread));
}

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_errors(void)
{
    atomic_int n = 0;

    refuse_threads(0, 1);
    CHECK_EQ(rawthread_fork(count, &n, &n, 0), -EAGAIN);
    CHECK_EQ(rawthread_fork(NULL, &n, &n, 0), -EINVAL);
    CHECK_EQ(rawthread_fork(count, &n, &n, 1), -EINVAL);
    CHECK_EQ(n, 0);
    CHECK_EQ(rawthread_fork(count, &n, &n, 0), 0);
    CHECK_EQ(n, 2);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

static atomic_int n_left;

static void leave_right(void *arg)
{
    if (arg != NULL)
        pthread_exit(NULL);
    n_left++;
}

static void *fork_and_leave(void *arg)
{
    (void)arg;
    rawthread_fork(leave_right, NULL, &n_left, 0);
    CHECK(!"reached");
    return NULL;
}

/* The left half is waited for also by who leaves. */
static void test_exit(void)
{
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, fork_and_leave, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(n_left, 1);
    CHECK_EQ(refuse_n_unjoined(), 0);
}

int main(void)
{
    test_sum();
    test_together();
    test_errors();
    test_exit();
    return check_failures() != 0;
}
