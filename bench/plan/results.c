/* C6: arguments and results of some bytes. Fewer large ones, so that all arguments and results together fit into
 * memory. */
#include "plan/cells.h"

void results_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t n_bytes = *value == GRID_ZERO ? 0 : *value;
        uint64_t n_tasks = n_bytes > 1024 ? 500 : 10000;
        struct cell *cell = plan_add_program_cell(plan, experiment, row, plan_program_tasks(row, n_tasks),
                                                  n_bytes == 8);
        cell_set(cell, "result_bytes", n_bytes);
        if (n_bytes == 8)
            plan_set_primary(plan, cell);
    }
}
