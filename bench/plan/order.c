/* The order of a round: blocks shuffled by the run's seed and the round, sides of a block next to each other. */
#include "plan/plan.h"

#include <stdlib.h>

/* Fisher-Yates with a generator of its own, so that the order is the same on every machine. */
static void shuffle(size_t *values, size_t n, uint64_t seed)
{
    for (size_t i = n; i > 1; i--) {
        seed = workload_mix(seed);
        size_t j = seed % i;
        size_t swap = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swap;
    }
}

static void put_capacities_first(const struct plan *plan, size_t *order)
{
    size_t n_first = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        size_t cell = order[i];
        if (!plan_is_capacity(&plan->cells[cell]))
            continue;
        for (size_t at = i; at > n_first; at--)
            order[at] = order[at - 1];
        order[n_first++] = cell;
    }
}

size_t plan_order(const struct plan *plan, size_t round, struct plan_step *steps)
{
    size_t *order = malloc((plan->n_cells + 1) * sizeof *order), n_steps = 0;
    if (!order)
        abort();
    for (size_t i = 0; i < plan->n_cells; i++)
        order[i] = i;
    shuffle(order, plan->n_cells, workload_mix(plan->factors.seed) + round);
    put_capacities_first(plan, order);
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *cell = &plan->cells[order[i]];
        bool is_backwards = round / cell->every % 2;
        for (size_t s = 0; s < cell->n_sides && round % cell->every == 0; s++)
            steps[n_steps++] = (struct plan_step){
                .cell = order[i], .side = is_backwards ? cell->n_sides - 1 - s : s,
            };
    }
    free(order);
    return n_steps;
}
