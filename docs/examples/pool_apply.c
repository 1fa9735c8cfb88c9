/* Runs one task on a worker and waits for its result.
 *
 * Prints:
 *     49
 */
#include <pool.h>

#include <stdio.h>

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    *(int *)result = n * n;
    return 0;
}

int main(void)
{
    struct pool *pool;
    int n = 7, result;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_apply(pool, square, &n, &result, NULL) != 0)
        return 1;
    printf("%d\n", result);
    return pool_destroy(pool) != 0;
}
