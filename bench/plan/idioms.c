/* C5, C6, C7, C10, C11, C20: programs as their users write them. Each iteration of a side is the whole program, with
 * its pool or its threads created and ended. */
#include "plan/cells.h"

#include <string.h>

#include "backends/executor.h"
#include "idioms/idiom.h"

/* Of a side that is only tried: so short that it decides nothing. */
enum { TRIED_MS = 20 };

/* Tasks of the claim, or a few where the program is only tried. */
static uint64_t tasks_of(const struct profile_row *row, uint64_t n_tasks)
{
    return row->side_ms < TRIED_MS ? (n_tasks + 49) / 50 : n_tasks;
}

/* Every program of the experiment; pools have the first of the sizes, which limits threads too. */
static void add_programs(const struct plan *plan, struct cell *cell)
{
    size_t n_workers = plan->factors.workers[0];
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++) {
        bool has_workers = executor_find(idiom->base)->capabilities & EXECUTOR_HAS_WORKERS;
        if (strcmp(idiom->experiment, cell->experiment->name) == 0)
            plan_add_variant(plan, cell, idiom->backend, idiom->base, has_workers ? n_workers : 0);
    }
    if (cell->role && strcmp(cell->role, "primary") == 0)
        plan_add_side(plan, cell, "pool-again", n_workers);
}

static struct cell *add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                             uint64_t n_tasks, bool is_primary)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "idiom", "throughput");
    cell_set_word(cell, "life", "run");
    cell_set(cell, "tasks", n_tasks);
    cell->role = is_primary ? "primary" : NULL;
    add_programs(plan, cell);
    return cell;
}

void fanout_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_tasks = row->grid; *n_tasks; n_tasks++) {
        struct cell *cell = add_cell(plan, experiment, row, tasks_of(row, *n_tasks), *n_tasks == 10000);
        cell_set(cell, "length_ns", 10000);
        cell_set(cell, "fail_every", 100);
        cell_set(cell, "limit", plan->factors.workers[0]);
    }
}

/* Fewer large ones, so that all arguments and results together fit into memory. */
void results_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t n_bytes = *value == GRID_ZERO ? 0 : *value;
        uint64_t n_tasks = n_bytes > 1024 ? 500 : 10000;
        struct cell *cell = add_cell(plan, experiment, row, tasks_of(row, n_tasks), n_bytes == 8);
        cell_set(cell, "result_bytes", n_bytes);
    }
}

/* A program takes half a second on two CPUs: it runs once, with nothing to warm up. */
void status_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t polls_per_s = *value == GRID_ZERO ? 0 : *value;
        struct cell *cell = add_cell(plan, experiment, row, tasks_of(row, 1000), polls_per_s == 1000);
        cell_set(cell, "length_ns", 1000000);
        cell_set(cell, "polls_per_s", polls_per_s);
        cell_set(cell, "limit", plan->factors.workers[0]);
        cell->once = true;
        cell->iterations = 1;
        if (polls_per_s == 0)
            cell->role = "base";
    }
}

void state_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *value = row->grid; *value; value++) {
        uint64_t build_ns = *value == GRID_ZERO ? 0 : *value;
        struct cell *cell = add_cell(plan, experiment, row, 50, build_ns == 1000000);
        cell_set(cell, "length_ns", 10000);
        cell_set(cell, "build_ns", build_ns);
    }
}

/* The first task is the long one. Where tasks fail, the first that does is in the middle. */
void first_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const uint64_t fail_everies[] = { 0, 50 };
    for (size_t i = 0; i < 2; i++) {
        struct cell *cell = add_cell(plan, experiment, row, 100, fail_everies[i] == 0);
        cell_set(cell, "length_ns", 100000);
        cell_set(cell, "slow_times", 100);
        cell_set(cell, "fail_every", fail_everies[i]);
        cell_set(cell, "limit", plan->factors.workers[0]);
    }
}

void steps_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    struct cell *cell = add_cell(plan, experiment, row, tasks_of(row, 1000), true);
    cell_set(cell, "length_ns", 20000);
    cell_set(cell, "steps", 5);
}
