/* Iterators: each argument that was taken from the source is delivered once, in order where that was promised, and
 * its call ran once or was cancelled, whatever meets what: waiting with and without time-out, early releases,
 * nested iterators, and the pool's closing, termination and resizing. Nothing runs after a release. */
#include "stress_pool.h"

enum { N_PRODUCERS = 3, N_FEEDS = 12, N_ARGS_MAX = 120, TIMEOUT_MAX_NS = 100 * 1000 };

/* What one iterator is fed, and what became of it. */
struct source {
    struct stress_pool *stress;
    uint64_t random;     /* of the thread that consumes */
    size_t n_args, n_taken;
    bool has_ended;      /* next() has returned false */
    bool is_released;
    bool has_inner;
    struct call {
        struct source *source;
        uint64_t random;
        int code;
        atomic_int n_runs;
        int n_delivered;
    } calls[N_ARGS_MAX];
};

struct producer {
    uint64_t random;
    struct source sources[N_FEEDS];
};

static struct stress_pool stress;
static struct producer producers[N_PRODUCERS];

static void init_source(struct source *source, uint64_t *random, size_t n_args_max)
{
    memset(source, 0, sizeof *source);
    source->stress = &stress;
    source->random = stress_random(random);
    source->n_args = stress_below(random, n_args_max + 1);
    for (size_t i = 0; i < source->n_args; i++)
        source->calls[i] = (struct call){.source = source, .random = stress_random(random),
                                         .code = stress_one_in(random, 8) ? 100 + (int)i : 0};
}

static int next_arg(void *arg, void **out)
{
    struct source *source = arg;

    CHECK(!source->has_ended && !source->is_released);
    if (stress_one_in(&source->random, 20))
        stress_dawdle(&source->random);
    source->has_ended = source->n_taken == source->n_args;
    if (source->has_ended)
        return 0;
    *out = &source->calls[source->n_taken++];
    return 1;
}

static void consume(struct source *source);

static int run(void *arg, void *result)
{
    struct call *call = arg;
    struct source *source = call->source;
    uint64_t random = call->random;

    stress_enter(source->stress);
    CHECK(!source->is_released);
    call->n_runs++;
    stress_dawdle(&random);
    if (source->has_inner && stress_one_in(&random, 30)) {
        struct source inner;

        init_source(&inner, &random, 5);
        consume(&inner);
    }
    if (call->code == 0)
        *(struct call **)result = call;
    stress_leave(source->stress);
    return call->code;
}

/* One result was delivered. */
static void check_delivered(struct source *source, size_t index, struct call *result, int code)
{
    struct stress_pool *in = source->stress;
    struct call *call = &source->calls[index];

    if (!CHECK(index < source->n_taken))
        return;
    CHECK_EQ(call->n_delivered++, 0);
    if (code == -ECANCELED) {
        CHECK(in->is_closing);
        CHECK_EQ(call->n_runs, 0);
    } else {
        CHECK_EQ(code, call->code);
        CHECK_EQ(call->n_runs, 1);
    }
    CHECK(result == (code == 0 ? call : NULL));
}

/* Takes results until the end, or until it has had enough. */
static void take_results(struct pool_iterator *iterator, struct source *source, bool is_ordered, size_t n_max)
{
    for (size_t n = 0; n < n_max;) {
        bool waits = stress_one_in(&source->random, 2);
        size_t index = SIZE_MAX;
        struct call *result = NULL;
        struct pool_error error;
        int64_t timeout_ns = waits ? POOL_FOREVER : (int64_t)stress_below(&source->random, TIMEOUT_MAX_NS);
        int code = pool_iterator_next(iterator, timeout_ns, &index, &result, &error);

        CHECK_EQ(error.code, index != SIZE_MAX ? code : 0);
        if (index != SIZE_MAX) {
            CHECK(!is_ordered || index == n);
            CHECK(code == 0 || error.index == index);
            check_delivered(source, index, result, code);
            n++;
        } else if (code != -ETIMEDOUT || waits) {
            CHECK_EQ(n, source->n_taken);
            CHECK(code == -ENODATA ? source->has_ended : stress_is_shut(source->stress, code));
            return;
        }
        stress_dawdle(&source->random);
    }
}

static void consume(struct source *source)
{
    bool is_ordered = stress_one_in(&source->random, 2), is_partial = stress_one_in(&source->random, 4);
    const struct pool_feed feed = {
        .fn = run,
        .next = next_arg,
        .source = source,
        .result_bytes = sizeof(struct call *),
        .look_ahead = stress_below(&source->random, 12),
        .chunksize = stress_below(&source->random, 4),
    };
    struct pool_iterator *iterator = NULL;
    int error = (is_ordered ? pool_imap : pool_imap_unordered)(source->stress->pool, &feed, &iterator);

    if (error != 0) {
        CHECK(stress_is_shut(source->stress, error) && iterator == NULL && source->n_taken == 0);
        return;
    }
    take_results(iterator, source, is_ordered, is_partial ? stress_below(&source->random, 20) : SIZE_MAX);
    pool_iterator_release(iterator);
    source->is_released = true;
    for (size_t i = 0; i < source->n_args; i++)
        CHECK(source->calls[i].n_runs <= (i < source->n_taken));
}

static void *produce(void *arg)
{
    struct producer *producer = arg;

    for (size_t i = 0; i < N_FEEDS; i++) {
        struct source *source = &producer->sources[i];

        init_source(source, &producer->random, N_ARGS_MAX);
        source->has_inner = stress_one_in(&producer->random, 2);
        consume(source);
        stress_dawdle(&producer->random);
    }
    return NULL;
}

static void run_round(uint64_t seed)
{
    uint64_t random = seed;
    pthread_t threads[N_PRODUCERS];

    stress_open(&stress, &random, NULL);
    for (int i = 0; i < N_PRODUCERS; i++) {
        producers[i].random = stress_random(&random);
        stress_thread(&threads[i], produce, &producers[i]);
    }
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    stress_close(&stress, &random);
}

int main(void)
{
    return stress_run(run_round);
}
