/* Counts what ran, the same for every backend, whether its threads live for one task or for all of them.
 *
 * A thread's first two tasks are counted in the cell of its CPU by atomic additions, as other threads run there too.
 * With the second one it takes a cell of its own, as far as there are any, and from then on adds plainly: atomic
 * additions would be most of an empty task. */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_CPUS = 512, /* on larger machines CPUs share them: right, but slower */
    TALLY_THREADS = 64
};

/* Where a task ran: not on the submitter's CPU, on it, or on the submitting thread itself, wherever that is by now. */
enum tally_place { TALLY_ELSEWHERE, TALLY_SAME_CPU, TALLY_INLINE, TALLY_PLACES };

struct tally_cell {
    _Alignas(128) atomic_uint_fast64_t n_run[TALLY_PLACES];
    atomic_uint_fast64_t value_sum;
};

/* All zero: cells of CPUs alone. */
struct tally {
    struct tally_cell of_cpu[TALLY_CPUS], of_thread[TALLY_THREADS];
    uint64_t id; /* of those that tally_begin() was called for */
    atomic_size_t n_threads;
};

/* The tally that this thread counted its last task in, and its own cell there, if it has one. */
struct tally_user {
    uint64_t id;
    struct tally_cell *cell;
};

extern _Thread_local struct tally_user tally__user;

/* From now on threads get cells of their own. Not while tasks run. */
void tally_begin(struct tally *tally);

void tally__add_shared(struct tally *tally, uint64_t value, enum tally_place place);

/* Of a value that one thread changes. */
static inline void tally__add(atomic_uint_fast64_t *to, uint64_t value)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + value, memory_order_relaxed);
}

/* Relaxed: the sums are read only after the backend has said that all tasks returned. */
static inline void tally_add(struct tally *tally, uint64_t value, int submitter_cpu, bool is_inline)
{
    struct tally_cell *cell = tally__user.cell;
    enum tally_place place = is_inline ? TALLY_INLINE
        : sched_getcpu() == submitter_cpu ? TALLY_SAME_CPU : TALLY_ELSEWHERE;
    if (!cell || tally__user.id != tally->id) {
        tally__add_shared(tally, value, place);
    } else {
        tally__add(&cell->n_run[place], 1);
        tally__add(&cell->value_sum, value);
    }
}

/* Of tasks that were counted elsewhere. */
static inline void tally_add_many(struct tally *tally, uint64_t n_run, uint64_t value_sum)
{
    atomic_fetch_add_explicit(&tally->of_cpu[0].n_run[TALLY_ELSEWHERE], n_run, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->of_cpu[0].value_sum, value_sum, memory_order_relaxed);
}

struct tally_sum {
    uint64_t n_run, n_same_cpu, value_sum, n_inline;
};

static inline void tally__sum_up(struct tally_sum *sum, const struct tally_cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t n_inline = atomic_load_explicit(&cells[i].n_run[TALLY_INLINE], memory_order_relaxed);
        uint64_t n_same_cpu = n_inline + atomic_load_explicit(&cells[i].n_run[TALLY_SAME_CPU], memory_order_relaxed);
        sum->n_run += n_same_cpu + atomic_load_explicit(&cells[i].n_run[TALLY_ELSEWHERE], memory_order_relaxed);
        sum->n_same_cpu += n_same_cpu;
        sum->n_inline += n_inline;
        sum->value_sum += atomic_load_explicit(&cells[i].value_sum, memory_order_relaxed);
    }
}

/* As far as the cells of the first CPUs and those of threads know. */
static inline struct tally_sum tally_sum_of(const struct tally *tally, size_t n_cpus)
{
    size_t n_threads = atomic_load_explicit(&tally->n_threads, memory_order_relaxed);
    struct tally_sum sum = { 0 };
    tally__sum_up(&sum, tally->of_cpu, n_cpus < TALLY_CPUS ? n_cpus : TALLY_CPUS);
    tally__sum_up(&sum, tally->of_thread, n_threads < TALLY_THREADS ? n_threads : TALLY_THREADS);
    return sum;
}

static inline struct tally_sum tally_sum(const struct tally *tally)
{
    return tally_sum_of(tally, TALLY_CPUS);
}

#endif
