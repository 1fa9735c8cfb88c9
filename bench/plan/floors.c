/* What the machine's own primitives cost: the limits that the other pictures draw. */
#include "load/floors.h"
#include "plan/cells.h"

void floors_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const struct floor *floor = floor_table; floor->name; floor++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "floor", "throughput");
        cell_set_word(cell, "floor", floor->name);
        cell_set(cell, "tasks", floor->n_operations);
        plan_add_side(plan, cell, "floor", 0);
    }
}
