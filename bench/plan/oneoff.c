/* C8: one task and nothing before or after it; beside it the same task on a pool that is there already. */
#include "plan/cells.h"

void oneoff_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const char *const lives[] = { "run", "warm" };
    for (size_t i = 0; i < 2; i++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "tasks", 1);
        cell_set_word(cell, "life", lives[i]);
        if (i == 0)
            plan_set_primary(plan, cell);
        plan_add_usual_sides(plan, cell);
    }
}
