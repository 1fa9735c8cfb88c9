/* Each accepted task runs exactly once, whatever meets what: producers against each other, tasks that submit,
 * waiters, and a close in the middle. POOLBENCH_SEED or the first argument repeats a run's choices. */
#include "check.h"
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_ROUNDS = 60, SECONDS_MAX = 2, N_PRODUCERS = 3, N_PER_PRODUCER = 600, N_BATCH_MAX = 40 };

/* One task: it counts its runs, and may submit its own child. */
struct task {
    struct pool *pool;
    uint64_t random;
    atomic_int n_runs;
    bool is_accepted; /* written by the thread that submits, read after all is over */
    struct task *child;
};

struct producer {
    struct pool *pool;
    uint64_t random;
    struct task tasks[N_PER_PRODUCER], children[N_PER_PRODUCER];
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Nothing, a yield, a little work or, rarely, a sleep. */
static void dawdle(uint64_t random)
{
    const struct timespec pause = {0, (long)(random >> 40) % 50000};

    if (random % 64 == 0)
        nanosleep(&pause, NULL);
    else if (random % 8 == 0)
        sched_yield();
    else if (random % 8 == 1)
        for (atomic_int i = 0; i < (int)(random >> 50); i++)
            continue;
}

static void check_submitted(struct task *task, int error)
{
    task->is_accepted = error == 0;
    if (error != 0)
        CHECK_EQ(error, -ESHUTDOWN);
}

static void run(void *arg)
{
    struct task *task = arg;

    dawdle(task->random);
    atomic_fetch_add(&task->n_runs, 1);
    if (task->child != NULL)
        check_submitted(task->child, pool_submit(task->pool, run, task->child));
}

static void submit_batch(struct producer *producer, size_t first, size_t n)
{
    struct task *tasks = &producer->tasks[first];
    size_t n_accepted = 77;
    int error = pool_submit_many(producer->pool, run, tasks, sizeof *tasks, n, &n_accepted);

    CHECK_EQ(n_accepted, error == 0 ? n : 0);
    for (size_t i = 0; i < n; i++)
        check_submitted(&tasks[i], error);
}

static void submit_one(struct producer *producer, size_t index)
{
    struct task *task = &producer->tasks[index];

    check_submitted(task, pool_submit(producer->pool, run, task));
}

static void *produce(void *arg)
{
    struct producer *producer = arg;
    size_t n_done = 0;

    while (n_done < N_PER_PRODUCER) {
        uint64_t random = next_random(&producer->random);
        size_t n = 1 + (random >> 8) % N_BATCH_MAX;

        if (n > N_PER_PRODUCER - n_done)
            n = N_PER_PRODUCER - n_done;
        if (random % 2 == 0) {
            submit_batch(producer, n_done, n);
            n_done += n;
        } else {
            submit_one(producer, n_done++);
        }
        if (random % 16 == 3)
            CHECK_EQ(pool_wait(producer->pool), 0);
        dawdle(next_random(&producer->random));
    }
    return NULL;
}

static void init_producer(struct producer *producer, struct pool *pool, uint64_t seed)
{
    memset(producer, 0, sizeof *producer);
    producer->pool = pool;
    producer->random = seed;
    for (size_t i = 0; i < N_PER_PRODUCER; i++) {
        struct task *task = &producer->tasks[i], *child = &producer->children[i];

        task->pool = child->pool = pool;
        task->random = next_random(&producer->random);
        child->random = next_random(&producer->random);
        if (task->random >> 63 != 0)
            task->child = child;
    }
}

static size_t check_tasks(struct task *tasks)
{
    size_t n_accepted = 0;

    for (size_t i = 0; i < N_PER_PRODUCER; i++) {
        CHECK_EQ(tasks[i].n_runs, tasks[i].is_accepted);
        n_accepted += tasks[i].is_accepted;
    }
    return n_accepted;
}

static void run_round(uint64_t seed, bool closes_early)
{
    static struct producer producers[N_PRODUCERS];
    uint64_t random = seed;
    struct pool_options options = {.n_workers = 1 + next_random(&random) % 5};
    struct pool *pool = NULL;
    pthread_t threads[N_PRODUCERS];
    size_t n_accepted = 0;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        return;
    for (int i = 0; i < N_PRODUCERS; i++)
        init_producer(&producers[i], pool, next_random(&random));
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    if (closes_early) {
        const struct timespec pause = {0, (long)(next_random(&random) % 2000000)};

        nanosleep(&pause, NULL);
        CHECK_EQ(pool_close(pool), 0);
        CHECK_EQ(pool_join(pool), 0);
    }
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(pool_wait(pool), 0);
    for (int i = 0; i < N_PRODUCERS; i++) {
        n_accepted += check_tasks(producers[i].tasks);
        check_tasks(producers[i].children);
    }
    if (!closes_early)
        CHECK_EQ(n_accepted, N_PRODUCERS * N_PER_PRODUCER);
    CHECK_EQ(pool_destroy(pool), 0);
}

static uint64_t choose_seed(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("POOLBENCH_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return text != NULL ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    uint64_t seed = choose_seed(argc, argv), random = seed;

    time_t began = time(NULL);

    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (int i = 0; i < N_ROUNDS && check_failures() == 0 && time(NULL) - began < SECONDS_MAX; i++)
        run_round(next_random(&random), i % 2 != 0);
    return check_failures() != 0;
}
