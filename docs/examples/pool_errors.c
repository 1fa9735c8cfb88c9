/* A task's error arrives where its result would have: at the handle, at the map with its place, at the iterator. The
 * others go on.
 *
 * Prints:
 *     handle: -2 is negative
 *     map: -1 is negative, at 1
 *     iterator: 4, -1 is negative, 9
 */
#include <pool.h>

#include <errno.h>
#include <stdio.h>

static int numbers[] = {2, -1, 3};

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    if (n < 0)
        return pool_fail(-EDOM, "%d is negative", n);
    *(int *)result = n * n;
    return 0;
}

static int next_number(void *source, void **arg)
{
    int *i = source;

    *arg = &numbers[*i];
    return (*i)++ < 3;
}

int main(void)
{
    int bad = -2, results[3], i = 0, result;
    const struct pool_calls calls = {.fn = square, .args = numbers, .arg_bytes = sizeof *numbers,
                                     .results = results, .result_bytes = sizeof *results, .n_calls = 3};
    const struct pool_feed feed = {.fn = square, .next = next_number, .source = &i, .result_bytes = sizeof result};
    struct pool_iterator *iterator;
    struct pool_handle *handle;
    struct pool_error error;
    struct pool *pool;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_apply_async(pool, square, &bad, &result, NULL, &handle) != 0)
        return 1;
    if (pool_handle_get(handle, POOL_FOREVER, &error) == -EDOM)
        printf("handle: %s\n", error.message);
    pool_handle_release(handle);
    if (pool_map(pool, &calls, &error) == -EDOM)
        printf("map: %s, at %zu\n", error.message, error.index);
    if (pool_imap(pool, &feed, &iterator) != 0)
        return 1;
    for (const char *before = "iterator: "; ; before = ", ") {
        int code = pool_iterator_next(iterator, POOL_FOREVER, NULL, &result, &error);

        if (code != 0 && error.code == 0)
            break; /* -ENODATA: the end */
        if (code == 0)
            printf("%s%d", before, result);
        else
            printf("%s%s", before, error.message);
    }
    puts("");
    pool_iterator_release(iterator);
    return pool_destroy(pool) != 0;
}
