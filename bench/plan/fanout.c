/* C5: many tasks, so many at a time, of which some fail. */
#include "plan/cells.h"

void fanout_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_tasks = row->grid; *n_tasks; n_tasks++) {
        uint64_t n_tried = plan_program_tasks(row, *n_tasks);
        struct cell *cell = plan_add_program_cell(plan, experiment, row, n_tried, *n_tasks == 10000);
        cell_set(cell, "length_ns", 10000);
        cell_set(cell, "fail_every", 100);
        cell_set(cell, "limit", plan->factors.workers[0]);
    }
}
