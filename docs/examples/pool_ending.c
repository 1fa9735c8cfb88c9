/* Closing lets what is queued finish; terminating drops it, and asks what runs to stop.
 *
 * Prints:
 *     closed: refused, 3 tasks ran
 *     terminated: 1 task ran, 2 were dropped
 */
#include <pool.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static sem_t has_begun, go_on;
static atomic_int n_run, n_dropped;

static void run(void *arg)
{
    (void)arg;
    n_run++;
    sem_post(&has_begun);
    sem_wait(&go_on);
}

static void run_until_stopped(void *arg)
{
    (void)arg;
    n_run++;
    sem_post(&has_begun);
    while (!pool_stop_requested())
        continue; /* a step of the work */
}

static void drop(pool_fn *fn, void *arg)
{
    (void)fn;
    (void)arg;
    n_dropped++;
}

/* A pool of one worker, with three tasks of which one has begun. */
static struct pool *start(pool_fn *fn)
{
    const struct pool_options options = {.n_workers = 1, .strict = true, .dropped = drop};
    struct pool *pool;

    n_run = 0;
    if (pool_create(&pool, &options) != 0 || pool_submit_many(pool, fn, NULL, 0, 3, NULL) != 0)
        return NULL;
    sem_wait(&has_begun);
    return pool;
}

int main(void)
{
    struct pool *pool;

    sem_init(&has_begun, 0, 0);
    sem_init(&go_on, 0, 0);
    pool = start(run);
    if (pool == NULL || pool_close(pool) != 0)
        return 1;
    printf("closed: %s, ", pool_submit(pool, run, NULL) == -ESHUTDOWN ? "refused" : "accepted");
    for (int i = 0; i < 3; i++)
        sem_post(&go_on);
    if (pool_join(pool) != 0 || pool_destroy(pool) != 0)
        return 1;
    printf("%d tasks ran\n", n_run);

    sem_init(&has_begun, 0, 0);
    pool = start(run_until_stopped);
    if (pool == NULL || pool_terminate(pool) != 0 || pool_join(pool) != 0 || pool_destroy(pool) != 0)
        return 1;
    printf("terminated: %d task ran, %d were dropped\n", n_run, n_dropped);
    return 0;
}
