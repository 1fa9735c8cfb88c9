/* How the costs of the pool's calls grow, in steps: the pieces of straight code that a call goes through on its thread,
 * which the compiler counts (-fsanitize-coverage=trace-pc, see the Makefile). COSTS in pool.h says how they may. */
#include "asleep.h"
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static _Thread_local size_t n_steps;

void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
    n_steps++;
}

/* The steps of a call that is to return 0. */
#define STEPS(call) (n_steps = 0, CHECK_EQ((call), 0), n_steps)

enum { HUGE = 1000 * 1000 * 1000 };

/* `many` are the steps of something `times` as large. Chance adds a few: a block of the queue, a taken lock. */
static void check_growth(const char *what, size_t few, size_t many, size_t times)
{
    if (!CHECK(few > 0 && many <= (few + 20) * times * 3 / 2))
        fprintf(stderr, "%s: %zu steps, and %zu where once is %zu\n", what, few, many, times);
}

static void nothing(void *arg)
{
    (void)arg;
}

static int call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* The one worker of a strict pool is held. */
static struct pool *held(struct gate *gate, size_t max_queued)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true, .max_queued = max_queued});

    gate_hold(gate, pool);
    return pool;
}

static void end(struct pool *pool, struct gate *gate)
{
    gate_free(gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static size_t cancel_map(size_t n_calls, int *codes)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    const struct pool_calls calls = {.fn = call, .n_calls = n_calls, .chunksize = 1, .codes = codes};
    struct pool_handle *handle;
    size_t steps;

    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handle), 0);
    steps = STEPS(pool_handle_cancel(handle));
    CHECK_EQ(pool_handle_get(handle, 0, NULL), -ECANCELED);
    pool_handle_release(handle);
    end(pool, &gate);
    return steps;
}

static size_t terminate(size_t n_calls)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    const struct pool_calls calls = {.fn = call, .n_calls = n_calls, .chunksize = 1};
    size_t steps;

    CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
    CHECK_EQ(pool_submit_many(pool, nothing, NULL, 0, n_calls, NULL), 0);
    steps = STEPS(pool_terminate(pool));
    end(pool, &gate);
    return steps;
}

static size_t map(size_t n_calls)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    const struct pool_calls calls = {.fn = call, .n_calls = n_calls, .chunksize = 1};
    size_t steps = STEPS(pool_map_async(pool, &calls, NULL, NULL));

    steps += STEPS(pool_submit_many(pool, nothing, NULL, 0, n_calls, NULL));
    CHECK_EQ(pool_terminate(pool), 0);
    end(pool, &gate);
    return steps;
}

enum { N_OF_EACH = 100 };

/* Calls that hand over, ask and look, in a pool where n tasks are queued already. */
static size_t submit_behind(size_t n_queued)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    struct pool_counters counters;
    struct pool_handle *handle;
    size_t steps = 0;

    for (size_t i = 0; i < n_queued; i++)
        CHECK_EQ(pool_submit(pool, nothing, NULL), 0);
    for (int i = 0; i < N_OF_EACH; i++) {
        steps += STEPS(pool_submit(pool, nothing, NULL));
        steps += STEPS(pool_apply_async(pool, call, NULL, NULL, NULL, &handle));
        steps += STEPS((pool_get_counters(pool, &counters), 0));
        steps += STEPS(pool_handle_wait(handle, 0) + ETIMEDOUT);
        steps += STEPS((pool_handle_release(handle), 0));
    }
    end(pool, &gate);
    return steps;
}

static size_t submit_beside(size_t n_idle)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = n_idle, .start_all = true, .strict = true});
    size_t steps = 0;

    CHECK_EQ(pool_wait(pool), 0);
    usleep(20 * 1000); /* in which they come to sleep */
    for (int i = 0; i < N_OF_EACH; i++) {
        steps += STEPS(pool_submit(pool, nothing, NULL));
        CHECK_EQ(pool_wait(pool), 0);
    }
    CHECK_EQ(pool_destroy(pool), 0);
    return steps;
}

static size_t create(size_t n_workers)
{
    const struct pool_options options = {.n_workers = n_workers, .start_all = true};
    struct pool *pool;
    size_t steps = STEPS(pool_create(&pool, &options));

    steps += STEPS(pool_destroy(pool));
    return steps;
}

/* There and back. */
static size_t resize(size_t n_workers)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    size_t steps = STEPS(pool_resize(pool, n_workers, 0));

    steps += STEPS(pool_resize(pool, 1, 0));
    steps += STEPS(pool_close(pool));
    CHECK_EQ(pool_destroy(pool), 0);
    return steps;
}

/* Every second of n handles is cancelled; what is left of the queue is moved together now and then. */
static size_t cancel_half(size_t n)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    struct pool_handle **handles = calloc(n, sizeof *handles);
    size_t steps = 0;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handles[i]), 0);
    for (size_t i = 0; i < n; i += 2)
        steps += STEPS(pool_handle_cancel(handles[i]));
    for (size_t i = 0; i < n; i++)
        steps += STEPS((pool_handle_release(handles[i]), 0));
    free(handles);
    end(pool, &gate);
    return steps;
}

/* Waiting for the next of n handles, none of which is ready. */
static size_t wait_for_next(size_t n)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    struct pool_handle **handles = calloc(n, sizeof *handles);
    struct pool_completions *completions;
    size_t index, steps;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handles[i]), 0);
    CHECK_EQ(pool_as_completed(handles, n, &completions), 0);
    steps = STEPS(pool_completions_next(completions, 0, &index) + ETIMEDOUT);
    CHECK_EQ(pool_cancel_all(handles, n), 0);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_completions_next(completions, 0, &index), 0);
    pool_completions_release(completions);
    for (size_t i = 0; i < n; i++)
        pool_handle_release(handles[i]);
    free(handles);
    end(pool, &gate);
    return steps;
}

/* Giving up one of n looks at the same handle. */
static size_t stop_looking(size_t n)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    struct pool_completions **looks = calloc(n, sizeof *looks);
    struct pool_handle *handle;
    size_t steps;

    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handle), 0);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_as_completed(&handle, 1, &looks[i]), 0);
    steps = STEPS((pool_completions_release(looks[0]), 0));
    for (size_t i = 1; i < n; i++)
        pool_completions_release(looks[i]);
    free(looks);
    pool_handle_release(handle);
    end(pool, &gate);
    return steps;
}

struct waiter {
    struct pool *pool;
    atomic_int id;
    pthread_t thread;
};

static void *wait_for_room(void *arg)
{
    struct waiter *waiter = arg;

    waiter->id = asleep_self();
    CHECK_EQ(pool_submit(waiter->pool, nothing, NULL), 0);
    return NULL;
}

/* Waiting for room in vain behind n threads that do as well. */
static size_t wait_behind(size_t n)
{
    struct gate gate;
    struct pool *pool = held(&gate, 1);
    struct waiter *waiters = calloc(n, sizeof *waiters);
    size_t steps;

    CHECK_EQ(pool_submit(pool, nothing, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        waiters[i].pool = pool;
        CHECK_EQ(pthread_create(&waiters[i].thread, NULL, wait_for_room, &waiters[i]), 0);
        asleep_await(&waiters[i].id);
    }
    steps = STEPS(pool_timed_submit(pool, nothing, NULL, 1) + ETIMEDOUT);
    gate_free(&gate);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pthread_join(waiters[i].thread, NULL), 0);
    free(waiters);
    CHECK_EQ(pool_destroy(pool), 0);
    return steps;
}

/* A thread that looks at all of n handles, and one that terminates what they tell of. */
static size_t look_at_all(size_t n)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    struct pool_handle **handles = calloc(n, sizeof *handles);
    size_t index, steps;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handles[i]), 0);
    steps = STEPS(pool_first_completed(handles, n, 0, &index) + ETIMEDOUT);
    steps += STEPS(pool_first_failed(handles, n, 0, &index) + ETIMEDOUT);
    steps += STEPS(pool_terminate(pool));
    for (size_t i = 0; i < n; i++)
        pool_handle_release(handles[i]);
    free(handles);
    end(pool, &gate);
    return steps;
}

static int give(void *source, void **arg)
{
    (void)source;
    *arg = NULL;
    return 1;
}

static size_t feed(size_t look_ahead)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    const struct pool_feed feed = {.fn = call, .next = give, .look_ahead = look_ahead};
    struct pool_iterator *iterator;
    size_t steps = 0;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(pool_wait(pool), 0);
    for (int i = 0; i < N_OF_EACH; i++) {
        steps += STEPS(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL));
        CHECK_EQ(pool_wait(pool), 0);
    }
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
    return steps;
}

static size_t release(size_t look_ahead)
{
    struct gate gate;
    struct pool *pool = held(&gate, 0);
    const struct pool_feed feed = {.fn = call, .next = give, .look_ahead = look_ahead};
    struct pool_iterator *iterator;
    size_t steps;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    steps = STEPS((pool_iterator_release(iterator), 0));
    end(pool, &gate);
    return steps;
}

int main(void)
{
    static int codes[16000];

    check_growth("cancelling a map", cancel_map(10, NULL), cancel_map(HUGE, NULL), 1);
    check_growth("cancelling a map with codes", cancel_map(1000, codes), cancel_map(16000, codes), 16);
    check_growth("terminating", terminate(10), terminate(HUGE), 1);
    check_growth("submitting many and a map", map(10), map(HUGE), 1);
    check_growth("submitting behind others", submit_behind(10), submit_behind(20000), 1);
    /* One that sleeps is woken, which is about twice the steps of finding one that still looks. */
    check_growth("submitting beside idle workers", submit_beside(2), submit_beside(100), 2);
    check_growth("creating and destroying workers", create(20), create(160), 8);
    check_growth("cancelling some of many handles", cancel_half(1000), cancel_half(16000), 16);
    check_growth("waiting for the next handle", wait_for_next(10), wait_for_next(10000), 1);
    check_growth("giving up one of many looks", stop_looking(1), stop_looking(1000), 1);
    check_growth("waiting for room behind others", wait_behind(1), wait_behind(60), 1);
    check_growth("feeding", feed(4), feed(4000), 1);
    check_growth("releasing an iterator", release(400), release(8000), 20);
    check_growth("resizing", resize(20), resize(160), 8);
    check_growth("looking at all handles", look_at_all(400), look_at_all(8000), 20);
    return check_failures() != 0;
}
