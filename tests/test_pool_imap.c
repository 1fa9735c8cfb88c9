/* imap and imap_unordered: order, how far they look ahead, errors, and every way to end. */
#include "gate.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

enum { N = 200 };

struct source {
    int n_left, n_given;
    int numbers[N];
};

static int next_number(void *arg, void **out)
{
    struct source *source = arg;

    if (source->n_left-- == 0)
        return 0;
    CHECK(source->n_left >= 0); /* not called again after its end */
    source->numbers[source->n_given] = source->n_given;
    *out = &source->numbers[source->n_given++];
    return 1;
}

static int square(void *arg, void *result)
{
    int n = *(int *)arg;

    if (n % 5 == 4)
        return pool_fail(-n, "%d is bad", n);
    *(int *)result = n * n;
    return 0;
}

typedef int imap_fn(struct pool *, const struct pool_feed *, struct pool_iterator **);

static void check_item(int code, size_t index, int result, const struct pool_error *error)
{
    int n = (int)index;
    char message[40];

    CHECK_EQ(code, n % 5 == 4 ? -n : 0);
    CHECK_EQ(error->code, code);
    CHECK_EQ(error->index, index);
    snprintf(message, sizeof message, "%d is bad", n);
    CHECK(code == 0 ? result == n * n : strcmp(error->message, message) == 0);
}

/* Every result comes once, and never are more arguments taken than may be. */
static void test_all(struct pool *pool, imap_fn *imap, size_t look_ahead, size_t chunksize)
{
    struct source source = {.n_left = N};
    struct pool_feed feed = {.fn = square, .next = next_number, .source = &source, .result_bytes = sizeof(int),
                             .look_ahead = look_ahead, .chunksize = chunksize};
    bool seen[N] = {false};
    struct pool_iterator *iterator;
    struct pool_error error;
    size_t index = 0, most = look_ahead != 0 ? look_ahead : 2 * pool_n_workers(pool);
    int code, result = 0;

    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(source.n_given, (size_t)i + most < N ? i + (int)most : N);
        code = pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error);
        check_item(code, index, result, &error);
        CHECK(index < N && !seen[index]);
        seen[index] = true;
        if (imap == pool_imap)
            CHECK_EQ(index, i);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error), -ENODATA);
        CHECK_EQ(error.code, 0);
    }
    pool_iterator_release(iterator);
    CHECK_EQ(pool_wait(pool), 0);
}

static int pass_gates(void *gate, void *result)
{
    gate_pass(gate);
    *(void **)result = gate;
    return 0;
}

struct gates {
    struct gate gates[3];
    int n_given;
};

static int next_gate(void *arg, void **out)
{
    struct gates *gates = arg;

    if (gates->n_given == 3)
        return 0;
    *out = &gates->gates[gates->n_given++];
    return 1;
}

static struct pool_feed feed_gates(struct gates *gates)
{
    gates->n_given = 0;
    for (int i = 0; i < 3; i++)
        gate_init(&gates->gates[i]);
    return (struct pool_feed){.fn = pass_gates, .next = next_gate, .source = gates, .result_bytes = sizeof(void *),
                              .look_ahead = 3};
}

/* The second task ends first: unordered delivers it, ordered times out, and loses nothing by it. */
static void test_completion_order(imap_fn *imap)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 3, .strict = true});
    struct gates gates;
    const struct pool_feed feed = feed_gates(&gates);
    bool is_ordered = imap == pool_imap;
    const int ends[] = {1, 0, 2};
    struct pool_iterator *iterator;
    size_t index = 77;
    void *result = NULL;

    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    for (int i = 0; i < 3; i++)
        gate_take(&gates.gates[i].reached);
    CHECK_EQ(pool_iterator_next(iterator, 0, &index, &result, NULL), -ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        struct pool_error error = {.code = 1};

        gate_free(&gates.gates[ends[i]]);
        if (is_ordered && i == 0) {
            CHECK_EQ(pool_iterator_next(iterator, 10 * 1000 * 1000, &index, &result, &error), -ETIMEDOUT);
            CHECK_EQ(error.code, 0);
            continue;
        }
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, &index, &result, NULL), 0);
        CHECK_EQ(index, is_ordered ? i - 1 : ends[i]);
        CHECK(result == &gates.gates[index]);
    }
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), is_ordered ? 0 : -ENODATA);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int wait_for_stop(void *gate, void *result)
{
    (void)result;
    sem_post(&((struct gate *)gate)->reached);
    while (!pool_stop_requested())
        sched_yield();
    return 0;
}

/* Released with one task that runs and two that wait: the first is asked to stop, the others never begin. */
static void test_release(imap_fn *imap)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct gates gates;
    struct pool_feed feed = feed_gates(&gates);
    struct pool_iterator *iterator;

    feed.fn = wait_for_stop;
    CHECK_EQ(imap(pool, &feed, &iterator), 0);
    gate_take(&gates.gates[0].reached);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK(sem_trywait(&gates.gates[1].reached) != 0);
    CHECK(sem_trywait(&gates.gates[2].reached) != 0);
    pool_iterator_release(NULL);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Closed: what has been fed still comes, and then that there is no more. */
static void test_close(struct pool *pool, int n)
{
    struct source source = {.n_left = n};
    struct pool_feed feed = {.fn = square, .next = next_number, .source = &source, .result_bytes = sizeof(int),
                             .look_ahead = 3};
    struct pool_iterator *iterator;
    struct pool_error error;
    size_t index;
    int result, code, n_seen = 0;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    CHECK_EQ(pool_close(pool), 0);
    while ((code = pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error)) == 0)
        CHECK_EQ(index, n_seen++);
    if (n > 4) {
        CHECK_EQ(code, -ECANCELED); /* the argument that was taken when the pool was found closed */
        CHECK_EQ(error.code, code);
        code = pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error);
    }
    CHECK_EQ(code, n > 4 ? -ESHUTDOWN : -ENODATA);
    CHECK_EQ(error.code, 0);
    CHECK_EQ(n_seen, 3);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), -ESHUTDOWN);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_terminate(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct gates gates;
    struct pool_feed feed = feed_gates(&gates);
    struct pool_iterator *iterator;

    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    gate_take(&gates.gates[0].reached);
    CHECK_EQ(pool_terminate(pool), 0);
    gate_free(&gates.gates[0]);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), -ECANCELED);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), -ECANCELED);
    pool_iterator_release(iterator);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    for (int i = 0; i < 8; i++) {
        struct pool *pool = gate_pool((struct pool_options){.n_workers = 1 + i % 3, .strict = i % 2});
        imap_fn *imap = i < 4 ? pool_imap : pool_imap_unordered;

        test_all(pool, imap, 0, 0);
        test_all(pool, imap, 1, 1);
        test_all(pool, imap, 7, 3);
        test_all(pool, imap, N + 10, 50);
        test_close(pool, i % 4 < 2 ? 3 : 30);
    }
    test_completion_order(pool_imap);
    test_completion_order(pool_imap_unordered);
    test_release(pool_imap);
    test_release(pool_imap_unordered);
    test_terminate();
    return check_failures() != 0;
}
