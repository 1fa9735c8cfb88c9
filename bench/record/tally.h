/* Counts what ran: one cell per CPU, so that a task adds to a line that its own processor owns. The same
 * for every backend, whether its threads live for one task or for all of them. */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { TALLY_CELLS = 512 }; /* on larger machines CPUs share them: right, but slower */

struct tally_cell {
    _Alignas(128) atomic_uint_fast64_t n_run;
    atomic_uint_fast64_t value_sum;
    atomic_uint_fast64_t n_inline;
};

struct tally {
    struct tally_cell cells[TALLY_CELLS];
};

/* Relaxed: the sums are read only after the backend has said that all tasks returned. */
static inline void tally_add(struct tally *tally, uint64_t value)
{
    struct tally_cell *cell = &tally->cells[(unsigned)sched_getcpu() % TALLY_CELLS];
    atomic_fetch_add_explicit(&cell->n_run, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cell->value_sum, value, memory_order_relaxed);
}

/* Of tasks that were counted elsewhere. */
static inline void tally_add_many(struct tally *tally, uint64_t n_run, uint64_t value_sum)
{
    atomic_fetch_add_explicit(&tally->cells[0].n_run, n_run, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->cells[0].value_sum, value_sum, memory_order_relaxed);
}

static inline void tally_add_inline(struct tally *tally)
{
    atomic_fetch_add_explicit(&tally->cells[0].n_inline, 1, memory_order_relaxed);
}

struct tally_sum {
    uint64_t n_run, value_sum, n_inline;
};

static inline struct tally_sum tally_sum(struct tally *tally)
{
    struct tally_sum sum = { 0, 0, 0 };
    for (int i = 0; i < TALLY_CELLS; i++) {
        sum.n_run += atomic_load_explicit(&tally->cells[i].n_run, memory_order_relaxed);
        sum.value_sum += atomic_load_explicit(&tally->cells[i].value_sum, memory_order_relaxed);
        sum.n_inline += atomic_load_explicit(&tally->cells[i].n_inline, memory_order_relaxed);
    }
    return sum;
}

#endif
