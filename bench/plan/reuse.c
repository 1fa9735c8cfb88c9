/* C1: one pool kept for all batches, a pool for each batch, a thread for each task. Creation and
 * destruction are inside the clock on every side, so few batches show what a pool costs to have. */
#include "plan/cells.h"

void reuse_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const char *const lives[] = { "run", "batch" };
    for (const uint64_t *batches = row->grid; *batches; batches++)
        for (size_t i = 0; i < 2; i++) {
            struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
            cell_set(cell, "batches", *batches);
            cell_set(cell, "tasks", 64);
            cell_set_word(cell, "life", lives[i]);
            if (*batches == 10 && i == 0)
                plan_set_primary(plan, cell);
            plan_add_usual_sides(plan, cell);
        }
}
