/* What the pool's tests share: a pool or the end of the test, and gates that hold tasks until they are opened. */
#ifndef GATE_H
#define GATE_H

#include "check.h"
#include "pool.h"

#include <semaphore.h>
#include <stdlib.h>

static inline struct pool *gate_pool(struct pool_options options)
{
    struct pool *pool = NULL;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        exit(1);
    return pool;
}

/* Says when it is reached, and is passed by as many as are let through. */
struct gate {
    sem_t reached, open;
};

static inline void gate_init(struct gate *gate)
{
    sem_init(&gate->reached, 0, 0);
    sem_init(&gate->open, 0, 0);
}

static inline void gate_take(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

/* A task: of pool_submit(), and below with a result. */
static inline void gate_pass(void *gate)
{
    sem_post(&((struct gate *)gate)->reached);
    gate_take(&((struct gate *)gate)->open);
}

static inline int gate_call(void *gate, void *result)
{
    (void)result;
    gate_pass(gate);
    return 0;
}

/* Holds the only worker of a pool until gate_free(). */
static inline void gate_hold(struct gate *gate, struct pool *pool)
{
    gate_init(gate);
    CHECK_EQ(pool_submit(pool, gate_pass, gate), 0);
    gate_take(&gate->reached);
}

static inline void gate_free(struct gate *gate)
{
    sem_post(&gate->open);
}

/* A pool whose only worker is held. */
static inline struct pool *gate_held(struct gate *gate, struct pool_options options)
{
    struct pool *pool = gate_pool(options);

    gate_hold(gate, pool);
    return pool;
}

static inline void gate_end(struct gate *gate, struct pool *pool)
{
    gate_free(gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static inline struct pool_counters gate_counters(struct pool *pool)
{
    struct pool_counters counters = {0};

    pool_get_counters(pool, &counters);
    return counters;
}

#endif
