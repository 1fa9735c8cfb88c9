/* C9: short tasks while every worker's worth of long ones goes on: those on the same pool, or on threads of their
 * own. */
#include "plan/cells.h"

enum { LONG_PERCENT = 10 };

void longrun_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const char *const kinds[] = { "wait", "compute" }, *const places[] = { "apart", "together" };
    size_t n = plan_open_workers(plan);
    plan_add_capacity(plan, experiment, row);
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t place = 0; place < 2; place++) {
            struct cell *cell = plan_add_open(plan, experiment, row, "poisson", LONG_PERCENT);
            cell_set_word(cell, "longs", places[place]);
            cell_set_word(cell, "long_kind", kinds[kind]);
            cell_set(cell, "long_ns", row->grid[0]);
            cell_set(cell, "n_longs", n);
            if (kind == 0)
                cell->role = place == 0 ? "primary" : "base";
            plan_add_side(plan, cell, "pool", n);
            if (place == 0) {
                plan_add_side(plan, cell, "raw", 0);
                plan_add_plugin_sides(plan, cell, n);
            }
            if (kind == 0 && place == 0)
                plan_add_side(plan, cell, "pool-again", n);
        }
}
