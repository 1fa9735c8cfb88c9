/* Reads the job of a measuring process: which load, backend and workload, and with what numbers. */
#include "measure/measuring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Refused threads are tried again for so long, but for a closed gate. */
static const uint64_t retry_ns = 2000000000;

uint64_t job_number(const json_t *job, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(job, name));
}

const char *job_word(const json_t *job, const char *name, const char *fallback)
{
    const char *word = json_string_value(json_object_get(job, name));
    return word ? word : fallback;
}

uint64_t key_number(const json_t *keys, const char *name, uint64_t fallback)
{
    const json_t *value = json_object_get(keys, name);
    return value ? (uint64_t)json_integer_value(value) : fallback;
}

static enum load_life parse_life(const char *word)
{
    return strcmp(word, "run") == 0 ? LIFE_RUN : strcmp(word, "batch") == 0 ? LIFE_BATCH : LIFE_WARM;
}

static int read_cpusets(struct measuring *m)
{
    const json_t *sets = json_object_get(m->job, "cpusets"), *cpus, *cpu;
    size_t n_sets = json_array_size(sets), i, j;
    if (n_sets == 0)
        return 0;
    m->cpusets = calloc(n_sets, sizeof *m->cpusets);
    if (!m->cpusets)
        return -ENOMEM;
    json_array_foreach(sets, i, cpus)
        json_array_foreach(cpus, j, cpu)
            CPU_SET((size_t)json_integer_value(cpu), &m->cpusets[i]);
    m->side.options.cpusets = m->cpusets;
    m->side.options.cpuset_bytes = sizeof *m->cpusets;
    m->side.options.n_cpusets = n_sets;
    return 0;
}

int measuring_read_side(struct measuring *m)
{
    const json_t *job = m->job, *keys = json_object_get(job, "keys");
    struct load_side *side = &m->side;
    side->load = load_find(job_word(keys, "load", ""));
    side->executor = executor_find(job_word(job, "backend", ""));
    side->workload = workload_find(job_word(job, "workload", ""));
    if (!side->load || !side->executor || !side->workload)
        return measuring_fail(m, -EINVAL, "unknown load, backend or workload");
    side->life = parse_life(job_word(keys, "life", "warm"));
    side->gated = strcmp(job_word(keys, "gate", ""), "closed") == 0;
    side->counts_threads = strcmp(job_word(keys, "count", ""), "threads") == 0;
    side->stamped = strcmp(job_word(keys, "mode", ""), "latency") == 0;
    side->n_tasks = key_number(keys, "tasks", 1);
    side->n_batches = key_number(keys, "batches", 1);
    side->n_inflight = key_number(keys, "inflight", 1);
    side->pause_ns = key_number(keys, "pause_ns", 0);
    side->options.n_workers = (size_t)job_number(job, "workers");
    side->options.stack_bytes = (size_t)job_number(job, "stack_bytes");
    side->options.max_threads = (size_t)job_number(job, "max_threads");
    side->options.retry_ns = side->gated ? 0 : retry_ns;
    return read_cpusets(m);
}
