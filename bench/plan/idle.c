/* Backends that have nothing to do, just after they had: whether their threads sleep, and how soon. */
#include "plan/cells.h"

enum { BURST = 1000 };

void idle_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *pause_ns = row->grid; *pause_ns; pause_ns++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "idle", "throughput");
        cell_set(cell, "pause_ns", *pause_ns);
        cell_set(cell, "tasks", BURST);
        cell->once = true;
        plan_add_pool_sides(plan, cell);
    }
}
