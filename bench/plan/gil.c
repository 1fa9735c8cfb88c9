/* C13: two threads of CPython against one, with tasks that compute and with tasks that wait; and the same under a lock
 * like CPython's in C. Tasks that compute take some 5 ms in either language, about as long as such a lock is kept from
 * others: long enough that starting a thread, which a second one may well do meanwhile, is no part of the answer.
 */
#include "plan/cells.h"

enum { CPU_STEPS_PYTHON = 100000, CPU_STEPS_C = 5000000, WORKERS_MAX = 2 };

static void add_sides(const struct plan *plan, struct cell *cell, const char *const *backends)
{
    for (; *backends; backends++)
        for (size_t n = 1; n <= WORKERS_MAX; n++)
            plan_add_side(plan, cell, *backends, n);
}

static struct cell *add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                             const char *load, uint64_t cpu_steps)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, load, "throughput");
    cell_set(cell, "tasks", row->grid[0]);
    if (cell->workload->kind == WORKLOAD_CPU)
        cell_set(cell, "steps", cpu_steps);
    return cell;
}

void gil_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    static const char *const python[] = { "python-threadpool", "python-thread", "python-futures", NULL };
    static const char *const c[] = { "pool", "raw-capped", NULL };
    struct cell *cell = add_cell(plan, experiment, row, "python", CPU_STEPS_PYTHON);
    cell->role = cell->workload->kind == WORKLOAD_CPU ? "primary" : "io";
    add_sides(plan, cell, python);
    if (cell->workload->kind == WORKLOAD_CPU)
        plan_add_side(plan, cell, "python-threadpool-again", WORKERS_MAX);
    add_sides(plan, add_cell(plan, experiment, row, "batch", CPU_STEPS_C), c);
}
