/* No task allocates: once a pool has been as full as it gets, whatever is handed to it, waited for and given back
 * calls neither malloc nor what creates threads, but for some handles that stay in seats. */
#include "check.h"
#include "gate.h"
#include "refuse_calls.h"

#include <string.h>
#include <unistd.h>

enum {
    N_WORKERS = 2,
    N_TASKS = 999, /* eight blocks of the queue, 67 slabs of handles */
    N_TIMES = 40,
    KEPT_MAX = 27 /* slabs of handles that seats keep beyond that, or that wait in one: less than one a time */
};

static atomic_int n_runs;

static void task(void *arg)
{
    (void)arg;
    n_runs++;
}

static int call(void *arg, void *result)
{
    (void)result;
    task(arg);
    return 0;
}

static int star_call(void *const *args, void *result)
{
    return call(args[0], result);
}

static void submit(struct pool *pool)
{
    for (int i = 0; i < N_TASKS; i += 3) {
        CHECK_EQ(pool_submit(pool, task, NULL), 0);
        CHECK_EQ(pool_try_submit(pool, task, NULL), 0);
        CHECK_EQ(pool_timed_submit(pool, task, NULL, POOL_FOREVER), 0);
    }
}

static void submit_many(struct pool *pool)
{
    CHECK_EQ(pool_submit_many(pool, task, NULL, 0, N_TASKS, NULL), 0);
}

static atomic_bool has_spawned;

/* A task that submits tasks. */
static void spawn(void *pool)
{
    submit(pool);
    has_spawned = true;
}

/* To the one worker that is free. */
static void submit_spawning(struct pool *pool)
{
    has_spawned = false;
    CHECK_EQ(pool_submit(pool, spawn, pool), 0);
    while (!has_spawned)
        usleep(100);
}

static struct pool_handle *handles[N_TASKS];

static void apply_async(struct pool *pool)
{
    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &handles[i]), 0);
}

static void get_all(struct pool *pool)
{
    (void)pool;
    for (int i = 0; i < N_TASKS; i++) {
        CHECK_EQ(pool_handle_get(handles[i], POOL_FOREVER, NULL), 0);
        pool_handle_release(handles[i]);
    }
}

/* Every second one, so that what is left of the queue is moved together. */
static void cancel_half(struct pool *pool)
{
    apply_async(pool);
    for (int i = 0; i < N_TASKS; i += 2)
        CHECK_EQ(pool_handle_cancel(handles[i]), 0);
}

static void release_all(struct pool *pool)
{
    (void)pool;
    for (int i = 0; i < N_TASKS; i++) {
        CHECK_EQ(pool_handle_wait(handles[i], POOL_FOREVER), 0);
        pool_handle_release(handles[i]);
    }
}

static void map_async(struct pool *pool)
{
    const struct pool_calls calls = {.fn = call, .n_calls = N_TASKS, .chunksize = 1};

    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handles[0]), 0);
}

static void starmap_async(struct pool *pool)
{
    static struct pool_arg arg;
    const struct pool_starcalls calls = {.fn = star_call, .args = &arg, .n_args = 1, .n_calls = N_TASKS};

    CHECK_EQ(pool_starmap_async(pool, &calls, NULL, &handles[0]), 0);
}

static void get_one(struct pool *pool)
{
    (void)pool;
    CHECK_EQ(pool_handle_get(handles[0], POOL_FOREVER, NULL), 0);
    pool_handle_release(handles[0]);
}

/* Nothing is in the queue when these begin, and workers are free. */
static void apply(struct pool *pool)
{
    const struct pool_calls calls = {.fn = call, .n_calls = N_TASKS};

    CHECK_EQ(pool_apply(pool, call, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
}

static struct pool_iterator *iterator;
static int n_fed;

static int next(void *source, void **arg)
{
    (void)source;
    *arg = NULL;
    n_fed++;
    return 1;
}

static void imap(struct pool *pool)
{
    (void)pool;
    for (int i = 0; i < N_TASKS; i++)
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
}

struct way {
    const char *name;
    void (*hand_over)(struct pool *pool); /* while all workers are held, so that the queue is as long as it gets */
    void (*take_back)(struct pool *pool); /* or NULL */
};

static void hand_over(struct pool *pool, const struct way *way)
{
    int n_held = N_WORKERS - (way->hand_over == submit_spawning);
    struct gate gate;

    gate_init(&gate);
    for (int i = 0; i < n_held; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (int i = 0; i < n_held; i++)
        gate_take(&gate.reached);
    if (way->hand_over != NULL)
        way->hand_over(pool);
    for (int i = 0; i < n_held; i++)
        gate_free(&gate);
    if (way->take_back != NULL)
        way->take_back(pool);
    CHECK_EQ(pool_wait(pool), 0);
}

static void test_way(struct pool *pool, const struct way *way)
{
    hand_over(pool, way);
    refuse_calls(0, 0);
    for (int i = 0; i < N_TIMES; i++)
        hand_over(pool, way);
    if (!CHECK(refuse_n_calls <= KEPT_MAX))
        fprintf(stderr, "by %s\n", way->name);
}

/* Of a long queue 64 blocks of 4 KiB stay, with the one in use. */
static void test_queue_goes_back(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    long n_blocks = refuse_n_blocks;
    struct gate gate;

    for (int round = 0; round < 2; round++) {
        gate_hold(&gate, pool);
        for (int i = 0; i < 30000; i++)
            CHECK_EQ(pool_submit(pool, task, NULL), 0);
        gate_free(&gate);
        CHECK_EQ(pool_wait(pool), 0);
        CHECK_EQ(refuse_n_blocks, n_blocks + 64);
    }
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Of many handles that have been released the memory goes back. */
static void test_memory_goes_back(void)
{
    enum { N_MANY = 20000 };
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool_handle **many = calloc(N_MANY, sizeof *many);
    struct gate gate;
    long n_blocks;

    gate_hold(&gate, pool);
    n_blocks = refuse_n_blocks;
    for (int i = 0; i < N_MANY; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &many[i]), 0);
    CHECK(refuse_n_blocks - n_blocks > 1000);
    gate_free(&gate);
    for (int i = 0; i < N_MANY; i++)
        CHECK_EQ(pool_handle_get(many[i], POOL_FOREVER, NULL), 0);
    for (int i = 0; i < N_MANY; i++)
        pool_handle_release(many[i]);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK(refuse_n_blocks - n_blocks <= 200 + 64); /* slabs of handles, blocks of the queue: 1 MiB and 256 KiB */
    free(many);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* What a waiting thread has run, the oldest first, does not wait in the queue for the worker, which is held. */
static void test_helped_goes_back(void)
{
    enum { N_MANY = 20000 };
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    struct pool_handle **many = calloc(N_MANY, sizeof *many);
    struct gate gate;
    long n_blocks;

    gate_hold(&gate, pool);
    n_blocks = refuse_n_blocks;
    for (int i = 0; i < N_MANY; i++)
        CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, &many[i]), 0);
    for (int i = 0; i < N_MANY; i++) {
        CHECK_EQ(pool_handle_get(many[i], POOL_FOREVER, NULL), 0);
        pool_handle_release(many[i]);
    }
    CHECK(refuse_n_blocks - n_blocks <= 200 + 64 + 8 + 32); /* and 64 handles in the queue, 256 in a seat, a block */
    gate_free(&gate);
    free(many);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    static const struct way ways[] = {
        {"submit", submit, NULL},
        {"submit_many", submit_many, NULL},
        {"submit from a task", submit_spawning, NULL},
        {"apply_async", apply_async, get_all},
        {"cancel", cancel_half, release_all},
        {"map_async", map_async, get_one},
        {"starmap_async", starmap_async, get_one},
        {"apply", NULL, apply},
        {"imap", NULL, imap},
    };
    const struct pool_feed feed = {.fn = call, .next = next, .look_ahead = 100, .chunksize = 3};

    for (int is_strict = 0; is_strict < 2; is_strict++) {
        struct pool *pool = gate_pool((struct pool_options){.n_workers = N_WORKERS, .start_all = true,
                                                            .strict = is_strict});

        for (int is_ordered = 0; is_ordered < 2; is_ordered++) {
            CHECK_EQ((is_ordered ? pool_imap : pool_imap_unordered)(pool, &feed, &iterator), 0);
            for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
                test_way(pool, &ways[i]);
            pool_iterator_release(iterator);
        }
        CHECK_EQ(pool_destroy(pool), 0);
    }
    test_queue_goes_back();
    test_memory_goes_back();
    test_helped_goes_back();
    CHECK_EQ(refuse_n_blocks, 0);
    CHECK(n_runs > 0 && n_fed > 0);
    return check_failures() != 0;
}
