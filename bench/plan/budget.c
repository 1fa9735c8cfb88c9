/* How a round's time is shared out. */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

/* The start of a process, its set-up and its end, as seen on a small virtual machine. */
static const double process_ms = 12;

/* Warm-up takes at most a fifth of what a side may take. */
static const double warmup_share = 0.2;

/* A side that takes ten times what the pilot saw, and this much more, hangs. */
static const double timeout_slack_s = 20, timeout_factor = 10;

double budget_timeout_s(double expected_ms)
{
    return timeout_slack_s + timeout_factor * expected_ms * 1e-3;
}

double budget_hang_s(double expected_ms)
{
    return fmax(BUDGET_PILOT_TIMEOUT_S, budget_timeout_s(expected_ms));
}

/* So often that these sides together take side_ms each. */
static uint64_t times_within(unsigned side_ms, const double *iteration_ns, size_t n_sides)
{
    double sum_ns = 0;
    size_t n_known = 0;
    for (size_t i = 0; i < n_sides; i++)
        if (!isnan(iteration_ns[i])) {
            sum_ns += iteration_ns[i];
            n_known++;
        }
    if (n_known == 0 || sum_ns <= 0)
        return 1;
    double times = side_ms * 1e6 * (double)n_known / sum_ns;
    return times < 1 ? 1 : (uint64_t)times;
}

void budget_iterations(const struct cell *cell, const double *iteration_ns, uint64_t iterations[CELL_SIDES_MAX])
{
    bool is_latency = strcmp(cell_word(cell, "mode", ""), "latency") == 0;
    uint64_t n_equal = cell->once ? 1 : times_within(cell->side_ms, iteration_ns, cell->n_sides);
    for (size_t i = 0; i < cell->n_sides; i++)
        iterations[i] = cell->once || is_latency || isnan(iteration_ns[i])
            ? n_equal : times_within(cell->side_ms, &iteration_ns[i], 1);
}

double budget_overhead_ms(unsigned side_ms)
{
    return process_ms + warmup_share * side_ms;
}

/* What an iteration of a batch takes at least, where a key says how long a task is; else 0. */
static double known_ns(const struct cell *cell, const struct side *side, size_t n_cpus)
{
    double task_ns = (double)cell_number(cell, "length_ns", cell_number(cell, "mean_ns", 0));
    bool is_limited = side->workers > 0 && side->workers < n_cpus;
    double n_at_once = strcmp(side->backend, "serial") == 0 ? 1 : is_limited ? (double)side->workers : (double)n_cpus;
    return (double)cell_tasks(cell) * task_ns / n_at_once;
}

static bool is_batch(const struct cell *cell)
{
    return strcmp(cell_word(cell, "load", ""), "batch") == 0;
}

double budget_pilot_ms(const struct cell *cell, const struct side *side, size_t n_cpus)
{
    const double n_least = 2; /* one that warms up, one that is timed */
    double iterations_ms = is_batch(cell) ? n_least * known_ns(cell, side, n_cpus) * 1e-6 : 0;
    return process_ms + fmax(warmup_share * cell->side_ms, iterations_ms);
}

double budget_block_ms(const struct cell *cell, size_t n_cpus)
{
    double allotted_ms = (double)cell->n_sides * cell->side_ms, sum_ns = 0, ns[CELL_SIDES_MAX];
    uint64_t iterations[CELL_SIDES_MAX];
    if (!is_batch(cell))
        return allotted_ms;
    for (size_t i = 0; i < cell->n_sides; i++)
        ns[i] = known_ns(cell, &cell->sides[i], n_cpus);
    budget_iterations(cell, ns, iterations);
    for (size_t i = 0; i < cell->n_sides; i++)
        sum_ns += fmax(cell->once ? 0 : cell->side_ms * 1e6, (double)iterations[i] * ns[i]);
    return fmax(allotted_ms, sum_ns * 1e-6);
}
