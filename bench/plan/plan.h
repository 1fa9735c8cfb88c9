/* What a run measures: experiments, and the cells that a profile makes of them.
 *
 * A plan is a pure function of profile, seed, CPUs, workers, backends and filter, and of nothing measured, so that two
 * machines measure the same things and a resume finds the same cells in the same order.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "unknown.h"
#include "workload.h"

enum {
    PLAN_WORKERS_MAX = 16,
    CELL_KEYS_MAX = 16,
    CELL_SIDES_MAX = 24 * PLAN_WORKERS_MAX, /* pool, raw-capped and plugins at each size, and what a cell adds */
    CELL_NAME_BYTES = 256,
    PLAN_SIDES_MAX = 10000, /* what scripts/lib/base/read.py reads; so are CELL_SIDES_MAX of a cell */
};

/* One `key:value` of a cell's name. A key has a number or a word. */
struct cell_key {
    const char *name;
    const char *word; /* NULL: the number counts */
    uint64_t number;
};

struct side {
    const char *backend; /* the name of a backend, or "floor" */
    size_t workers;      /* 0 for a backend without */
    uint64_t iterations; /* how often it repeats its load in one round: chosen by the pilot, or 1 */
};

/* One point of an experiment; its sides run next to each other in every round. Keys that the harness knows:
 *   load  batch, inject, window, gap, idle, open, python, idiom   mode   throughput, latency (of a batch: as a whole)
 *   tasks of one batch or window     batches  one after the other in one iteration (1)
 *   life  warm: the backend exists before the clock starts (the default); run: it is created and destroyed
 *         once in each iteration; batch: for each batch
 *   gate  closed: no task goes on before the last one was submitted, and nothing is retried
 *   call  map: the backend's own map makes the calls of a batch, where it has one; get: its own call, one by one
 *   submitters  threads that submit one by one, all at once (1)
 *   bound     so many tasks wait at most, then submit does (none)
 *   spin      none: who waits sleeps at once, on both sides (it looks for EXECUTOR_SPIN_NS before it sleeps)
 *   count threads: how many threads ran the tasks is counted, which takes a moment of each task
 *   inflight  tasks outstanding in a window      pause_ns  before each task of a gap, or of an idle backend
 *   functions, chunk   a batch whose tasks have so many functions in turn, each with the work of so many tasks
 *   arrivals  of an open load: constant, poisson, burst, surge; at so many percent of the capacity, for duration_ms
 *   size      of every pool, whatever the run has
 *   longs     long tasks beside those of an open load, together with them on the backend or apart: n_longs of
 *             long_ns, which wait or compute (long_kind)
 * and of programs, whose load is idiom:
 *   limit     threads at a time, where a program limits them     fail_every  each so many-th task fails (none)
 *   result_bytes  of each argument and each result     polls_per_s   looks at the tasks while they run (none)
 *   build_ns  what it takes to build state    slow_times  how much longer the first task takes (1)
 *   steps     units of work of a task, one after the other (1)
 * All other keys are parameters of the workload. */
struct cell {
    const struct experiment *experiment;
    const struct workload *workload; /* NULL for a floor */
    char name[CELL_NAME_BYTES];
    struct cell_key keys[CELL_KEYS_MAX]; /* in alphabetical order */
    size_t n_keys;
    struct side sides[CELL_SIDES_MAX];
    size_t n_sides;
    const char *role;    /* what a rule calls this cell: "primary", "base", or NULL; "capacity": it comes first in a
                            round, and open loads on its workload take their rates from it */
    unsigned side_ms;    /* what one side may take in one round */
    size_t every;        /* it is measured in the first of so many rounds */
    bool once;           /* one iteration, no pilot, no warm-up: the ramp itself is what is measured */
};

/* A side of a contrast: the cell that has this role. Workers are those of the cell's first side of
 * that backend, or exactly `workers` if that is not 0. */
struct side_ref {
    const char *role;
    const char *backend;
    size_t workers;
};

struct contrast {
    const char *name;
    const char *metric;
    struct side_ref a, b;
};

enum condition_op { OP_END, OP_AHEAD, OP_NOT_AHEAD, OP_AT_LEAST, OP_BELOW };

struct condition {
    enum condition_op op;
    unsigned contrast;
    double value;
};

enum { RULE_CONTRASTS_MAX = 4, RULE_CONDITIONS_MAX = 4 };

/* When a claim is supported (all hold) and when refuted (any holds). The words are those of results/README.md. */
struct rule {
    struct contrast contrasts[RULE_CONTRASTS_MAX]; /* ended by a NULL name, the conditions by OP_END, if not full */
    struct condition supported_all[RULE_CONDITIONS_MAX];
    struct condition refuted_any[RULE_CONDITIONS_MAX];
    const char *evaluator; /* a function in scripts/ that decides where the rule is no ratio, or NULL */
};

struct plan;
struct profile_row;

/* One row of the table of experiments. */
struct experiment {
    const char *name;
    const char *claim;     /* C2, or "" */
    const char *statement; /* the claim in a sentence, or "" */
    const char *question;
    const char *axes[5];   /* keys that are swept, ended by NULL */
    const char *metric;    /* of its picture */
    const char *primary;   /* the primary cell in words, or "" */
    const char *base;      /* the backend that is the base case */
    struct rule rule;
    void (*cells)(struct plan *plan, const struct experiment *experiment, const struct profile_row *row);
};

/* All experiments, ended by a row whose name is NULL. */
extern const struct experiment experiment_table[];

/* What a profile measures of one experiment on one workload. */
struct profile_row {
    const char *experiment;
    const char *workload;
    unsigned side_ms;
    uint64_t grid[40]; /* values of the experiment's axis, ended by 0; GRID_ZERO is the value 0 */
};

struct profile {
    const char *name;
    const char *summary;
    size_t rounds;
    const struct profile_row *rows; /* ended by a NULL experiment */
    bool helps;                     /* pool-helping stands beside every pool, not in primary cells alone */
    size_t every;                   /* cells are measured in the first of so many rounds, those of plan_set_primary() in
                                       all: what they take differs more from process to process than within one, so
                                       many short samples tell more than few long ones */
    unsigned primary_ms;            /* what a side of these may take in one round; 0: that of the row */
    bool sleeps;                    /* what verdicts rest on is measured once more where nobody spins */
};

/* Stands for 0 in a grid. */
#define GRID_ZERO (UINT64_C(1) << 63)

extern const struct profile profile_table[];
const struct profile *profile_find(const char *name);

/* What a plan is made of. */
struct plan_factors {
    const struct profile *profile;
    uint64_t seed;
    size_t rounds;
    size_t cpus_usable;
    size_t cpus_open; /* those for the tasks of an open load; 0: all but one */
    size_t workers[PLAN_WORKERS_MAX]; /* sizes of pools and caps; at least one */
    size_t n_workers;
    const char *const *backends; /* names, ended by NULL */
    const char *filter;          /* POSIX extended regular expression, or NULL */
};

struct plan {
    struct plan_factors factors;
    struct cell *cells;
    size_t n_cells;
};

/* Makes the cells, however many sides they have: who measures the plan looks at PLAN_SIDES_MAX. The caller ends it
 * with plan_release().
 * Returns 0, -ENOMEM, or -EINVAL for a filter that is no regular expression. */
int plan_init(struct plan *plan, const struct plan_factors *factors);
void plan_release(struct plan *plan);

/* For an experiment's file: adds a cell with its load and mode, gives it keys and sides, and names it.
 * A cell that the filter leaves out, or without sides, is dropped by plan_init(). */
struct cell *plan_add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                           const char *load, const char *mode);
void cell_set(struct cell *cell, const char *key, uint64_t number);
void cell_set_word(struct cell *cell, const char *key, const char *word);

/* Makes a cell the primary one that is measured often, for a moment: of tasks so short that handing them over is what
 * takes time. */
void plan_set_primary(const struct plan *plan, struct cell *cell);

/* Adds one side, unless the run leaves that backend out or the cell has it already. */
void plan_add_side(const struct plan *plan, struct cell *cell, const char *backend, size_t workers);

/* Adds a side of its own name that is there whenever a backend is. */
void plan_add_variant(const struct plan *plan, struct cell *cell, const char *name, const char *backend,
                      size_t workers);

/* Adds pool, raw-capped (each at every size), raw and serial; in a primary cell pool-again and pool-helping too. */
void plan_add_usual_sides(const struct plan *plan, struct cell *cell);

/* Adds pool at every size and the backends of plugins; in a primary cell pool-again and pool-helping too, and that in
 * every cell where the profile says so. */
void plan_add_pool_sides(const struct plan *plan, struct cell *cell);

/* The same at one size, and without pool-again. */
void plan_add_pool_sides_of(const struct plan *plan, struct cell *cell, size_t n_workers);

/* Adds all backends of plugins, with so many workers where they have any. */
void plan_add_plugin_sides(const struct plan *plan, struct cell *cell, size_t n_workers);

/* The value of a key, or of the workload's parameter, or fallback. */
uint64_t cell_number(const struct cell *cell, const char *key, uint64_t fallback);
const char *cell_word(const struct cell *cell, const char *key, const char *fallback);

/* Tasks of one iteration. */
uint64_t cell_tasks(const struct cell *cell);

/* Sides of all cells together. */
size_t plan_n_sides(const struct plan *plan);

/* In how many of so many rounds the cell is measured. */
static inline size_t plan_rounds_of(const struct cell *cell, size_t n_rounds)
{
    return (n_rounds + cell->every - 1) / cell->every;
}

/* The order of a round: cells shuffled by seed and round, those that measure a capacity before all others; sides
 * forwards and backwards in turn. Returns the number of steps: at most plan_n_sides(). */
struct plan_step {
    size_t cell, side;
};
size_t plan_order(const struct plan *plan, size_t round, struct plan_step *steps);

static inline bool plan_is_capacity(const struct cell *cell)
{
    return cell->role && strcmp(cell->role, "capacity") == 0;
}

/* The cell from which an open load takes its rate, or NULL. */
const struct cell *plan_capacity_cell(const struct plan *plan, const struct cell *cell);

/* How often each side of a block repeats its load, given what one iteration took on each in the pilot (NAN where that
 * is not known): each for as long as it may take, and once at least. In latency cells all equally often, so that
 * percentiles are of equally many tasks, and together for as long as they may take. */
void budget_iterations(const struct cell *cell, const double *iteration_ns, uint64_t iterations[CELL_SIDES_MAX]);

/* What a round of all sides of a cell takes: side_ms for each, or more where the tasks of one iteration are known to
 * take more on so many CPUs. In milliseconds. */
double budget_block_ms(const struct cell *cell, size_t n_cpus);

/* After so many seconds a side that should take this long hangs, in the pilot and in a round; and what it costs at most
 * in a whole run, since it is not tried again then. */
enum { BUDGET_PILOT_TIMEOUT_S = 60 };
double budget_timeout_s(double expected_ms);
double budget_hang_s(double expected_ms);

/* What a side costs beyond side_ms: warm-up, start of its process, set-up. In milliseconds. */
double budget_overhead_ms(unsigned side_ms);

/* What one side of a cell takes in the pilot, on so many CPUs: at least two iterations, however long they are. */
double budget_pilot_ms(const struct cell *cell, const struct side *side, size_t n_cpus);

/* Where a resolved contrast's sides lie, or false if the run does not have them. */
bool plan_resolve(const struct plan *plan, const struct experiment *experiment, const struct side_ref *ref,
                  struct plan_step *step);

#endif
