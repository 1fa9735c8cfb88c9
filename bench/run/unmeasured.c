/* Backends that could be measured in no cell of a run: what is left would stand alone in every answer. */
#include "run/run.h"

#include <stdio.h>
#include <string.h>

static const char *word(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

/* Controls that a machine may lack, and what a backend was not made for. Everything else is what a run is about. */
static bool may_lack(const json_t *line)
{
    const char *backend = word(line, "backend");
    return strncmp(backend, "python-", 7) == 0 || strcmp(backend, "processes") == 0 || strcmp(backend, "floor") == 0
        || strcmp(word(line, "reason"), SIDE_NO_OPERATION) == 0;
}

/* It did its tasks, or a ramp held some of them before its limit. */
static bool is_measured(const json_t *line)
{
    return strcmp(word(line, "status"), "ok") == 0
        || json_number_value(json_object_get(json_object_get(line, "metrics"), "held")) > 0;
}

size_t run_print_unmeasured(const json_t *lines)
{
    json_t *measured = json_object(), *line;
    size_t i, n = 0;
    json_array_foreach(lines, i, line)
        if (is_measured(line) || may_lack(line))
            json_object_set_new(measured, word(line, "backend"), json_true());
    json_array_foreach(lines, i, line) {
        const char *backend = word(line, "backend");
        if (json_object_get(measured, backend))
            continue;
        n++;
        fprintf(stderr, "NOT MEASURED: %s, in no cell: %s\n", backend, word(line, "reason"));
        json_object_set_new(measured, backend, json_true()); /* named once */
    }
    json_decref(measured);
    return n;
}
