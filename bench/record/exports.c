/* Writes gbench.json and hist/. */
#include "record/exports.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gbench/gbench.h"
#include "record/folder.h"
#include "record/histogram.h"

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static size_t workers_of(const json_t *line)
{
    return (size_t)json_integer_value(json_object_get(line, "workers"));
}

static double metric_of(const json_t *line, const char *name)
{
    return json_number_value(json_object_get(json_object_get(line, "metrics"), name));
}

/* Lines by (round, cell), so that a block's sides are found together. */
struct block_lines {
    const json_t *sides[CELL_SIDES_MAX];
    size_t n_sides;
    bool whole; /* all of them are ok */
};

static struct block_lines *group_lines(const struct plan *plan, const json_t *lines)
{
    struct block_lines *blocks = calloc(plan->factors.rounds * plan->n_cells + 1, sizeof *blocks);
    size_t i;
    json_t *line;
    if (!blocks)
        return NULL;
    json_array_foreach(lines, i, line) {
        size_t round = (size_t)json_integer_value(json_object_get(line, "round")), c = 0;
        while (c < plan->n_cells && strcmp(plan->cells[c].name, text_of(line, "cell")) != 0)
            c++;
        if (c == plan->n_cells || round >= plan->factors.rounds)
            continue;
        struct block_lines *block = &blocks[round * plan->n_cells + c];
        if (block->n_sides < CELL_SIDES_MAX)
            block->sides[block->n_sides++] = line;
    }
    for (i = 0; i < plan->factors.rounds * plan->n_cells; i++) {
        struct block_lines *block = &blocks[i];
        block->whole = block->n_sides == plan->cells[i % plan->n_cells].n_sides;
        for (size_t s = 0; s < block->n_sides; s++)
            block->whole = block->whole && strcmp(text_of(block->sides[s], "status"), "ok") == 0;
    }
    return blocks;
}

struct row_list {
    struct gbench_row *rows;
    size_t n, capacity;
};

static void add_row(struct row_list *list, const json_t *line, size_t workers)
{
    static const char *const times[] = { "time_ns", "p50_ns", "submit_ns" };
    char name[CELL_NAME_BYTES + 64];
    double real_ns = 0;
    for (size_t i = 0; i < 3 && real_ns == 0; i++)
        real_ns = metric_of(line, times[i]);
    if (real_ns == 0)
        return; /* a backend that was idle has no time of a task */
    if (list->n == list->capacity) {
        list->capacity = 2 * list->capacity + 64;
        list->rows = realloc(list->rows, list->capacity * sizeof *list->rows);
        if (!list->rows)
            abort();
    }
    int n = snprintf(name, sizeof name, "%s/%s", text_of(line, "backend"), text_of(line, "cell"));
    if (workers)
        snprintf(name + n, sizeof name - (size_t)n, "/workers:%zu", workers);
    double n_tasks = metric_of(line, "tasks"), cpu_ns = metric_of(line, "cpu_ns");
    list->rows[list->n++] = (struct gbench_row){
        .name = strdup(name), .iterations = n_tasks < 1 ? 1 : (uint64_t)n_tasks,
        .real_ns = real_ns, .cpu_ns = cpu_ns > 0 ? cpu_ns : real_ns,
    };
}

/* Under its own number of workers, or under each one of its block if it has none itself. */
static void add_side(struct row_list *list, const struct cell *cell, const json_t *line)
{
    size_t workers = workers_of(line), n_added = 0;
    for (size_t i = 0; i < cell->n_sides && workers == 0; i++) {
        size_t other = cell->sides[i].workers;
        bool seen = other == 0;
        for (size_t j = 0; j < i; j++)
            seen = seen || cell->sides[j].workers == other;
        if (!seen) {
            add_row(list, line, other);
            n_added++;
        }
    }
    if (n_added == 0)
        add_row(list, line, workers);
}

struct gbench_text {
    const json_t *context;
    const char *rows;
};

static int print_gbench(FILE *file, const void *data)
{
    const struct gbench_text *text = data;
    fputs("{\n\"context\": ", file);
    int error = json_dumpf(text->context, file, JSON_INDENT(2)) != 0 ? -ENOMEM : 0;
    fprintf(file, ",\n\"benchmarks\": [\n%s\n]\n}\n", text->rows);
    return error;
}

int exports_gbench(const char *run_dir, const struct plan *plan, const json_t *lines, const json_t *context)
{
    struct block_lines *blocks = group_lines(plan, lines);
    struct row_list list = { NULL, 0, 0 };
    if (!blocks)
        return -ENOMEM;
    for (size_t i = 0; i < plan->factors.rounds * plan->n_cells; i++)
        for (size_t s = 0; blocks[i].whole && s < blocks[i].n_sides; s++)
            add_side(&list, &plan->cells[i % plan->n_cells], blocks[i].sides[s]);
    char *rows = list.n ? gbench_rows_json(list.rows, list.n) : strdup("");
    struct gbench_text text = { context, rows };
    int error = rows ? folder_write(run_dir, "gbench.json", print_gbench, &text) : -ENOMEM;
    free(rows);
    for (size_t i = 0; i < list.n; i++)
        free((char *)list.rows[i].name);
    free(list.rows);
    free(blocks);
    return error;
}

/* A file's name from a side's: only letters, digits, dots and dashes. */
static void hist_name(const json_t *line, const char *ending, char *name, size_t name_bytes)
{
    int n = snprintf(name, name_bytes, "%s-%s", text_of(line, "cell"), text_of(line, "backend"));
    if (workers_of(line))
        n += snprintf(name + n, name_bytes - (size_t)n, "-%zu", workers_of(line));
    snprintf(name + n, name_bytes - (size_t)n, "%s", ending);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.')
            *c = '-';
}

static bool same_side(const json_t *a, const json_t *b)
{
    return workers_of(a) == workers_of(b) && strcmp(text_of(a, "cell"), text_of(b, "cell")) == 0
        && strcmp(text_of(a, "backend"), text_of(b, "backend")) == 0;
}

static void add_line(struct histogram *histogram, const json_t *line)
{
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(line, "histogram"), i, pair) {
        json_int_t bucket = json_integer_value(json_array_get(pair, 0));
        if (bucket >= 0 && bucket < HISTOGRAM_BUCKETS)
            histogram->counts[bucket] += (uint64_t)json_integer_value(json_array_get(pair, 1));
    }
    double n_tasks = metric_of(line, "tasks"), max_ns = metric_of(line, "max_ns");
    histogram->n += (uint64_t)n_tasks;
    histogram->sum_ns += metric_of(line, "mean_ns") * n_tasks;
    if ((uint64_t)max_ns > histogram->max_ns)
        histogram->max_ns = (uint64_t)max_ns;
}

static int print_percentiles(FILE *file, const void *histogram)
{
    histogram_print_percentiles(histogram, file);
    return 0;
}

static int print_buckets(FILE *file, const void *histogram)
{
    histogram_print_buckets(histogram, file);
    return 0;
}

static int write_histogram(const char *hist_dir, const json_t *line, const struct histogram *histogram)
{
    char name[CELL_NAME_BYTES + 64];
    hist_name(line, ".hgrm", name, sizeof name);
    int error = folder_write(hist_dir, name, print_percentiles, histogram);
    hist_name(line, ".csv", name, sizeof name);
    return error ? error : folder_write(hist_dir, name, print_buckets, histogram);
}

static bool has_histogram(const json_t *line)
{
    return json_array_size(json_object_get(line, "histogram")) > 0 && strcmp(text_of(line, "status"), "ok") == 0;
}

int exports_histograms(const char *run_dir, const json_t *lines)
{
    char hist_dir[4096];
    size_t n_lines = json_array_size(lines);
    bool *done = calloc(n_lines + 1, sizeof *done);
    struct histogram *merged = malloc(sizeof *merged);
    snprintf(hist_dir, sizeof hist_dir, "%s/%s", run_dir, FOLDER_HISTOGRAMS);
    int error = !done || !merged ? -ENOMEM : 0;
    for (size_t i = 0; i < n_lines && !error; i++) {
        const json_t *first = json_array_get(lines, i);
        if (done[i] || !has_histogram(first))
            continue;
        error = folder_make(run_dir, FOLDER_HISTOGRAMS);
        if (error)
            break;
        memset(merged, 0, sizeof *merged);
        for (size_t j = i; j < n_lines; j++) {
            const json_t *line = json_array_get(lines, j);
            if (done[j] || !has_histogram(line) || !same_side(first, line))
                continue;
            add_line(merged, line);
            done[j] = true;
        }
        error = write_histogram(hist_dir, first, merged);
    }
    free(merged);
    free(done);
    return error;
}
