/* One function over a long array, as each backend likes best to do it: it may take elements together, which tasks of
 * `grain` are not. A thread for each element is no way to do that. */
#include "plan/cells.h"

enum { ELEMENTS = 100000, PRIMARY_LENGTH_NS = 1000 };

void map_cells(struct plan *plan, const struct experiment *experiment, const struct profile_row *row)
{
    for (const uint64_t *length_ns = row->grid; *length_ns; length_ns++) {
        struct cell *cell = plan_add_cell(plan, experiment, row, "batch", "throughput");
        cell_set(cell, "length_ns", *length_ns);
        cell_set(cell, "tasks", ELEMENTS);
        cell_set_word(cell, "call", "map");
        if (*length_ns == PRIMARY_LENGTH_NS)
            cell->role = "primary";
        plan_add_pool_sides(plan, cell);
        plan_add_side(plan, cell, "serial", 0);
    }
}
