/* A run: look around, calibrate, plan, pilot, then round after round, side after side; then the files.
 *
 * What is known of a side of a round is its line in the journal, so a resume does whatever has no line.
 */
#include "run/run.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "measure/spawn.h"
#include "record/document.h"
#include "record/exports.h"
#include "record/folder.h"
#include "version.h"

/* A side that takes ten times what the pilot saw, and this much more, hangs. */
static const double timeout_slack_s = 20, timeout_factor = 10;

static int complain(const struct run *run, const char *what, int error)
{
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: %s '%s': %s\n", what, run->dir, strerror(-error));
    return RUN_ERROR;
}

int run_give_up(const struct run *run, const char *what, int error)
{
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: %s '%s': %s; then go on with: poolbench run --resume %s\n", what, run->dir,
            strerror(-error), run->dir);
    return RUN_ERROR;
}

static int stopped(const struct run *run)
{
    progress_end(&run->progress);
    int error = run_write_document(run, "incomplete");
    if (error)
        complain(run, "cannot write to", error);
    fprintf(stderr, "poolbench: stopped; go on with: poolbench run --resume %s\n", run->dir);
    return RUN_STOPPED;
}

size_t run_side_number(const struct run *run, struct plan_step step)
{
    size_t number = step.side;
    for (size_t i = 0; i < step.cell; i++)
        number += run->plan.cells[i].n_sides;
    return number;
}

static int check_room(const struct run *run, const char *path)
{
    unsigned long long free_mib = folder_free_bytes(path) >> 20;
    if (free_mib >= RUN_RESERVE_DISK_MIB)
        return 0;
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: no room: %llu MiB are free in '%s', and the last %d are left alone%s%s\n", free_mib,
            path, RUN_RESERVE_DISK_MIB, run->dir[0] ? "; then go on with: poolbench run --resume " : "", run->dir);
    return RUN_ERROR;
}

static void hash_plan(struct run *run)
{
    json_t *cells = document_cells(&run->plan);
    const struct plan_factors *f = &run->plan.factors;
    json_t *factors = json_pack("{s:s, s:I, s:I, s:s?, s:o}", "profile", f->profile->name, "seed", (json_int_t)f->seed,
                                "rounds", (json_int_t)f->rounds, "filter", f->filter, "cells", cells);
    document_hash(factors, run->plan_hash);
    json_decref(factors);
}

static void expect_durations(struct run *run)
{
    size_t n = 0;
    free(run->expected_ms);
    run->expected_ms = calloc(plan_n_sides(&run->plan) + 1, sizeof *run->expected_ms);
    if (!run->expected_ms)
        abort();
    for (size_t c = 0; c < run->plan.n_cells; c++)
        for (size_t s = 0; s < run->plan.cells[c].n_sides; s++)
            run->expected_ms[n++] = run->plan.cells[c].side_ms + budget_overhead_ms(run->plan.cells[c].side_ms);
}

static double expected_round_ms(const struct run *run)
{
    double sum = 0;
    for (size_t i = 0; i < plan_n_sides(&run->plan); i++)
        sum += run->expected_ms[i];
    return sum;
}

static double expected_pilot_ms(const struct run *run)
{
    double sum = 0;
    for (size_t c = 0; c < run->plan.n_cells; c++)
        for (size_t s = 0; s < run->plan.cells[c].n_sides && !run->plan.cells[c].once; s++)
            sum += budget_pilot_ms(&run->plan.cells[c], &run->plan.cells[c].sides[s], run->plan.factors.cpus_usable);
    return sum;
}

static json_t *line_of(const struct run *run, size_t round, const struct plan_step *step,
                       const struct spawn_result *result)
{
    const struct cell *cell = &run->plan.cells[step->cell];
    const struct side *side = &cell->sides[step->side];
    return json_pack("{s:i, s:I, s:s, s:s, s:I, s:s, s:s, s:O, s:O, s:f, s:O*, s:O*, s:O*}", "schema", JOURNAL_SCHEMA,
                     "round", (json_int_t)round, "cell", cell->name, "backend", side->backend,
                     "workers", (json_int_t)side->workers, "status", result->status, "reason", result->reason,
                     "metrics", result->metrics, "environment", result->environment, "wall_s", result->wall_s,
                     "histogram", result->histogram, "timeline", result->timeline, "lateness", result->lateness);
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

static int measure(struct run *run, size_t round, const struct plan_step *step)
{
    const struct cell *cell = &run->plan.cells[step->cell];
    const struct side *side = &cell->sides[step->side];
    struct side_setting setting = run_setting(run);
    add_capacity(run, round, cell, &setting);
    struct machine_headroom headroom;
    struct spawn_result result;
    double expected_ms = run->expected_ms[run_side_number(run, *step)];
    int code = check_room(run, run->dir);
    if (code)
        return code;
    if (cell->once) { /* a ramp, which may go on to the reserve */
        headroom = headroom_now(run);
        setting.max_threads = headroom.max_threads;
        setting.thread_limit = headroom.limit;
    }
    progress_show(&run->progress, cell->name, side->backend);
    json_t *job = side_job(cell, side, &setting, cell->iterations, 0);
    int error = spawn_side(job, timeout_slack_s + timeout_factor * expected_ms * 1e-3, &result);
    json_decref(job);
    if (error == -EINTR)
        return stopped(run);
    if (error)
        return run_give_up(run, "cannot start a process for", error);
    error = journal_append(&run->journal, line_of(run, round, step, &result));
    spawn_release(&result);
    progress_add(&run->progress, expected_ms);
    return error ? run_give_up(run, "cannot write the journal of", error) : 0;
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

static int measure_rounds(struct run *run)
{
    size_t n_steps = plan_n_sides(&run->plan), n_old = json_array_size(run->journal.lines);
    size_t n_rounds = run->plan.factors.rounds;
    struct plan_step *steps = calloc(n_steps + 1, sizeof *steps);
    int code = steps ? 0 : RUN_ERROR;
    for (size_t round = 0; round < n_rounds && !code; round++) {
        bool any = false;
        plan_order(&run->plan, round, steps);
        for (size_t i = 0; i < n_steps && !code; i++) {
            if (is_done(run, round, &steps[i], n_old)) {
                run->progress.total_ms -= run->expected_ms[run_side_number(run, steps[i])];
                continue;
            }
            code = measure(run, round, &steps[i]);
            any = true;
        }
        if (!code && any && !run->progress.terminal)
            progress_note(&run->progress, "round %zu of %zu", round + 1, n_rounds);
    }
    free(steps);
    return code;
}

static json_t *gbench_context(const struct run *run)
{
    return json_pack("{s:s, s:s, s:I, s:s}", "date", run->started, "executable", "poolbench",
                     "num_cpus", (json_int_t)run->plan.factors.cpus_usable, "poolbench_version", POOLBENCH_VERSION);
}

/* Of the same backend, ended alike for the same reason, in another cell. */
static bool is_alike(const json_t *a, const json_t *b)
{
    static const char *const same[] = { "status", "backend", "reason" };
    size_t n_same = 0;
    for (size_t i = 0; i < 3; i++)
        n_same += json_equal(json_object_get(a, same[i]), json_object_get(b, same[i]));
    return n_same == 3;
}

/* A line for each side that failed, and for each thing that a backend or the machine cannot do. */
static int print_failures(const json_t *failures, size_t n_rounds)
{
    const json_t *failure;
    int code = RUN_OK;
    size_t i;
    json_array_foreach(failures, i, failure) {
        const char *status, *backend, *cell, *reason;
        json_int_t n_workers, n_seen;
        size_t n_alike = 0, n_before = 0;
        json_unpack((json_t *)failure, "{s:s, s:s, s:I, s:s, s:s, s:I}", "status", &status, "backend", &backend,
                    "workers", &n_workers, "cell", &cell, "reason", &reason, "rounds", &n_seen);
        bool failed = strcmp(status, "failed") == 0;
        for (size_t k = 0; k < json_array_size(failures) && !failed; k++) {
            bool alike = is_alike(failure, json_array_get(failures, k));
            n_alike += alike && k != i;
            n_before += alike && k < i;
        }
        code = failed ? RUN_SOME_FAILED : code;
        if (n_before)
            continue;
        fprintf(stderr, "%s: %s/%s/workers:%lld: %s (%lld of %zu rounds", failed ? "FAILED" : "limit", backend, cell,
                (long long)n_workers, reason, (long long)n_seen, n_rounds);
        if (n_alike)
            fprintf(stderr, "; the same in %zu more", n_alike);
        fputs(")\n", stderr);
    }
    return code;
}

static int finish(struct run *run)
{
    json_t *context = gbench_context(run), *failures = document_failures(run->journal.lines);
    int error = exports_gbench(run->dir, &run->plan, run->journal.lines, context), code = RUN_OK;
    if (!error)
        error = exports_histograms(run->dir, run->journal.lines);
    if (!error)
        error = run_write_document(run, "complete");
    progress_end(&run->progress);
    code = print_failures(failures, run->plan.factors.rounds);
    json_decref(context);
    json_decref(failures);
    return error ? run_give_up(run, "cannot write to", error) : code;
}

/* The machine, and what the scratch folder lies on. */
static int write_machine(const struct run *run)
{
    json_t *description = json_copy(machine_description(run->machine)), *scratch;
    if (machine_describe_path("", run->options.scratch_dir, &scratch) == 0)
        json_object_set_new(description, "scratch", scratch);
    int error = folder_write_json(run->dir, "machine.json", description);
    json_decref(description);
    return error;
}

/* The folder and what is known before the first side. */
static int create_folder(struct run *run)
{
    time_t now = time(NULL);
    struct tm utc;
    char path[4096 + 16];
    strftime(run->started, sizeof run->started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    const char *results_dir = run->options.results_dir;
    int error = folder_create(results_dir, machine_id(run->machine), POOLBENCH_COMMIT, run->dir, sizeof run->dir);
    if (error) {
        fprintf(stderr, "poolbench: cannot make a run folder in '%s': %s\n", results_dir, strerror(-error));
        return RUN_ERROR;
    }
    snprintf(path, sizeof path, "%s/topology.xml", run->dir);
    error = run_write_document(run, "incomplete");
    if (!error)
        error = write_machine(run);
    if (!error)
        error = machine_export_topology(run->machine, path);
    return error ? complain(run, "cannot write to", error) : 0;
}

static int open_journal(struct run *run)
{
    int error = journal_open(&run->journal, run->dir);
    if (error == -EWOULDBLOCK)
        fprintf(stderr, "poolbench: '%s': another process is measuring this run\n", run->dir);
    else if (error == -EPROTO)
        fprintf(stderr, "poolbench: '%s': its journal was written by a newer version\n", run->dir);
    else if (error == -EBADMSG)
        fprintf(stderr, "poolbench: '%s': its journal is damaged before its last line\n", run->dir);
    else if (error)
        complain(run, "cannot open the journal of", error);
    return error ? RUN_ERROR : 0;
}

/* In the results folder, or where it will be made: in the nearest folder above that is there. What else keeps
 * it from being made shows when it is. */
static int check_results_room(const struct run *run)
{
    char path[4096];
    const char *nearest = path;
    struct stat status;
    snprintf(path, sizeof path, "%s", run->options.results_dir);
    while (stat(nearest, &status) != 0) {
        if (errno != ENOENT || strcmp(nearest, ".") == 0)
            return 0;
        nearest = dirname(path);
    }
    return check_room(run, nearest);
}

/* A new run: nothing is written before the plan is known to be good. */
static int begin(struct run *run)
{
    int code = run_look_around(run);
    if (!code)
        code = run_make_plan(run);
    if (!code)
        code = run_calibrate(run);
    if (!code)
        code = run_make_plan(run);
    if (!code)
        code = run_find_python(run);
    if (code)
        return code;
    hash_plan(run);
    code = check_results_room(run);
    if (!code)
        code = create_folder(run);
    return code ? code : open_journal(run);
}

/* A run that goes on: calibration and iterations are those of its journal, if it got so far. */
static int take_up(struct run *run)
{
    int code = run_load(run);
    if (!code)
        code = open_journal(run);
    if (code)
        return code;
    if (run->journal.plan)
        json_object_update(run->calibration, json_object_get(run->journal.plan, "calibration"));
    else if ((code = run_make_plan(run)) || (code = run_calibrate(run)))
        return code;
    code = run_make_plan(run);
    if (!code)
        code = run_find_python(run);
    if (code)
        return code;
    hash_plan(run);
    if (run->journal.plan && (code = run_adopt_plan_line(run)))
        return code;
    int error = run_write_document(run, "incomplete");
    return error ? complain(run, "cannot write to", error) : 0;
}

static int carry_out(struct run *run)
{
    int code = 0;
    expect_durations(run);
    bool pilot = !run->journal.plan;
    double n_rounds = (double)run->plan.factors.rounds;
    progress_start(&run->progress, (pilot ? expected_pilot_ms(run) : 0) + n_rounds * expected_round_ms(run));
    if (pilot) {
        double before_ms = expected_round_ms(run);
        code = run_pilot(run);
        int error = code ? 0 : run_write_document(run, "incomplete");
        if (error)
            code = run_give_up(run, "cannot write to", error);
        run->progress.total_ms += n_rounds * (expected_round_ms(run) - before_ms);
    }
    if (code == RUN_STOPPED)
        return stopped(run);
    if (!code)
        code = measure_rounds(run);
    return code ? code : finish(run);
}

static void print_checks(const struct run *run)
{
    size_t i;
    json_t *check;
    json_array_foreach(run->checks, i, check)
        fprintf(stderr, "! %s: %s\n", json_string_value(json_object_get(check, "text")),
                json_string_value(json_object_get(check, "advice")));
}

int run_main(struct run_options *options)
{
    struct run run = { .options = *options, .calibration = json_object(), .journal = { .fd = -1 } };
    spawn_begin();
    int code = run_make_scratch(&run);
    if (!code)
        code = options->resume ? take_up(&run) : begin(&run);
    if (!code) {
        print_checks(&run);
        code = carry_out(&run);
    } else if (code == RUN_STOPPED) {
        fputs("poolbench: stopped before anything was measured\n", stderr);
    }
    if (code == RUN_OK || code == RUN_SOME_FAILED)
        printf("%s\n", run.dir);
    run_remove_scratch(&run);
    journal_close(&run.journal);
    plan_release(&run.plan);
    json_decref(run.calibration);
    json_decref(run.checks);
    free(run.expected_ms);
    free(run.cpusets);
    if (run.machine)
        machine_close(run.machine);
    return code;
}
