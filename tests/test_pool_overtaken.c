/* A worker that finds the calls of a handle gone, because the thread that waits for it was quicker, takes what comes
 * next in the queue: no task is lost, and none runs twice. */
#include "gate.h"

#include <sched.h>
#include <time.h>

enum { N_PAIRS = 32, DURATION_S = 2, PATIENCE_S = 10 };

static atomic_size_t n_run;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

static int call(void *arg, void *result)
{
    *(int *)result += *(int *)arg;
    return 0;
}

/* The worker and this thread go through the same handles in the same order; behind each there is another task. */
static bool go_through(struct pool *pool)
{
    struct pool_handle *handles[N_PAIRS];
    int one = 1, results[N_PAIRS] = {0};
    time_t end = time(NULL) + PATIENCE_S;
    bool is_good = true;

    n_run = 0;
    for (int i = 0; i < N_PAIRS; i++) {
        is_good &= CHECK_EQ(pool_apply_async(pool, call, &one, &results[i], NULL, &handles[i]), 0);
        is_good &= CHECK_EQ(pool_submit(pool, run, NULL), 0);
    }
    for (int i = 0; i < N_PAIRS; i++) {
        is_good &= CHECK_EQ(pool_handle_wait(handles[i], POOL_FOREVER), 0);
        is_good &= CHECK_EQ(results[i], 1);
        pool_handle_release(handles[i]);
    }
    while (n_run < N_PAIRS && time(NULL) < end)
        sched_yield();
    return is_good & CHECK_EQ(n_run, N_PAIRS);
}

int main(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    time_t end = time(NULL) + DURATION_S;

    while (time(NULL) < end && go_through(pool))
        continue;
    if (check_failures() == 0) /* else it would wait for what is lost */
        CHECK_EQ(pool_destroy(pool), 0);
    return check_failures() != 0;
}
