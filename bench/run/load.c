/* Takes up a run that was stopped: its options from run.json, and the reasons not to go on. */
#include "run/run.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/executor.h"
#include "record/check.h"
#include "record/document.h"
#include "record/folder.h"
#include "record/text.h"

enum { DOCUMENT_MAX_BYTES = 1 << 28, MACHINE_MAX_BYTES = 1 << 24, CHECKS_MAX = 100, RESUMES_MAX = 1000000 };

int run_refuse(const struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "poolbench: cannot resume '%s': ", run->dir);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return RUN_ERROR;
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static size_t number(const json_t *object, const char *name)
{
    return (size_t)json_integer_value(json_object_get(object, name));
}

static bool is_like(const char *text, const char *pattern)
{
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        abort();
    bool is = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return is;
}

/* Fields of run.json that are read, in their objects. All others are written anew. */
static const struct check_field of_document[] = {
    { "suite", CHECK_OBJECT, false }, { "run", CHECK_OBJECT, false }, { "factors", CHECK_OBJECT, false },
    { "calibration", CHECK_OBJECT, false }, { "headroom", CHECK_OBJECT, false }, { "cells", CHECK_LIST, false },
    { "checks", CHECK_LIST, false }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_suite[] = { { "binary", CHECK_TEXT, false }, { NULL, CHECK_TEXT, false } };

static const struct check_field run_fields[] = {
    { "id", CHECK_TEXT, false }, { "machine", CHECK_TEXT, false }, { "status", CHECK_TEXT, false },
    { "started", CHECK_TEXT, false }, { "resumes", CHECK_COUNT, false }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_factors[] = {
    { "profile", CHECK_TEXT, false }, { "seed", CHECK_COUNT, false }, { "rounds", CHECK_COUNT, false },
    { "workers", CHECK_LIST, false }, { "backends", CHECK_LIST, false }, { "plugins", CHECK_LIST, false },
    { "filter", CHECK_TEXT, false }, { "bind", CHECK_TEXT, false }, { "cpu_setting", CHECK_TEXT, false },
    { "kernel", CHECK_TEXT, false }, { "python", CHECK_TEXT, true }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_headroom[] = {
    { "max_threads", CHECK_COUNT, false }, { "limit", CHECK_TEXT, false }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_plugin[] = {
    { "file", CHECK_TEXT, false }, { "hash", CHECK_TEXT, false }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_check[] = {
    { "name", CHECK_TEXT, false }, { "text", CHECK_TEXT, false }, { "advice", CHECK_TEXT, false },
    { NULL, CHECK_TEXT, false },
};

static int refuse_document(const struct run *run, const char *part, const char *reason)
{
    return run_refuse(run, "its run.json: '%s': %s", part, reason);
}

static int check_rows(const struct run *run, const json_t *list, const char *part, const struct check_field *fields)
{
    char reason[CHECK_REASON_BYTES];
    size_t i;
    const json_t *row;
    json_array_foreach(list, i, row)
        if (check_fields(row, fields, true, reason, sizeof reason) != 0)
            return refuse_document(run, part, reason);
    return json_array_size(list) <= CHECKS_MAX ? 0 : refuse_document(run, part, "it has more entries than any run");
}

/* Whether all that is read is there and of its kind. */
static int check_document(const struct run *run, const json_t *document)
{
    static const struct { const char *name; const struct check_field *fields; } parts[] = {
        { "suite", of_suite }, { "run", run_fields }, { "factors", of_factors }, { "headroom", of_headroom },
    };
    char reason[CHECK_REASON_BYTES];
    if (check_fields(document, of_document, false, reason, sizeof reason) != 0)
        return run_refuse(run, "its run.json: %s", reason);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (check_fields(json_object_get(document, parts[i].name), parts[i].fields, false, reason, sizeof reason) != 0)
            return refuse_document(run, parts[i].name, reason);
    const json_t *of = json_object_get(document, "run");
    if (strcmp(word(of, "status"), "incomplete") != 0)
        return refuse_document(run, "run", "its status is neither complete nor incomplete");
    if (!is_like(word(of, "id"), "^[0-9]{8}T[0-9]{6}Z-([0-9a-f]{8}|nogit)(-[0-9]{1,6})?$"))
        return refuse_document(run, "run", "its id is none");
    if (!is_like(word(of, "started"), "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))
        return refuse_document(run, "run", "its start is no time");
    if (number(of, "resumes") >= RESUMES_MAX)
        return refuse_document(run, "run", "it has more resumes than any run");
    int code = check_rows(run, json_object_get(json_object_get(document, "factors"), "plugins"), "plugins", of_plugin);
    return code ? code : check_rows(run, json_object_get(document, "checks"), "checks", of_check);
}

static bool read_workers(struct run_options *options, const json_t *list)
{
    size_t i, j;
    const json_t *item;
    json_array_foreach(list, i, item) {
        json_int_t n = json_integer_value(item);
        if (i == PLAN_WORKERS_MAX || n < 1 || n > OPTIONS_WORKERS_MAX)
            return false;
        options->workers[i] = (size_t)n;
        for (j = 0; j < i; j++)
            if (options->workers[j] == options->workers[i])
                return false;
    }
    options->n_workers = json_array_size(list);
    return options->n_workers > 0;
}

static bool read_backends(struct run_options *options, const json_t *list)
{
    size_t i, j;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const struct executor *executor = json_is_string(item) ? executor_find(json_string_value(item)) : NULL;
        if (i == OPTIONS_BACKENDS_MAX || !executor)
            return false;
        options->backends[i] = executor->name;
        for (j = 0; j < i; j++)
            if (options->backends[j] == executor->name)
                return false;
    }
    options->backends[json_array_size(list)] = NULL;
    return json_array_size(list) > 0;
}

static bool read_bind(struct run_options *options, const char *name)
{
    for (int i = 0; options_bind_names[i]; i++)
        if (strcmp(options_bind_names[i], name) == 0) {
            options->bind = (enum machine_bind)i;
            return true;
        }
    return false;
}

/* The strings of the options live as long as the document. */
static int read_factors(struct run *run, const json_t *factors)
{
    struct run_options *options = &run->options;
    options->profile = profile_find(word(factors, "profile"));
    options->filter = word(factors, "filter")[0] ? word(factors, "filter") : NULL;
    options->seed = (uint64_t)json_integer_value(json_object_get(factors, "seed"));
    options->rounds = number(factors, "rounds");
    const char *wrong = !options->profile ? "profile"
        : options->rounds < 1 || options->rounds > OPTIONS_ROUNDS_MAX ? "rounds"
        : strlen(word(factors, "filter")) > OPTIONS_FILTER_MAX ? "filter"
        : !read_workers(options, json_object_get(factors, "workers")) ? "workers"
        : !read_backends(options, json_object_get(factors, "backends")) ? "backends"
        : !read_bind(options, word(factors, "bind")) ? "bind" : NULL;
    return wrong ? run_refuse(run, "its run.json: 'factors': no run has such '%s'", wrong) : 0;
}

/* Refuses what has changed since. Takes the reference to what was before. */
static int refuse_change(const struct run *run, json_t *before, const json_t *now)
{
    const struct run_change *change = run_find_change(before, now);
    int code = change ? run_refuse(run, "%s%s", change->refusal, run_changed_part(change, before, now)) : 0;
    json_decref(before);
    return code;
}

/* The same files in the same order. */
static json_t *plugins_json(const json_t *plugins)
{
    size_t i;
    const json_t *plugin;
    json_t *hashes = json_array();
    json_array_foreach(plugins, i, plugin)
        json_array_append_new(hashes, json_string(word(plugin, "hash")));
    return json_pack("{s:o}", "plugins", hashes);
}

/* Those of run.json. */
static json_t *recorded_surroundings(const json_t *document)
{
    const json_t *factors = json_object_get(document, "factors");
    return json_pack("{s:s, s:s, s:s, s:O*}", "kernel", word(factors, "kernel"),
                     "cpu_setting", word(factors, "cpu_setting"),
                     "machine", word(json_object_get(document, "run"), "machine"),
                     "python", json_object_get(factors, "python"));
}

/* Whether it is a description as this build writes them; but for what changes, it is not compared. */
static bool is_description(const json_t *machine, const json_t *now)
{
    const char *topic;
    json_t *of_now;
    json_object_foreach((json_t *)now, topic, of_now) {
        const json_t *of = json_object_get(machine, topic);
        if (!of || json_typeof(of) != json_typeof(of_now))
            return false;
    }
    const json_t *scratch = json_object_get(machine, "scratch");
    return (!scratch || json_is_object(scratch))
        && json_equal(json_object_get(machine, "id"), json_object_get(now, "id"));
}

/* What machine.json knows of them. */
static json_t *recorded_beside(const json_t *machine)
{
    const json_t *scratch = json_object_get(machine, "scratch");
    return json_pack("{s:o, s:o*}", "process", run_process_setting(machine),
                     "scratch", scratch ? run_scratch_place(scratch) : NULL);
}

/* A run that was stopped in its first moments has none yet. */
static int check_machine(const struct run *run, const json_t *now)
{
    char reason[FOLDER_REASON_BYTES];
    json_t *machine;
    int error = folder_read_json(run->dir, "machine.json", MACHINE_MAX_BYTES, &machine, reason, sizeof reason);
    if (error)
        return error == -ENOENT ? 0 : run_refuse(run, "its machine.json: %s", reason);
    int code = 0;
    if (!is_description(machine, machine_description(run->machine)))
        code = run_refuse(run, "its machine.json: it does not describe this machine as this build does");
    else
        code = refuse_change(run, recorded_beside(machine), now);
    json_decref(machine);
    return code;
}

static bool has_check(const json_t *checks, const char *name)
{
    size_t i;
    const json_t *check;
    json_array_foreach(checks, i, check)
        if (strcmp(word(check, "name"), name) == 0)
            return true;
    return false;
}

/* What blurred the first part, and what only blurs this one: the run has sides of both. */
static void keep_checks(struct run *run, const json_t *recorded)
{
    json_t *checks = json_is_array(recorded) ? json_copy((json_t *)recorded) : json_array(), *check;
    size_t i;
    json_array_foreach(run->checks, i, check)
        if (!has_check(recorded, word(check, "name")))
            json_array_append(checks, check);
    json_decref(run->checks);
    run->checks = checks;
}

/* Another build may have written it otherwise: that is said before what it lacks. */
static int read_document(struct run *run, json_t **document)
{
    static const char *const packed[][2] = {
        { "run.json", "run.json.gz" }, { "journal.jsonl", "journal.jsonl.gz" }, { NULL, NULL },
    };
    char reason[FOLDER_REASON_BYTES];
    const char *name;
    int error = folder_check(run->dir, &name);
    if (error)
        return run_refuse(run, "its %s: %s", name, folder_why(error));
    for (size_t i = 0; packed[i][0]; i++)
        if (folder_has(run->dir, packed[i][1]) && !folder_has(run->dir, packed[i][0]))
            return run_refuse(run, "its %s is packed: unpack it first", packed[i][0]);
    error = folder_read_json(run->dir, "run.json", DOCUMENT_MAX_BYTES, document, reason, sizeof reason);
    if (error == -ENOENT && folder_has(run->dir, "."))
        return run_refuse(run, "it has no run.json: it is no run, or was stopped before its first moment was over");
    if (error)
        return error == -ENOENT ? run_refuse(run, "%s", reason) : run_refuse(run, "its run.json: %s", reason);
    const json_t *schema = json_object_get(*document, "schema");
    if (json_is_integer(schema) && json_integer_value(schema) > 1)
        return run_refuse(run, "it was written by a newer version");
    if (!json_is_integer(schema) || json_integer_value(schema) != 1)
        return run_refuse(run, "its run.json: its 'schema' is none");
    if (strcmp(word(json_object_get(*document, "run"), "status"), "complete") == 0)
        return run_refuse(run, "it is complete: `make report` draws it again");
    const json_t *binary = json_object_get(json_object_get(*document, "suite"), "binary");
    char hash[17];
    folder_hash_file("/proc/self/exe", hash);
    if (json_is_string(binary) && (strcmp(json_string_value(binary), hash) != 0 || strcmp(hash, "unknown") == 0))
        return run_refuse(run, "it was measured by another build of poolbench");
    return check_document(run, *document);
}

int run_load(struct run *run)
{
    snprintf(run->dir, sizeof run->dir, "%s", run->options.resume);
    for (size_t n = strlen(run->dir); n > 1 && run->dir[n - 1] == '/'; n--)
        run->dir[n - 1] = '\0';
    int code = read_document(run, &run->recorded);
    if (code)
        return code;
    const json_t *document = run->recorded, *of_run = json_object_get(document, "run");
    const json_t *factors = json_object_get(document, "factors");
    json_t *now = run_surroundings(run, NULL);
    code = refuse_change(run, plugins_json(json_object_get(factors, "plugins")), now); /* they bring backends' names */
    json_decref(now);
    if (code)
        return code;
    if (read_factors(run, factors) != 0 || run_look_around(run) != 0)
        return RUN_ERROR;
    now = run_surroundings(run, run->machine);
    run->surroundings = recorded_surroundings(document);
    code = refuse_change(run, json_incref(run->surroundings), now);
    if (!code)
        code = check_machine(run, now);
    json_object_update(run->surroundings, now);
    json_decref(now);
    if (code)
        return code;
    snprintf(run->started, sizeof run->started, "%s", word(of_run, "started"));
    snprintf(run->id, sizeof run->id, "%s", word(of_run, "id"));
    run->n_resumes = (int)number(of_run, "resumes") + 1;
    /* One reserve for the whole run: the smaller one, should the machine have less room now. */
    const json_t *headroom = json_object_get(document, "headroom");
    size_t max_threads = number(headroom, "max_threads");
    if (max_threads > 0 && max_threads < run->headroom.max_threads) {
        run->headroom.max_threads = max_threads;
        snprintf(run->headroom.limit, sizeof run->headroom.limit, "%.31s", word(headroom, "limit"));
        text_clean(run->headroom.limit);
    }
    keep_checks(run, json_object_get(document, "checks"));
    return 0;
}

int run_load_unchanged(const struct run *run)
{
    json_t *document = NULL;
    struct run again = { .options = run->options };
    snprintf(again.dir, sizeof again.dir, "%s", run->dir);
    int code = read_document(&again, &document);
    if (!code && !json_equal(document, run->recorded))
        code = run_refuse(run, "another process has just gone on with it: try again");
    json_decref(document);
    return code;
}

/* What was chosen must come out as it went in; of plugins that is known already. */
static int check_factors(const struct run *run)
{
    json_t *now = run_factors_json(run);
    const json_t *before = json_object_get(run->recorded, "factors");
    const char *name;
    json_t *value;
    int code = 0;
    json_object_foreach(now, name, value)
        if (!code && strcmp(name, "plugins") != 0 && !json_equal(value, json_object_get(before, name)))
            code = run_refuse(run, "its run.json: 'factors': its '%s' is not what it is here and now", name);
    json_decref(now);
    return code;
}

/* run.json has the iterations too, but for a run that was stopped right after its pilot. */
static int check_iterations(const struct run *run)
{
    const json_t *cells = json_object_get(run->recorded, "cells");
    bool same = json_array_size(cells) == run->plan.n_cells;
    for (size_t i = 0; i < run->plan.n_cells && same; i++) {
        const json_t *recorded = json_object_get(json_array_get(cells, i), "iterations");
        json_t *own = document_iterations(&run->plan.cells[i]);
        bool is_before_pilot = json_integer_value(json_array_get(recorded, 0)) == 0;
        same = is_before_pilot || json_equal(recorded, own);
        json_decref(own);
    }
    return same ? 0 : run_refuse(run, "its journal.jsonl: line 1: its iterations are not those of run.json");
}

int run_check_recorded(struct run *run)
{
    char reason[CHECK_REASON_BYTES];
    size_t line;
    int code = check_factors(run);
    if (!code && run->journal.plan)
        code = run_adopt_plan_line(run);
    if (!code && run->journal.plan)
        code = check_iterations(run);
    if (!code && check_lines(&run->plan, run->journal.lines, &line, reason, sizeof reason) != 0)
        code = run_refuse(run, "its journal.jsonl: line %zu: %s", line, reason);
    return code;
}
