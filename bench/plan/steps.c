/* C20: jobs of several steps, each of which needs the one before. */
#include "plan/cells.h"

void steps_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    struct cell *cell = plan_add_program_cell(plan, experiment, row, plan_program_tasks(row, 1000), true);
    cell_set(cell, "length_ns", 20000);
    cell_set(cell, "steps", 5);
}
