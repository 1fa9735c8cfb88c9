/* Puts run.json together. */
#include "record/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "record/folder.h"
#include "run/run.h"
#include "version.h"

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static json_t *names_json(const char *const *names)
{
    json_t *list = json_array();
    for (; *names; names++)
        json_array_append_new(list, json_string(*names));
    return list;
}

static json_t *workers_json(const struct plan_factors *factors)
{
    json_t *list = json_array();
    for (size_t i = 0; i < factors->n_workers; i++)
        json_array_append_new(list, json_integer((json_int_t)factors->workers[i]));
    return list;
}

/* Their names without folders, which are nobody's business. */
static json_t *plugins_json(const struct run_options *options)
{
    json_t *list = json_array();
    for (size_t i = 0; i < options->n_plugins; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "file", last_name(options->plugins[i].path),
                                              "hash", options->plugins[i].hash));
    return list;
}

json_t *run_factors_json(const struct run *run)
{
    const struct plan_factors *factors = &run->plan.factors;
    const json_t *around = run->surroundings;
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s*}",
                     "profile", factors->profile->name, "seed", (json_int_t)factors->seed,
                     "rounds", (json_int_t)factors->rounds,
                     "workers", workers_json(factors), "backends", names_json(factors->backends),
                     "plugins", plugins_json(&run->options), "filter", factors->filter ? factors->filter : "",
                     "bind", options_bind_names[run->options.bind],
                     "stack_bytes", (json_int_t)run_setting(run).stack_bytes,
                     "cpus_usable", (json_int_t)factors->cpus_usable,
                     "cpus_open", (json_int_t)factors->cpus_open,
                     "generator", run->open_place.generator_cpu >= 0 ? "a core of its own" : "shares the tasks' CPU",
                     "cpu_setting", machine_cpu_setting(run->machine),
                     "kernel", json_string_value(json_object_get(around, "kernel")),
                     "python", json_string_value(json_object_get(around, "python")));
}

static json_t *list_text(const json_t *list)
{
    char text[1024] = "";
    size_t i, n = 0;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *comma = i ? "," : "";
        n += (size_t)(json_is_string(item)
            ? snprintf(text + n, sizeof text - n, "%s%s", comma, json_string_value(item))
            : snprintf(text + n, sizeof text - n, "%s%lld", comma, (long long)json_integer_value(item)));
        if (n >= sizeof text)
            break;
    }
    return json_string(text);
}

/* The command that runs the same plan. A filter is quoted for a shell. */
static json_t *command_json(const struct run *run)
{
    const struct plan_factors *factors = &run->plan.factors;
    json_t *workers = workers_json(factors), *backends = names_json(factors->backends);
    json_t *workers_text = list_text(workers), *backends_text = list_text(backends);
    char filter[1024] = "", plugins[1024] = "";
    size_t n = 0, n_plugins = 0;
    if (factors->filter) {
        n = (size_t)snprintf(filter, sizeof filter, " --filter '");
        for (const char *c = factors->filter; *c && n < sizeof filter - 8; c++)
            n += (size_t)(*c == '\'' ? snprintf(filter + n, sizeof filter - n, "'\\''")
                                     : snprintf(filter + n, sizeof filter - n, "%c", *c));
        snprintf(filter + n, sizeof filter - n, "'");
    }
    /* Without their folders; a name that needs quotes is left to the reader. */
    for (size_t i = 0; i < run->options.n_plugins && n_plugins < sizeof plugins - 1; i++) {
        const char *name = last_name(run->options.plugins[i].path);
        bool is_plain = !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
        n_plugins += (size_t)snprintf(plugins + n_plugins, sizeof plugins - n_plugins, " --plugin %s",
                                      is_plain ? name : "FILE.so");
    }
    json_t *command = json_sprintf("poolbench run --profile %s --rounds %zu --seed %llu --workers %s --backends %s"
                                   " --bind %s%s%s",
                                   factors->profile->name, factors->rounds, (unsigned long long)factors->seed,
                                   json_string_value(workers_text), json_string_value(backends_text),
                                   options_bind_names[run->options.bind], filter, plugins);
    json_decref(workers);
    json_decref(backends);
    json_decref(workers_text);
    json_decref(backends_text);
    return command;
}

static double duration_s(const struct run *run)
{
    double sum = 0;
    size_t i;
    json_t *line;
    json_array_foreach(run->journal.lines, i, line)
        sum += json_number_value(json_object_get(line, "wall_s"));
    return sum;
}

static json_t *run_json(const struct run *run, const char *status)
{
    char ended[32] = "unknown";
    time_t now = time(NULL);
    struct tm utc;
    if (strcmp(status, "complete") == 0)
        strftime(ended, sizeof ended, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i}", "id", run->id,
                     "machine", machine_id(run->machine), "status", status, "started", run->started, "ended", ended,
                     "duration_s", duration_s(run), "resumes", run->n_resumes);
}

static json_t *clock_json(const struct run *run)
{
    const json_t *clock = json_object_get(machine_description(run->machine), "clock");
    const char *source = json_string_value(json_object_get(clock, "source"));
    return json_pack("{s:s, s:f, s:f, s:f, s:f}", "source", source ? source : "unknown",
                     "resolution_ns", run->clock.resolution_ns, "cost_ns", run->clock.clock_ns,
                     "stamp_ns", run->clock.stamp_ns, "record_ns", run->clock.record_ns);
}

int run_write_document(const struct run *run, const char *status)
{
    bool complete = strcmp(status, "complete") == 0;
    json_t *document = json_pack(
        "{s:i, s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:o, s:o, s:o, s:O, s:{s:I, s:s},"
        " s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}",
        "schema", 1,
        "suite", "name", "poolbench", "version", POOLBENCH_VERSION, "commit", POOLBENCH_COMMIT,
        "dirty", POOLBENCH_DIRTY, "binary", json_string_value(json_object_get(run->surroundings, "binary")),
        "run", run_json(run, status), "factors", run_factors_json(run), "command", command_json(run),
        "clock", clock_json(run), "calibration", run->calibration,
        "headroom", "max_threads", (json_int_t)run->headroom.max_threads, "limit", run->headroom.limit,
        "metrics", document_metrics(), "backends", document_backends(), "workloads", document_workloads(),
        "experiments", document_experiments(&run->plan), "cells", document_cells(&run->plan),
        "samples", complete ? document_samples(run->journal.lines) : json_array(),
        "failures", document_failures(run->journal.lines), "checks", run->checks);
    int error = document ? folder_write_json(run->dir, "run.json", document) : -ENOMEM;
    json_decref(document);
    return error;
}
