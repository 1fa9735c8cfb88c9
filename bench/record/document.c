/* Turns the plan and the journal into the parts of run.json. */
#include "record/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/executor.h"

static const struct metric {
    const char *name, *unit, *polarity, *kind, *mode, *summary;
} metrics[] = {
    { "time_ns", "ns", "less", "cost", "throughput", "wall time per task" },
    { "cpu_ns", "ns", "less", "cost", "any",
      "processor time of the process per task, without what the caller spends on its own pauses" },
    { "first_ns", "ns", "less", "cost", "throughput", "wall time per task of the first, discarded iteration" },
    { "first_result_ns", "ns", "less", "cost", "throughput",
      "wall time from the start of a program to its first result, mean over iterations" },
    { "lines", "lines", "less", "count", "any", "lines of the program without blank ones and comments" },
    { "polls", "polls", "none", "count", "throughput", "looks at all tasks while a program ran, mean over iterations" },
    { "submit_ns", "ns", "less", "cost", "throughput", "wall time of submitting one task" },
    { "bytes_per_task", "bytes", "less", "cost", "throughput", "resident memory per outstanding task" },
    { "kernel_bytes_per_task", "bytes", "less", "cost", "throughput",
      "kernel stacks (machine-wide) and page tables per outstanding task" },
    { "held", "tasks", "more", "count", "throughput", "tasks outstanding when the gate opened" },
    { "threads_seen", "threads", "none", "count", "throughput", "threads that ran at least one task" },
    { "idle_cpu_share", "CPUs", "less", "cost", "throughput",
      "processor time of the process over wall time while there is nothing to do" },
    { "gave_way", "times", "none", "count", "throughput",
      "how often the holder of the lock that all tasks share gave way, per task" },
    { "server_cpu_ns", "ns", "less", "cost", "any", "processor time of the server process per task" },
    { "p50_ns", "ns", "less", "cost", "latency", "median sojourn" },
    { "p90_ns", "ns", "less", "cost", "latency", "90th percentile of the sojourn" },
    { "p99_ns", "ns", "less", "cost", "latency", "99th percentile of the sojourn" },
    { "p999_ns", "ns", "less", "cost", "latency", "99.9th percentile of the sojourn" },
    { "max_ns", "ns", "less", "cost", "latency", "longest sojourn" },
    { "mean_ns", "ns", "less", "cost", "latency", "mean sojourn" },
    { "lateness_p50_ns", "ns", "less", "cost", "latency", "median delay of the submitting thread" },
    { "queue_p50_ns", "ns", "less", "cost", "latency", "median time from submit to start" },
    { "service_p50_ns", "ns", "less", "cost", "latency", "median time from start to end" },
    { "delivery_p50_ns", "ns", "less", "cost", "latency", "median time from end to the waiter's knowing" },
    { "blocked_p50_ns", "ns", "less", "cost", "latency", "median time for which earlier submits kept the generator" },
    { "lateness_p90_ns", "ns", "less", "cost", "latency", "90th percentile of the generator's delay" },
    { "lateness_p99_ns", "ns", "less", "cost", "latency", "99th percentile of the generator's delay" },
    { "lateness_p999_ns", "ns", "less", "cost", "latency", "99.9th percentile of the generator's delay" },
    { "queue_mean_ns", "ns", "less", "cost", "latency", "mean time from submit to start" },
    { "service_mean_ns", "ns", "less", "cost", "latency", "mean time from start to end" },
    { "unloaded_ns", "ns", "none", "cost", "latency", "time of one task on the caller's own thread, this round" },
    { "offered_per_s", "per s", "none", "rate", "latency", "tasks that came" },
    { "done_per_s", "per s", "more", "rate", "latency", "tasks that came and ended while tasks came" },
    { "in_time_per_s", "per s", "more", "rate", "latency", "tasks done within ten times that time" },
    { "refused", "tasks", "less", "count", "latency", "tasks that the backend refused" },
    { "iterations", "iterations", "none", "count", "any", "timed iterations" },
    { "tasks", "tasks", "none", "count", "any", "tasks of all timed iterations" },
    { "settled", "yes or no", "none", "count", "any", "1 if the warm-up settled" },
    { "threads_created", "threads", "none", "count", "any", "threads created, warm-up included" },
    { "threads_refused", "threads", "less", "count", "any", "refused creations, each attempt counted" },
    { "threads_peak", "threads", "none", "count", "any", "most threads created and not yet joined" },
    { "inline_tasks", "tasks", "none", "count", "any", "tasks that ran on the submitting or waiting thread" },
    { "inline_share", "1", "none", "count", "any",
      "those over all tasks, warm-up included, where the caller may run tasks while it waits" },
    { "same_cpu", "1", "none", "count", "any", "share of tasks that ran on the submitter's CPU" },
};

json_t *document_metrics(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const struct metric *m = &metrics[i];
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s}", "name", m->name, "unit", m->unit, "polarity", m->polarity,
            "kind", m->kind, "mode", m->mode, "summary", m->summary));
    }
    return list;
}

bool document_has_metric(const char *name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return true;
    return false;
}

json_t *document_backends(void)
{
    json_t *list = json_array();
    const struct executor *e;
    for (size_t i = 0; (e = executor_at(i)); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", e->name, "summary", e->summary,
                                              "plugin", (int)executor_is_added(e)));
    return list;
}

json_t *document_workloads(void)
{
    json_t *list = json_array();
    const struct workload *w;
    for (size_t i = 0; (w = workload_at(i)); i++) {
        json_t *parameters = json_array();
        for (const struct workload_parameter *p = w->parameters; p && p->name; p++)
            json_array_append_new(parameters, json_pack(
                "{s:s, s:s, s:I, s:I, s:I}", "name", p->name, "summary", p->summary,
                "default", (json_int_t)p->default_value, "min", (json_int_t)p->min, "max", (json_int_t)p->max));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "name", w->name, "kind",
                                              w->kind == WORKLOAD_IO ? "io" : "cpu", "summary", w->summary,
                                              "parameters", parameters));
    }
    return list;
}

static json_t *ref_json(const struct plan *plan, const struct experiment *experiment, const struct side_ref *ref)
{
    struct plan_step step;
    if (!plan_resolve(plan, experiment, ref, &step))
        return json_null();
    const struct cell *cell = &plan->cells[step.cell];
    const struct side *side = &cell->sides[step.side];
    return json_pack("{s:s, s:s, s:I}", "cell", cell->name, "backend", side->backend,
                     "workers", (json_int_t)side->workers);
}

static json_t *conditions_json(const struct condition *conditions)
{
    static const char *const words[] = {
        [OP_AHEAD] = "ahead", [OP_NOT_AHEAD] = "not_ahead", [OP_AT_LEAST] = "at_least", [OP_BELOW] = "below",
    };
    json_t *list = json_array();
    for (const struct condition *c = conditions; c < conditions + RULE_CONDITIONS_MAX && c->op != OP_END; c++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:f}", "contrast", (int)c->contrast, "op", words[c->op],
                                              "value", c->value));
    return list;
}

static json_t *rule_json(const struct plan *plan, const struct experiment *experiment)
{
    const struct rule *rule = &experiment->rule;
    if (!rule->contrasts[0].name && !rule->evaluator)
        return json_null();
    json_t *contrasts = json_array();
    for (const struct contrast *c = rule->contrasts; c < rule->contrasts + RULE_CONTRASTS_MAX && c->name; c++)
        json_array_append_new(contrasts, json_pack("{s:s, s:s, s:o, s:o}", "name", c->name, "metric", c->metric,
                                                   "a", ref_json(plan, experiment, &c->a),
                                                   "b", ref_json(plan, experiment, &c->b)));
    return json_pack("{s:o, s:o, s:o, s:s?}", "contrasts", contrasts,
                     "supported_all", conditions_json(rule->supported_all),
                     "refuted_any", conditions_json(rule->refuted_any), "evaluator", rule->evaluator);
}

json_t *document_experiments(const struct plan *plan)
{
    json_t *list = json_array();
    for (const struct experiment *e = experiment_table; e->name; e++) {
        json_t *axes = json_array();
        for (const char *const *axis = e->axes; *axis; axis++)
            json_array_append_new(axes, json_string(*axis));
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o}", "name", e->name, "claim", e->claim,
            "statement", e->statement, "question", e->question, "axes", axes, "metric", e->metric,
            "primary", e->primary, "base", e->base, "rule", rule_json(plan, e)));
    }
    return list;
}

static json_t *sides_json(const struct cell *cell)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cell->n_sides; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "backend", cell->sides[i].backend, "workers",
                                              (json_int_t)cell->sides[i].workers));
    return list;
}

json_t *document_iterations(const struct cell *cell)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cell->n_sides; i++)
        json_array_append_new(list, json_integer((json_int_t)cell->sides[i].iterations));
    return list;
}

json_t *document_keys(const struct cell *cell)
{
    json_t *keys = json_object();
    for (size_t i = 0; i < cell->n_keys; i++) {
        const struct cell_key *key = &cell->keys[i];
        json_t *value = key->word ? json_string(key->word) : json_integer((json_int_t)key->number);
        json_object_set_new(keys, key->name, value);
    }
    return keys;
}

json_t *document_cells(const struct plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *cell = &plan->cells[i];
        json_array_append_new(list, json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:I, s:I}", "name", cell->name,
            "experiment", cell->experiment->name, "workload", cell->workload ? cell->workload->name : "",
            "load", cell_word(cell, "load", ""), "mode", cell_word(cell, "mode", ""), "keys", document_keys(cell),
            "primary", cell->role && strcmp(cell->role, "primary") == 0, "sides", sides_json(cell),
            "iterations", document_iterations(cell), "tasks", (json_int_t)cell_tasks(cell),
            "every", (json_int_t)cell->every));
    }
    return list;
}

json_t *document_samples(const json_t *lines)
{
    static const char *const left_out[] = { "schema", "histogram", "timeline", "lateness", "wall_s", "timed_out" };
    json_t *list = json_array();
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line) {
        json_t *sample = json_copy(line);
        for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++)
            json_object_del(sample, left_out[k]);
        json_array_append_new(list, sample);
    }
    return list;
}

static json_t *find_failure(json_t *failures, const json_t *line)
{
    static const char *const same[] = { "cell", "backend", "workers", "status" };
    size_t i;
    json_t *failure;
    json_array_foreach(failures, i, failure) {
        size_t n_same = 0;
        for (size_t k = 0; k < 4; k++)
            n_same += json_equal(json_object_get(failure, same[k]), json_object_get(line, same[k]));
        if (n_same == 4)
            return failure;
    }
    failure = json_pack("{s:i}", "rounds", 0);
    for (size_t k = 0; k < 4; k++)
        json_object_set(failure, same[k], json_object_get(line, same[k]));
    json_object_set(failure, "reason", json_object_get(line, "reason")); /* that of the first round */
    json_array_append_new(failures, failure);
    return failure;
}

json_t *document_failures(const json_t *lines)
{
    json_t *failures = json_array();
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line) {
        const char *status = json_string_value(json_object_get(line, "status"));
        if (!status || strcmp(status, "ok") == 0)
            continue;
        json_t *rounds = json_object_get(find_failure(failures, line), "rounds");
        json_integer_set(rounds, json_integer_value(rounds) + 1);
    }
    return failures;
}

void document_hash(const json_t *json, char hash[17])
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *c = text; c && *c; c++)
        value = (value ^ (unsigned char)*c) * 0x100000001b3u;
    snprintf(hash, 17, "%016llx", (unsigned long long)value);
    free(text);
}
