/* The pilot: Google Benchmark finds how long an iteration of each side takes, and the budget makes of it
 * how often each side of a block repeats its load. Its timings are thrown away. */
#include "run/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/spawn.h"
#include "record/document.h"

static double min_time_ns(const struct cell *cell)
{
    double tenth_ns = cell->side_ms * 1e5;
    return tenth_ns < 1e6 ? 1e6 : tenth_ns;
}

/* One iteration's nanoseconds, NAN where the side did not get so far. */
static int time_iteration(struct run *run, const struct cell *cell, const struct side *side, double *iteration_ns)
{
    struct side_setting setting = run_setting(run);
    struct spawn_result result;
    json_t *job = side_job(cell, side, &setting, 0, min_time_ns(cell));
    progress_show(&run->progress, cell->name, side->backend);
    int error = spawn_side_awake(job, cell, BUDGET_PILOT_TIMEOUT_S, &result);
    json_decref(job);
    if (error)
        return error;
    *iteration_ns = strcmp(result.status, "ok") == 0 && !result.pause[0] ? result.iteration_ns : NAN;
    if (result.timed_out && !result.pause[0])
        run_note_hang(run, cell, side, BUDGET_PILOT_TIMEOUT_S, -1);
    spawn_release(&result);
    return 0;
}

static int pilot_cell(struct run *run, size_t number)
{
    struct cell *cell = &run->plan.cells[number];
    double iteration_ns[CELL_SIDES_MAX];
    uint64_t iterations[CELL_SIDES_MAX];
    for (size_t s = 0; s < cell->n_sides; s++) {
        int error = time_iteration(run, cell, &cell->sides[s], &iteration_ns[s]);
        if (error)
            return error;
        progress_add(&run->progress, budget_pilot_ms(cell, &cell->sides[s], run->plan.factors.cpus_usable));
    }
    budget_iterations(cell, iteration_ns, iterations);
    for (size_t s = 0; s < cell->n_sides; s++) {
        cell->sides[s].iterations = iterations[s];
        if (!isnan(iteration_ns[s]))
            run->expected_ms[run_side_number(run, (struct plan_step){ number, s })] =
                iteration_ns[s] * (double)iterations[s] * 1e-6 + budget_overhead_ms(cell->side_ms);
    }
    return 0;
}

static json_t *plan_line(const struct run *run)
{
    json_t *iterations = json_array();
    for (size_t i = 0; i < run->plan.n_cells; i++)
        json_array_append_new(iterations, document_iterations(&run->plan.cells[i]));
    return json_pack("{s:i, s:s, s:O, s:o, s:O*}", "schema", JOURNAL_SCHEMA, "plan", run->plan_hash,
                     "calibration", run->calibration, "iterations", iterations,
                     "hangs", json_object_size(run->hangs) ? run->hangs : NULL);
}

int run_pilot(struct run *run)
{
    int error = 0;
    for (size_t i = 0; i < run->plan.n_cells && !error; i++)
        if (!run->plan.cells[i].once)
            error = pilot_cell(run, i);
    if (error == -EINTR)
        return RUN_STOPPED;
    if (error)
        return run_give_up(run, "cannot start a process for", error);
    int code = run_look_again(run, RUN_LOOK_CLOSELY);
    if (code)
        return code;
    error = journal_append(&run->journal, plan_line(run));
    return error ? run_give_up(run, "cannot write the journal of", error) : 0;
}

int run_adopt_plan_line(struct run *run)
{
    const char *hash = json_string_value(json_object_get(run->journal.plan, "plan"));
    const json_t *iterations = json_object_get(run->journal.plan, "iterations");
    bool is_same = strcmp(hash, run->plan_hash) == 0 && json_array_size(iterations) == run->plan.n_cells;
    for (size_t i = 0; i < run->plan.n_cells && is_same; i++) {
        struct cell *cell = &run->plan.cells[i];
        const json_t *of = json_array_get(iterations, i);
        is_same = json_array_size(of) == cell->n_sides;
        for (size_t s = 0; s < cell->n_sides && is_same; s++)
            cell->sides[s].iterations = (uint64_t)json_integer_value(json_array_get(of, s));
    }
    if (!is_same)
        return run_refuse(run, "its journal.jsonl: line 1: it is of another plan");
    run_adopt_hangs(run);
    return 0;
}
