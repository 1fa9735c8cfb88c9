/* How a round's time is shared out: the same amount of work for all sides of a block. */
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

uint64_t budget_iterations(unsigned side_ms, const double *iteration_ns, size_t n_sides)
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
    double iterations = side_ms * 1e6 * (double)n_known / sum_ns;
    return iterations < 1 ? 1 : (uint64_t)iterations;
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
    if (!is_batch(cell))
        return allotted_ms;
    for (size_t i = 0; i < cell->n_sides; i++)
        sum_ns += ns[i] = known_ns(cell, &cell->sides[i], n_cpus);
    double n = cell->once ? 1 : (double)budget_iterations(cell->side_ms, ns, cell->n_sides);
    return fmax(allotted_ms, n * sum_ns * 1e-6);
}
