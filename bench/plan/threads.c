/* C17: which threads run the tasks of one batch. No ramp, no repetition: they are counted, not timed. */
#include "plan/cells.h"

void threads_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
    cell_set(cell, "tasks", row->grid[0]);
    cell_set_word(cell, "count", "threads");
    cell->once = true;
    cell->role = "primary";
    plan_add_usual_sides(plan, cell);
}
