/* A pool of two workers, each of which is prepared before its first task and cleaned up after its last.
 *
 * Prints:
 *     2 workers were prepared
 *     both are at work
 *     2 workers were cleaned up
 */
#include <pool.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_prepared, n_cleaned_up;

static int prepare(void *context, size_t index)
{
    (void)context;
    (void)index;
    n_prepared++;
    return 0; /* a negative errno: the worker cannot be used */
}

static void clean_up(void *context, size_t index)
{
    (void)context;
    (void)index;
    n_cleaned_up++;
}

static void meet(void *both)
{
    pthread_barrier_wait(both);
}

int main(void)
{
    const struct pool_options options = {
        .n_workers = 2, .start_all = true, .initializer = prepare, .finalizer = clean_up, .name = "example",
    };
    struct pool *pool;
    pthread_barrier_t both;

    if (pool_create(&pool, &options) != 0)
        return 1;
    printf("%d workers were prepared\n", n_prepared);
    pthread_barrier_init(&both, NULL, 3);
    if (pool_submit(pool, meet, &both) != 0 || pool_submit(pool, meet, &both) != 0)
        return 1;
    pthread_barrier_wait(&both);
    puts("both are at work");
    pool_destroy(pool);
    pthread_barrier_destroy(&both);
    printf("%d workers were cleaned up\n", n_cleaned_up);
    return 0;
}
