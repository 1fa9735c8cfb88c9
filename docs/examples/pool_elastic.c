/* The size may change while a pool works, and an elastic pool adds workers by itself while tasks block: here four
 * tasks wait for each other.
 *
 * Prints:
 *     2 workers, then 4
 *     four tasks met in a pool of 1
 */
#include <pool.h>

#include <pthread.h>
#include <stdio.h>

static void meet(void *all)
{
    pthread_barrier_wait(all);
}

static int meet_in(struct pool *pool)
{
    pthread_barrier_t all;

    pthread_barrier_init(&all, NULL, 4);
    if (pool_submit_many(pool, meet, &all, 0, 4, NULL) != 0)
        return 1;
    pool_destroy(pool);
    return pthread_barrier_destroy(&all);
}

int main(void)
{
    const struct pool_options two = {.n_workers = 2, .strict = true};
    const struct pool_options elastic = {.n_workers = 1, .max_workers = 4, .strict = true};
    struct pool *pool;

    if (pool_create(&pool, &two) != 0)
        return 1;
    printf("%zu workers, then ", pool_n_workers(pool));
    if (pool_resize(pool, 4, 0) != 0)
        return 1;
    printf("%zu\n", pool_n_workers(pool));
    if (meet_in(pool) != 0)
        return 1;
    if (pool_create(&pool, &elastic) != 0 || meet_in(pool) != 0)
        return 1;
    puts("four tasks met in a pool of 1");
    return 0;
}
