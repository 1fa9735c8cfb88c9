/* A run: look around, calibrate, plan, pilot, then round after round; then the files. */
#include "run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/spawn.h"
#include "record/document.h"
#include "record/exports.h"
#include "record/folder.h"
#include "version.h"

int run_complain(const struct run *run, const char *what, int error)
{
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: %s '%s': %s\n", what, run->dir, folder_why(error));
    return RUN_ERROR;
}

int run_give_up(const struct run *run, const char *what, int error)
{
    progress_end(&run->progress);
    if (error == -ENOENT || error == -ESTALE)
        fprintf(stderr, "poolbench: %s '%s': the folder, or a file in it, was removed or moved meanwhile\n", what,
                run->dir);
    else
        fprintf(stderr, "poolbench: %s '%s': %s; then go on with: poolbench run --resume %s\n", what, run->dir,
                folder_why(error), run->dir);
    return RUN_ERROR;
}

static int stopped(const struct run *run)
{
    progress_end(&run->progress);
    int error = run_write_document(run, "incomplete");
    if (error == -ENOENT || error == -ESTALE)
        return run_give_up(run, "cannot write to", error);
    if (error)
        run_complain(run, "cannot write to", error);
    fprintf(stderr, "poolbench: stopped; go on with: poolbench run --resume %s\n", run->dir);
    return RUN_STOPPED;
}

int run_check_room(const struct run *run, const char *path)
{
    unsigned long long free_bytes, free_mib;
    int error = folder_free_bytes(path, &free_bytes);
    if (error)
        return run_give_up(run, "cannot write to", error);
    free_mib = free_bytes >> 20;
    if (free_mib >= RUN_RESERVE_DISK_MIB)
        return 0;
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: no room: %llu MiB are free in '%s', and the last %d are left alone%s%s\n", free_mib,
            path, RUN_RESERVE_DISK_MIB, run->dir[0] ? "; then go on with: poolbench run --resume " : "", run->dir);
    return RUN_ERROR;
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

/* All rounds. */
static double expected_rounds_ms(const struct run *run)
{
    double sum = 0;
    size_t n = 0;
    for (size_t c = 0; c < run->plan.n_cells; c++) {
        const struct cell *cell = &run->plan.cells[c];
        size_t n_rounds = plan_rounds_of(cell, run->plan.factors.rounds);
        for (size_t s = 0; s < cell->n_sides; s++)
            sum += (double)n_rounds * run->expected_ms[n++];
    }
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

/* What was left out is said: so many sides had a second turn, and why the first of them had. */
static void check_pauses(struct run *run)
{
    size_t i, n = 0;
    json_t *line;
    const char *why = NULL;
    json_array_foreach(run->journal.lines, i, line) {
        const char *again = json_string_value(json_object_get(line, "again"));
        why = why ? why : again;
        n += again != NULL;
    }
    if (!n)
        return;
    json_t *text = json_sprintf("%zu %s measured again: %s", n, n == 1 ? "side was" : "sides were", why);
    json_array_append_new(run->checks, json_pack("{s:s, s:o, s:s}", "name", "pauses", "text", text, "advice",
                                                 "keep the machine awake and stop nothing while a run measures"));
}

static int finish(struct run *run)
{
    check_pauses(run);
    json_t *context = gbench_context(run), *failures = document_failures(run->journal.lines);
    int error = exports_gbench(run->dir, &run->plan, run->journal.lines, context), code = RUN_OK;
    if (!error)
        error = exports_histograms(run->dir, run->journal.lines);
    if (!error)
        error = run_write_document(run, "complete");
    progress_end(&run->progress);
    size_t n_unmeasured = run_print_unmeasured(run->journal.lines);
    code = print_failures(failures, run->plan.factors.rounds);
    if (n_unmeasured)
        code = RUN_SOME_FAILED;
    json_decref(context);
    json_decref(failures);
    return error ? run_give_up(run, "cannot write to", error) : code;
}

static int carry_out(struct run *run)
{
    int code = 0;
    expect_durations(run);
    bool pilot = !run->journal.plan;
    progress_start(&run->progress, (pilot ? expected_pilot_ms(run) : 0) + expected_rounds_ms(run));
    run_say_worst(run);
    if (pilot) {
        double before_ms = expected_rounds_ms(run);
        code = run_pilot(run);
        int error = code ? 0 : run_write_document(run, "incomplete");
        if (error)
            code = run_give_up(run, "cannot write to", error);
        run->progress.total_ms += expected_rounds_ms(run) - before_ms;
    }
    if (!code)
        code = run_measure_rounds(run);
    return code == RUN_STOPPED ? stopped(run) : code ? code : finish(run);
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
    struct run run = {
        .options = *options, .calibration = json_object(), .hangs = json_object(), .journal = { .fd = -1 },
        .scratch_fd = -1,
    };
    spawn_begin();
    int code = run_make_scratch(&run);
    if (!code)
        code = options->resume ? run_take_up(&run) : run_begin(&run);
    if (!code) {
        print_checks(&run);
        code = carry_out(&run);
    } else if (code == RUN_STOPPED) {
        fputs("poolbench: stopped before anything was measured\n", stderr);
    }
    if (code == RUN_OK || code == RUN_SOME_FAILED)
        printf("%s\n", run.dir);
    run_remove_scratch(&run);
    json_decref(run.recorded);
    journal_close(&run.journal);
    plan_release(&run.plan);
    json_decref(run.calibration);
    json_decref(run.hangs);
    json_decref(run.surroundings);
    json_decref(run.checks);
    free(run.expected_ms);
    free(run.cpusets);
    if (run.machine)
        machine_close(run.machine);
    return code;
}
