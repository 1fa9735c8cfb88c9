/* C16: tasks that come at a rate, from a tenth of what the CPUs can do to half as much again. */
#include "plan/cells.h"

#include <string.h>

enum { PRIMARY_PERCENT = 120, CONSTANT_PERCENT = 80 };

void openload_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    bool spin = strcmp(row->workload, "spin") == 0;
    plan_add_capacity(plan, experiment, row);
    for (const uint64_t *percent = row->grid; *percent; percent++) {
        struct cell *cell = plan_add_open(plan, experiment, row, "poisson", *percent);
        if (spin && *percent == PRIMARY_PERCENT)
            cell->role = "primary";
        plan_add_open_sides(plan, cell);
        if (spin && *percent == CONSTANT_PERCENT)
            plan_add_open_sides(plan, plan_add_open(plan, experiment, row, "constant", *percent));
    }
}
