/* Hands tasks over that nobody asks for a result: one, and many at once.
 *
 * Prints:
 *     the sum is 5050
 */
#include <pool.h>

#include <stdatomic.h>
#include <stdio.h>

static atomic_int sum;

static void add(void *arg)
{
    sum += *(int *)arg;
}

int main(void)
{
    struct pool *pool;
    int numbers[100];

    for (int i = 0; i < 100; i++)
        numbers[i] = i + 1;
    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_submit(pool, add, &numbers[0]) != 0 ||
        pool_submit_many(pool, add, &numbers[1], sizeof numbers[1], 99, NULL) != 0)
        return 1;
    pool_wait(pool);
    printf("the sum is %d\n", sum);
    return pool_destroy(pool) != 0;
}
