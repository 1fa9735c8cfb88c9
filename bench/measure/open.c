/* The arrivals of an open load follow from the cell's keys and from what the machine can do: a rate is so many percent
 * of the capacity that this round's `serial` side found. */
#include "measure/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before and after a surge, in percent of the capacity. */
static const double outer_percent = 50;

static double real_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static const char *word_of(const json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));
    return word ? word : "";
}

static void read_longs(const json_t *keys, struct load_side *side)
{
    struct load_open *open = &side->open;
    const char *longs = word_of(keys, "longs");
    open->longs = strcmp(longs, "together") == 0 ? LONGS_TOGETHER : strcmp(longs, "apart") == 0 ? LONGS_APART
        : LONGS_NONE;
    open->longs_wait = strcmp(word_of(keys, "long_kind"), "wait") == 0;
    open->long_ns = number_of(keys, "long_ns");
    open->n_longs = number_of(keys, "n_longs");
}

/* All threads of the backend may run on each of the CPUs that the generator leaves them. */
static int read_places(const json_t *job, struct load_side *side)
{
    const json_t *cpus = json_object_get(job, "task_cpus"), *cpu;
    side->open.generator_cpu = (int)json_integer_value(json_object_get(job, "generator_cpu"));
    if (side->open.generator_cpu < 0)
        return 0;
    cpu_set_t *set = calloc(1, sizeof *set);
    size_t i;
    if (!set)
        return -ENOMEM;
    json_array_foreach(cpus, i, cpu)
        CPU_SET((size_t)json_integer_value(cpu), set);
    side->options.cpusets = set;
    side->options.cpuset_bytes = sizeof *set;
    side->options.n_cpusets = 1;
    return 0;
}

int open_read(const json_t *job, struct load_side *side, char *reason, size_t reason_bytes)
{
    const json_t *keys = json_object_get(job, "keys");
    double capacity_per_s = real_of(job, "capacity_per_s");
    int kind = schedule_kind(word_of(keys, "arrivals"));
    if (!(capacity_per_s > 0) || kind < 0) {
        snprintf(reason, reason_bytes, "the capacity of this round is not known: serial was not measured in it");
        return -ECANCELED;
    }
    side->open.schedule = (struct schedule){
        .kind = (enum schedule_kind)kind,
        .seed = number_of(job, "seed") ^ workload_mix(number_of(job, "round")),
        .per_s = capacity_per_s * (double)number_of(keys, "percent") / 100,
        .outer_per_s = capacity_per_s * outer_percent / 100,
        .duration_ns = number_of(keys, "duration_ms") * 1000000,
    };
    side->open.service_ns = real_of(job, "service_ns");
    side->options.retry_ns = 0; /* what is refused is not tried again */
    read_longs(keys, side);
    return read_places(job, side);
}

static void add_real(json_t *metrics, const char *name, double value)
{
    json_object_set_new(metrics, name, json_real(value));
}

static void add_quantile(json_t *metrics, const char *name, const struct histogram *histogram, double quantile)
{
    json_object_set_new(metrics, name, json_integer((json_int_t)histogram_quantile(histogram, quantile)));
}

void open_add_metrics(json_t *metrics, const struct load_side *side)
{
    const struct load_open *open = &side->open;
    double counted_s = (double)open->schedule.duration_ns * 0.9e-9, n = (double)open->n_accepted;
    add_real(metrics, "offered_per_s", (double)open->n_offered / counted_s);
    add_real(metrics, "done_per_s", (double)open->n_done / counted_s);
    add_real(metrics, "in_time_per_s", (double)open->n_in_time / counted_s);
    add_real(metrics, "refused", (double)open->n_refused);
    add_real(metrics, "unloaded_ns", open->service_ns);
    if (open->n_accepted == 0)
        return;
    add_real(metrics, "queue_mean_ns", open->queue_sum_ns / n);
    add_real(metrics, "service_mean_ns", open->service_sum_ns / n);
    add_quantile(metrics, "blocked_p50_ns", &side->recorder->blocked, 0.5);
    add_quantile(metrics, "lateness_p90_ns", &side->recorder->lateness, 0.9);
    add_quantile(metrics, "lateness_p99_ns", &side->recorder->lateness, 0.99);
    add_quantile(metrics, "lateness_p999_ns", &side->recorder->lateness, 0.999);
}

static json_t *counts_json(const uint64_t *counts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < OPEN_BINS; i++)
        json_array_append_new(list, json_integer((json_int_t)counts[i]));
    return list;
}

json_t *open_timeline(const struct load_side *side)
{
    const struct load_open *open = &side->open;
    if (side->load->iterate != open_iterate)
        return NULL;
    return json_pack("{s:f, s:o, s:o, s:o}", "bin_ms", (double)open->schedule.duration_ns * 1e-6 / OPEN_BINS,
                     "offered", counts_json(open->offered), "done", counts_json(open->done),
                     "in_time", counts_json(open->in_time));
}
