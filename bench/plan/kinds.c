/* C4: the same amount of work, as tasks of one function or of eight, of equal length or not; one by one, or several to
 * a task. */
#include "plan/cells.h"

#include <string.h>

/* The least leaves each worker something to do where tasks are 64 in one. */
enum { MEAN_NS = 20000, TASKS_PER_WORKER = 512, LEAST_PER_WORKER = 128, SEVERAL = 8 };

static void add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                     uint64_t n_functions, uint64_t chunk)
{
    bool equal = strcmp(row->workload, "spin") == 0, bimodal = strcmp(row->workload, "bimodal") == 0;
    struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
    cell_set(cell, equal ? "length_ns" : "mean_ns", MEAN_NS);
    cell_set(cell, "tasks", plan_batch_tasks(plan_most_workers(plan), TASKS_PER_WORKER, LEAST_PER_WORKER, MEAN_NS));
    cell_set(cell, "functions", n_functions);
    cell_set(cell, "chunk", chunk);
    if (bimodal && n_functions == SEVERAL && chunk == 1)
        cell->role = "primary";
    if (equal && n_functions == 1 && chunk == 1)
        cell->role = "base";
    plan_add_usual_sides(plan, cell);
}

void kinds_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *chunk = row->grid; *chunk; chunk++) {
        if (*chunk == 1)
            add_cell(plan, experiment, row, 1, *chunk);
        add_cell(plan, experiment, row, SEVERAL, *chunk);
    }
}
