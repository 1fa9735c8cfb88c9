/* What each call of pool.h does and returns when nothing is in its way. */
#include "check.h"
#include "pool.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

enum { N_TASKS = 5000 };

static struct pool *new_pool(size_t n_workers)
{
    struct pool_options options = {.n_workers = n_workers, .strict = true};
    struct pool *pool = NULL;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        exit(1);
    CHECK_EQ(pool_n_workers(pool), n_workers);
    return pool;
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void increment(void *arg)
{
    ++*(int *)arg; /* plain: pool_wait() makes it visible */
}

static void test_defaults(void)
{
    struct pool_cpu_limits limits;
    struct pool *pool = NULL;

    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    if (!CHECK_EQ(pool_create(&pool, NULL), 0))
        return;
    CHECK_EQ(pool_n_workers(pool), limits.n_usable);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(pool_destroy(NULL), 0);
}

static void test_submit(size_t n_workers)
{
    struct pool *pool = new_pool(n_workers);
    int *values = calloc(N_TASKS, sizeof *values);

    for (int batch = 1; batch <= 3; batch++) {
        for (int i = 0; i < N_TASKS; i++)
            CHECK_EQ(pool_submit(pool, increment, &values[i]), 0);
        CHECK_EQ(pool_wait(pool), 0);
        for (int i = 0; i < N_TASKS; i++)
            CHECK_EQ(values[i], batch);
    }
    CHECK_EQ(pool_destroy(pool), 0);
    free(values);
}

struct element {
    int value;
    char rest[20];
};

static void test_submit_many(size_t n_workers)
{
    struct pool *pool = new_pool(n_workers);
    struct element *elements = calloc(N_TASKS, sizeof *elements);
    atomic_int same = 0;
    size_t n_accepted = 77;

    for (int batch = 1; batch <= 3; batch++) {
        CHECK_EQ(pool_submit_many(pool, increment, elements, sizeof *elements, N_TASKS, &n_accepted), 0);
        CHECK_EQ(n_accepted, N_TASKS);
        CHECK_EQ(pool_wait(pool), 0);
        for (int i = 0; i < N_TASKS; i++)
            CHECK_EQ(elements[i].value, batch);
    }
    CHECK_EQ(pool_submit_many(pool, add_one, &same, 0, N_TASKS, NULL), 0);
    CHECK_EQ(pool_submit_many(pool, add_one, NULL, 0, 0, &n_accepted), 0);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(same, N_TASKS);
    CHECK_EQ(pool_destroy(pool), 0);
    free(elements);
}

static int order[2 * N_TASKS], n_in_order;

static void append(void *arg)
{
    order[n_in_order++] = *(int *)arg;
}

/* One worker: single tasks and batches come out in the order of their submission. */
static void test_order(void)
{
    struct pool *pool = new_pool(1);
    int *numbers = calloc(2 * N_TASKS, sizeof *numbers);
    int n = 0;

    for (int i = 0; i < 2 * N_TASKS; i++)
        numbers[i] = i;
    while (n < 2 * N_TASKS) {
        int n_batch = n % 7 < 2 * N_TASKS - n ? n % 7 : 0;

        CHECK_EQ(pool_submit_many(pool, append, &numbers[n], sizeof *numbers, (size_t)n_batch, NULL), 0);
        n += n_batch;
        CHECK_EQ(pool_submit(pool, append, &numbers[n++]), 0);
    }
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_in_order, 2 * N_TASKS);
    for (int i = 0; i < n_in_order; i++)
        CHECK_EQ(order[i], i);
    CHECK_EQ(pool_destroy(pool), 0);
    free(numbers);
}

struct tree {
    struct pool *pool;
    int depth;
    atomic_int *n_leaves;
};

static void grow(void *arg)
{
    struct tree *tree = arg;

    if (tree->depth == 0) {
        atomic_fetch_add(tree->n_leaves, 1);
    } else {
        for (int i = 0; i < 2; i++) {
            struct tree *child = malloc(sizeof *child);

            *child = *tree;
            child->depth--;
            CHECK_EQ(pool_submit(tree->pool, grow, child), 0);
        }
    }
    free(tree);
}

static void test_submit_from_tasks(size_t n_workers)
{
    atomic_int n_leaves = 0;
    struct tree *tree = malloc(sizeof *tree);
    struct pool *pool = new_pool(n_workers);

    *tree = (struct tree){pool, 10, &n_leaves};
    CHECK_EQ(pool_submit(pool, grow, tree), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_leaves, 1024);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void meet(void *arg)
{
    pthread_barrier_wait(arg);
}

/* Tasks that wait for each other to have begun end only if every worker is woken. */
static void test_all_workers_wake(void)
{
    enum { N_WORKERS = 4 };
    struct pool *pool = new_pool(N_WORKERS);
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, N_WORKERS);
    for (int round = 0; round < 200; round++) {
        if (round % 2 == 0) {
            CHECK_EQ(pool_submit_many(pool, meet, &barrier, 0, N_WORKERS, NULL), 0);
        } else {
            for (int i = 0; i < N_WORKERS; i++)
                CHECK_EQ(pool_submit(pool, meet, &barrier), 0);
        }
        if (round % 3 == 0)
            CHECK_EQ(pool_wait(pool), 0);
    }
    CHECK_EQ(pool_destroy(pool), 0);
    pthread_barrier_destroy(&barrier);
}

struct link {
    struct pool *other;
    atomic_int *n;
};

static void hand_on(void *arg)
{
    struct link *link = arg;

    CHECK_EQ(pool_submit(link->other, add_one, link->n), 0);
    CHECK_EQ(pool_wait(link->other), 0);
}

/* A worker of one pool may wait for another, and closing one leaves the other open. */
static void test_two_pools(void)
{
    struct pool *a = new_pool(1), *b = new_pool(2);
    atomic_int n = 0;
    struct link link = {b, &n};

    CHECK_EQ(pool_submit(a, hand_on, &link), 0);
    CHECK_EQ(pool_wait(a), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(pool_destroy(a), 0);
    CHECK_EQ(pool_submit(b, add_one, &n), 0);
    CHECK_EQ(pool_destroy(b), 0);
    CHECK_EQ(n, 2);
}

static void hold(void *arg)
{
    sem_wait(arg);
}

/* What is queued when the pool is closed still runs; closing and joining twice is no error. */
static void test_close(void)
{
    struct pool *pool = new_pool(2);
    atomic_int n = 0;
    sem_t gate;

    sem_init(&gate, 0, 0);
    CHECK_EQ(pool_submit_many(pool, hold, &gate, 0, 2, NULL), 0);
    CHECK_EQ(pool_submit_many(pool, add_one, &n, 0, N_TASKS, NULL), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(n, 0);
    sem_post(&gate);
    sem_post(&gate);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(n, N_TASKS);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    sem_destroy(&gate);
}

/* A million queued behind a gate, in single tasks: the queue has no bound. */
static void test_deep_queue(void)
{
    enum { N_DEEP = 1000 * 1000 };
    struct pool *pool = new_pool(1);
    atomic_int n = 0;
    sem_t gate;

    sem_init(&gate, 0, 0);
    CHECK_EQ(pool_submit(pool, hold, &gate), 0);
    for (int i = 0; i < N_DEEP; i++)
        CHECK_EQ(pool_submit(pool, add_one, &n), 0);
    CHECK_EQ(n, 0);
    sem_post(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n, N_DEEP);
    CHECK_EQ(pool_destroy(pool), 0);
    sem_destroy(&gate);
}

int main(void)
{
    test_defaults();
    for (size_t n_workers = 1; n_workers <= 3; n_workers++) {
        test_submit(n_workers);
        test_submit_many(n_workers);
        test_submit_from_tasks(n_workers);
    }
    test_order();
    test_all_workers_wake();
    test_two_pools();
    test_close();
    test_deep_queue();
    return check_failures() != 0;
}
