/* The rounds: side after side, each in a process of its own, each a line of the journal.
 *
 * What is known of a side of a round is its line in the journal, so a resume does whatever has no line.
 */
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/spawn.h"

size_t run_side_number(const struct run *run, struct plan_step step)
{
    size_t number = step.side;
    for (size_t i = 0; i < step.cell; i++)
        number += run->plan.cells[i].n_sides;
    return number;
}

/* One side in one round. */
struct turn {
    size_t round;
    struct plan_step step;
    char pause[96]; /* why it is measured again; "" if it is not */
};

static json_t *line_of(const struct run *run, const struct turn *turn, const struct spawn_result *result)
{
    const struct plan_step *step = &turn->step;
    const struct cell *cell = &run->plan.cells[step->cell];
    const struct side *side = &cell->sides[step->side];
    return json_pack("{s:i, s:I, s:s, s:s, s:I, s:s, s:s, s:O, s:O, s:f, s:O*, s:O*, s:O*, s:s*, s:o*}",
                     "schema", JOURNAL_SCHEMA, "round", (json_int_t)turn->round, "cell", cell->name,
                     "backend", side->backend, "workers", (json_int_t)side->workers,
                     "status", result->status, "reason", result->reason, "metrics", result->metrics,
                     "environment", result->environment, "wall_s", result->wall_s,
                     "histogram", result->histogram, "timeline", result->timeline, "lateness", result->lateness,
                     "again", turn->pause[0] ? turn->pause : NULL,
                     "timed_out", result->timed_out ? json_integer(1) : NULL);
}

/* What this round's cell for it found, of an open load. */
static void add_capacity(const struct run *run, size_t round, const struct cell *cell, struct side_setting *setting)
{
    const struct cell *capacity = plan_capacity_cell(&run->plan, cell);
    setting->round = round;
    for (size_t i = json_array_size(run->journal.lines); capacity && i-- > 0;) {
        const json_t *line = json_array_get(run->journal.lines, i);
        const char *name = json_string_value(json_object_get(line, "cell"));
        if ((size_t)json_integer_value(json_object_get(line, "round")) != round || strcmp(name, capacity->name) != 0)
            continue;
        if (strcmp(json_string_value(json_object_get(line, "status")), "ok") != 0)
            return; /* not known: what was left out may have metrics */
        double service_ns = json_number_value(json_object_get(json_object_get(line, "metrics"), "time_ns"));
        setting->service_ns = service_ns;
        setting->capacity_per_s = service_ns > 0 ? 1e9 / service_ns * (double)run->open_place.n_task_cpus : 0;
        return;
    }
}

/* That of the start, so that rounds are alike, unless a limit was lowered or much of it was taken since: small changes
 * are what the reserve is for. */
static struct machine_headroom headroom_now(const struct run *run)
{
    struct machine_headroom now;
    machine_headroom("", &now);
    return now.max_threads < run->headroom.max_threads / 10 * 9 ? now : run->headroom;
}

static int append(struct run *run, const struct turn *turn, const struct spawn_result *result)
{
    int error = journal_append(&run->journal, line_of(run, turn, result));
    return error ? run_give_up(run, "cannot write the journal of", error) : 0;
}

/* What stood still once is measured again, and left out if that happens twice: its times are those of no side. Returns
 * whether there is a line to write. */
static bool settle_pause(struct run *run, struct turn *turn, struct spawn_result *result)
{
    const struct cell *cell = &run->plan.cells[turn->step.cell];
    if (!result->pause[0])
        return true;
    if (!turn->pause[0]) {
        snprintf(turn->pause, sizeof turn->pause, "%s", result->pause);
        progress_end(&run->progress);
        fprintf(stderr, "! %s in %s is measured again: %s\n", cell->sides[turn->step.side].backend, cell->name,
                result->pause);
        return false;
    }
    result->timed_out = false;
    json_decref(result->histogram);
    json_decref(result->timeline);
    json_decref(result->lateness);
    result->histogram = result->timeline = result->lateness = NULL;
    snprintf(result->status, sizeof result->status, "failed");
    snprintf(result->reason, sizeof result->reason, "left out: %s, when measured again too", result->pause);
    return true;
}

/* Does nothing about a side that is known to hang but to say so. */
static int skip(struct run *run, const struct turn *turn, const char *why)
{
    struct spawn_result result = { .status = "failed", .metrics = json_object(), .environment = json_object() };
    snprintf(result.reason, sizeof result.reason, "%s: not tried again", why);
    int code = append(run, turn, &result);
    spawn_release(&result);
    run->progress.total_ms -= run->expected_ms[run_side_number(run, turn->step)];
    return code;
}

static int measure(struct run *run, struct turn *turn)
{
    const struct cell *cell = &run->plan.cells[turn->step.cell];
    const struct side *side = &cell->sides[turn->step.side];
    struct side_setting setting = run_setting(run);
    struct machine_headroom headroom;
    struct spawn_result result;
    double expected_ms = run->expected_ms[run_side_number(run, turn->step)];
    int code = run_check_room(run, run->dir);
    if (code)
        return code;
    add_capacity(run, turn->round, cell, &setting);
    if (cell->once) { /* a ramp, which may go on to the reserve */
        headroom = headroom_now(run);
        setting.max_threads = headroom.max_threads;
        setting.thread_limit = headroom.limit;
    }
    progress_show(&run->progress, cell->name, side->backend);
    json_t *job = side_job(cell, side, &setting, side->iterations, 0);
    int error = spawn_side(job, cell, budget_timeout_s(expected_ms), &result);
    json_decref(job);
    if (error == -EINTR)
        return RUN_STOPPED;
    if (error)
        return run_give_up(run, "cannot start a process for", error);
    code = run_look_again(run, RUN_LOOK_QUICKLY);
    if (!code && settle_pause(run, turn, &result)) {
        code = append(run, turn, &result);
        turn->pause[0] = '\0';
        progress_add(&run->progress, expected_ms);
        if (!code && result.timed_out)
            run_note_hang(run, cell, side, budget_timeout_s(expected_ms), (int)turn->round);
    }
    spawn_release(&result);
    return code;
}

static bool same_step(const struct run *run, const struct plan_step *step, const json_t *line)
{
    const struct cell *cell = &run->plan.cells[step->cell];
    const struct side *side = &cell->sides[step->side];
    const char *name = json_string_value(json_object_get(line, "cell"));
    const char *backend = json_string_value(json_object_get(line, "backend"));
    return name && backend && strcmp(cell->name, name) == 0 && strcmp(side->backend, backend) == 0
        && (size_t)json_integer_value(json_object_get(line, "workers")) == side->workers;
}

/* Only lines of an earlier process can hold a step that is still ahead of this one. */
static bool is_done(const struct run *run, size_t round, const struct plan_step *step, size_t n_old)
{
    for (size_t i = 0; i < n_old; i++) {
        const json_t *line = json_array_get(run->journal.lines, i);
        if ((size_t)json_integer_value(json_object_get(line, "round")) == round && same_step(run, step, line))
            return true;
    }
    return false;
}

/* A side that stood still has its second turn when all others have had theirs, but for that which open loads of this
 * round go by. */
static int take_turn(struct run *run, struct turn *turn)
{
    const struct cell *cell = &run->plan.cells[turn->step.cell];
    const char *hang = run_find_hang(run, cell, &cell->sides[turn->step.side]);
    if (hang)
        return skip(run, turn, hang);
    int code = measure(run, turn);
    return !code && turn->pause[0] && plan_is_capacity(cell) ? measure(run, turn) : code;
}

/* steps and turns have room for all sides. */
static int measure_round(struct run *run, size_t round, struct plan_step *steps, struct turn *turns, size_t n_old)
{
    size_t n_steps = plan_order(&run->plan, round, steps), n_again = 0, n_done = 0;
    int code = 0;
    run->round_start = journal_mark(&run->journal);
    for (size_t i = 0; i < n_steps && !code; i++) {
        if (is_done(run, round, &steps[i], n_old)) {
            run->progress.total_ms -= run->expected_ms[run_side_number(run, steps[i])];
            n_done++;
            continue;
        }
        turns[n_again] = (struct turn){ round, steps[i], "" };
        code = take_turn(run, &turns[n_again]);
        n_again += turns[n_again].pause[0] != '\0';
    }
    for (size_t i = 0; i < n_again && !code; i++)
        code = measure(run, &turns[i]);
    if (code || n_done == n_steps)
        return code;
    code = run_look_again(run, RUN_LOOK_CLOSELY);
    if (!code && !run->progress.terminal)
        progress_note(&run->progress, "round %zu of %zu", round + 1, run->plan.factors.rounds);
    return code;
}

int run_measure_rounds(struct run *run)
{
    size_t n_steps = plan_n_sides(&run->plan), n_old = json_array_size(run->journal.lines);
    struct plan_step *steps = calloc(n_steps + 1, sizeof *steps);
    struct turn *turns = calloc(n_steps + 1, sizeof *turns);
    int code = steps && turns ? 0 : RUN_ERROR;
    for (size_t round = 0; round < run->plan.factors.rounds && !code; round++)
        code = measure_round(run, round, steps, turns, n_old);
    free(turns);
    free(steps);
    return code;
}
