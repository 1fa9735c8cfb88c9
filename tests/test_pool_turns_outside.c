/* What a thread outside hands over has its turn, whatever another thread hands over all the time, whichever ways they
 * use: with one worker it begins before many of the other's calls have. */
#include "gate.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum {
    N_AHEAD = 6,    /* that the flood keeps handed over: no matter how soon one ends, the next one waits already */
    N_TRIES = 12,
    CALL_NS = 3000, /* so long that the flood is handed over faster than it is run */
    PARTS_MAX = 1000,
    CALLS_ALLOWED = 1000, /* and this many times what the flood hands over at once: a turn comes once in 64 takes */
    TIMES_ALLOWED = 10,
    AGAIN_MAX = 100 * 1000
};

static atomic_size_t n_begun, n_ended; /* calls of the flood */
static atomic_size_t begun_by_then;    /* when the one of the other thread began, or 0 */
static atomic_bool is_over;

static void flood_task(void *arg)
{
    struct timespec begin, now;

    (void)arg;
    n_begun++;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < CALL_NS);
    n_ended++;
}

static int flood_call(void *arg, void *result)
{
    (void)result;
    flood_task(arg);
    return 0;
}

static void one_task(void *arg)
{
    (void)arg;
    begun_by_then = n_begun;
}

static int one_call(void *arg, void *result)
{
    (void)result;
    one_task(arg);
    return 0;
}

enum way { SUBMIT, SUBMIT_MANY, APPLY_ASYNC, MAP_ASYNC, N_WAYS };

static const char *const names[N_WAYS] = {"submit", "submit_many", "apply_async", "map_async"};

static void hand_over(struct pool *pool, enum way way, size_t n_calls, void (*task)(void *), pool_call_fn *call,
                      struct pool_handle **handle)
{
    struct pool_calls calls = {.fn = call, .n_calls = n_calls, .chunksize = 1};

    switch (way) {
    case SUBMIT:
        CHECK_EQ(pool_submit(pool, task, NULL), 0);
        break;
    case SUBMIT_MANY:
        CHECK_EQ(pool_submit_many(pool, task, NULL, 0, n_calls, NULL), 0);
        break;
    case APPLY_ASYNC:
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, handle), 0);
        break;
    default:
        CHECK_EQ(pool_map_async(pool, &calls, NULL, handle), 0);
        break;
    }
}

static void release(struct pool_handle **handle)
{
    if (*handle == NULL)
        return;
    while (!pool_handle_ready(*handle))
        continue;
    pool_handle_release(*handle);
    *handle = NULL;
}

struct flood {
    struct pool *pool;
    enum way way;
    size_t n_calls;
};

static void *run_flood(void *arg)
{
    struct pool_handle *handles[N_AHEAD] = {NULL}; /* given back by this thread, which has them at hand for the next */
    struct flood *flood = arg;
    size_t n_handed_over = 0;

    /* From now on it has a seat to visit, once nothing is queued any more. */
    CHECK_EQ(pool_apply(flood->pool, one_call, NULL, NULL, NULL), 0);
    usleep(5000);
    for (size_t i = 0; !is_over; i = (i + 1) % N_AHEAD) {
        while (n_handed_over - n_ended > (N_AHEAD - 1) * flood->n_calls)
            continue;
        release(&handles[i]);
        hand_over(flood->pool, flood->way, flood->n_calls, flood_task, flood_call, &handles[i]);
        n_handed_over += flood->n_calls;
    }
    for (size_t i = 0; i < N_AHEAD; i++)
        release(&handles[i]);
    return NULL;
}

static void test(enum way way, enum way flood_way, size_t n_calls)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    struct flood flood = {pool, flood_way, n_calls};
    size_t n_allowed = CALLS_ALLOWED + TIMES_ALLOWED * n_calls;
    pthread_t thread;

    is_over = false;
    n_begun = n_ended = 0;
    CHECK_EQ(pool_apply(pool, one_call, NULL, NULL, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, run_flood, &flood), 0);
    for (size_t i = 0; i < N_TRIES && !is_over; i++) {
        size_t n_before = n_begun;

        while (n_begun < n_before + n_calls + i * 7)
            usleep(50);
        begun_by_then = 0;
        hand_over(pool, way, 1, one_task, one_call, NULL);
        n_before = n_begun; /* not earlier: this thread may have lost its CPU for long before it handed over */
        while (begun_by_then == 0 && n_begun - n_before <= 2 * n_allowed)
            usleep(50);
        is_over = begun_by_then == 0 || begun_by_then > n_before + n_allowed;
        if (!CHECK(!is_over))
            fprintf(stderr, "%s beside a flood of %s of %zu calls: after %zu of them\n", names[way], names[flood_way],
                    n_calls, (begun_by_then == 0 ? n_begun : begun_by_then) - n_before);
    }
    is_over = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A task that submits itself again, as the youngest, beside an older one and the flood: until the older one has begun,
 * or for far too long. Its worker takes the oldest once in 1,024 takes. */
static struct pool *own_pool;
static atomic_size_t n_again;

static void again(void *arg)
{
    (void)arg;
    if (begun_by_then == 0 && ++n_again < AGAIN_MAX)
        CHECK_EQ(pool_submit(own_pool, again, NULL), 0);
}

static void leave_older(void *arg)
{
    CHECK_EQ(pool_submit(own_pool, one_task, NULL), 0);
    again(arg);
}

static void test_oldest(void)
{
    struct flood flood;
    pthread_t thread;

    own_pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    flood = (struct flood){own_pool, SUBMIT, 1};
    is_over = false;
    n_begun = n_ended = 0;
    CHECK_EQ(pthread_create(&thread, NULL, run_flood, &flood), 0);
    while (n_begun < 100)
        usleep(50);
    begun_by_then = n_again = 0;
    CHECK_EQ(pool_submit(own_pool, leave_older, NULL), 0);
    while (begun_by_then == 0 && n_again < AGAIN_MAX)
        usleep(50);
    CHECK(n_again < AGAIN_MAX);
    is_over = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_destroy(own_pool), 0);
}

int main(void)
{
    for (enum way way = SUBMIT; way < N_WAYS; way++) {
        test(way, SUBMIT, 1);
        test(way, APPLY_ASYNC, 1);
        test(way, SUBMIT_MANY, 64);
        test(way, MAP_ASYNC, 2);
        test(way, MAP_ASYNC, 64);
        test(way, MAP_ASYNC, PARTS_MAX);
    }
    test_oldest();
    return check_failures() != 0;
}
