/* One function over an array, at once and in the background; results come in the order of the arguments.
 *
 * Prints:
 *     0 1 4 9 16 25
 *     0 1 4 9 16 25
 */
#include <pool.h>

#include <stdio.h>

enum { N = 6 };

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    *(int *)result = n * n;
    return 0;
}

static void show(const int *results)
{
    for (int i = 0; i < N; i++)
        printf("%d%c", results[i], i < N - 1 ? ' ' : '\n');
}

int main(void)
{
    int numbers[N] = {0, 1, 2, 3, 4, 5}, results[N], more[N];
    struct pool_calls calls = {.fn = square, .args = numbers, .arg_bytes = sizeof *numbers,
                               .results = results, .result_bytes = sizeof *results, .n_calls = N};
    struct pool_handle *handle;
    struct pool *pool;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_map(pool, &calls, NULL) != 0)
        return 1;
    show(results);
    calls.results = more;
    calls.chunksize = 2; /* tasks of two calls each; 0 lets the pool choose */
    if (pool_map_async(pool, &calls, NULL, &handle) != 0)
        return 1;
    if (pool_handle_get(handle, POOL_FOREVER, NULL) != 0)
        return 1;
    show(more);
    pool_handle_release(handle);
    return pool_destroy(pool) != 0;
}
