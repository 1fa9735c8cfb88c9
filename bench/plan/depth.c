/* C3: tasks that pile up behind a gate which opens when the last one is submitted. Only backends that
 * accept a task without running it can take part. */
#include "plan/cells.h"

#include "backends/executor.h"

/* Of plugins those that have a number of workers: threads of the others might not stop at the machine's reserve. */
static void add_plugins(const struct plan *plan, struct cell *cell)
{
    const struct executor *e;
    for (size_t i = 0; (e = executor_at(i)); i++)
        if (executor_is_added(e) && e->capabilities & EXECUTOR_HAS_WORKERS)
            plan_add_side(plan, cell, e->name, plan->factors.workers[0]);
}

void depth_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_tasks = row->grid; *n_tasks; n_tasks++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "tasks", *n_tasks);
        cell_set_word(cell, "gate", "closed");
        cell->once = true;
        if (*n_tasks == 100000)
            cell->role = "primary";
        plan_add_side(plan, cell, "pool", plan->factors.workers[0]);
        plan_add_side(plan, cell, "raw", 0);
        add_plugins(plan, cell);
        if (plan->factors.profile->helps)
            plan_add_side(plan, cell, "pool-helping", plan->factors.workers[0]);
        if (cell->role)
            plan_add_side(plan, cell, "pool-again", plan->factors.workers[0]);
    }
}
