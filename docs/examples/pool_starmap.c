/* The same for a function of several arguments, each of which has an array of its own; one is the same for all.
 *
 * Prints:
 *     11 24 39
 *     11 24 39
 */
#include <pool.h>

#include <stdio.h>

enum { N = 3 };

static int weigh(void *const *args, void *result)
{
    int a = *(int *)args[0], b = *(int *)args[1], weight = *(int *)args[2];

    *(int *)result = a + weight * b;
    return 0;
}

static void show(const int *results)
{
    printf("%d %d %d\n", results[0], results[1], results[2]);
}

int main(void)
{
    int as[N] = {1, 4, 9}, bs[N] = {1, 2, 3}, weight = 10, results[N], more[N];
    const struct pool_arg args[] = {{as, sizeof *as}, {bs, sizeof *bs}, {&weight, 0}};
    struct pool_starcalls calls = {.fn = weigh, .args = args, .n_args = 3,
                                   .results = results, .result_bytes = sizeof *results, .n_calls = N};
    struct pool_handle *handle;
    struct pool *pool;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_starmap(pool, &calls, NULL) != 0)
        return 1;
    show(results);
    calls.results = more;
    if (pool_starmap_async(pool, &calls, NULL, &handle) != 0)
        return 1;
    if (pool_handle_get(handle, POOL_FOREVER, NULL) != 0)
        return 1;
    show(more);
    pool_handle_release(handle);
    return pool_destroy(pool) != 0;
}
