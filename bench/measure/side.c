/* A process that measures one side of a cell once: sets up the workload, warms up, lets Google Benchmark
 * run the iterations, checks the results, and writes one line.
 *
 * A negative errno tells how it ended: -EAGAIN, -EDQUOT, -EMFILE, -ENOBUFS, -ENOMEM and -ENOTSUP are limits of the
 * machine or of the backend, named in the reason; all else is a failure.
 */
#include "measure/side.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/python.h"
#include "gbench/gbench.h"
#include "load/floors.h"
#include "load/load.h"
#include "measure/open.h"
#include "record/clock.h"

enum { REASON_BYTES = 200, MEASURES_MAX = 8 };

/* Refused threads are tried again for so long, but for a closed gate. */
static const uint64_t retry_ns = 2000000000;

struct measuring {
    const json_t *job;
    struct load_side side;
    const struct floor *floor;
    gbench_iteration *iterate;
    bool prepared;
    cpu_set_t *cpusets;
    double first_ns;   /* the first iteration, which is discarded; NAN without one */
    enum { SETTLED_UNKNOWN, UNSETTLED, SETTLED } settled;
    struct gbench_result result;
    struct workload_measure measures[MEASURES_MAX];
    size_t n_measures;
    char reason[REASON_BYTES];
};

static int fail(struct measuring *m, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(m->reason, sizeof m->reason, format, arguments);
    va_end(arguments);
    return error;
}

static uint64_t job_number(const json_t *job, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(job, name));
}

static const char *job_word(const json_t *job, const char *name, const char *fallback)
{
    const char *word = json_string_value(json_object_get(job, name));
    return word ? word : fallback;
}

static uint64_t key_number(const json_t *keys, const char *name, uint64_t fallback)
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

static int read_side(struct measuring *m)
{
    const json_t *job = m->job, *keys = json_object_get(job, "keys");
    struct load_side *side = &m->side;
    side->load = load_find(job_word(keys, "load", ""));
    side->executor = executor_find(job_word(job, "backend", ""));
    side->workload = workload_find(job_word(job, "workload", ""));
    if (!side->load || !side->executor || !side->workload)
        return fail(m, -EINVAL, "unknown load, backend or workload");
    side->life = parse_life(job_word(keys, "life", "warm"));
    side->gated = strcmp(job_word(keys, "gate", ""), "closed") == 0;
    side->maps = strcmp(job_word(keys, "call", ""), "map") == 0;
    side->counts_threads = strcmp(job_word(keys, "count", ""), "threads") == 0;
    side->stamped = strcmp(job_word(keys, "mode", ""), "latency") == 0;
    side->n_tasks = key_number(keys, "tasks", 1);
    side->n_batches = key_number(keys, "batches", 1);
    side->n_inflight = key_number(keys, "inflight", 1);
    side->pause_ns = key_number(keys, "pause_ns", 0);
    side->n_functions = key_number(keys, "functions", 0);
    side->n_chunk = key_number(keys, "chunk", 1);
    side->options.n_workers = (size_t)job_number(job, "workers");
    side->options.stack_bytes = (size_t)job_number(job, "stack_bytes");
    side->options.max_threads = (size_t)job_number(job, "max_threads");
    side->options.retry_ns = side->gated ? 0 : retry_ns;
    side->options.reason = m->reason;
    side->options.reason_bytes = sizeof m->reason;
    python_set_program(job_word(job, "python", "python3"));
    if (side->load->iterate == open_iterate)
        return open_read(job, side, m->reason, sizeof m->reason);
    return read_cpusets(m);
}

/* The most tasks that may run at the same time, whatever the backend. */
static uint64_t most_concurrent(const struct load_side *side)
{
    return side->load->iterate == window_iterate ? side->n_inflight : side->n_tasks;
}

static int setup_workload(struct measuring *m)
{
    const json_t *keys = json_object_get(m->job, "keys");
    struct workload_config config = {
        .n_concurrent = most_concurrent(&m->side),
        .seed = job_number(m->job, "seed"),
        .calibration = job_number(m->job, "calibration"),
        .scratch_dir = job_word(m->job, "scratch_dir", "."),
        .fork = m->side.executor->fork ? &load_fork : NULL,
        .reason = m->reason,
        .reason_bytes = sizeof m->reason,
    };
    const struct workload_parameter *parameter = m->side.workload->parameters;
    for (size_t i = 0; parameter && parameter[i].name; i++)
        config.values[i] = key_number(keys, parameter[i].name, parameter[i].default_value);
    memcpy(m->side.values, config.values, sizeof config.values);
    m->side.seed = config.seed;
    return m->side.workload->setup(&config, &m->side.workload_state);
}

static int64_t iterate_load(void *context)
{
    struct measuring *m = context;
    return m->side.load->iterate(&m->side);
}

static int64_t iterate_floor(void *context)
{
    struct measuring *m = context;
    int64_t elapsed_ns = m->floor->run(m->floor->n_operations);
    if (elapsed_ns < 0)
        m->side.error = (int)elapsed_ns;
    return elapsed_ns;
}

/* Untimed iterations until one is no more than 10% shorter than the shortest before it, for at most a fifth of
 * the side's time. One is always done; where no second one fits, whether it settled is not known. */
static int warm_up(struct measuring *m, gbench_iteration *iterate)
{
    uint64_t deadline = clock_now_ns() + job_number(m->job, "side_ms") * 1000000 / 5;
    int64_t now = iterate(m), shortest = now;
    m->first_ns = now < 0 ? NAN : (double)now;
    while (now >= 0 && m->settled != SETTLED && clock_now_ns() < deadline) {
        now = iterate(m);
        m->settled = now * 10 >= shortest * 9 ? SETTLED : UNSETTLED;
        shortest = now < shortest ? now : shortest;
    }
    return now < 0 ? m->side.error : 0;
}

/* Google Benchmark has looked around by now: what is warm stays warm. Its search comes here several times. */
static bool prepare(void *context)
{
    struct measuring *m = context;
    if (!m->prepared && !json_is_true(json_object_get(m->job, "once")))
        m->side.error = warm_up(m, m->iterate);
    m->prepared = true;
    load_forget(&m->side);
    return m->side.error == 0;
}

static int run_iterations(struct measuring *m, gbench_iteration *iterate)
{
    m->iterate = iterate;
    gbench_run(job_word(m->job, "cell", "cell"), prepare, iterate, m, job_number(m->job, "iterations"),
               json_real_value(json_object_get(m->job, "min_time_ns")), &m->result);
    return m->side.error;
}

/* Which limit of its own a process has that was refused memory. */
static void add_memory_limit(struct measuring *m)
{
    static const struct { int resource; const char *name; } limits[] = {
        { RLIMIT_AS, "RLIMIT_AS" }, { RLIMIT_DATA, "RLIMIT_DATA" },
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        size_t length = strlen(m->reason);
        if (getrlimit(limits[i].resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
            snprintf(m->reason + length, sizeof m->reason - length, " (%s: %llu MiB)", limits[i].name,
                     (unsigned long long)limit.rlim_cur >> 20);
    }
}

/* Which limit refused a thread or process when there were so many: the one seen before, unless that is far away. */
static const char *process_limit(const struct measuring *m, uint64_t n_threads)
{
    if (n_threads < job_number(m->job, "max_threads") / 2)
        return "a limit that is not known";
    return job_word(m->job, "thread_limit", "a limit");
}

static int name_error(struct measuring *m, int error)
{
    unsigned long long n = m->side.depth.n_held ? m->side.depth.n_held : m->side.counters.threads_peak;
    if (error == -EDQUOT)
        return fail(m, error, "stopped at %llu threads by the reserve: %s binds", n,
                    job_word(m->job, "thread_limit", "a limit"));
    if (error == -EAGAIN)
        return fail(m, error, "refused a thread at %llu threads: %s binds", n, process_limit(m, n));
    if (error == -ENOBUFS)
        return fail(m, error, "its queue was full at %llu tasks: the next one ran on the submitting thread", n);
    if (error == -ENOTSUP)
        return fail(m, error, "the backend has no such operation");
    return fail(m, error, "%s", strerror(-error));
}

/* Names the limit that an error stands for, beside the workload's reason if it gave one. */
static int explain(struct measuring *m, int error)
{
    size_t length = strlen(m->reason);
    if (!length)
        name_error(m, error);
    else if (error == -EAGAIN)
        snprintf(m->reason + length, sizeof m->reason - length, " (%s binds)", process_limit(m, 0));
    if (error == -ENOMEM)
        add_memory_limit(m);
    return error;
}

static int check_tasks(struct measuring *m)
{
    struct tally_sum sum = tally_sum(&m->side.tally);
    struct workload_tally tally = {
        .n_submitted = m->side.n_submitted, .n_run = sum.n_run, .value_sum = sum.value_sum,
    };
    int error = m->side.workload->check(m->side.workload_state, &tally, m->reason, sizeof m->reason);
    bool may_run_inline = m->side.executor->capabilities & (EXECUTOR_INLINE | EXECUTOR_HELPS);
    if (!error && sum.n_inline && !may_run_inline)
        error = fail(m, -EBADMSG, "%llu tasks ran on the submitting or waiting thread",
                     (unsigned long long)sum.n_inline);
    return error;
}

static int measure_side(struct measuring *m)
{
    int error = read_side(m);
    if (error)
        return explain(m, error);
    error = setup_workload(m);
    if (error)
        return explain(m, error);
    error = load_start(&m->side);
    if (!error)
        error = run_iterations(m, iterate_load);
    struct load_side *side = &m->side;
    int checked = check_tasks(m);
    if (checked)
        error = checked;
    if (side->workload->measure && !python_is(side->executor))
        m->n_measures = side->workload->measure(side->workload_state, m->measures, MEASURES_MAX);
    if (side->backend)
        load_destroy_backend(side);
    return error ? explain(m, error) : 0;
}

static int measure_floor(struct measuring *m)
{
    const json_t *cpus = json_object_get(m->job, "floor_cpus");
    floors_set_cpus((int)json_integer_value(json_array_get(cpus, 0)), (int)json_integer_value(json_array_get(cpus, 1)));
    m->floor = floor_find(job_word(json_object_get(m->job, "keys"), "floor", ""));
    if (!m->floor)
        return fail(m, -EINVAL, "unknown floor");
    int error = run_iterations(m, iterate_floor);
    if (error == -ENOTSUP)
        return fail(m, error, "needs two CPUs");
    return error ? explain(m, error) : 0;
}

static void set_real(json_t *object, const char *name, double value)
{
    if (isfinite(value))
        json_object_set_new(object, name, json_real(value));
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* Only those with at least one task on either side of them. */
static void add_quantiles(json_t *metrics, struct recorder *recorder)
{
    static const struct { const char *name; double quantile; } quantiles[] = {
        { "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 },
    };
    const struct histogram *sojourn = &recorder->sojourn;
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        if ((double)sojourn->n * (1 - quantiles[i].quantile) >= 1 - 1e-9)
            set_count(metrics, quantiles[i].name, histogram_quantile(sojourn, quantiles[i].quantile));
    set_count(metrics, "max_ns", sojourn->max_ns);
    set_real(metrics, "mean_ns", sojourn->sum_ns / (double)sojourn->n);
    set_count(metrics, "lateness_p50_ns", histogram_quantile(&recorder->lateness, 0.5));
    set_count(metrics, "queue_p50_ns", histogram_quantile(&recorder->queue, 0.5));
    set_count(metrics, "service_p50_ns", histogram_quantile(&recorder->service, 0.5));
    set_count(metrics, "delivery_p50_ns", histogram_quantile(&recorder->delivery, 0.5));
}

static void add_depth(json_t *metrics, const struct load_depth *depth)
{
    set_count(metrics, "held", depth->n_held);
    if (depth->n_held == 0)
        return;
    set_real(metrics, "submit_ns", depth->submit_ns);
    set_real(metrics, "bytes_per_task", depth->bytes_per_task);
    set_real(metrics, "kernel_bytes_per_task", depth->kernel_bytes_per_task);
}

/* What was timed, of a side that did all its tasks. */
static void add_times(json_t *metrics, const struct measuring *m)
{
    const struct load_side *side = &m->side;
    double tasks_each = m->floor ? (double)m->floor->n_operations : (double)(side->n_tasks * side->n_batches);
    double n_tasks = tasks_each * (double)m->result.iterations;
    if (side->load && side->load->iterate == open_iterate) {
        n_tasks = (double)side->open.n_accepted;
        if (n_tasks > 0)
            add_quantiles(metrics, side->recorder);
        open_add_metrics(metrics, side);
    } else if (side->stamped) {
        add_quantiles(metrics, side->recorder);
        set_real(metrics, "cpu_ns", (m->result.cpu_ns - (double)side->spun_ns) / n_tasks);
    } else if (side->idle_ns) {
        set_real(metrics, "idle_cpu_share", (double)side->idle_cpu_ns / (double)side->idle_ns);
    } else if (!side->gated) {
        set_real(metrics, "time_ns", m->result.elapsed_ns / n_tasks);
        bool elsewhere = !m->floor && side->executor->capabilities & EXECUTOR_ELSEWHERE;
        if (!elsewhere || side->elsewhere_cpu_ns)
            set_real(metrics, "cpu_ns", (elsewhere ? (double)side->elsewhere_cpu_ns : m->result.cpu_ns) / n_tasks);
        set_real(metrics, "first_ns", m->first_ns / tasks_each);
    }
    set_count(metrics, "iterations", m->result.iterations);
    set_count(metrics, "tasks", (uint64_t)n_tasks);
    if (m->settled != SETTLED_UNKNOWN)
        set_count(metrics, "settled", m->settled == SETTLED);
    for (size_t i = 0; i < m->n_measures; i++)
        set_real(metrics, m->measures[i].name, m->measures[i].value / (double)side->n_submitted);
}

static json_t *metrics_json(struct measuring *m, int error)
{
    json_t *metrics = json_object();
    const struct load_side *side = &m->side;
    if (!error)
        add_times(metrics, m);
    if (m->floor)
        return metrics;
    if (side->gated)
        add_depth(metrics, &side->depth);
    if (side->counts_threads)
        set_count(metrics, "threads_seen", atomic_load(&side->n_threads_seen));
    set_count(metrics, "threads_created", side->counters.threads_created);
    set_count(metrics, "threads_refused", side->counters.threads_refused);
    set_count(metrics, "threads_peak", side->counters.threads_peak);
    struct tally_sum sum = tally_sum((struct tally *)&side->tally);
    set_count(metrics, "inline_tasks", sum.n_inline);
    if (side->executor && side->executor->capabilities & EXECUTOR_HELPS)
        set_real(metrics, "inline_share", (double)sum.n_inline / (double)sum.n_run);
    return metrics;
}

static json_t *histogram_json(const struct histogram *histogram)
{
    json_t *buckets = json_array();
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i])
            json_array_append_new(buckets, json_pack("[iI]", (int)i, (json_int_t)histogram->counts[i]));
    return buckets;
}

/* The kernel's figure for a child would include what its parent once held. */
static double resident_peak_bytes(void)
{
    char line[256];
    double kib = NAN;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %lf", &kib);
    if (file)
        fclose(file);
    return kib * 1024;
}

static const char *status_of(int error)
{
    switch (-error) {
    case 0: return "ok";
    case EAGAIN: case EDQUOT: case EMFILE: case ENOBUFS: case ENOMEM: case ENOTSUP:
        return "limit";
    default: return "failed";
    }
}

/* The answer, if the job was a question, or else what was measured. */
static int write_result(struct measuring *m, int error, json_t *answer)
{
    json_t *result = json_object();
    json_object_set_new(result, "status", json_string(status_of(error)));
    json_object_set_new(result, "reason", json_string(error ? m->reason : ""));
    json_object_set_new(result, "metrics", answer ? answer : metrics_json(m, error));
    if (m->side.recorder && !error)
        json_object_set_new(result, "histogram", histogram_json(&m->side.recorder->sojourn));
    if (m->side.load && !error && !answer) {
        json_t *timeline = open_timeline(&m->side);
        if (timeline)
            json_object_set_new(result, "timeline", timeline);
    }
    if (!error && !answer)
        set_real(result, "iteration_ns", m->result.elapsed_ns / (double)m->result.iterations);
    set_real(result, "resident_peak_bytes", resident_peak_bytes());
    char *text = json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(9));
    int written = text ? dprintf(SIDE_RESULT_FD, "%s\n", text) : -1;
    free(text);
    json_decref(result);
    return written > 0 ? 0 : 1;
}

/* Loads what the job needs. Returns 0 or -EINVAL with a reason. */
static int load_plugins(struct measuring *m)
{
    const json_t *paths = json_object_get(m->job, "plugins"), *path;
    size_t i;
    int error = 0;
    for (i = 0; (path = json_array_get(paths, i)) && !error; i++)
        error = plugins_load(json_string_value(path), m->reason, sizeof m->reason);
    return error;
}

static json_t *ask_python(struct measuring *m, int *error)
{
    struct python_about about;
    *error = python_ask(&about, m->reason, sizeof m->reason);
    return *error ? json_object() : json_pack("{s:s, s:s}", "text", about.text, "executable", about.executable);
}

/* What the job asks for where it is not to measure; NULL if it is. */
static json_t *answer_question(struct measuring *m, int *error)
{
    const char *path = json_string_value(json_object_get(m->job, "describe"));
    const char *name = json_string_value(json_object_get(m->job, "calibrate"));
    if (json_is_true(json_object_get(m->job, "ask_python")))
        return ask_python(m, error);
    if (!path && !name)
        return NULL;
    *error = path ? plugins_load(path, m->reason, sizeof m->reason) : load_plugins(m);
    if (*error)
        return json_object();
    if (path)
        return plugins_description();
    const struct workload *workload = workload_find(name);
    return json_pack("{s:I}", "calibration", (json_int_t)(workload && workload->calibrate ? workload->calibrate() : 0));
}

int side_main(const char *job_text)
{
    /* Shared: a backend may run tasks in processes of its own, which count here. */
    struct measuring *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    json_t *job = json_loads(job_text, 0, NULL);
    if (!job || m == MAP_FAILED)
        return 1;
    m->job = job;
    int error = 0;
    json_t *answer = answer_question(m, &error);
    if (!answer)
        error = load_plugins(m);
    bool floor = strcmp(job_word(job, "backend", ""), "floor") == 0;
    if (!answer && !error)
        error = floor ? measure_floor(m) : measure_side(m);
    int code = write_result(m, error, answer);
    if (m->side.workload_state)
        m->side.workload->teardown(m->side.workload_state);
    if (m->side.recorder || m->side.args)
        load_stop(&m->side);
    free(m->cpusets);
    json_decref(job);
    return code;
}
