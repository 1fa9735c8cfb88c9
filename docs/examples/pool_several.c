/* Acts on the first of several tasks that is done, on the first that fails, and on each as it completes.
 *
 * Prints:
 *     first completed: 1
 *     first failed: 2
 *     as completed: 1 2 0
 */
#include <pool.h>

#include <semaphore.h>
#include <stdio.h>

enum { N = 3 };

static sem_t gates[N];

static int pass(void *arg, void *result)
{
    sem_t *gate = arg;

    (void)result;
    sem_wait(gate);
    return gate == &gates[2] ? pool_fail(-1, "the last of %d", N) : 0;
}

int main(void)
{
    const struct pool_options options = {.n_workers = N, .strict = true};
    struct pool_handle *handles[N];
    struct pool_completions *completions;
    struct pool *pool;
    size_t index;

    if (pool_create(&pool, &options) != 0)
        return 1;
    for (int i = 0; i < N; i++) {
        sem_init(&gates[i], 0, 0);
        if (pool_apply_async(pool, pass, &gates[i], NULL, NULL, &handles[i]) != 0)
            return 1;
    }
    if (pool_as_completed(handles, N, &completions) != 0)
        return 1;
    sem_post(&gates[1]);
    if (pool_first_completed(handles, N, POOL_FOREVER, &index) != 0)
        return 1;
    printf("first completed: %zu\n", index);
    sem_post(&gates[2]);
    if (pool_first_failed(handles, N, POOL_FOREVER, &index) != 0)
        return 1;
    printf("first failed: %zu\n", index);
    sem_post(&gates[0]);
    printf("as completed:");
    while (pool_completions_next(completions, POOL_FOREVER, &index) == 0)
        printf(" %zu", index);
    puts("");
    pool_completions_release(completions);
    for (int i = 0; i < N; i++)
        pool_handle_release(handles[i]);
    return pool_destroy(pool) != 0;
}
