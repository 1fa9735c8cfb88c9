/* Looks at each field of what was read. What is wrong may be as long and as odd as whoever wrote it liked: of texts
 * only the beginning gets into a reason, cleaned. */
#include "record/check.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/open.h"
#include "record/histogram.h"
#include "record/journal.h"
#include "record/text.h"

static const json_int_t tasks_max = (json_int_t)1 << CHECK_TASKS_MAX_LOG2;

__attribute__((format(printf, 3, 4)))
static int fail(char *reason, size_t reason_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, reason_bytes, format, arguments);
    va_end(arguments);
    text_clean(reason);
    return -EBADMSG;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is_measured(const json_t *value)
{
    double size = fabs(json_number_value(value));
    return json_is_number(value) && (size == 0 || (size >= CHECK_NUMBER_MIN && size <= CHECK_NUMBER_MAX));
}

static bool is_count(const json_t *value, json_int_t most)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= most;
}

static bool is_of_kind(const json_t *value, enum check_kind kind)
{
    switch (kind) {
    case CHECK_TEXT: return json_is_string(value) && text_is_printable(json_string_value(value));
    case CHECK_COUNT: return is_count(value, INT64_MAX);
    case CHECK_NUMBER: return is_measured(value);
    case CHECK_OBJECT: return json_is_object(value);
    default: return json_is_array(value);
    }
}

static const struct check_field *find_field(const struct check_field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

int check_fields(const json_t *object, const struct check_field *fields, bool is_closed, char *reason,
                 size_t reason_bytes)
{
    static const char *const kinds[] = {
        [CHECK_TEXT] = "a printable text", [CHECK_COUNT] = "a count", [CHECK_NUMBER] = "a number that can be measured",
        [CHECK_OBJECT] = "an object", [CHECK_LIST] = "a list",
    };
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return fail(reason, reason_bytes, "it is no object");
    for (const struct check_field *f = fields; f->name; f++) {
        value = json_object_get(object, f->name);
        if (!value && !f->optional)
            return fail(reason, reason_bytes, "it has no '%s'", f->name);
        if (value && !is_of_kind(value, f->kind))
            return fail(reason, reason_bytes, "its '%s' is not %s", f->name, kinds[f->kind]);
    }
    json_object_foreach((json_t *)object, name, value)
        if (is_closed && !find_field(fields, name))
            return fail(reason, reason_bytes, "it has '%.40s', which nothing that poolbench writes has", name);
    return 0;
}

/* Differences of two readings can be turned around by noise; nothing else is negative. */
static bool may_be_negative(const char *metric)
{
    return strcmp(metric, "cpu_ns") == 0 || strcmp(metric, "bytes_per_task") == 0
        || strcmp(metric, "kernel_bytes_per_task") == 0;
}

static bool is_share(const char *metric)
{
    return strcmp(metric, "same_cpu") == 0 || strcmp(metric, "inline_share") == 0;
}

static int check_metrics(const json_t *metrics, char *reason, size_t reason_bytes)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)metrics, name, value) {
        if (!name[0] || !text_is_printable(name))
            return fail(reason, reason_bytes, "a metric has a name that is none: '%.40s'", name);
        if (!is_measured(value))
            return fail(reason, reason_bytes, "its metric '%.40s' is not a number that can be measured", name);
        if (json_number_value(value) < 0 && !may_be_negative(name))
            return fail(reason, reason_bytes, "its metric '%.40s' is negative", name);
        if (json_number_value(value) > 1 && is_share(name))
            return fail(reason, reason_bytes, "its metric '%.40s' is a share of more than all", name);
    }
    return 0;
}

static bool is_latency(const struct cell *cell)
{
    return strcmp(cell_word(cell, "mode", ""), "latency") == 0;
}

static bool is_open(const struct cell *cell)
{
    return strcmp(cell_word(cell, "load", ""), "open") == 0;
}

/* What a side of this cell measures whenever it ends well. */
static const char *least_metric(const struct cell *cell)
{
    if (is_latency(cell))
        return "mean_ns";
    if (strcmp(cell_word(cell, "gate", ""), "closed") == 0)
        return "held";
    return strcmp(cell_word(cell, "load", ""), "idle") == 0 ? "idle_cpu_share" : "time_ns";
}

static int check_ok_metrics(const struct cell *cell, const json_t *metrics, char *reason, size_t reason_bytes)
{
    static const struct check_field counts[] = {
        { "iterations", CHECK_COUNT, false }, { "tasks", CHECK_COUNT, false }, { NULL, CHECK_COUNT, false },
    };
    const char *least = least_metric(cell);
    if (check_fields(metrics, counts, false, reason, reason_bytes) != 0)
        return fail(reason, reason_bytes, "its metrics lack a count of iterations or of tasks");
    if (json_integer_value(json_object_get(metrics, "tasks")) > 0 && !json_object_get(metrics, least))
        return fail(reason, reason_bytes, "it has no metric '%s', which each side of its cell has", least);
    return 0;
}

/* Pairs of bucket and count, in the order of the buckets. */
static int check_histogram(const json_t *result, const char *name, json_int_t *n_tasks, char *reason,
                           size_t reason_bytes)
{
    json_int_t before = -1;
    size_t i;
    json_t *pair;
    *n_tasks = 0;
    json_array_foreach(json_object_get(result, name), i, pair) {
        const json_t *bucket = json_array_get(pair, 0), *count = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !is_count(bucket, HISTOGRAM_BUCKETS - 1) || !is_count(count, tasks_max))
            return fail(reason, reason_bytes, "its %s has an entry that is no [bucket, count]", name);
        if (json_integer_value(bucket) <= before)
            return fail(reason, reason_bytes, "the buckets of its %s are not in their order", name);
        before = json_integer_value(bucket);
        *n_tasks += json_integer_value(count);
        if (*n_tasks > tasks_max)
            return fail(reason, reason_bytes, "its %s is of more tasks than any process runs", name);
    }
    return 0;
}

static int check_timeline(const json_t *timeline, char *reason, size_t reason_bytes)
{
    static const struct check_field fields[] = {
        { "bin_ms", CHECK_NUMBER, false }, { "offered", CHECK_LIST, false }, { "done", CHECK_LIST, false },
        { "in_time", CHECK_LIST, false }, { NULL, CHECK_LIST, false },
    };
    int error = check_fields(timeline, fields, true, reason, reason_bytes);
    if (!error && !(json_number_value(json_object_get(timeline, "bin_ms")) > 0))
        error = fail(reason, reason_bytes, "its 'bin_ms' is not more than 0");
    for (size_t f = 1; fields[f].name && !error; f++) {
        const json_t *counts = json_object_get(timeline, fields[f].name);
        size_t n = json_array_size(counts);
        bool good = n == OPEN_BINS;
        for (size_t i = 0; i < n && good; i++)
            good = is_count(json_array_get(counts, i), tasks_max);
        if (!good)
            error = fail(reason, reason_bytes, "its '%s' is no list of %d counts", fields[f].name, OPEN_BINS);
    }
    return error;
}

/* Latencies are there where each task was stamped and all went well, and nowhere else. */
static int check_latencies(const struct cell *cell, bool is_ok, const json_t *result, char *reason, size_t reason_bytes)
{
    static const struct { const char *name; bool of_open; } parts[] = {
        { "histogram", false }, { "timeline", true }, { "lateness", true },
    };
    json_int_t n_tasks, n_late;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bool expected = is_ok && is_latency(cell) && (!parts[i].of_open || is_open(cell));
        bool there = json_object_get(result, parts[i].name) != NULL;
        if (there != expected)
            return fail(reason, reason_bytes, there ? "it has '%s', which no side of its cell has that ended so"
                                                    : "it lacks '%s'", parts[i].name);
    }
    const json_t *timeline = json_object_get(result, "timeline");
    int error = check_histogram(result, "histogram", &n_tasks, reason, reason_bytes);
    if (!error)
        error = check_histogram(result, "lateness", &n_late, reason, reason_bytes);
    if (!error && timeline)
        error = check_timeline(timeline, reason, reason_bytes);
    const json_t *tasks = json_object_get(json_object_get(result, "metrics"), "tasks");
    if (!error && is_ok && is_latency(cell) && n_tasks != json_integer_value(tasks))
        error = fail(reason, reason_bytes, "its histogram is of %lld tasks, and it has %lld", (long long)n_tasks,
                     (long long)json_integer_value(tasks));
    return error;
}

int check_result(const struct cell *cell, const json_t *result, char *reason, size_t reason_bytes)
{
    static const struct check_field fields[] = {
        { "status", CHECK_TEXT, false }, { "reason", CHECK_TEXT, false }, { "metrics", CHECK_OBJECT, false },
        { "histogram", CHECK_LIST, true }, { "timeline", CHECK_OBJECT, true }, { "lateness", CHECK_LIST, true },
        { NULL, CHECK_TEXT, false },
    };
    int error = check_fields(result, fields, false, reason, reason_bytes);
    if (error)
        return error;
    const char *status = text_of(result, "status"), *of_side = text_of(result, "reason");
    const json_t *metrics = json_object_get(result, "metrics");
    bool is_ok = strcmp(status, "ok") == 0;
    if (!is_ok && strcmp(status, "failed") != 0 && strcmp(status, "limit") != 0)
        return fail(reason, reason_bytes, "its status is '%.40s': it can be ok, failed or limit", status);
    if (is_ok != !of_side[0])
        return fail(reason, reason_bytes, "it is %s with %s reason", status, is_ok ? "a" : "no");
    if (strlen(of_side) >= CHECK_REASON_BYTES)
        return fail(reason, reason_bytes, "its reason is longer than any");
    error = check_metrics(metrics, reason, reason_bytes);
    if (!error && is_ok)
        error = check_ok_metrics(cell, metrics, reason, reason_bytes);
    return error ? error : check_latencies(cell, is_ok, result, reason, reason_bytes);
}

static int check_calibration(const json_t *calibration, char *reason, size_t reason_bytes)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)calibration, name, value)
        if (!is_count(value, INT64_MAX) || json_integer_value(value) == 0)
            return fail(reason, reason_bytes, "its calibration '%.40s' is not a whole number from 1", name);
    return 0;
}

static int check_hangs(const json_t *hangs, char *reason, size_t reason_bytes)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)hangs, name, value)
        if (!is_of_kind(value, CHECK_TEXT) || json_string_length(value) >= CHECK_REASON_BYTES / 2)
            return fail(reason, reason_bytes, "its side '%.40s' hangs without a reason", name);
    return 0;
}

int check_plan_line(const json_t *line, char *reason, size_t reason_bytes)
{
    static const struct check_field fields[] = {
        { "schema", CHECK_COUNT, false }, { "plan", CHECK_TEXT, false }, { "calibration", CHECK_OBJECT, false },
        { "iterations", CHECK_LIST, false }, { "hangs", CHECK_OBJECT, true }, { NULL, CHECK_TEXT, false },
    };
    int error = check_fields(line, fields, true, reason, reason_bytes);
    if (!error)
        error = check_calibration(json_object_get(line, "calibration"), reason, reason_bytes);
    if (!error)
        error = check_hangs(json_object_get(line, "hangs"), reason, reason_bytes);
    const json_t *iterations = json_object_get(line, "iterations"), *of, *value;
    for (size_t i = 0; !error && (of = json_array_get(iterations, i)); i++) {
        bool is_list = json_array_size(of) > 0;
        for (size_t s = 0; is_list && (value = json_array_get(of, s)); s++)
            is_list = is_count(value, tasks_max) && json_integer_value(value) > 0;
        if (!is_list)
            error = fail(reason, reason_bytes, "its iterations of cell %zu are no list of whole numbers from 1", i + 1);
    }
    return error;
}

static int check_environment(const json_t *environment, char *reason, size_t reason_bytes)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)environment, name, value)
        if (!is_measured(value) && strcmp(json_is_string(value) ? json_string_value(value) : "", "unknown") != 0)
            return fail(reason, reason_bytes, "its environment '%.40s' is neither a number nor unknown", name);
    return 0;
}

static int find_step(const struct plan *plan, const json_t *line, struct plan_step *step, char *reason,
                     size_t reason_bytes)
{
    const char *name = text_of(line, "cell"), *backend = text_of(line, "backend");
    json_int_t workers = json_integer_value(json_object_get(line, "workers"));
    size_t c = 0, s = 0;
    while (c < plan->n_cells && strcmp(plan->cells[c].name, name) != 0)
        c++;
    if (c == plan->n_cells)
        return fail(reason, reason_bytes, "its cell is not one of the plan: '%.80s'", name);
    const struct cell *cell = &plan->cells[c];
    while (s < cell->n_sides
           && (strcmp(cell->sides[s].backend, backend) != 0 || (json_int_t)cell->sides[s].workers != workers))
        s++;
    if (s == cell->n_sides)
        return fail(reason, reason_bytes, "its cell has no side '%.40s' with %lld workers", backend,
                    (long long)workers);
    *step = (struct plan_step){ .cell = c, .side = s };
    return 0;
}

int check_line(const struct plan *plan, const json_t *line, size_t *round, struct plan_step *step, char *reason,
               size_t reason_bytes)
{
    static const struct check_field fields[] = {
        { "schema", CHECK_COUNT, false }, { "round", CHECK_COUNT, false }, { "cell", CHECK_TEXT, false },
        { "backend", CHECK_TEXT, false }, { "workers", CHECK_COUNT, false }, { "status", CHECK_TEXT, false },
        { "reason", CHECK_TEXT, false }, { "metrics", CHECK_OBJECT, false }, { "environment", CHECK_OBJECT, false },
        { "wall_s", CHECK_NUMBER, false }, { "histogram", CHECK_LIST, true }, { "timeline", CHECK_OBJECT, true },
        { "lateness", CHECK_LIST, true }, { "again", CHECK_TEXT, true }, { "timed_out", CHECK_COUNT, true },
        { NULL, CHECK_TEXT, false },
    };
    int error = check_fields(line, fields, true, reason, reason_bytes);
    if (error)
        return error;
    json_int_t number = json_integer_value(json_object_get(line, "round"));
    if (number >= (json_int_t)plan->factors.rounds)
        return fail(reason, reason_bytes, "it is of round %lld, and the run has 0 to %zu", (long long)number,
                    plan->factors.rounds - 1);
    if (json_number_value(json_object_get(line, "wall_s")) < 0)
        return fail(reason, reason_bytes, "its 'wall_s' is negative");
    *round = (size_t)number;
    error = find_step(plan, line, step, reason, reason_bytes);
    if (!error && *round % plan->cells[step->cell].every)
        error = fail(reason, reason_bytes, "it is of round %zu, and its cell is measured in each %zuth, from 0", *round,
                     plan->cells[step->cell].every);
    if (!error)
        error = check_environment(json_object_get(line, "environment"), reason, reason_bytes);
    return error ? error : check_result(&plan->cells[step->cell], line, reason, reason_bytes);
}

int check_lines(const struct plan *plan, const json_t *lines, size_t *number, char *reason, size_t reason_bytes)
{
    size_t n_sides = plan_n_sides(plan), i, round, *first = calloc(plan->n_cells + 1, sizeof *first);
    bool *seen = calloc(n_sides * plan->factors.rounds + 1, sizeof *seen);
    json_t *line;
    int error = 0;
    if (!first || !seen)
        abort();
    for (i = 0; i < plan->n_cells; i++)
        first[i + 1] = first[i] + plan->cells[i].n_sides;
    json_array_foreach(lines, i, line) {
        struct plan_step step;
        *number = i + 2; /* behind the plan's */
        error = check_line(plan, line, &round, &step, reason, reason_bytes);
        if (error)
            break;
        bool *is_there = &seen[round * n_sides + first[step.cell] + step.side];
        if (*is_there)
            error = fail(reason, reason_bytes, "round %zu of this side is there already", round);
        *is_there = true;
        if (error)
            break;
    }
    free(first);
    free(seen);
    return error;
}
