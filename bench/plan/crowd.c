/* Near-empty tasks on few workers and on far more than there are CPUs: what workers cost that have no CPU. A cell for
 * each number, since some backends take a thousand times as long with many, and all sides of a cell do the same. */
#include "plan/cells.h"

enum { TASKS = 20000 };

void crowd_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_workers = row->grid; *n_workers; n_workers++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "size", *n_workers);
        cell_set(cell, "tasks", TASKS);
        plan_add_pool_sides_of(plan, cell, *n_workers);
    }
}
