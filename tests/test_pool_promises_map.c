/* Sentences of pool.h that no other test would miss: maps and iterators. test_promises_pool.py has them all. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static int turns[8];
static atomic_int n_turns;

static int take_turn(void *number, void *result)
{
    int turn = n_turns++;

    CHECK(result == NULL); /* there are no results */
    if (turn < 8)
        turns[turn] = *(int *)number;
    return 0;
}

static void take_turn_submitted(void *number)
{
    take_turn(number, NULL);
}

static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* In the order of their parts, which all come before what is queued later; of the calls there is a copy. */
static void test_order(void)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, one_strict);
    struct pool_calls calls = {.fn = take_turn, .args = numbers, .arg_bytes = sizeof(int), .n_calls = 5,
                               .chunksize = 2};

    n_turns = 0;
    CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
    memset(&calls, 0xff, sizeof calls);
    CHECK_EQ(gate_counters(pool).n_queued, 1);
    CHECK_EQ(pool_submit_many(pool, take_turn_submitted, &numbers[5], sizeof(int), 2, NULL), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_turns, 7);
    for (int i = 0; i < 7; i++)
        CHECK_EQ(turns[i], i);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int add_number(void *number, void *result)
{
    *(int *)result += *(int *)number; /* one worker: the same for all */
    return 0;
}

static int fail_odd(void *const *args, void *result)
{
    CHECK(result == NULL);
    return *(int *)args[0] % 2 == 1 ? *(int *)args[1] : 0;
}

static void test_results(void)
{
    struct pool *pool = gate_pool(one_strict);
    int sum = 0, code = -9, codes[6] = {1, 1, 1, 1, 1, 1};
    const struct pool_calls one_result = {.fn = add_number, .args = numbers, .arg_bytes = sizeof(int),
                                          .results = &sum, .result_bytes = 0, .n_calls = 6};
    const struct pool_arg args[] = {{numbers, sizeof(int)}, {&code, 0}};
    const struct pool_starcalls star = {.fn = fail_odd, .args = args, .n_args = 2, .codes = codes, .n_calls = 6,
                                        .chunksize = SIZE_MAX};
    struct pool_error error;

    CHECK_EQ(pool_map(pool, &one_result, NULL), 0);
    CHECK_EQ(sum, 15);
    CHECK_EQ(pool_starmap(pool, &star, &error), -9);
    CHECK_EQ(error.index, 1); /* the first of three in one chunk */
    for (int i = 0; i < 6; i++)
        CHECK_EQ(codes[i], i % 2 == 1 ? -9 : 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

struct two {
    struct pool *pool;
    struct gate first;
    pthread_t waiter;
    atomic_bool has_ended;
};

/* The worker takes one of the two calls, the waiter the other, which ends it. */
static int pass_or_leave(void *arg, void *result)
{
    struct two *two = arg;

    (void)result;
    if (pthread_equal(pthread_self(), two->waiter)) {
        gate_take(&two->first.reached);
        sem_post(&two->first.open);
        pthread_exit(NULL);
    }
    gate_pass(&two->first);
    usleep(20 * 1000); /* who does not wait for this is found out */
    two->has_ended = true;
    return 0;
}

static void *map_two(void *arg)
{
    struct two *two = arg;
    const struct pool_calls calls = {.fn = pass_or_leave, .args = two, .n_calls = 2, .chunksize = 1};

    two->waiter = pthread_self();
    pool_map(two->pool, &calls, NULL);
    CHECK(!"reached");
    return NULL;
}

/* A thread that ends while it waits for a map goes no sooner than the calls that have begun. */
static void test_waits_for_begun(void)
{
    struct two two = {.pool = gate_pool((struct pool_options){.n_workers = 1})};
    pthread_t thread;

    gate_init(&two.first);
    CHECK_EQ(pthread_create(&thread, NULL, map_two, &two), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(two.has_ended);
    CHECK_EQ(pool_destroy(two.pool), 0);
}


/*
 * Iterators
 */

struct source {
    int n_given, n_dropped, n_handed_back;
    bool leaves; /* ends its thread at the next call */
    pthread_t feeder, dropper;
    int *last; /* that was dropped or handed back */
};

static int give(void *arg, void **out)
{
    struct source *source = arg;

    source->feeder = pthread_self();
    if (source->leaves) {
        source->leaves = false;
        pthread_exit(NULL);
    }
    if (source->n_given == 8)
        return 0;
    *out = &numbers[source->n_given++];
    return 1;
}

static void drop(void *arg, void *number)
{
    struct source *source = arg;

    source->n_dropped++;
    source->dropper = pthread_self();
    source->last = number;
}

static void hand_back(void *arg, void *number, void *result)
{
    struct source *source = arg;

    CHECK(result == NULL);
    source->n_handed_back++;
    source->last = number;
}

static struct pool_feed feed_from(struct source *source, size_t look_ahead)
{
    *source = (struct source){0};
    n_turns = 0;
    return (struct pool_feed){.fn = take_turn, .next = give, .source = source, .look_ahead = look_ahead,
                              .dropped = drop, .undelivered = hand_back};
}

/* What is fed while the waiter helps takes the place of what it has run, before a task that was queued later. */
static void test_places(void)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, (struct pool_options){.n_workers = 1});
    struct source source;
    struct pool_feed feed = feed_from(&source, 1);
    struct pool_iterator *iterator;
    char untouched = 5;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    memset(&feed, 0xff, sizeof feed);
    CHECK(pthread_equal(source.feeder, pthread_self()));
    CHECK_EQ(pool_submit(pool, take_turn_submitted, &numbers[7]), 0);
    source.feeder = (pthread_t){0};
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, &untouched, NULL), 0); /* no bytes: nothing is copied */
    CHECK(pthread_equal(source.feeder, pthread_self()));
    CHECK_EQ(untouched, 5);
    CHECK_EQ(source.n_given, 2);
    CHECK_EQ(pool_close(pool), 0);
    gate_free(&gate);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(n_turns, 3);
    CHECK(turns[0] == 0 && turns[1] == 1 && turns[2] == 7);
    pool_iterator_release(iterator);
    CHECK_EQ(source.n_handed_back, 1);
    CHECK(source.last == &numbers[1]);
    CHECK_EQ(source.n_dropped, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* So many are begun together, and what has not begun at the end is dropped here. */
static void test_chunks(size_t chunksize, size_t n_together)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, (struct pool_options){.n_workers = 1});
    struct source source;
    struct pool_feed feed = feed_from(&source, 6);
    struct pool_iterator *iterator;

    feed.chunksize = chunksize;
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    for (int timeout_ns = 0; timeout_ns < 2; timeout_ns++)
        CHECK_EQ(pool_iterator_next(iterator, timeout_ns, NULL, NULL, NULL), -ETIMEDOUT);
    CHECK_EQ(n_turns, 0);
    CHECK_EQ(pool_iterator_next(iterator, INT64_MIN, NULL, NULL, NULL), 0);
    CHECK_EQ(gate_counters(pool).tasks_helped, n_together);
    pool_iterator_release(iterator);
    CHECK_EQ(n_turns, n_together);
    CHECK_EQ(source.n_dropped, 7 - n_together);
    CHECK_EQ(source.n_handed_back, n_together - 1);
    CHECK(pthread_equal(source.dropper, pthread_self()));
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static pthread_t left;

static int leave(void *arg, void *result)
{
    (void)arg;
    (void)result;
    left = pthread_self();
    pthread_exit(NULL);
}

/* The rest of the chunk of a call that ends its thread is dropped there. */
static void test_left_chunk(void)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, one_strict);
    struct source source;
    struct pool_feed feed = feed_from(&source, 4);
    struct pool_iterator *iterator;
    struct pool_error error;

    feed.fn = leave;
    feed.chunksize = 4;
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(source.n_dropped, 3);
    CHECK(pthread_equal(source.dropper, left));
    CHECK(source.last == &numbers[3]);
    source.n_given = 8; /* no more */
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(pool_iterator_next(iterator, 0, NULL, NULL, &error), i == 0 ? -EOWNERDEAD : -ECANCELED);
        CHECK_EQ(error.index, i);
        CHECK_EQ(error.message[0], '\0');
    }
    CHECK_EQ(pool_iterator_next(iterator, 0, NULL, NULL, &error), -ENODATA);
    CHECK_EQ(error.code, 0);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int fail_even(void *number, void *result)
{
    (void)result;
    return *(int *)number % 2 == 0 ? pool_fail(-EDOM, "%d is even", *(int *)number) : 0;
}

/* Of what failed before in the same place a success says nothing. */
static void test_success_after_failure(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct source source;
    struct pool_feed feed = feed_from(&source, 1);
    struct pool_iterator *iterator;

    feed.fn = fail_even;
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    for (size_t i = 0; i < 8; i++) {
        struct pool_error error = {77, 77, "of another"};

        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, &error), i % 2 == 0 ? -EDOM : 0);
        CHECK_EQ(error.code, i % 2 == 0 ? -EDOM : 0);
        CHECK_EQ(error.index, i);
        CHECK_EQ(error.message[0], i % 2 == 0 ? '0' + (int)i : '\0');
    }
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void *take_and_leave(void *iterator)
{
    pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL);
    CHECK(!"reached");
    return NULL;
}

/* A source that ends its thread: what was to be delivered counts, and the iterator goes on. */
static void test_leaving_source(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct source source;
    const struct pool_feed feed = feed_from(&source, 2);
    struct pool_iterator *iterator;
    pthread_t thread;
    size_t index;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    source.leaves = true;
    CHECK_EQ(pthread_create(&thread, NULL, take_and_leave, iterator), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    for (size_t i = 1; i < 8; i++) {
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, &index, NULL, NULL), 0);
        CHECK_EQ(index, i);
    }
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, &index, NULL, NULL), -ENODATA);
    pool_iterator_release(iterator);
    CHECK_EQ(source.n_dropped + source.n_handed_back, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

static struct pool_iterator *own;
static struct gate begun;
static atomic_bool has_stopped;

static int wait_for_own(void *arg, void *result)
{
    struct pool_error error = {77, 77, "of another"};

    (void)arg;
    (void)result;
    gate_pass(&begun);
    CHECK_EQ(pool_iterator_next(own, POOL_FOREVER, NULL, NULL, &error), -EDEADLK);
    CHECK_EQ(pool_iterator_next(own, 0, NULL, NULL, NULL), -EDEADLK);
    CHECK(error.code == 0 && error.index == 0 && error.message[0] == '\0');
    while (!pool_stop_requested())
        usleep(100);
    usleep(10 * 1000); /* who does not wait for this is found out */
    has_stopped = true;
    return 0;
}

/* A task waits for its own iterator, whose release asks it to stop and waits for it. */
static void test_own(void)
{
    struct pool *pool = gate_pool(one_strict);
    struct source source;
    struct pool_feed feed = feed_from(&source, 1);

    feed.fn = wait_for_own;
    gate_init(&begun);
    CHECK_EQ(pool_imap_unordered(pool, &feed, &own), 0);
    gate_take(&begun.reached);
    gate_free(&begun);
    pool_iterator_release(own);
    CHECK(has_stopped);
    feed.look_ahead = SIZE_MAX;
    CHECK_EQ(pool_imap(pool, &feed, &own), -ENOMEM);
    feed = feed_from(&source, 1);
    feed.result_bytes = SIZE_MAX;
    CHECK_EQ(pool_imap(pool, &feed, &own), -ENOMEM);
    CHECK_EQ(source.n_given, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_order();
    test_results();
    test_waits_for_begun();
    test_places();
    test_chunks(4, 4);
    test_chunks(0, 1);
    test_left_chunk();
    test_success_after_failure();
    test_leaving_source();
    test_own();
    return check_failures() != 0;
}
