/* What cells of open loads have in common. Rates are percents of what the CPUs for tasks can do, which the cell with
 * the role "capacity" finds out first in each round: the same for all backends. */
#include "plan/cells.h"

#include <string.h>

enum { TASK_NS = 100000, CAPACITY_TASKS = 100, CPUS_OF_SHORT_TASKS = 8 };

/* One thread generates the whole load, and may have to create a thread for each task. So for many CPUs tasks are
 * longer, and come as often as for eight: twice as long for up to 16 CPUs, and so on. */
static uint64_t task_ns(const struct plan *plan)
{
    uint64_t length_ns = TASK_NS;
    for (size_t n = CPUS_OF_SHORT_TASKS; n < plan_open_workers(plan); n *= 2)
        length_ns *= 2;
    return length_ns;
}

static const char *length_key(const struct profile_row *row)
{
    return strcmp(row->workload, "spin") == 0 ? "length_ns" : "mean_ns";
}

void plan_add_capacity(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    struct profile_row alone = *row;
    alone.side_ms = row->side_ms < 100 ? row->side_ms : 100;
    struct cell *cell = plan_add_cell(plan, experiment, &alone, "batch", "throughput");
    cell_set(cell, "tasks", CAPACITY_TASKS);
    cell_set(cell, length_key(row), task_ns(plan));
    cell->role = "capacity";
    cell->sides[cell->n_sides++] = (struct side){ .backend = "serial" }; /* whatever backends were chosen */
}

struct cell *plan_add_open(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                           const char *arrivals, uint64_t percent)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "open", "latency");
    cell_set_word(cell, "arrivals", arrivals);
    cell_set(cell, "percent", percent);
    cell_set(cell, length_key(row), task_ns(plan));
    cell_set(cell, "duration_ms", row->side_ms);
    cell->once = true;
    return cell;
}

void plan_add_open_sides(const struct plan *plan, struct cell *cell)
{
    static const char *const bounded[] = { "pool-reject", "pool-block", "pool-caller" };
    size_t n = plan_open_workers(plan);
    plan_add_side(plan, cell, "pool", n);
    for (size_t i = 0; i < sizeof bounded / sizeof *bounded; i++)
        plan_add_side(plan, cell, bounded[i], n);
    plan_add_side(plan, cell, "raw", 0);
    plan_add_side(plan, cell, "raw-capped", n);
    plan_add_plugin_sides(plan, cell, n);
    if (cell->role)
        plan_add_side(plan, cell, "pool-again", n);
}
