/* One function per experiment: makes its cells from one row of the profile. */
#ifndef PLAN_CELLS_H
#define PLAN_CELLS_H

#include "plan/plan.h"

typedef void plan_cells_fn(struct plan *plan, const struct experiment *experiment, const struct profile_row *row);

plan_cells_fn floors_cells, reuse_cells, grain_cells, depth_cells, oneoff_cells, io_cells, cpu_cells, threads_cells,
    gap_cells, forget_cells, openload_cells, burst_cells, longrun_cells, kinds_cells, sizing_cells, gil_cells,
    spawn_cells, map_cells, idle_cells, fanout_cells, results_cells, status_cells, state_cells, first_cells,
    steps_cells, inject_cells, bounded_cells, shortmap_cells, handle_cells, metg_cells, crowd_cells;

/* The largest of the run's worker counts. */
static inline uint64_t plan_most_workers(const struct plan *plan)
{
    uint64_t most = 1;
    for (size_t i = 0; i < plan->factors.n_workers; i++)
        if (plan->factors.workers[i] > most)
            most = plan->factors.workers[i];
    return most;
}

/* Tasks of a batch for so many workers: n for each, as long as the caller alone, and a thread for each task, take no
 * longer for all of them than one side may; on machines with many CPUs fewer, but n_least for each. */
static inline uint64_t plan_batch_tasks(uint64_t n_workers, uint64_t n, uint64_t n_least, uint64_t task_ns)
{
    const uint64_t most_ns = 400000000, thread_ns = 10000;
    uint64_t n_most = most_ns / (task_ns + thread_ns) / n_workers;
    return n_workers * (n < n_most ? n : n_most > n_least ? n_most : n_least);
}

/* Workers of an open load: one for each CPU that the generator leaves to the tasks. */
static inline size_t plan_open_workers(const struct plan *plan)
{
    size_t n = plan->factors.cpus_open;
    return n ? n : plan->factors.cpus_usable > 1 ? plan->factors.cpus_usable - 1 : 1;
}

/* Adds the cell that tells the capacity on this row's workload; then cells whose tasks come at a percentage of it; and
 * to these all backends that can be asked so. */
void plan_add_capacity(struct plan *plan, const struct experiment *experiment, const struct profile_row *row);
struct cell *plan_add_open(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                           const char *arrivals, uint64_t percent);
void plan_add_open_sides(const struct plan *plan, struct cell *cell);

/* Adds a cell with every program of the experiment as a side; and tells how many tasks it has: those of the claim, or a
 * few where the program is only tried. */
struct cell *plan_add_program_cell(struct plan *plan, const struct experiment *experiment,
                                   const struct profile_row *row, uint64_t n_tasks, bool is_primary);
uint64_t plan_program_tasks(const struct profile_row *row, uint64_t n_tasks);

#endif
