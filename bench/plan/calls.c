/* Calls that wait for what they started: a map of few elements, and one task whose result is asked for. Each is stamped
 * as a whole. */
#include "plan/cells.h"

enum { CALLS = 300 }; /* of one iteration */

static void add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                     const char *call, uint64_t n_elements)
{
    struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "latency");
    cell_set(cell, "batches", CALLS);
    cell_set(cell, "tasks", n_elements);
    cell_set_word(cell, "call", call);
    plan_add_pool_sides(plan, cell);
}

void shortmap_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *n_elements = row->grid; *n_elements; n_elements++)
        add_cell(plan, experiment, row, "map", *n_elements);
}

void handle_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    add_cell(plan, experiment, row, "get", 1);
}
