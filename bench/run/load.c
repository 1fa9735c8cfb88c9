/* Takes up a run that was stopped: its options from run.json, and the reasons not to go on. */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const struct run *run, const char *why)
{
    fprintf(stderr, "poolbench: cannot resume '%s': %s\n", run->dir, why);
    return RUN_ERROR;
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The strings of the options live as long as the document, which is never freed. */
static int read_factors(struct run *run, const json_t *factors)
{
    struct run_options *options = &run->options;
    const json_t *workers = json_object_get(factors, "workers"), *backends = json_object_get(factors, "backends");
    options->profile = profile_find(word(factors, "profile"));
    options->filter = word(factors, "filter")[0] ? word(factors, "filter") : NULL;
    options->seed = (uint64_t)json_integer_value(json_object_get(factors, "seed"));
    options->rounds = (size_t)json_integer_value(json_object_get(factors, "rounds"));
    options->n_workers = json_array_size(workers);
    size_t n_backends = json_array_size(backends);
    if (!options->profile || options->rounds == 0 || options->n_workers == 0 || options->n_workers > PLAN_WORKERS_MAX
        || n_backends == 0 || n_backends > OPTIONS_BACKENDS_MAX)
        return refuse(run, "its run.json is damaged");
    for (size_t i = 0; i < options->n_workers; i++)
        options->workers[i] = (size_t)json_integer_value(json_array_get(workers, i));
    for (size_t i = 0; i < n_backends; i++)
        options->backends[i] = json_string_value(json_array_get(backends, i));
    options->backends[n_backends] = NULL;
    for (int i = 0; options_bind_names[i]; i++)
        if (strcmp(options_bind_names[i], word(factors, "bind")) == 0)
            options->bind = (enum machine_bind)i;
    return 0;
}

/* The same files in the same order. */
static bool has_plugins(const struct run_options *options, const json_t *plugins)
{
    bool same = json_array_size(plugins) == options->n_plugins;
    for (size_t i = 0; i < options->n_plugins && same; i++)
        same = strcmp(word(json_array_get(plugins, i), "hash"), options->plugins[i].hash) == 0;
    return same;
}

/* Whether files lie where those of the first part lay, as far as machine.json tells one place from another. */
static bool has_scratch(const struct run *run)
{
    static const char *const keys[] = { "file_system", "options", "device", "model", "rotational" };
    char path[4096 + 16];
    json_error_t where;
    json_t *now = NULL;
    snprintf(path, sizeof path, "%s/machine.json", run->dir);
    json_t *machine = json_load_file(path, 0, &where);
    const json_t *before = json_object_get(machine, "scratch");
    bool same = !before || machine_describe_path("", run->options.scratch_dir, &now) == 0;
    for (size_t i = 0; before && same && i < sizeof keys / sizeof *keys; i++)
        same = strcmp(word(before, keys[i]), word(now, keys[i])) == 0;
    json_decref(now);
    json_decref(machine);
    return same;
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

int run_load(struct run *run)
{
    char path[4096 + 16];
    json_error_t where;
    snprintf(run->dir, sizeof run->dir, "%s", run->options.resume);
    for (size_t n = strlen(run->dir); n > 1 && run->dir[n - 1] == '/'; n--)
        run->dir[n - 1] = '\0';
    snprintf(path, sizeof path, "%s/run.json", run->dir);
    json_t *document = json_load_file(path, 0, &where);
    if (!document)
        return refuse(run, "it has no readable run.json");
    const json_t *schema = json_object_get(document, "schema"), *of_run = json_object_get(document, "run");
    if (json_integer_value(schema) > 1)
        return refuse(run, "it was written by a newer version");
    if (strcmp(word(of_run, "status"), "complete") == 0)
        return refuse(run, "it is complete: `make report` draws it again");
    if (read_factors(run, json_object_get(document, "factors")) != 0 || run_look_around(run) != 0)
        return RUN_ERROR;
    if (strcmp(word(json_object_get(document, "factors"), "kernel"), run->kernel) != 0)
        return refuse(run, "it was measured on another kernel");
    if (strcmp(word(json_object_get(document, "factors"), "cpu_setting"), machine_cpu_setting(run->machine)) != 0)
        return refuse(run, "it was measured with another CPU mask or quota");
    const char *binary = word(json_object_get(document, "suite"), "binary");
    if (strcmp(binary, run->binary) != 0 || strcmp(binary, "unknown") == 0)
        return refuse(run, "it was measured by another build of poolbench");
    if (!has_plugins(&run->options, json_object_get(json_object_get(document, "factors"), "plugins")))
        return refuse(run, "it was measured with other plugins: give the same with --plugin, in the same order");
    if (strcmp(word(of_run, "machine"), machine_id(run->machine)) != 0)
        return refuse(run, "it was measured on another machine");
    if (!has_scratch(run))
        return refuse(run, "its files lay on another file system or disk: give the same with --scratch");
    snprintf(run->python, sizeof run->python, "%s", word(json_object_get(document, "factors"), "python"));
    snprintf(run->started, sizeof run->started, "%.31s", word(of_run, "started"));
    run->n_resumes = (int)json_integer_value(json_object_get(of_run, "resumes")) + 1;
    /* One reserve for the whole run: the smaller one, should the machine have less room now. */
    const json_t *headroom = json_object_get(document, "headroom");
    size_t max_threads = (size_t)json_integer_value(json_object_get(headroom, "max_threads"));
    if (max_threads > 0 && max_threads < run->headroom.max_threads) {
        run->headroom.max_threads = max_threads;
        snprintf(run->headroom.limit, sizeof run->headroom.limit, "%.31s", word(headroom, "limit"));
    }
    keep_checks(run, json_object_get(document, "checks"));
    return 0;
}
