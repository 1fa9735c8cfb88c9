/* C3: tasks that pile up behind a gate which opens when the last one is submitted. Only backends that
 * accept a task without running it can take part. */
#include "plan/cells.h"

void depth_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_tasks = row->grid; *n_tasks; n_tasks++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "tasks", *n_tasks);
        cell_set_word(cell, "gate", "closed");
        cell->once = true;
        cell->iterations = 1;
        if (*n_tasks == 100000)
            cell->role = "primary";
        plan_add_side(plan, cell, "pool", plan->factors.workers[0]);
        plan_add_side(plan, cell, "raw", 0);
        if (cell->role)
            plan_add_side(plan, cell, "pool-again", plan->factors.workers[0]);
    }
}
