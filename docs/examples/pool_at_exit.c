/* The end of main() ends what is queued and what runs. A pool of the whole program is destroyed before, by atexit():
 * then what was accepted is done, however the program ends but by a signal or abort().
 *
 * Prints:
 *     10 tasks are done
 */
#include <pool.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct pool *pool;
static atomic_int n_done;

static void take_a_moment(void *arg)
{
    const struct timespec moment = {0, 1000 * 1000};

    (void)arg;
    nanosleep(&moment, NULL);
    n_done++;
}

static void finish(void)
{
    pool_destroy(pool);
    printf("%d tasks are done\n", n_done);
}

int main(void)
{
    if (pool_create(&pool, NULL) != 0 || atexit(finish) != 0)
        return 1;
    if (pool_submit_many(pool, take_a_moment, NULL, 0, 10, NULL) != 0)
        return 1;
    return 0;
}
