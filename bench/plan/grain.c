/* C2: batches of equal CPU-bound tasks, from tasks far shorter than a hand-over to tasks far longer. */
#include "plan/cells.h"

#include <string.h>

/* For each worker, on machines with many CPUs. A worker that takes one task more than its share prolongs the batch by
 * the whole of it: with ten that is less than a tenth, so that whether 90% of the time is work depends on the backend.
 * Ten of the longer tasks would take the caller alone too long. */
enum { LEAST_PER_WORKER = 10, LEAST_OF_LONG = 2, LONG_NS = 1000000 };

/* Tasks of one batch for each worker: work of 40 ms, so that its start and end weigh little, within
 * bounds that keep the shortest batches long enough to time and the longest short enough to repeat. */
static uint64_t tasks_per_worker(uint64_t length_ns)
{
    uint64_t n_tasks = 40000000 / length_ns;
    return n_tasks < 8 ? 8 : n_tasks > 512 ? 512 : n_tasks;
}

void grain_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    bool spin = strcmp(row->workload, "spin") == 0;
    for (const uint64_t *value = row->grid; *value; value++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, spin ? "length_ns" : "size_bytes", *value);
        /* A byte is taken as a nanosecond of hashing: it only sizes the batch. */
        cell_set(cell, "tasks", plan_batch_tasks(plan_most_workers(plan), tasks_per_worker(*value),
                                                 *value > LONG_NS ? LEAST_OF_LONG : LEAST_PER_WORKER, *value));
        if (spin && *value == 10000)
            cell->role = "primary";
        plan_add_usual_sides(plan, cell);
    }
}
