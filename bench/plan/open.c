/* C16 and C9: tasks that come at a rate, whatever becomes of those before them. Rates are percents of what the CPUs for
 * tasks can do, which the cell with the role "capacity" finds out first in each round: the same for all backends. */
#include "plan/cells.h"

#include <string.h>

enum { TASK_NS = 100000, PRIMARY_PERCENT = 120, CONSTANT_PERCENT = 80, CAPACITY_TASKS = 100, LONG_PERCENT = 10 };

static const char *length_key(const struct profile_row *row)
{
    return strcmp(row->workload, "spin") == 0 ? "length_ns" : "mean_ns";
}

static void add_capacity(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    struct profile_row alone = *row;
    alone.side_ms = row->side_ms < 100 ? row->side_ms : 100;
    struct cell *cell = plan_add_cell(plan, experiment, &alone, "batch", "throughput");
    cell_set(cell, "tasks", CAPACITY_TASKS);
    cell_set(cell, length_key(row), TASK_NS);
    cell->role = "capacity";
    cell->sides[cell->n_sides++] = (struct side){ .backend = "serial" }; /* whatever backends were chosen */
}

static struct cell *add_open(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                             const char *arrivals, uint64_t percent)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "open", "latency");
    cell_set_word(cell, "arrivals", arrivals);
    cell_set(cell, "percent", percent);
    cell_set(cell, length_key(row), TASK_NS);
    cell_set(cell, "duration_ms", row->side_ms);
    cell->once = true;
    cell->iterations = 1;
    return cell;
}

static void add_open_sides(const struct plan *plan, struct cell *cell)
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

void openload_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    bool spin = strcmp(row->workload, "spin") == 0;
    add_capacity(plan, experiment, row);
    for (const uint64_t *percent = row->grid; *percent; percent++) {
        struct cell *cell = add_open(plan, experiment, row, "poisson", *percent);
        if (spin && *percent == PRIMARY_PERCENT)
            cell->role = "primary";
        add_open_sides(plan, cell);
        if (spin && *percent == CONSTANT_PERCENT)
            add_open_sides(plan, add_open(plan, experiment, row, "constant", *percent));
    }
}

/* Many at once again and again, and a time of overload with calm before and after it. */
void burst_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    add_capacity(plan, experiment, row);
    for (const uint64_t *percent = row->grid; *percent; percent++)
        add_open_sides(plan, add_open(plan, experiment, row, *percent > 100 ? "surge" : "burst", *percent));
}

/* Short tasks while every worker's worth of long ones goes on: those on the same pool, or on threads of their own. */
void longrun_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const char *const kinds[] = { "wait", "compute" }, *const places[] = { "apart", "together" };
    size_t n = plan_open_workers(plan);
    add_capacity(plan, experiment, row);
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t place = 0; place < 2; place++) {
            struct cell *cell = add_open(plan, experiment, row, "poisson", LONG_PERCENT);
            cell_set_word(cell, "longs", places[place]);
            cell_set_word(cell, "long_kind", kinds[kind]);
            cell_set(cell, "long_ns", row->grid[0]);
            cell_set(cell, "n_longs", n);
            if (kind == 0)
                cell->role = place == 0 ? "primary" : "base";
            plan_add_side(plan, cell, "pool", n);
            if (place == 0) {
                plan_add_side(plan, cell, "raw", 0);
                plan_add_plugin_sides(plan, cell, n);
            }
            if (kind == 0 && place == 0)
                plan_add_side(plan, cell, "pool-again", n);
        }
}
