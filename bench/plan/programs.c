/* What cells of programs have in common, as their users write them. Each iteration of a side is the whole program, with
 * its pool or its threads created and ended. */
#include "plan/cells.h"

#include <string.h>

#include "backends/executor.h"
#include "idioms/idiom.h"

/* Of a side that is only tried: so short that it decides nothing. */
enum { TRIED_MS = 20 };

uint64_t plan_program_tasks(const struct profile_row *row, uint64_t n_tasks)
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

struct cell *plan_add_program_cell(struct plan *plan, const struct experiment *experiment,
                                   const struct profile_row *row, uint64_t n_tasks, bool is_primary)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "idiom", "throughput");
    cell_set_word(cell, "life", "run");
    cell_set(cell, "tasks", n_tasks);
    if (is_primary)
        cell->role = "primary";
    add_programs(plan, cell);
    return cell;
}
