/* What a handle tells of a task that runs and of one that has ended, and what cancelling does.
 *
 * Prints:
 *     ready: no
 *     after 1 ms: not yet
 *     ready: yes, successful: yes, result: 42
 *     the second is cancelled
 */
#include <pool.h>

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

static sem_t has_begun, go_on;

static int answer(void *arg, void *result)
{
    (void)arg;
    sem_post(&has_begun);
    sem_wait(&go_on);
    *(int *)result = 42;
    return 0;
}

static const char *yes(int is)
{
    return is == 1 ? "yes" : "no";
}

int main(void)
{
    const struct pool_options options = {.n_workers = 1};
    struct pool_handle *first, *second;
    struct pool *pool;
    int result = 0, never;

    sem_init(&has_begun, 0, 0);
    sem_init(&go_on, 0, 0);
    if (pool_create(&pool, &options) != 0)
        return 1;
    if (pool_apply_async(pool, answer, NULL, &result, NULL, &first) != 0 ||
        pool_apply_async(pool, answer, NULL, &never, NULL, &second) != 0)
        return 1;
    sem_wait(&has_begun);
    printf("ready: %s\n", yes(pool_handle_ready(first)));
    if (pool_handle_wait(first, 1000 * 1000) == -ETIMEDOUT)
        puts("after 1 ms: not yet");
    pool_handle_cancel(second);
    sem_post(&go_on);
    if (pool_handle_get(first, POOL_FOREVER, NULL) != 0)
        return 1;
    printf("ready: %s, successful: %s, result: %d\n", yes(pool_handle_ready(first)),
           yes(pool_handle_successful(first)), result);
    if (pool_handle_get(second, POOL_FOREVER, NULL) == -ECANCELED)
        puts("the second is cancelled");
    pool_handle_release(first);
    pool_handle_release(second);
    return pool_destroy(pool) != 0;
}
