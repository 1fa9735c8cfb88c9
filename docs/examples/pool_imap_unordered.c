/* Results in order of completion: the task that comes first is held until the others are done.
 *
 * Prints:
 *     1
 *     4
 *     0
 *     no more
 */
#include <pool.h>

#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>

static sem_t go_on;

static int square(void *arg, void *result)
{
    int n = (int)(intptr_t)arg;

    if (n == 0)
        sem_wait(&go_on);
    *(int *)result = n * n;
    return 0;
}

static int count_to_3(void *source, void **arg)
{
    int *next = source;

    *arg = (void *)(intptr_t)(*next);
    return (*next)++ < 3;
}

int main(void)
{
    const struct pool_options options = {.n_workers = 2, .strict = true}; /* no task on this thread */
    int next = 0, result;
    const struct pool_feed feed = {.fn = square, .next = count_to_3, .source = &next, .result_bytes = sizeof result};
    struct pool_iterator *iterator;
    struct pool *pool;

    sem_init(&go_on, 0, 0);
    if (pool_create(&pool, &options) != 0)
        return 1;
    if (pool_imap_unordered(pool, &feed, &iterator) != 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            sem_post(&go_on);
        if (pool_iterator_next(iterator, POOL_FOREVER, NULL, &result, NULL) != 0)
            return 1;
        printf("%d\n", result);
    }
    if (pool_iterator_next(iterator, 0, NULL, &result, NULL) == -ENODATA)
        puts("no more");
    pool_iterator_release(iterator);
    return pool_destroy(pool) != 0;
}
