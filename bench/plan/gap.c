/* C18: one task after a pause, again and again: what a hand-over costs when nothing is warm. */
#include "plan/cells.h"

/* Tasks of one iteration: few after a long pause, so that an iteration stays short, but enough for a median. */
static uint64_t tasks_after(uint64_t pause_ns)
{
    return pause_ns >= 10000000 ? 5 : pause_ns >= 1000000 ? 10 : 100;
}

void gap_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t pause_ns = *value == GRID_ZERO ? 0 : *value;
        struct cell *cell = plan_add_cell(plan, experiment, row, "gap", "latency");
        cell_set(cell, "pause_ns", pause_ns);
        cell_set(cell, "tasks", tasks_after(pause_ns));
        if (pause_ns == 1000000)
            plan_set_primary(plan, cell);
        plan_add_usual_sides(plan, cell);
    }
}
