/* Every task may be another function, with arguments and results of other types.
 *
 * Prints:
 *     4 words, 2.50 on average
 */
#include <pool.h>

#include <stdio.h>

static int count_words(void *arg, void *result)
{
    int *n_words = result;

    *n_words = 0;
    for (const char *c = arg; *c != '\0'; c++)
        *n_words += *c != ' ' && (c[1] == ' ' || c[1] == '\0');
    return 0;
}

struct numbers {
    const double *values;
    size_t n;
};

static int average(void *arg, void *result)
{
    const struct numbers *numbers = arg;
    double sum = 0;

    for (size_t i = 0; i < numbers->n; i++)
        sum += numbers->values[i];
    *(double *)result = sum / (double)numbers->n;
    return 0;
}

int main(void)
{
    const double values[] = {1, 2, 3, 4};
    struct numbers numbers = {values, 4};
    struct pool_handle *handles[2];
    struct pool *pool;
    char text[] = "a text of words";
    double mean;
    int n_words;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_apply_async(pool, count_words, text, &n_words, NULL, &handles[0]) != 0 ||
        pool_apply_async(pool, average, &numbers, &mean, NULL, &handles[1]) != 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        if (pool_handle_get(handles[i], POOL_FOREVER, NULL) != 0)
            return 1;
        pool_handle_release(handles[i]);
    }
    printf("%d words, %.2f on average\n", n_words, mean);
    return pool_destroy(pool) != 0;
}
