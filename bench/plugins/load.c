/* Loads plugins into a measuring process, and refuses what could not be measured. */
#include "plugins/plugins.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "record/text.h"

enum { NAME_MAX_BYTES = 40, PARAMETERS_MAX_BYTES = 90 };

/* The first one does not begin a name. */
static const char name_letters[] = "-abcdefghijklmnopqrstuvwxyz0123456789";
static const char parameter_letters[] = "_abcdefghijklmnopqrstuvwxyz0123456789";

static int refuse(char *reason, size_t reason_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, reason_bytes, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static bool is_name(const char *name, const char *letters)
{
    return name && name[0] && name[0] != letters[0] && strlen(name) < NAME_MAX_BYTES
        && strspn(name, letters) == strlen(name);
}

static bool is_summary(const char *summary)
{
    return summary && summary[0] && text_is_printable(summary);
}

/* Names and default values stand in the names of cells and files, which have an end. */
static bool has_parameters(const struct workload *workload)
{
    size_t n = 0;
    int n_bytes = 0;
    for (const struct workload_parameter *p = workload->parameters; p && p->name; p++) {
        if (++n > WORKLOAD_PARAMETERS_MAX || !is_name(p->name, parameter_letters) || !is_summary(p->summary)
            || p->min > p->default_value || p->default_value > p->max || p->max > INT64_MAX)
            return false;
        n_bytes += snprintf(NULL, 0, "/%s:%llu", p->name, (unsigned long long)p->default_value);
    }
    return n_bytes <= PARAMETERS_MAX_BYTES;
}

/* What a backend of an older version did not have yet is 0. NULL without memory. */
static const struct executor *of_this_version(const struct executor *e, unsigned version)
{
    enum { WITH_CALL = 3 };
    if (version >= WITH_CALL)
        return e;
    struct executor *grown = calloc(1, sizeof *grown);
    if (grown)
        memcpy(grown, e, offsetof(struct executor, call));
    return grown;
}

static int add_backend(const struct executor *e, char *reason, size_t reason_bytes)
{
    if (!e)
        return refuse(reason, reason_bytes, "no memory");
    if (!is_name(e->name, name_letters))
        return refuse(reason, reason_bytes, "a backend's name must be lower-case letters, digits and hyphens");
    if (executor_find(e->name))
        return refuse(reason, reason_bytes, "there is a backend '%s' already", e->name);
    if (!is_summary(e->summary))
        return refuse(reason, reason_bytes, "the summary of backend '%s' is no printable UTF-8", e->name);
    if (!e->create || !e->submit || !e->wait_all || !e->destroy)
        return refuse(reason, reason_bytes, "backend '%s' lacks a function", e->name);
    return executor_add(e) ? refuse(reason, reason_bytes, "too many backends") : 0;
}

static int add_workload(const struct workload *w, char *reason, size_t reason_bytes)
{
    if (!is_name(w->name, name_letters))
        return refuse(reason, reason_bytes, "a workload's name must be lower-case letters, digits and hyphens");
    if (workload_find(w->name))
        return refuse(reason, reason_bytes, "there is a workload '%s' already", w->name);
    if (!is_summary(w->summary))
        return refuse(reason, reason_bytes, "the summary of workload '%s' is no printable UTF-8", w->name);
    if (!w->setup || !w->run || !w->check || !w->teardown)
        return refuse(reason, reason_bytes, "workload '%s' lacks a function", w->name);
    if (!has_parameters(w))
        return refuse(reason, reason_bytes, "workload '%s' has a parameter without name or printable summary, a "
                      "default outside of its range, more than %d, or names and values that are too long", w->name,
                      WORKLOAD_PARAMETERS_MAX);
    return workload_add(w) ? refuse(reason, reason_bytes, "too many workloads") : 0;
}

/* The linker's text begins with the path, whose folder is nobody's business: reasons stand in what a run leaves. */
static const char *link_error(const char *path)
{
    const char *text = dlerror(), *slash = strrchr(path, '/');
    return slash && strncmp(text, path, strlen(path)) == 0 ? text + (slash + 1 - path) : text;
}

int plugins_load(const char *path, char *reason, size_t reason_bytes)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct poolbench_plugin *plugin = library ? dlsym(library, "poolbench_plugin") : NULL;
    int error = 0;
    if (!plugin)
        return refuse(reason, reason_bytes, "%s", library ? "it does not define poolbench_plugin: see bench/plugin.h"
                                                          : link_error(path));
    if (plugin->version < POOLBENCH_PLUGIN_OLDEST || plugin->version > POOLBENCH_PLUGIN_VERSION)
        return refuse(reason, reason_bytes, "it was built with version %u of bench/plugin.h, this is version %d",
                      plugin->version, POOLBENCH_PLUGIN_VERSION);
    if (!(plugin->backends && *plugin->backends) && !(plugin->workloads && *plugin->workloads))
        return refuse(reason, reason_bytes, "it brings neither a backend nor a workload");
    for (const struct executor *const *e = plugin->backends; e && *e && !error; e++)
        error = add_backend(of_this_version(*e, plugin->version), reason, reason_bytes);
    for (const struct workload *const *w = plugin->workloads; w && *w && !error; w++)
        error = add_workload(*w, reason, reason_bytes);
    return error;
}

static json_t *parameters_json(const struct workload *workload)
{
    json_t *list = json_array();
    for (const struct workload_parameter *p = workload->parameters; p && p->name; p++)
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:I, s:I, s:I}", "name", p->name, "summary", p->summary,
            "default", (json_int_t)p->default_value, "min", (json_int_t)p->min, "max", (json_int_t)p->max));
    return list;
}

json_t *plugins_description(void)
{
    json_t *backends = json_array(), *workloads = json_array();
    const struct executor *e;
    const struct workload *w;
    for (size_t i = 0; (e = executor_at(i)); i++)
        if (executor_is_added(e))
            json_array_append_new(backends, json_pack("{s:s, s:s, s:i}", "name", e->name, "summary", e->summary,
                                                      "capabilities", (int)e->capabilities));
    for (size_t i = 0; (w = workload_at(i)); i++)
        if (workload_is_added(w))
            json_array_append_new(workloads, json_pack(
                "{s:s, s:s, s:i, s:b, s:o}", "name", w->name, "summary", w->summary, "kind", (int)w->kind,
                "calibrates", w->calibrate != NULL, "parameters", parameters_json(w)));
    return json_pack("{s:o, s:o}", "backends", backends, "workloads", workloads);
}
