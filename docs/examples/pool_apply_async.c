/* Submits a task, goes on, and asks for its result later; a callback is told first.
 *
 * Prints:
 *     submitted
 *     callback: 49
 *     result: 49
 */
#include <pool.h>

#include <semaphore.h>
#include <stdio.h>

static sem_t go_on;

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    sem_wait(&go_on);
    *(int *)result = n * n;
    return 0;
}

static void show(void *context, void *result)
{
    printf("%s: %d\n", (const char *)context, *(int *)result);
}

int main(void)
{
    const struct pool_callbacks callbacks = {.callback = show, .context = "callback"};
    struct pool_handle *handle;
    struct pool *pool;
    int n = 7, result;

    sem_init(&go_on, 0, 0);
    if (pool_create(&pool, NULL) != 0)
        return 1;
    if (pool_apply_async(pool, square, &n, &result, &callbacks, &handle) != 0)
        return 1;
    puts("submitted");
    sem_post(&go_on);
    if (pool_handle_get(handle, POOL_FOREVER, NULL) != 0)
        return 1;
    printf("result: %d\n", result);
    pool_handle_release(handle);
    return pool_destroy(pool) != 0;
}
