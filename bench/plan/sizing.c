/* C15: a mixed load on pools of many sizes, so that what rules of thumb say can be held against the best of them. */
#include "plan/cells.h"

enum { PRIMARY_CPU_PERCENT = 10, INFLIGHT = 64, TASKS = 192 };

void sizing_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const size_t sizes[] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64 };
    for (const uint64_t *cpu_percent = row->grid; *cpu_percent; cpu_percent++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "window", "throughput");
        cell_set(cell, "cpu_percent", *cpu_percent);
        cell_set(cell, "inflight", INFLIGHT);
        cell_set(cell, "tasks", TASKS);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            plan_add_side(plan, cell, "pool", sizes[i]);
        plan_add_side(plan, cell, "raw", 0);
        plan_add_side(plan, cell, "serial", 0);
        if (*cpu_percent == PRIMARY_CPU_PERCENT) {
            cell->role = "primary";
            plan_add_side(plan, cell, "pool-again", 1);
        }
    }
}
