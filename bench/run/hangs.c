/* Sides that hang. One that was not done in its time is not tried again: it would take as long in every round. So each
 * costs one time-out, in the pilot or in a round, and that is said. */
#include "run/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends/executor.h"

static void name_side(const struct cell *cell, const struct side *side, char *name, size_t size)
{
    snprintf(name, size, "%s/%s/workers:%zu", side->backend, cell->name, side->workers);
}

const char *run_find_hang(const struct run *run, const struct cell *cell, const struct side *side)
{
    char name[CELL_NAME_BYTES + 128];
    name_side(cell, side, name, sizeof name);
    return json_string_value(json_object_get(run->hangs, name));
}

/* How many sides there are of those that could hang, or of this backend, and how long that would take. */
static double sum_hangs(const struct run *run, const char *backend, size_t *n_sides)
{
    double sum_s = 0;
    *n_sides = 0;
    for (size_t c = 0; c < run->plan.n_cells; c++)
        for (size_t s = 0; s < run->plan.cells[c].n_sides; s++) {
            const struct cell *cell = &run->plan.cells[c];
            const struct side *side = &cell->sides[s];
            const struct executor *executor = executor_find(side->backend);
            bool is_foreign = (executor && executor_is_added(executor))
                || (cell->workload && workload_is_added(cell->workload));
            if ((backend ? strcmp(backend, side->backend) != 0 : !is_foreign) || run_find_hang(run, cell, side))
                continue;
            sum_s += budget_hang_s(run->expected_ms[run_side_number(run, (struct plan_step){ c, s })]);
            ++*n_sides;
        }
    return sum_s;
}

void run_note_hang(struct run *run, const struct cell *cell, const struct side *side, double timeout_s, int round)
{
    char name[CELL_NAME_BYTES + 128], text[96] = "in the pilot";
    size_t n_others;
    name_side(cell, side, name, sizeof name);
    if (round >= 0)
        snprintf(text, sizeof text, "in round %d", round + 1);
    json_object_set_new(run->hangs, name, json_sprintf("not done after %.0f s %s", timeout_s, text));
    double others_s = sum_hangs(run, side->backend, &n_others);
    progress_end(&run->progress);
    fprintf(stderr, "! %s: %s: not tried again", name, run_find_hang(run, cell, side));
    if (n_others)
        fprintf(stderr, "; if the other %zu sides of %s hang too, that takes at most %.0f min", n_others, side->backend,
                ceil(others_s / 60));
    fputc('\n', stderr);
}

void run_adopt_hangs(struct run *run)
{
    size_t i;
    json_t *line;
    json_object_update(run->hangs, json_object_get(run->journal.plan, "hangs"));
    json_array_foreach(run->journal.lines, i, line) {
        const char *backend, *cell, *reason;
        json_int_t workers, round;
        if (!json_object_get(line, "timed_out")
            || json_unpack(line, "{s:s, s:s, s:I, s:I, s:s}", "backend", &backend, "cell", &cell, "workers", &workers,
                           "round", &round, "reason", &reason) != 0)
            continue;
        char name[CELL_NAME_BYTES + 128];
        snprintf(name, sizeof name, "%s/%s/workers:%lld", backend, cell, (long long)workers);
        json_object_set_new(run->hangs, name, json_sprintf("%.*s in round %lld", (int)strcspn(reason, ":"), reason,
                                                             (long long)round + 1));
    }
}

void run_say_worst(const struct run *run)
{
    size_t n_sides;
    double sum_s = sum_hangs(run, NULL, &n_sides);
    if (n_sides)
        fprintf(stderr, "! a side that hangs is stopped once and not tried again: at worst that takes %.0f min for the"
                        " %zu sides of plugins\n", ceil(sum_s / 60), n_sides);
}
