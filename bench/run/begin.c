/* The start of a run, of a new one or of one that was stopped, up to where it measures.
 *
 * The folder is made in an order in which each state of it can be taken up: nothing is in it without run.json, which
 * holds all that was chosen; whatever of the rest is missing, a resume writes. The journal is made and locked first,
 * so that nobody else takes up what is being made.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "record/check.h"
#include "record/document.h"
#include "record/folder.h"
#include "run/run.h"
#include "version.h"

static void hash_plan(struct run *run)
{
    json_t *cells = document_cells(&run->plan);
    const struct plan_factors *f = &run->plan.factors;
    json_t *factors = json_pack("{s:s, s:I, s:I, s:s?, s:s, s:o}", "profile", f->profile->name,
                                "seed", (json_int_t)f->seed, "rounds", (json_int_t)f->rounds, "filter", f->filter,
                                "bind", options_bind_names[run->options.bind], "cells", cells);
    document_hash(factors, run->plan_hash);
    json_decref(factors);
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

static int print_topology(FILE *file, const void *machine)
{
    return machine_print_topology(machine, file);
}

static int open_journal(struct run *run)
{
    char reason[FOLDER_REASON_BYTES];
    if (journal_open(&run->journal, run->dir, reason, sizeof reason) == 0)
        return 0;
    if (run->options.resume)
        return run_refuse(run, "its journal.jsonl: %s", reason);
    fprintf(stderr, "poolbench: '%s': its journal.jsonl: %s\n", run->dir, reason);
    return RUN_ERROR;
}

/* What the folder has before the first side; of a run that is taken up, what it lacks. */
static int write_first_files(const struct run *run, bool is_new)
{
    int error = run_write_document(run, "incomplete");
    if (!error && (is_new || !folder_has(run->dir, "machine.json")))
        error = write_machine(run);
    if (!error && (is_new || !folder_has(run->dir, "topology.xml")))
        error = folder_write(run->dir, "topology.xml", print_topology, run->machine);
    return error ? run_complain(run, "cannot write to", error) : 0;
}

static int create_folder(struct run *run)
{
    time_t now = time(NULL);
    struct tm utc;
    strftime(run->started, sizeof run->started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    const char *results_dir = run->options.results_dir;
    int error = folder_create(results_dir, machine_id(run->machine), POOLBENCH_COMMIT, run->dir, sizeof run->dir);
    if (error) {
        fprintf(stderr, "poolbench: cannot make a run folder in '%s': %s\n", results_dir, folder_why(error));
        return RUN_ERROR;
    }
    snprintf(run->id, sizeof run->id, "%s", strrchr(run->dir, '/') + 1);
    int code = open_journal(run);
    return code ? code : write_first_files(run, true);
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
    return run_check_room(run, nearest);
}

int run_begin(struct run *run)
{
    int code = run_look_around(run);
    if (code)
        return code;
    run->surroundings = run_surroundings(run, run->machine);
    code = run_make_plan(run);
    if (!code)
        code = run_calibrate(run);
    if (!code)
        code = run_find_python(run);
    if (code)
        return code;
    hash_plan(run);
    code = check_results_room(run);
    return code ? code : create_folder(run);
}

/* The calibration of the journal is that of the first part; without one, nothing was measured yet. */
static int take_calibration(struct run *run)
{
    char reason[CHECK_REASON_BYTES];
    const json_t *line = run->journal.plan;
    if (!line)
        return run_calibrate(run);
    if (check_plan_line(line, reason, sizeof reason) != 0)
        return run_refuse(run, "its journal.jsonl: line 1: %s", reason);
    json_t *calibration = json_object_get(line, "calibration");
    if (!json_equal(calibration, json_object_get(run->recorded, "calibration")))
        return run_refuse(run, "its journal.jsonl: line 1: its calibration is not that of run.json");
    json_object_update(run->calibration, calibration);
    return 0;
}

/* All that was read is looked at before the folder is changed and before anything is measured. */
int run_take_up(struct run *run)
{
    int code = run_load(run);
    if (!code)
        code = open_journal(run);
    if (!code)
        code = run_load_unchanged(run);
    if (!code && json_array_size(run->journal.lines) == 0) /* nothing was measured under the first part's reserve */
        machine_headroom("", &run->headroom);
    if (!code)
        code = run_make_plan(run);
    if (!code)
        code = take_calibration(run);
    if (!code)
        code = run_find_python(run);
    if (code)
        return code;
    hash_plan(run);
    code = run_check_recorded(run);
    if (code)
        return code;
    int error = journal_settle(&run->journal);
    if (error)
        return run_complain(run, "cannot write the journal of", error);
    error = folder_tidy(run->dir);
    if (error)
        return run_complain(run, "cannot remove temporary files in", error);
    return write_first_files(run, false);
}
