/* C10: requests that need state which takes time to build. */
#include "plan/cells.h"

void state_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t build_ns = *value == GRID_ZERO ? 0 : *value;
        struct cell *cell = plan_add_program_cell(plan, experiment, row, 50, build_ns == 1000000);
        cell_set(cell, "length_ns", 10000);
        cell_set(cell, "build_ns", build_ns);
    }
}
