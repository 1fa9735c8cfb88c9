/* Sources of pool_imap(): one that fails, and what becomes of each argument that was given. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { N = 40, LOOK_AHEAD = 7 };

typedef int imap_fn(struct pool *, const struct pool_feed *, struct pool_iterator **);

struct item {
    int number;
    atomic_int n_begun, n_dropped, n_handed_back;
    int n_delivered;
};

struct source {
    int n_given, fails_at; /* fails_at: -1 if never */
    int n_calls_after_end;
    bool has_ended;
    struct item items[N];
};

static int next(void *arg, void **out)
{
    struct source *source = arg;

    source->n_calls_after_end += source->has_ended;
    source->has_ended = true;
    if (source->n_given == source->fails_at)
        return pool_fail(-EIO, "line %d cannot be read", source->n_given);
    if (source->n_given == N)
        return 0;
    source->has_ended = false;
    source->items[source->n_given].number = source->n_given;
    *out = &source->items[source->n_given++];
    return 1;
}

static int begin(void *arg, void *result)
{
    struct item *item = arg;

    item->n_begun++;
    *(int *)result = item->number;
    if (item->number % 7 == 3)
        return -EDOM;
    if (item->number % 11 == 5)
        pthread_exit(NULL);
    return 0;
}

static void drop(void *source, void *arg)
{
    struct item *item = arg;

    CHECK(item == &((struct source *)source)->items[item->number]);
    item->n_dropped++;
}

static void hand_back(void *source, void *arg, void *result)
{
    struct item *item = arg;

    CHECK(item == &((struct source *)source)->items[item->number]);
    CHECK_EQ(*(int *)result, item->number);
    item->n_handed_back++;
}

static struct pool_feed feed_from(struct source *source, int fails_at)
{
    *source = (struct source){.fails_at = fails_at};
    return (struct pool_feed){.fn = begin, .next = next, .source = source, .result_bytes = sizeof(int),
                              .look_ahead = LOOK_AHEAD, .dropped = drop, .undelivered = hand_back};
}

/* Takes what comes, and says how the last call ended that delivered nothing. */
static int take(struct pool_iterator *iterator, struct source *source, int n)
{
    for (int i = 0; i < n; i++) {
        struct pool_error error;
        size_t index;
        int result, code = pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error);

        if (code != 0 && error.code == 0)
            return code;
        if ((int)index == source->fails_at) {
            CHECK_EQ(code, -EIO);
            CHECK(strstr(error.message, "cannot be read") != NULL);
            CHECK_EQ(error.index, index);
        } else {
            CHECK(code != 0 || result == (int)index);
            source->items[index].n_delivered += code == 0;
        }
    }
    return 0;
}

/* Each argument that was given has begun or was dropped, once; each result was delivered or handed back, once. */
static void check_fates(const struct source *source)
{
    for (int i = 0; i < source->n_given; i++) {
        const struct item *item = &source->items[i];
        bool has_result = item->n_begun > 0 && i % 7 != 3 && i % 11 != 5;

        CHECK_EQ(item->n_begun + item->n_dropped, 1);
        CHECK_EQ(item->n_delivered + item->n_handed_back, has_result);
    }
    CHECK_EQ(source->n_calls_after_end, 0);
}

/* The failure comes in the place of the next result, once, and then the end. */
static void test_failing(struct pool *pool, imap_fn *imap, int fails_at)
{
    struct source source;
    const struct pool_feed feed = feed_from(&source, fails_at);
    struct pool_iterator *iterator;

    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    CHECK_EQ(take(iterator, &source, fails_at + 1), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(take(iterator, &source, 1), -ENODATA);
    pool_iterator_release(iterator);
    CHECK_EQ(source.n_given, fails_at);
    check_fates(&source);
}

static void test_released(struct pool *pool, imap_fn *imap, int n_taken, size_t chunksize)
{
    struct source source;
    struct pool_feed feed = feed_from(&source, -1);
    struct pool_iterator *iterator;

    feed.chunksize = chunksize;
    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    take(iterator, &source, n_taken);
    pool_iterator_release(iterator);
    check_fates(&source);
}

static void test_ended(imap_fn *imap, int (*end)(struct pool *pool), size_t chunksize)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true}); /* tasks end their thread */
    struct source source;
    struct pool_feed feed = feed_from(&source, -1);
    struct pool_iterator *iterator;

    feed.chunksize = chunksize;
    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    CHECK_EQ(take(iterator, &source, 4), 0);
    CHECK_EQ(end(pool), 0);
    CHECK_EQ(take(iterator, &source, N), -ESHUTDOWN);
    pool_iterator_release(iterator);
    check_fates(&source);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A source may use the pool, and iterators of its own. */
static int next_of_inner(void *arg, void **out)
{
    struct pool_iterator *inner = *(struct pool_iterator **)arg;
    static int number;
    int code = pool_iterator_next(inner, POOL_FOREVER, NULL, &number, NULL);

    *out = &number;
    return code == 0 ? 1 : code == -ENODATA ? 0 : code;
}

static int count_up(void *arg, void **out)
{
    static int numbers[5];
    int n = (*(int *)arg)++;

    *out = &numbers[n % 5];
    numbers[n % 5] = n;
    return n < 5;
}

static int twice(void *arg, void *result)
{
    *(int *)result = 2 * *(int *)arg;
    return 0;
}

static void test_pipeline(struct pool *pool)
{
    int n = 0, result;
    struct pool_iterator *inner, *outer;
    const struct pool_feed first = {.fn = twice, .next = count_up, .source = &n, .result_bytes = sizeof(int)};
    const struct pool_feed second = {.fn = twice, .next = next_of_inner, .source = &inner,
                                     .result_bytes = sizeof(int), .look_ahead = 1};

    CHECK_EQ(pool_imap(pool, &first, &inner), 0);
    CHECK_EQ(pool_imap(pool, &second, &outer), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(pool_iterator_next(outer, POOL_FOREVER, NULL, &result, NULL), 0);
        CHECK_EQ(result, 4 * i);
    }
    CHECK_EQ(pool_iterator_next(outer, POOL_FOREVER, NULL, &result, NULL), -ENODATA);
    pool_iterator_release(outer);
    pool_iterator_release(inner);
}

/* Outside of tasks nobody asks a source to stop, and within a task it hears what the task hears. */
static int stop_heard;

static int hear(void *source, void **arg)
{
    (void)source;
    (void)arg;
    stop_heard = pool_stop_requested();
    return 0;
}

struct stopping {
    struct gate gate;
    struct pool *pool;
};

static int imap_in_task(void *arg, void *result)
{
    struct stopping *stopping = arg;
    const struct pool_feed feed = {.fn = twice, .next = hear};
    struct pool_iterator *iterator;

    (void)result;
    gate_pass(&stopping->gate);
    CHECK_EQ(pool_imap(stopping->pool, &feed, &iterator), 0);
    pool_iterator_release(iterator);
    return 0;
}

static void test_stop(struct pool *pool)
{
    struct stopping arg = {.pool = pool};
    const struct pool_feed feed = {.fn = twice, .next = hear};
    struct pool_iterator *iterator;
    struct pool_handle *handle;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(stop_heard, 0);
    pool_iterator_release(iterator);
    gate_init(&arg.gate);
    CHECK_EQ(pool_apply_async(pool, imap_in_task, &arg, NULL, NULL, &handle), 0);
    gate_take(&arg.gate.reached);
    CHECK_EQ(pool_handle_cancel(handle), 0);
    gate_free(&arg.gate);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    CHECK_EQ(stop_heard, 1);
    pool_handle_release(handle);
}

int main(void)
{
    imap_fn *const kinds[] = {pool_imap, pool_imap_unordered};

    for (int i = 0; i < 4; i++) {
        struct pool *pool = gate_pool((struct pool_options){.n_workers = 1 + i / 2 % 2, .strict = true});
        imap_fn *imap = kinds[i % 2];

        test_failing(pool, imap, 0);
        test_failing(pool, imap, 4);
        test_failing(pool, imap, N - 1);
        for (int n_taken = 0; n_taken < N + 2; n_taken += 5) {
            test_released(pool, imap, n_taken, 0);
            test_released(pool, imap, n_taken, 3);
        }
        test_ended(imap, pool_close, 0);
        test_ended(imap, pool_close, 4);
        test_ended(imap, pool_terminate, 0);
        test_ended(imap, pool_terminate, 4);
        test_pipeline(pool);
        test_stop(pool);
        CHECK_EQ(pool_destroy(pool), 0);
    }
    return check_failures() != 0;
}
