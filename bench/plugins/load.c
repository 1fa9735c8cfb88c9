/* Loads plugins into a measuring process, and refuses what could not be measured. */
#include "plugins/plugins.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plugin.h"

static int refuse(char *reason, size_t reason_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, reason_bytes, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static bool is_name(const char *name)
{
    return name && name[0] && strlen(name) < 40
        && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static bool has_parameters(const struct workload *workload)
{
    size_t n = 0;
    for (const struct workload_parameter *p = workload->parameters; p && p->name; p++)
        if (++n > WORKLOAD_PARAMETERS_MAX || !p->summary || p->min > p->default_value || p->default_value > p->max)
            return false;
    return true;
}

static int add_backend(const struct executor *e, char *reason, size_t reason_bytes)
{
    if (!is_name(e->name))
        return refuse(reason, reason_bytes, "a backend's name must be lower-case letters, digits and hyphens");
    if (executor_find(e->name))
        return refuse(reason, reason_bytes, "there is a backend '%s' already", e->name);
    if (!e->summary || !e->create || !e->submit || !e->wait_all || !e->destroy)
        return refuse(reason, reason_bytes, "backend '%s' lacks a summary or a function", e->name);
    return executor_add(e) ? refuse(reason, reason_bytes, "too many backends") : 0;
}

static int add_workload(const struct workload *w, char *reason, size_t reason_bytes)
{
    if (!is_name(w->name))
        return refuse(reason, reason_bytes, "a workload's name must be lower-case letters, digits and hyphens");
    if (workload_find(w->name))
        return refuse(reason, reason_bytes, "there is a workload '%s' already", w->name);
    if (!w->summary || !w->setup || !w->run || !w->check || !w->teardown)
        return refuse(reason, reason_bytes, "workload '%s' lacks a summary or a function", w->name);
    if (!has_parameters(w))
        return refuse(reason, reason_bytes, "workload '%s' has a parameter without summary, a default outside of its "
                      "range, or more than %d", w->name, WORKLOAD_PARAMETERS_MAX);
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
    if (plugin->version != POOLBENCH_PLUGIN_VERSION)
        return refuse(reason, reason_bytes, "it was built with version %u of bench/plugin.h, this is version %d",
                      plugin->version, POOLBENCH_PLUGIN_VERSION);
    if (!(plugin->backends && *plugin->backends) && !(plugin->workloads && *plugin->workloads))
        return refuse(reason, reason_bytes, "it brings neither a backend nor a workload");
    for (const struct executor *const *e = plugin->backends; e && *e && !error; e++)
        error = add_backend(*e, reason, reason_bytes);
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
