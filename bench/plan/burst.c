/* Many tasks at once again and again, and a time of overload with calm before and after it. */
#include "plan/cells.h"

void burst_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    plan_add_capacity(plan, experiment, row);
    for (const uint64_t *percent = row->grid; *percent; percent++)
        plan_add_open_sides(plan, plan_add_open(plan, experiment, row, *percent > 100 ? "surge" : "burst", *percent));
}
