/* Tasks may submit tasks and wait for them, even with one worker.
 *
 * Prints:
 *     fib(15) is 610
 */
#include <pool.h>

#include <stdio.h>

static struct pool *pool;

static int fib(void *arg, void *result)
{
    int n = *(int *)arg, numbers[2] = {n - 1, n - 2}, results[2];
    const struct pool_calls calls = {.fn = fib, .args = numbers, .arg_bytes = sizeof *numbers,
                                     .results = results, .result_bytes = sizeof *results, .n_calls = 2};

    if (n < 2) {
        *(int *)result = n;
        return 0;
    }
    if (pool_map(pool, &calls, NULL) != 0)
        return -1;
    *(int *)result = results[0] + results[1];
    return 0;
}

int main(void)
{
    const struct pool_options options = {.n_workers = 1, .strict = true};
    int n = 15, result;

    if (pool_create(&pool, &options) != 0)
        return 1;
    if (pool_apply(pool, fib, &n, &result, NULL) != 0)
        return 1;
    printf("fib(%d) is %d\n", n, result);
    return pool_destroy(pool) != 0;
}
