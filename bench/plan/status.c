/* C7: tasks that are looked at while they run. A program takes half a second on two CPUs: it runs once, with
 * nothing to warm up. */
#include "plan/cells.h"

void status_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t polls_per_s = *value == GRID_ZERO ? 0 : *value;
        uint64_t n_tasks = plan_program_tasks(row, 1000);
        struct cell *cell = plan_add_program_cell(plan, experiment, row, n_tasks, polls_per_s == 1000);
        cell_set(cell, "length_ns", 1000000);
        cell_set(cell, "polls_per_s", polls_per_s);
        cell_set(cell, "limit", plan->factors.workers[0]);
        cell->once = true;
        if (polls_per_s == 0)
            cell->role = "base";
    }
}
