/* Counts what ran: one cell per CPU, so that a task adds to a line that its own processor owns. The same
 * for every backend, whether its threads live for one task or for all of them. */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TALLY_CELLS = 512 }; /* on larger machines CPUs share them: right, but slower */

struct tally_cell {
    _Alignas(128) atomic_uint_fast64_t n_run[2]; /* elsewhere; on the submitter's CPU */
    atomic_uint_fast64_t value_sum;
    atomic_uint_fast64_t n_inline;
};

struct tally {
    struct tally_cell cells[TALLY_CELLS];
};

/* Inline: on the submitting thread, which is on its own CPU wherever it is by now.
 * Relaxed: the sums are read only after the backend has said that all tasks returned. */
static inline void tally_add(struct tally *tally, uint64_t value, int submitter_cpu, bool is_inline)
{
    int cpu = sched_getcpu();
    struct tally_cell *cell = &tally->cells[(unsigned)cpu % TALLY_CELLS];
    atomic_fetch_add_explicit(&cell->n_run[is_inline || cpu == submitter_cpu], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cell->value_sum, value, memory_order_relaxed);
    if (is_inline)
        atomic_fetch_add_explicit(&cell->n_inline, 1, memory_order_relaxed);
}

/* Of tasks that were counted elsewhere. */
static inline void tally_add_many(struct tally *tally, uint64_t n_run, uint64_t value_sum)
{
    atomic_fetch_add_explicit(&tally->cells[0].n_run[0], n_run, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->cells[0].value_sum, value_sum, memory_order_relaxed);
}

struct tally_sum {
    uint64_t n_run, n_same_cpu, value_sum, n_inline;
};

/* As far as the first cells know. */
static inline struct tally_sum tally_sum_of(const struct tally *tally, int n_cells)
{
    struct tally_sum sum = { 0 };
    for (int i = 0; i < n_cells && i < TALLY_CELLS; i++) {
        uint64_t n_same_cpu = atomic_load_explicit(&tally->cells[i].n_run[1], memory_order_relaxed);
        sum.n_run += n_same_cpu + atomic_load_explicit(&tally->cells[i].n_run[0], memory_order_relaxed);
        sum.n_same_cpu += n_same_cpu;
        sum.value_sum += atomic_load_explicit(&tally->cells[i].value_sum, memory_order_relaxed);
        sum.n_inline += atomic_load_explicit(&tally->cells[i].n_inline, memory_order_relaxed);
    }
    return sum;
}

static inline struct tally_sum tally_sum(const struct tally *tally)
{
    return tally_sum_of(tally, TALLY_CELLS);
}

#endif
