/* The shortest tasks that keep a backend efficient. Batches are longer than those of `grain`, so that the start of one
 * weighs little even where a task is a few nanoseconds long; a thread for each task is no way to do that. */
#include "plan/cells.h"

enum { WORK_NS = 1000000, MOST_TASKS = 10000, LEAST_TASKS = 20 }; /* for each worker */

static uint64_t tasks_per_worker(uint64_t length_ns)
{
    uint64_t n_tasks = WORK_NS / length_ns;
    return n_tasks < LEAST_TASKS ? LEAST_TASKS : n_tasks > MOST_TASKS ? MOST_TASKS : n_tasks;
}

void metg_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *length_ns = row->grid; *length_ns; length_ns++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "length_ns", *length_ns);
        cell_set(cell, "tasks", plan_most_workers(plan) * tasks_per_worker(*length_ns));
        plan_add_pool_sides(plan, cell);
        plan_add_side(plan, cell, "serial", 0);
    }
}
