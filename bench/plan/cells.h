/* One function per experiment: makes its cells from one row of the profile. */
#ifndef PLAN_CELLS_H
#define PLAN_CELLS_H

#include "plan/plan.h"

typedef void plan_cells_fn(struct plan *plan, const struct experiment *experiment, const struct profile_row *row);

plan_cells_fn floors_cells, reuse_cells, grain_cells, depth_cells, oneoff_cells, io_cells, cpu_cells, threads_cells,
    gap_cells, forget_cells, openload_cells, burst_cells, longrun_cells, kinds_cells, sizing_cells, gil_cells,
    spawn_cells, map_cells, idle_cells, fanout_cells, results_cells, status_cells, state_cells, first_cells,
    steps_cells;

/* The largest of the run's worker counts. */
static inline uint64_t plan_most_workers(const struct plan *plan)
{
    uint64_t most = 1;
    for (size_t i = 0; i < plan->factors.n_workers; i++)
        if (plan->factors.workers[i] > most)
            most = plan->factors.workers[i];
    return most;
}

/* Workers of an open load: one for each CPU that the generator leaves to the tasks. */
static inline size_t plan_open_workers(const struct plan *plan)
{
    size_t n = plan->factors.cpus_open;
    return n ? n : plan->factors.cpus_usable > 1 ? plan->factors.cpus_usable - 1 : 1;
}

#endif
