/* How a round's time is shared out: the same amount of work for all sides of a block. */
#include "plan/plan.h"

#include <math.h>

/* The start of a process, its set-up and its end, as seen on a small virtual machine. */
static const double process_ms = 12;

/* Warm-up takes at most a fifth of what a side may take. */
static const double warmup_share = 0.2;

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
