/* C19: many similar tasks whose results nobody asks for: started and forgotten, then waited for as a whole. */
#include "plan/cells.h"

void forget_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_tasks = row->grid; *n_tasks; n_tasks++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "tasks", *n_tasks);
        if (*n_tasks == 10000)
            plan_set_primary(plan, cell);
        plan_add_usual_sides(plan, cell);
        plan_add_side(plan, cell, "raw-detached", 0);
    }
}
