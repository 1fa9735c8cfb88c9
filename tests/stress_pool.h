/* A pool of random shape under stress, and those who meddle with it while it is used: who resizes it, waits for it,
 * looks at its counters, closes or terminates it in the middle, and joins it. What every task tells of itself is
 * held against what the pool counts. */
#ifndef STRESS_POOL_H
#define STRESS_POOL_H

#include "pool.h"
#include "stress.h"

enum { STRESS_MEDDLERS_MAX = 8, STRESS_WIDE = 64 };

enum stress_ending { STRESS_DESTROYED, STRESS_CLOSED, STRESS_TERMINATED };

struct stress_pool {
    struct pool *pool;
    struct pool_options options;
    enum stress_ending ending;
    size_t width;             /* about how many workers */
    atomic_bool is_closing;   /* somebody is about to close it, or has */
    atomic_bool is_over;      /* the meddlers are to end */
    atomic_int n_live;        /* workers between initializer and finalizer */
    atomic_int n_running;     /* tasks */
    atomic_size_t n_helped, n_nested, n_dropped;
    pthread_t threads[STRESS_MEDDLERS_MAX];
    struct stress_meddler {
        struct stress_pool *stress;
        uint64_t random;
    } meddlers[STRESS_MEDDLERS_MAX];
    int n_threads;
};

static _Thread_local int stress_depth; /* tasks that run on this thread */

/* Around all that a task does. */
static inline void stress_enter(struct stress_pool *stress)
{
    stress->n_running++;
    if (pool_worker_index(stress->pool) == SIZE_MAX) {
        CHECK(!stress->options.strict);
        stress->n_helped++;
    } else {
        stress->n_nested += stress_depth > 0;
    }
    stress_depth++;
}

static inline void stress_leave(struct stress_pool *stress)
{
    stress_depth--;
    stress->n_running--;
}

/* Whether a call may have found the pool closed. */
static inline bool stress_is_shut(struct stress_pool *stress, int error)
{
    return error == -ESHUTDOWN && stress->is_closing;
}

static inline int stress_initialize(void *context, size_t index)
{
    struct stress_pool *stress = context;

    (void)index;
    stress->n_live++;
    return 0;
}

static inline void stress_finalize(void *context, size_t index)
{
    struct stress_pool *stress = context;

    (void)index;
    stress->n_live--;
}

static inline void *stress_resize(void *arg)
{
    struct stress_meddler *self = arg;
    struct stress_pool *stress = self->stress;

    while (!stress->is_over) {
        size_t n_workers = 1 + stress_below(&self->random, stress->width);
        size_t max_workers = stress_one_in(&self->random, 2) ? 0 : n_workers + stress_below(&self->random, 4);
        int error = pool_resize(stress->pool, n_workers, max_workers);

        if (!stress_is_shut(stress, error))
            CHECK_EQ(error, 0);
        stress_sleep((int64_t)stress_below(&self->random, 1000 * 1000));
    }
    return NULL;
}

static inline void *stress_await(void *arg)
{
    struct stress_meddler *self = arg;

    while (!self->stress->is_over) {
        CHECK_EQ(pool_wait(self->stress->pool), 0);
        stress_sleep((int64_t)stress_below(&self->random, 200 * 1000));
    }
    return NULL;
}

static inline void *stress_watch(void *arg)
{
    struct stress_meddler *self = arg;
    struct stress_pool *stress = self->stress;
    struct pool_counters last = {0}, now;

    while (!stress->is_over) {
        pool_get_counters(stress->pool, &now);
        CHECK(stress->options.max_queued == 0 || now.n_queued <= stress->options.max_queued);
        CHECK(now.threads_alive <= now.threads_peak);
        CHECK_EQ(now.threads_refused, 0);
        CHECK(now.threads_created >= last.threads_created && now.tasks_helped >= last.tasks_helped &&
              now.tasks_nested >= last.tasks_nested && now.tasks_dropped >= last.tasks_dropped);
        last = now;
        stress_dawdle(&self->random);
    }
    return NULL;
}

/* What holds when everybody has left the pool. */
static inline void stress_check_joined(struct stress_pool *stress)
{
    struct pool_counters counters;

    pool_get_counters(stress->pool, &counters);
    CHECK_EQ(counters.threads_alive, 0);
    CHECK_EQ(stress->n_live, 0);
    CHECK_EQ(stress->n_running, 0);
}

static inline void *stress_join(void *arg)
{
    struct stress_meddler *self = arg;
    struct stress_pool *stress = self->stress;
    int error;

    do {
        bool was_closing = stress->is_closing;

        error = pool_timed_join(stress->pool, (int64_t)stress_below(&self->random, 300 * 1000));
        CHECK(error == 0 || error == -ETIMEDOUT || error == -EINVAL);
        CHECK(error != 0 || stress->is_closing);
        if (error == -EINVAL)
            stress_sleep((int64_t)stress_below(&self->random, 100 * 1000));
        else if (was_closing && stress_one_in(&self->random, 2))
            error = pool_join(stress->pool);
    } while (error != 0 && !stress->is_over);
    return NULL;
}

static inline void *stress_end(void *arg)
{
    struct stress_meddler *self = arg;
    struct stress_pool *stress = self->stress;

    stress_sleep((int64_t)stress_below(&self->random, 3 * 1000 * 1000));
    stress->is_closing = true;
    CHECK_EQ((stress->ending == STRESS_TERMINATED ? pool_terminate : pool_close)(stress->pool), 0);
    return NULL;
}

static inline void stress_meddle(struct stress_pool *stress, void *(*fn)(void *), uint64_t *random)
{
    int i = stress->n_threads++;

    stress->meddlers[i] = (struct stress_meddler){stress, stress_random(random)};
    stress_thread(&stress->threads[i], fn, &stress->meddlers[i]);
}

static inline void stress_choose(struct stress_pool *stress, uint64_t *random)
{
    static const size_t bounds[] = {0, 0, 1, 3, 40};
    struct pool_options *options = &stress->options;
    bool is_wide = stress_one_in(random, 8);

    stress->width = is_wide ? STRESS_WIDE : 5;
    stress->ending = stress_below(random, 3);
    options->n_workers = is_wide ? STRESS_WIDE : 1 + stress_below(random, stress->width);
    options->max_workers = stress_one_in(random, 2) ? 0 : options->n_workers + stress_below(random, 6);
    options->max_queued = bounds[stress_below(random, sizeof bounds / sizeof *bounds)];
    options->strict = stress_one_in(random, 2);
    options->start_all = stress_one_in(random, 2);
    options->initializer = stress_initialize;
    options->finalizer = stress_finalize;
    options->context = stress;
    stress_bind(is_wide ? 2 : (int)stress_below(random, 3));
}

/* Opens the pool and lets the meddlers in. dropped is as in struct pool_options. */
static inline void stress_open(struct stress_pool *stress, uint64_t *random, void (*dropped)(pool_fn *, void *))
{
    memset(stress, 0, sizeof *stress);
    stress_choose(stress, random);
    stress->options.dropped = dropped;
    if (!CHECK_EQ(pool_create(&stress->pool, &stress->options), 0))
        exit(1);
    if (stress_one_in(random, 2))
        stress_meddle(stress, stress_resize, random);
    if (stress_one_in(random, 2))
        stress_meddle(stress, stress_await, random);
    if (stress_one_in(random, 2))
        stress_meddle(stress, stress_watch, random);
    if (stress->ending != STRESS_DESTROYED) {
        stress_meddle(stress, stress_end, random);
        stress_meddle(stress, stress_join, random);
        stress_meddle(stress, stress_join, random);
    }
}

/* Sees the meddlers out, and destroys the pool, what is queued or runs notwithstanding. */
static inline void stress_close(struct stress_pool *stress, uint64_t *random)
{
    struct pool_counters counters;

    stress->is_over = true;
    for (int i = 0; i < stress->n_threads; i++)
        pthread_join(stress->threads[i], NULL);
    if (stress->ending == STRESS_DESTROYED && stress_one_in(random, 2))
        CHECK_EQ(pool_wait(stress->pool), 0);
    stress->is_closing = true;
    if (stress->ending != STRESS_DESTROYED || stress_one_in(random, 2)) {
        CHECK_EQ(pool_close(stress->pool), 0);
        CHECK_EQ(pool_join(stress->pool), 0);
        stress_check_joined(stress);
        pool_get_counters(stress->pool, &counters);
        CHECK_EQ(counters.n_queued, 0);
        CHECK_EQ(counters.tasks_helped, stress->n_helped);
        CHECK_EQ(counters.tasks_nested, stress->n_nested);
        CHECK_EQ(counters.tasks_dropped, stress->n_dropped);
    }
    CHECK_EQ(pool_destroy(stress->pool), 0);
    CHECK_EQ(stress->n_live, 0);
    CHECK_EQ(stress->n_running, 0);
    stress_bind(0);
}

#endif
