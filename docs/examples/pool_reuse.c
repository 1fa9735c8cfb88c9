/* The same workers serve any number of batches.
 *
 * Prints:
 *     1000 tasks in 100 batches on 2 threads
 */
#include <pool.h>

#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

int main(void)
{
    const struct pool_options options = {.n_workers = 2, .start_all = true};
    struct pool_counters counters;
    struct pool *pool;

    if (pool_create(&pool, &options) != 0)
        return 1;
    for (int batch = 0; batch < 100; batch++) {
        if (pool_submit_many(pool, run, NULL, 0, 10, NULL) != 0)
            return 1;
        pool_wait(pool);
    }
    pool_get_counters(pool, &counters);
    printf("%d tasks in 100 batches on %d threads\n", n_run, (int)counters.threads_created);
    return pool_destroy(pool) != 0;
}
