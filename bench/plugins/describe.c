/* What a plugin brings, as a process of its own says it; that may crash, hang or end as it likes. */
#include "plugins/plugins.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure/spawn.h"
#include "plugin.h"
#include "record/check.h"
#include "record/folder.h"
#include "record/text.h"

enum { DESCRIBE_TIMEOUT_S = 10, CALIBRATE_TIMEOUT_S = 30 };

/* Kept for as long as this process lives: the registries point to it. */
struct described_workload {
    struct workload workload;
    struct workload_parameter parameters[WORKLOAD_PARAMETERS_MAX + 1];
    bool calibrates;
};

static int complain(const char *path, const char *why)
{
    fprintf(stderr, "poolbench: plugin '%s': %s\n", path, why);
    return 1;
}

static char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return strdup(text ? text : "");
}

static int add_backend(const json_t *row)
{
    struct executor *executor = calloc(1, sizeof *executor);
    if (!executor)
        return -ENOMEM;
    executor->name = text_of(row, "name");
    executor->summary = text_of(row, "summary");
    executor->capabilities = (unsigned)json_integer_value(json_object_get(row, "capabilities"));
    return executor_find(executor->name) ? -EEXIST : executor_add(executor);
}

static int add_workload(const json_t *row)
{
    struct described_workload *described = calloc(1, sizeof *described);
    const json_t *parameters = json_object_get(row, "parameters"), *parameter;
    size_t i;
    if (!described)
        return -ENOMEM;
    described->workload = (struct workload){
        .name = text_of(row, "name"), .summary = text_of(row, "summary"),
        .kind = json_integer_value(json_object_get(row, "kind")) == WORKLOAD_IO ? WORKLOAD_IO : WORKLOAD_CPU,
        .parameters = described->parameters,
    };
    described->calibrates = json_is_true(json_object_get(row, "calibrates"));
    json_array_foreach(parameters, i, parameter) {
        if (i == WORKLOAD_PARAMETERS_MAX)
            break;
        described->parameters[i] = (struct workload_parameter){
            .name = text_of(parameter, "name"), .summary = text_of(parameter, "summary"),
            .default_value = (uint64_t)json_integer_value(json_object_get(parameter, "default")),
            .min = (uint64_t)json_integer_value(json_object_get(parameter, "min")),
            .max = (uint64_t)json_integer_value(json_object_get(parameter, "max")),
        };
    }
    return workload_find(described->workload.name) ? -EEXIST : workload_add(&described->workload);
}

static const struct check_field of_backend[] = {
    { "name", CHECK_TEXT, false }, { "summary", CHECK_TEXT, false }, { "capabilities", CHECK_COUNT, false },
    { NULL, CHECK_TEXT, false },
};

static const struct check_field of_workload[] = {
    { "name", CHECK_TEXT, false }, { "summary", CHECK_TEXT, false }, { "kind", CHECK_COUNT, false },
    { "parameters", CHECK_LIST, false }, { NULL, CHECK_TEXT, false },
};

static const struct check_field of_parameter[] = {
    { "name", CHECK_TEXT, false }, { "summary", CHECK_TEXT, false }, { "default", CHECK_COUNT, false },
    { "min", CHECK_COUNT, false }, { "max", CHECK_COUNT, false }, { NULL, CHECK_TEXT, false },
};

static bool are_rows(const json_t *list, const struct check_field *fields)
{
    char reason[CHECK_REASON_BYTES];
    size_t i;
    const json_t *row;
    json_array_foreach(list, i, row)
        if (check_fields(row, fields, false, reason, sizeof reason) != 0)
            return false;
    return json_is_array(list);
}

/* The plugin's code was in the process that wrote it. */
static bool is_description(const json_t *description)
{
    const json_t *workloads = json_object_get(description, "workloads"), *row;
    bool good = are_rows(json_object_get(description, "backends"), of_backend) && are_rows(workloads, of_workload);
    for (size_t i = 0; good && (row = json_array_get(workloads, i)); i++)
        good = are_rows(json_object_get(row, "parameters"), of_parameter);
    return good;
}

/* Two plugins may bring the same name. */
static int add_all(const char *path, const json_t *description)
{
    const json_t *backends = json_object_get(description, "backends"), *row;
    const json_t *workloads = json_object_get(description, "workloads");
    size_t i;
    int error = 0;
    if (!is_description(description))
        return complain(path, "it does not say what it brings");
    for (i = 0; (row = json_array_get(backends, i)) && !error; i++)
        error = add_backend(row);
    for (i = 0; (row = json_array_get(workloads, i)) && !error; i++)
        error = add_workload(row);
    return error == 0 ? 0 : complain(path, error == -EEXIST ? "another plugin brings the same name"
                                                            : "too many backends or workloads");
}

int plugins_describe(const char *path, struct plugin *plugin)
{
    char *absolute = realpath(path, NULL);
    struct spawn_result result;
    struct stat status;
    if (!absolute || stat(absolute, &status) != 0 || access(absolute, R_OK) != 0)
        return complain(path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return complain(path, "it is no regular file");
    if (!text_is_printable(absolute))
        return complain(path, "the name of a folder above it is not printable UTF-8: put it elsewhere");
    spawn_begin();
    json_t *job = json_pack("{s:s}", "describe", absolute);
    int error = spawn_side(job, NULL, DESCRIBE_TIMEOUT_S, &result);
    json_decref(job);
    if (error)
        return complain(path, error == -EINTR ? "stopped" : strerror(-error));
    int code = strcmp(result.status, "ok") == 0 ? add_all(path, result.metrics) : complain(path, result.reason);
    *plugin = (struct plugin){ .path = absolute, .description = json_incref(result.metrics) };
    spawn_release(&result);
    folder_hash_file(absolute, plugin->hash);
    return code;
}

static bool brings(const struct plugin *plugin, const char *kind, const char *name)
{
    const json_t *list = json_object_get(plugin->description, kind), *row;
    size_t i;
    json_array_foreach(list, i, row)
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return true;
    return false;
}

json_t *plugins_paths(const struct plugin *plugins, size_t n_plugins, const char *backend, const char *workload)
{
    json_t *paths = json_array();
    for (size_t i = 0; i < n_plugins; i++)
        if (brings(&plugins[i], "backends", backend) || brings(&plugins[i], "workloads", workload))
            json_array_append_new(paths, json_string(plugins[i].path));
    return paths;
}

int plugins_calibrate(const struct plugin *plugins, size_t n_plugins, const struct workload *workload, uint64_t *value)
{
    const struct described_workload *described = (const struct described_workload *)workload;
    struct spawn_result result;
    *value = 0;
    if (!workload_is_added(workload) || !described->calibrates)
        return 0;
    json_t *job = json_pack("{s:s, s:o}", "calibrate", workload->name, "plugins",
                            plugins_paths(plugins, n_plugins, "", workload->name));
    int error = spawn_side(job, NULL, CALIBRATE_TIMEOUT_S, &result);
    json_decref(job);
    if (error)
        return error;
    const json_t *found = json_object_get(result.metrics, "calibration");
    *value = (uint64_t)json_integer_value(found);
    bool is_well = strcmp(result.status, "ok") == 0;
    if (!is_well || !json_is_integer(found) || json_integer_value(found) < 0) {
        fprintf(stderr, "poolbench: workload '%s' cannot be calibrated: %s\n", workload->name,
                is_well ? "it returned no number that can be recorded" : result.reason);
        error = -EINVAL;
    }
    spawn_release(&result);
    return error;
}
