/* C12: tasks that mostly wait, with ever more of them in flight; pools of the CPUs' size, of the number in flight, and
 * of some sizes between them, and one that may grow to that number. The sizes are the same in every run: what a rule
 * such as Goetz's gives is measured, differs from run to run, and is held against the size next to it in the report. */
#include "plan/cells.h"

#include <string.h>

enum { PRIMARY_INFLIGHT = 64, CPU_SIZED_UP_TO = 256 };

/* Enough tasks that filling and draining the window weigh little, without letting a small pool,
 * which serves them a few at a time, take seconds for one cell. */
static uint64_t tasks_of_window(uint64_t inflight)
{
    uint64_t few = 4 * inflight, many = inflight + 3072;
    uint64_t n_tasks = few < many ? few : many;
    return n_tasks < 64 ? 64 : n_tasks;
}

static void add_size(const struct plan *plan, struct cell *cell, uint64_t n_workers)
{
    plan_add_side(plan, cell, "pool", n_workers);
    plan_add_side(plan, cell, "raw-capped", n_workers);
    plan_add_plugin_sides(plan, cell, n_workers);
}

/* Smaller than the number in flight, but not so small that serving them takes seconds. */
static void add_between(const struct plan *plan, struct cell *cell, uint64_t inflight)
{
    static const uint64_t sizes[] = { 16, 64, 256 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] < inflight && sizes[i] * 16 >= inflight)
            add_size(plan, cell, sizes[i]);
}

void io_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    bool sleep = strcmp(row->workload, "sleep") == 0;
    for (const uint64_t *inflight = row->grid; *inflight; inflight++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "window", "throughput");
        cell_set(cell, "inflight", *inflight);
        cell_set(cell, "tasks", tasks_of_window(*inflight));
        if (sleep && *inflight == PRIMARY_INFLIGHT)
            cell->role = "primary";
        if (sleep && *inflight == 1)
            cell->role = "base";
        add_size(plan, cell, *inflight);
        for (size_t i = 0; i < plan->factors.n_workers && *inflight <= CPU_SIZED_UP_TO; i++)
            add_size(plan, cell, plan->factors.workers[i]);
        add_between(plan, cell, *inflight);
        plan_add_side(plan, cell, "pool-elastic", *inflight);
        plan_add_side(plan, cell, "raw", 0);
        if (*inflight == 1) {
            plan_add_side(plan, cell, "pool", PRIMARY_INFLIGHT);
            plan_add_side(plan, cell, "serial", 0);
        }
        if (sleep && *inflight == PRIMARY_INFLIGHT)
            plan_add_side(plan, cell, "pool-again", PRIMARY_INFLIGHT);
    }
}
