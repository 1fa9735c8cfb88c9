/* C14: CPU-bound work on pools of one worker up to four for each CPU, beside what bound processes reach. */
#include "plan/cells.h"

#include <string.h>

enum { TASKS_PER_WORKER = 256, TASKS_OF_LARGE = 16, LEAST_PER_WORKER = 32, LEAST_OF_LARGE = 2 };

/* What one task of any of these workloads takes at most, roughly: it only sizes the batch. */
enum { TASK_NS = 100000 };

/* Tasks that work on much memory come in smaller batches. */
static uint64_t tasks_of(const struct cell *cell, size_t n_cpus)
{
    bool is_large = strcmp(cell->workload->name, "triad") == 0 || cell_number(cell, "size_bytes", 0) >= 1 << 20;
    return is_large ? plan_batch_tasks(n_cpus, TASKS_OF_LARGE, LEAST_OF_LARGE, TASK_NS)
                    : plan_batch_tasks(n_cpus, TASKS_PER_WORKER, LEAST_PER_WORKER, TASK_NS);
}

void cpu_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    size_t n_cpus = plan->factors.cpus_usable;
    struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
    cell_set(cell, "tasks", tasks_of(cell, n_cpus));
    if (strcmp(row->workload, "hash") == 0)
        cell->role = "primary";
    plan_add_side(plan, cell, "pool", n_cpus); /* the first one is the rule's */
    for (size_t n = 1; n <= 4 * n_cpus; n *= 2)
        plan_add_side(plan, cell, "pool", n);
    plan_add_side(plan, cell, "raw", 0);
    plan_add_side(plan, cell, "raw-capped", n_cpus);
    plan_add_side(plan, cell, "processes", n_cpus);
    plan_add_side(plan, cell, "serial", 0);
    plan_add_plugin_sides(plan, cell, n_cpus);
    if (cell->role)
        plan_add_side(plan, cell, "pool-again", n_cpus);
}
