/* Pools that end with their scope: one runs everything that was accepted, the other drops what has not begun, as
 * Python's `with` does.
 *
 * Prints:
 *     closed by its scope: 3 tasks ran
 *     terminated by its scope: 1 task ran
 */
#include <pool.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;
static sem_t has_begun;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

static void run_until_stopped(void *arg)
{
    run(arg);
    sem_post(&has_begun);
    while (!pool_stop_requested())
        continue;
}

static const struct pool_options options = {.n_workers = 1, .strict = true};

static int use_closed(void)
{
    POOL_CLOSED_BY_SCOPE struct pool *pool = NULL;

    if (pool_create(&pool, &options) != 0)
        return 1;
    return pool_submit_many(pool, run, NULL, 0, 3, NULL);
}

static int use_terminated(void)
{
    POOL_TERMINATED_BY_SCOPE struct pool *pool = NULL;

    if (pool_create(&pool, &options) != 0 || pool_submit(pool, run_until_stopped, NULL) != 0)
        return 1;
    sem_wait(&has_begun);
    return pool_submit_many(pool, run, NULL, 0, 3, NULL);
}

int main(void)
{
    sem_init(&has_begun, 0, 0);
    if (use_closed() != 0)
        return 1;
    printf("closed by its scope: %d tasks ran\n", n_run);
    n_run = 0;
    if (use_terminated() != 0)
        return 1;
    printf("terminated by its scope: %d task ran\n", n_run);
    return 0;
}
