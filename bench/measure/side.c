/* A process that measures one side of a cell once: sets up the workload, warms up, lets Google Benchmark
 * run the iterations, checks the results, and writes one line.
 *
 * A negative errno tells how it ended: -EAGAIN, -EDQUOT, -EMFILE, -ENOBUFS, -ENOMEM and -ENOTSUP are limits of the
 * machine or of the backend, named in the reason; all else is a failure.
 */
#include "measure/side.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/python.h"
#include "measure/measuring.h"
#include "measure/open.h"
#include "record/clock.h"
#include "record/document.h"
#include "record/text.h"

/* The most tasks that may run at the same time, whatever the backend. */
static uint64_t most_concurrent(const struct load_side *side)
{
    if (side->load->iterate == open_iterate)
        return schedule_make(&side->open.schedule, NULL, 0);
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

static int check_counts(struct measuring *m)
{
    int error = load_check(&m->side, m->reason, sizeof m->reason);
    m->is_lost = m->is_lost || error;
    return error;
}

static int64_t iterate_load(void *context)
{
    struct measuring *m = context;
    int64_t elapsed_ns = m->side.load->iterate(&m->side);
    if (elapsed_ns >= 0)
        m->side.error = check_counts(m);
    return m->side.error ? -1 : elapsed_ns;
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
    m->side.looks_often = true;
    int64_t now = iterate(m), shortest = now;
    m->first_ns = now < 0 ? NAN : (double)now;
    while (now >= 0 && m->settled != SETTLED && clock_now_ns() < deadline) {
        now = iterate(m);
        m->settled = now * 10 >= shortest * 9 ? SETTLED : UNSETTLED;
        shortest = now < shortest ? now : shortest;
    }
    m->side.looks_often = false;
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
        return measuring_fail(m, error, "stopped at %llu threads by the reserve: %s binds", n,
                    job_word(m->job, "thread_limit", "a limit"));
    if (error == -EAGAIN)
        return measuring_fail(m, error, "refused a thread at %llu threads: %s binds", n, process_limit(m, n));
    if (error == -ENOBUFS)
        return measuring_fail(m, error, "its queue was full at %llu tasks: the next one ran on the submitting thread",
                              n);
    if (error == -ENOTSUP)
        return measuring_fail(m, error, "%s", SIDE_NO_OPERATION);
    return measuring_fail(m, error, "%s", strerror(-error));
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
    int error = m->is_lost ? m->side.error : check_counts(m);
    if (!error && !load_is_program(&m->side))
        error = m->side.workload->check(m->side.workload_state, &tally, m->reason, sizeof m->reason);
    bool may_run_inline = m->side.executor->capabilities & (EXECUTOR_INLINE | EXECUTOR_HELPS);
    if (!error && sum.n_inline && !may_run_inline)
        error = measuring_fail(m, -EBADMSG, "%llu tasks ran on the submitting or waiting thread",
                               (unsigned long long)sum.n_inline);
    return error;
}

/* A plugin's own numbers may not pass for those of the harness, and their names stand in what a run leaves. */
static int take_measures(struct measuring *m)
{
    const struct workload *workload = m->side.workload;
    size_t n = workload->measure(m->side.workload_state, m->measures, MEASURES_MAX);
    if (n > MEASURES_MAX)
        return measuring_fail(m, -EINVAL, "the workload has more than %d measures", MEASURES_MAX);
    for (size_t i = 0; i < n && workload_is_added(workload); i++) {
        const char *name = m->measures[i].name;
        if (!name || !name[0] || !text_is_printable(name))
            return measuring_fail(m, -EINVAL, "a measure of the workload has no name that can be printed");
        if (document_has_metric(name))
            return measuring_fail(m, -EINVAL, "a measure of the workload has the name of a metric: %.40s", name);
        if (!isfinite(m->measures[i].value))
            return measuring_fail(m, -EINVAL, "a measure of the workload is no number: %.40s", name);
    }
    m->n_measures = n;
    return 0;
}

static int measure_side(struct measuring *m)
{
    int error = measuring_read_side(m);
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
    if (!error && side->workload->measure && !python_is(side->executor))
        error = take_measures(m);
    if (side->backend && !m->is_lost)
        load_destroy_backend(side);
    return error ? explain(m, error) : 0;
}

static int measure_floor(struct measuring *m)
{
    const json_t *cpus = json_object_get(m->job, "floor_cpus");
    floors_set_cpus((int)json_integer_value(json_array_get(cpus, 0)), (int)json_integer_value(json_array_get(cpus, 1)));
    m->floor = floor_find(job_word(json_object_get(m->job, "keys"), "floor", ""));
    if (!m->floor)
        return measuring_fail(m, -EINVAL, "unknown floor");
    int error = run_iterations(m, iterate_floor);
    if (error == -ENOTSUP)
        return measuring_fail(m, error, "needs two CPUs of different cores that can be bound");
    return error ? explain(m, error) : 0;
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
    m->reason[sizeof m->reason - 1] = '\0';
    text_clean(m->reason); /* it comes from anywhere, and was cut off at its size */
    if (error && !m->reason[0])
        measuring_fail(m, error, "no reason was given");
    json_object_set_new(result, "status", json_string(status_of(error)));
    json_object_set_new(result, "reason", json_string(error ? m->reason : ""));
    json_object_set_new(result, "metrics", answer ? answer : measuring_metrics(m, error));
    if (m->side.recorder && !error)
        json_object_set_new(result, "histogram", measuring_histogram(&m->side.recorder->sojourn));
    if (m->side.load && !error && !answer) {
        json_t *timeline = open_timeline(&m->side);
        if (timeline) {
            json_object_set_new(result, "timeline", timeline);
            json_object_set_new(result, "lateness", measuring_histogram(&m->side.recorder->lateness));
        }
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
    m->first_ns = NAN;
    int error = 0;
    json_t *answer = answer_question(m, &error);
    if (!answer)
        error = load_plugins(m);
    bool floor = strcmp(job_word(job, "backend", ""), "floor") == 0;
    if (!answer && !error)
        error = floor ? measure_floor(m) : measure_side(m);
    int code = write_result(m, error, answer);
    if (m->is_lost)
        _exit(code);
    if (m->side.workload_state)
        m->side.workload->teardown(m->side.workload_state);
    if (m->side.recorder || m->side.args)
        load_stop(&m->side);
    free(m->cpusets);
    json_decref(job);
    return code;
}
