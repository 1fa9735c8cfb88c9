/* Results one at a time, in order, while arguments are made as they are needed: never more than look_ahead of them
 * are ahead of what has been delivered.
 *
 * Prints:
 *     0 1 4 9 16
 */
#include <pool.h>

#include <stdint.h>
#include <stdio.h>

static int square(void *arg, void *result)
{
    int n = (int)(intptr_t)arg;

    *(int *)result = n * n;
    return 0;
}

/* Counts up without end. */
static int count(void *source, void **arg)
{
    *arg = (void *)(intptr_t)(*(int *)source)++;
    return 1;
}

int main(void)
{
    int next = 0, result;
    const struct pool_feed feed = {.fn = square, .next = count, .source = &next,
                                   .result_bytes = sizeof result, .look_ahead = 4};
    struct pool_iterator *iterator;
    struct pool *pool;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_imap(pool, &feed, &iterator) != 0)
        return 1;
    for (int i = 0; i < 5; i++) {
        if (pool_iterator_next(iterator, POOL_FOREVER, NULL, &result, NULL) != 0)
            return 1;
        printf("%d%c", result, i < 4 ? ' ' : '\n');
    }
    pool_iterator_release(iterator); /* what is ahead is dropped */
    return pool_destroy(pool) != 0;
}
