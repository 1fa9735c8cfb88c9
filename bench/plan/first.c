/* C11: the first of many results, and the first error. The first task is the long one. Where tasks fail, the first
 * that does is in the middle. */
#include "plan/cells.h"

void first_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const uint64_t fail_everies[] = { 0, 50 };
    for (size_t i = 0; i < 2; i++) {
        struct cell *cell = plan_add_program_cell(plan, experiment, row, 100, fail_everies[i] == 0);
        cell_set(cell, "length_ns", 100000);
        cell_set(cell, "slow_times", 100);
        cell_set(cell, "fail_every", fail_everies[i]);
        cell_set(cell, "limit", plan->factors.workers[0]);
    }
}
