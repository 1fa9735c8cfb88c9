/* Near-empty tasks that threads outside of the backend hand over one by one: by one thread and by two at once; and by
 * one and by many where only so many tasks may wait. */
#include "plan/cells.h"

enum { TASKS = 10000, BOUND = 1000 };

static void add_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                      uint64_t bound)
{
    for (const uint64_t *n_submitters = row->grid; *n_submitters; n_submitters++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "inject", "throughput");
        cell_set(cell, "submitters", *n_submitters);
        cell_set(cell, "tasks", TASKS);
        if (bound)
            cell_set(cell, "bound", bound);
        plan_add_pool_sides(plan, cell);
    }
}

void inject_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    add_cells(plan, experiment, row, 0);
}

void bounded_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    add_cells(plan, experiment, row, BOUND);
}
