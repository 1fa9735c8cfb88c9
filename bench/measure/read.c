/* Reads the job of a measuring process: which load, backend and workload, and with what numbers; or says why not. */
#include "measure/measuring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/python.h"
#include "measure/open.h"

/* Refused threads are tried again for so long, but for a closed gate. */
static const uint64_t retry_ns = 2000000000;

int measuring_fail(struct measuring *m, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(m->reason, sizeof m->reason, format, arguments);
    va_end(arguments);
    return error;
}

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

/* A program's side may be a variant of its backend, whose name no executor has. */
static void read_program(struct measuring *m, const json_t *keys)
{
    struct load_program *program = &m->side.program;
    const struct idiom *idiom = idiom_find(job_word(m->job, "experiment", ""), job_word(m->job, "backend", ""));
    uint64_t workers = job_number(m->job, "workers"), polls_per_s = key_number(keys, "polls_per_s", 0);
    uint64_t unit_ns = key_number(keys, "length_ns", 1);
    program->idiom = idiom;
    program->setting.n_at_once = workers ? workers : key_number(keys, "limit", 0);
    program->setting.n_bytes = key_number(keys, "result_bytes", 0);
    program->setting.n_steps = (unsigned)key_number(keys, "steps", 1);
    program->setting.poll_ns = polls_per_s ? (int64_t)(1000000000 / polls_per_s) : -1;
    program->fail_every = key_number(keys, "fail_every", 0);
    program->slow_units = key_number(keys, "slow_times", 1);
    program->build_units = key_number(keys, "build_ns", 0) / unit_ns;
    if (idiom && load_is_program(&m->side))
        m->side.executor = executor_find(idiom->base);
}

int measuring_read_side(struct measuring *m)
{
    const json_t *job = m->job, *keys = json_object_get(job, "keys");
    struct load_side *side = &m->side;
    side->load = load_find(job_word(keys, "load", ""));
    side->executor = executor_find(job_word(job, "backend", ""));
    side->workload = workload_find(job_word(job, "workload", ""));
    read_program(m, keys);
    if (!side->load || !side->executor || !side->workload)
        return measuring_fail(m, -EINVAL, "unknown load, backend or workload");
    side->options.spin_ns = strcmp(job_word(keys, "spin", ""), "none") == 0 ? 0 : EXECUTOR_SPIN_NS;
    if (load_is_program(side) && !side->program.idiom)
        return measuring_fail(m, -EINVAL, "there is no such program");
    side->life = parse_life(job_word(keys, "life", "warm"));
    side->gated = strcmp(job_word(keys, "gate", ""), "closed") == 0;
    side->maps = strcmp(job_word(keys, "call", ""), "map") == 0;
    side->gets = strcmp(job_word(keys, "call", ""), "get") == 0;
    side->counts_threads = strcmp(job_word(keys, "count", ""), "threads") == 0;
    side->stamped = strcmp(job_word(keys, "mode", ""), "latency") == 0;
    side->n_tasks = key_number(keys, "tasks", 1);
    side->n_batches = key_number(keys, "batches", 1);
    side->n_inflight = key_number(keys, "inflight", 1);
    side->pause_ns = key_number(keys, "pause_ns", 0);
    side->n_submitters = (size_t)key_number(keys, "submitters", 1);
    side->n_functions = key_number(keys, "functions", 0);
    side->n_chunk = key_number(keys, "chunk", 1);
    side->options.n_workers = (size_t)job_number(job, "workers");
    side->options.stack_bytes = (size_t)job_number(job, "stack_bytes");
    side->options.max_threads = (size_t)job_number(job, "max_threads");
    side->options.max_queued = (size_t)key_number(keys, "bound", 0);
    side->options.retry_ns = side->gated ? 0 : retry_ns;
    side->options.reason = m->reason;
    side->options.reason_bytes = sizeof m->reason;
    python_set_program(job_word(job, "python", "python3"));
    if (side->load->iterate == open_iterate)
        return open_read(job, side, m->reason, sizeof m->reason);
    return read_cpusets(m);
}
