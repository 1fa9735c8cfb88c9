/* Pools know nothing of each other: tasks of one may hand tasks over to another and wait for them.
 *
 * Prints:
 *     2 pools, 3 workers: worker 0 of the outer one asked worker 0 of the inner one
 */
#include <pool.h>

#include <stdio.h>

static struct pool *outer, *inner;

static int ask_index(void *arg, void *result)
{
    (void)arg;
    *(size_t *)result = pool_worker_index(inner);
    return 0;
}

static int ask_inner(void *arg, void *result)
{
    size_t *indices = result;

    indices[0] = pool_worker_index(outer);
    return pool_apply(inner, ask_index, arg, &indices[1], NULL);
}

int main(void)
{
    const struct pool_options one = {.n_workers = 1, .strict = true}, two = {.n_workers = 2, .strict = true};
    size_t indices[2];

    if (pool_create(&outer, &one) != 0 || pool_create(&inner, &two) != 0)
        return 1;
    if (pool_apply(outer, ask_inner, NULL, indices, NULL) != 0)
        return 1;
    printf("2 pools, %zu workers: worker %zu of the outer one asked worker %zu of the inner one\n",
           pool_n_workers(outer) + pool_n_workers(inner), indices[0], indices[1]);
    return pool_destroy(outer) != 0 || pool_destroy(inner) != 0;
}
