/* Tasks that spawn tasks and wait for them, on the backends that have such tasks: one tree of them at a time. */
#include "plan/cells.h"

/* A tree whose tasks are threads needs as many at once as the machine has to spare. */
enum { PRIMARY_N = 16, THREADS_UP_TO_N = 16 };

void spawn_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n = row->grid; *n; n++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "n", *n);
        cell_set(cell, "tasks", 1);
        if (*n == PRIMARY_N)
            cell->role = "primary";
        plan_add_pool_sides(plan, cell);
        plan_add_side(plan, cell, "serial", 0);
        if (*n <= THREADS_UP_TO_N)
            plan_add_side(plan, cell, "raw", 0);
    }
}
