/* Lists experiments, workloads, backends, loads, idioms, floors and profiles, and the budget of each profile. */
#include "list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/executor.h"
#include "idioms/idiom.h"
#include "load/floors.h"
#include "load/load.h"
#include "machine/machine.h"
#include "nearest.h"
#include "options.h"
#include "plan/plan.h"
#include "record/document.h"

static json_t *named(const char *name, const char *summary)
{
    return json_pack("{s:s, s:s}", "name", name, "summary", summary);
}

static json_t *loads_json(void)
{
    json_t *list = json_array();
    for (const struct load *load = load_table; load->name; load++)
        json_array_append_new(list, named(load->name, load->summary));
    return list;
}

static json_t *idioms_json(void)
{
    json_t *list = json_array();
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++)
        json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "name",
                                              json_sprintf("%s/%s", idiom->experiment, idiom->backend), "summary",
                                              idiom->summary, "lines", (json_int_t)idiom->n_lines));
    return list;
}

static json_t *floors_json(void)
{
    json_t *list = json_array();
    for (const struct floor *floor = floor_table; floor->name; floor++)
        json_array_append_new(list, named(floor->name, floor->summary));
    return list;
}

static json_t *profiles_json(void)
{
    json_t *list = json_array();
    for (const struct profile *p = profile_table; p->name; p++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", p->name, "summary", p->summary,
                                              "rounds", (json_int_t)p->rounds));
    return list;
}

static json_t *experiments_json(void)
{
    json_t *list = json_array(), *axes;
    for (const struct experiment *e = experiment_table; e->name; e++) {
        axes = json_array();
        for (const char *const *axis = e->axes; *axis; axis++)
            json_array_append_new(axes, json_string(*axis));
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "name", e->name, "claim", e->claim, "summary", e->question,
            "statement", e->statement, "primary", e->primary, "axes", axes, "metric", e->metric, "base", e->base));
    }
    return list;
}

static struct plan_factors factors_of(const struct profile *profile, size_t n_cpus)
{
    static const char *names[64];
    for (size_t i = 0; executor_at(i) && i < 63; i++)
        names[i] = executor_at(i)->name;
    return (struct plan_factors){
        .profile = profile, .seed = 1, .rounds = profile->rounds, .cpus_usable = n_cpus, .workers = { n_cpus },
        .n_workers = 1, .backends = names,
    };
}

struct budget_row {
    const char *profile, *experiment;
    size_t n_cells, n_sides, n_rounds, n_samples; /* rounds: of the cells that have most */
    double total_ms, hang_s;
};

static void add_budget_row(json_t *list, const struct budget_row *row)
{
    if (row->n_sides == 0)
        return;
    json_array_append_new(list, json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f}", "profile", row->profile, "experiment", row->experiment,
        "cells", (json_int_t)row->n_cells, "sides", (json_int_t)row->n_sides, "rounds", (json_int_t)row->n_rounds,
        "samples", (json_int_t)row->n_samples, "side_ms", row->total_ms / (double)row->n_samples,
        "total_s", row->total_ms * 1e-3, "hang_s", row->hang_s));
}

static void count_cell(struct budget_row *row, const struct cell *cell, size_t n_rounds, double round_ms)
{
    row->n_cells++;
    row->n_sides += cell->n_sides;
    row->n_samples += n_rounds * cell->n_sides;
    row->n_rounds = row->n_rounds > n_rounds ? row->n_rounds : n_rounds;
    row->total_ms += (double)n_rounds * round_ms;
}

/* One row for each experiment of a profile, and one for the pilot. */
static void add_budget(json_t *list, const struct profile *profile, size_t n_cpus)
{
    struct plan_factors factors = factors_of(profile, n_cpus);
    struct plan plan;
    if (plan_init(&plan, &factors) != 0)
        abort();
    struct budget_row pilot = { .profile = profile->name, .experiment = "pilot" };
    for (const struct experiment *e = experiment_table; e->name; e++) {
        struct budget_row row = { .profile = profile->name, .experiment = e->name };
        for (size_t i = 0; i < plan.n_cells; i++) {
            const struct cell *cell = &plan.cells[i];
            double overhead_ms = (double)cell->n_sides * budget_overhead_ms(cell->side_ms);
            if (cell->experiment != e)
                continue;
            double block_ms = budget_block_ms(cell, n_cpus) + overhead_ms;
            count_cell(&row, cell, plan_rounds_of(cell, profile->rounds), block_ms);
            row.hang_s += (double)cell->n_sides * budget_hang_s(block_ms / (double)cell->n_sides);
            double pilot_ms = 0;
            for (size_t s = 0; s < cell->n_sides; s++)
                pilot_ms += budget_pilot_ms(cell, &cell->sides[s], n_cpus);
            if (!cell->once)
                count_cell(&pilot, cell, 1, pilot_ms);
        }
        add_budget_row(list, &row);
    }
    add_budget_row(list, &pilot);
    plan_release(&plan);
}

static json_t *budget_json(void)
{
    struct machine *machine;
    json_t *list = json_array();
    size_t n_cpus = 1;
    if (machine_open("", &machine) == 0) {
        n_cpus = machine_usable_cpus(machine);
        machine_close(machine);
    }
    for (const struct profile *p = profile_table; p->name; p++)
        add_budget(list, p, n_cpus);
    return list;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static long long number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void print_parameters(const json_t *row)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(row, "parameters"), i, p)
        printf("    %-18s %s: %lld to %lld (%lld)\n", text(p, "name"), text(p, "summary"), number(p, "min"),
               number(p, "max"), number(p, "default"));
}

static void print_rows(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        printf("  %-19s %s\n", text(row, "name"), text(row, "summary"));
        if (text(row, "claim")[0])
            printf("    %-3s %s\n    primary: %s\n", text(row, "claim"), text(row, "statement"), text(row, "primary"));
        print_parameters(row);
    }
}

static void print_budget(const json_t *rows)
{
    size_t i;
    json_t *row;
    double total_s = 0, hang_s = 0;
    printf("  %-8s %-12s %6s %6s %7s %8s %8s\n", "profile", "experiment", "cells", "sides", "rounds", "ms/side",
           "total s");
    json_array_foreach(rows, i, row) {
        double row_s = json_number_value(json_object_get(row, "total_s"));
        total_s += row_s;
        hang_s += json_number_value(json_object_get(row, "hang_s"));
        printf("  %-8s %-12s %6lld %6lld %7lld %8.0f %8.1f\n", text(row, "profile"), text(row, "experiment"),
               number(row, "cells"), number(row, "sides"), number(row, "rounds"),
               json_number_value(json_object_get(row, "side_ms")), row_s);
        if (strcmp(text(row, "experiment"), "pilot") == 0) {
            printf("  %-8s %-12s %39.1f\n", text(row, "profile"), "all", total_s);
            printf("  %-8s %-12s %39.1f more, if all of them hang: each is stopped once\n", text(row, "profile"), "",
                   hang_s);
            total_s = hang_s = 0;
        }
    }
}

static const struct topic {
    const char *name;
    json_t *(*make)(void);
    void (*print)(const json_t *rows);
} topics[] = {
    { "experiments", experiments_json, print_rows }, { "workloads", document_workloads, print_rows },
    { "backends", document_backends, print_rows },   { "loads", loads_json, print_rows },
    { "idioms", idioms_json, print_rows },           { "floors", floors_json, print_rows },
    { "profiles", profiles_json, print_rows },       { "budget", budget_json, print_budget },
};

enum { N_TOPICS = sizeof topics / sizeof *topics };

static int unknown_topic(const char *name)
{
    const char *names[N_TOPICS + 2] = { NULL };
    for (size_t i = 0; i < N_TOPICS; i++)
        names[i] = topics[i].name;
    names[N_TOPICS] = "--json";
    fprintf(stderr, "poolbench: list: unknown topic '%s': did you mean '%s'?\n", name, nearest_name(name, names));
    return 1;
}

static int print_json(const struct topic *only)
{
    json_t *document = json_object();
    for (size_t i = 0; i < N_TOPICS; i++)
        if (!only || only == &topics[i])
            json_object_set_new(document, topics[i].name, topics[i].make());
    json_dumpf(document, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(document);
    return 0;
}

static int print_text(const struct topic *only)
{
    for (size_t i = 0; i < N_TOPICS; i++) {
        if (only && only != &topics[i])
            continue;
        json_t *rows = topics[i].make();
        printf("%s\n", topics[i].name);
        topics[i].print(rows);
        json_decref(rows);
    }
    return 0;
}

int list_main(int argc, char **argv)
{
    const struct topic *only = NULL;
    struct plugin plugins[PLUGINS_MAX];
    size_t n_plugins;
    int json = 0;
    if (options_take_plugins(argc, argv, plugins, &n_plugins) != 0)
        return 1;
    for (int a = 1; a < argc; a++) {
        if (strncmp(argv[a], "--plugin", 8) == 0) {
            a += argv[a][8] == '\0';
            continue;
        }
        if (strcmp(argv[a], "--json") == 0) {
            json = 1;
            continue;
        }
        if (strcmp(argv[a], "--help") == 0) {
            puts("usage: poolbench list [experiments|workloads|backends|loads|floors|profiles|budget] [--json] "
                 "[--plugin FILE.so]");
            return 0;
        }
        for (size_t i = 0; i < N_TOPICS; i++)
            if (strcmp(argv[a], topics[i].name) == 0)
                only = &topics[i];
        if (!only || strcmp(argv[a], only->name) != 0)
            return unknown_topic(argv[a]);
    }
    return json ? print_json(only) : print_text(only);
}
