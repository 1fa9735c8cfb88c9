/* A million tasks can wait. A queue with a bound says when it is full, waits for a while, or lets the caller work.
 *
 * Prints:
 *     1000000 tasks waited
 *     full: try again, after 1 ms still full, run by the caller
 */
#include <pool.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static sem_t has_begun, go_on;
static atomic_int n_run;
static _Thread_local bool is_caller;
static bool was_run_by_caller;

static void hold(void *arg)
{
    (void)arg;
    sem_post(&has_begun);
    sem_wait(&go_on);
}

static void run(void *arg)
{
    (void)arg;
    n_run++;
    if (is_caller)
        was_run_by_caller = true;
}

/* A pool whose worker is held. */
static struct pool *start(size_t max_queued)
{
    const struct pool_options options = {.n_workers = 1, .max_queued = max_queued};
    struct pool *pool;

    if (pool_create(&pool, &options) != 0 || pool_submit(pool, hold, NULL) != 0)
        return NULL;
    sem_wait(&has_begun);
    return pool;
}

int main(void)
{
    struct pool_counters counters;
    struct pool *pool;

    sem_init(&has_begun, 0, 0);
    sem_init(&go_on, 0, 0);
    pool = start(0);
    if (pool == NULL)
        return 1;
    for (int i = 0; i < 1000000; i++)
        if (pool_submit(pool, run, NULL) != 0)
            return 1;
    pool_get_counters(pool, &counters);
    printf("%zu tasks waited\n", counters.n_queued);
    sem_post(&go_on);
    if (pool_destroy(pool) != 0 || n_run != 1000000)
        return 1;

    is_caller = true;
    pool = start(2);
    if (pool == NULL || pool_submit_many(pool, run, NULL, 0, 2, NULL) != 0)
        return 1;
    printf("full: %s, ", pool_try_submit(pool, run, NULL) == -EAGAIN ? "try again" : "accepted");
    printf("after 1 ms %s, ", pool_timed_submit(pool, run, NULL, 1000000) == -ETIMEDOUT ? "still full" : "accepted");
    if (pool_submit_or_run(pool, run, NULL) != 0)
        return 1;
    printf("run by %s\n", was_run_by_caller ? "the caller" : "a worker");
    sem_post(&go_on);
    return pool_destroy(pool) != 0;
}
