/* Before anything is measured: the machine, the calibration, the plan. */
#include "run/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "measure/spawn.h"
#include "nearest.h"
#include "record/folder.h"
#include "record/text.h"

enum { WARNINGS_MAX = 32, PROBE_TIMEOUT_S = 30 };

static const double probe_min_time_ns = 30e6;

/* The first CPU of each of the first two cores; -1 where there is none. */
static void pick_floor_cpus(struct run *run, const cpu_set_t *cores, size_t n_cores)
{
    run->floor_cpus[0] = run->floor_cpus[1] = -1;
    for (size_t i = 0; i < 2 && i < n_cores; i++)
        for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
            if (CPU_ISSET(cpu, &cores[i]))
                run->floor_cpus[i] = cpu;
}

static int try_cpus(const int *cpus, size_t n_cpus, const cpu_set_t *others)
{
    cpu_set_t sets[3];
    size_t n_sets = 0;
    for (size_t i = 0; i < n_cpus; i++)
        if (cpus[i] >= 0) {
            CPU_ZERO(&sets[n_sets]);
            CPU_SET((size_t)cpus[i], &sets[n_sets++]);
        }
    if (others && n_sets > 0)
        sets[n_sets++] = *others;
    return n_sets > 0 ? machine_try_places(sets, n_sets) : 0;
}

/* What cannot be bound costs two things, which the run must say: floors between two CPUs, and a generator that disturbs
 * no task. */
static void note_binding(struct run *run, const char *what, int error)
{
    static const char advice[] = "compare no open loads and floors between CPUs with runs that bind: here the generator"
                                 " shares the tasks' CPUs";
    json_t *text = json_sprintf("%s: %s", what, strerror(-error));
    json_array_append_new(run->checks, json_pack("{s:s, s:o, s:s}", "name", "binding", "text", text, "advice", advice));
}

/* Where nothing can be bound, nobody has a place of his own. Hardware threads are asked for where cores are too few. */
static void pick_places(struct run *run)
{
    cpu_set_t *cores = NULL, *pus = NULL;
    size_t n_cores = 0, n_pus = 0, n_usable = machine_usable_cpus(run->machine);
    int error = machine_list_places(run->machine, MACHINE_BIND_CORE, &cores, &n_cores);
    if (!error && n_cores < 2)
        error = machine_list_places(run->machine, MACHINE_BIND_PU, &pus, &n_pus);
    pick_floor_cpus(run, cores, n_cores);
    run_place_open(&run->open_place, cores, n_cores, pus, n_pus, n_usable);
    int of_floors = try_cpus(run->floor_cpus, 2, NULL);
    int of_open = try_cpus(&run->open_place.generator_cpu, 1, &run->open_place.task_cpus);
    if (of_floors)
        pick_floor_cpus(run, NULL, 0);
    if (of_open)
        run_place_open(&run->open_place, NULL, 0, NULL, 0, n_usable);
    if (of_floors || of_open)
        note_binding(run, "the system does not keep to CPU masks", of_floors ? of_floors : of_open);
    else if (error)
        note_binding(run, "there are no CPUs to bind to", error);
    free(cores);
    free(pus);
}

/* Variables that change what is measured here and that a reader of the run cannot see. */
static void check_environment(json_t *checks)
{
    static const char *const names[] = { "LD_PRELOAD", "LD_AUDIT", "LD_PROFILE", "LD_DEBUG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) {
            json_t *text = json_sprintf("%s is set: foreign code runs in what is measured", names[i]);
            json_array_append_new(checks, json_pack("{s:s, s:o, s:s}", "name", "environment", "text", text,
                                                    "advice", "unset it"));
        }
}

static json_t *read_checks(const struct machine *machine)
{
    struct machine_warning warnings[WARNINGS_MAX];
    size_t n = machine_warnings(machine, warnings, WARNINGS_MAX);
    json_t *checks = json_array();
    for (size_t i = 0; i < n; i++) {
        text_clean(warnings[i].text); /* cut off at its size, maybe within a character */
        text_clean(warnings[i].advice);
        json_array_append_new(checks, json_pack("{s:s, s:s, s:s}", "name", warnings[i].name, "text", warnings[i].text,
                                                "advice", warnings[i].advice));
    }
    return checks;
}

int run_look_around(struct run *run)
{
    if (access("/proc/self/exe", F_OK) != 0) {
        fputs("poolbench: '/proc/self/exe' is not there: mount /proc, where a run finds its program and its limits\n",
              stderr);
        return RUN_ERROR;
    }
    int error = machine_open("", &run->machine);
    if (error) {
        fprintf(stderr, "poolbench: cannot read the machine's topology: %s\n", strerror(-error));
        return RUN_ERROR;
    }
    error = machine_placement(run->machine, run->options.bind, &run->cpusets, &run->n_cpusets);
    if (error) {
        fprintf(stderr, "poolbench: cannot bind to '%s': %s: use --bind none\n",
                options_bind_names[run->options.bind], strerror(-error));
        return RUN_ERROR;
    }
    machine_headroom("", &run->headroom);
    run->checks = read_checks(run->machine);
    check_environment(run->checks);
    pick_places(run);
    error = recorder_measure_cost(&run->clock);
    if (error) {
        fprintf(stderr, "poolbench: cannot measure the clock: %s\n", strerror(-error));
        return RUN_ERROR;
    }
    return 0;
}

static struct plan_factors make_factors(const struct run *run)
{
    const struct run_options *options = &run->options;
    struct plan_factors factors = {
        .profile = options->profile,
        .seed = options->seed,
        .rounds = options->rounds ? options->rounds : options->profile->rounds,
        .cpus_usable = machine_usable_cpus(run->machine),
        .cpus_open = run->open_place.n_task_cpus,
        .n_workers = options->n_workers,
        .backends = options->backends,
        .filter = options->filter,
    };
    memcpy(factors.workers, options->workers, sizeof factors.workers);
    if (factors.n_workers == 0)
        factors.workers[factors.n_workers++] = factors.cpus_usable;
    return factors;
}

/* The three cells whose names begin most like the filter. */
static void print_nearest_cells(const struct plan *plan, const char *filter)
{
    size_t n_shown = 0, n_filter = strlen(filter + (filter[0] == '^'));
    fprintf(stderr, "poolbench: no cell matches the filter '%s': the nearest are", filter);
    for (size_t distance = 0; distance <= n_filter + 1 && n_shown < 3; distance++)
        for (size_t i = 0; i < plan->n_cells && n_shown < 3; i++) {
            char start[CELL_NAME_BYTES];
            snprintf(start, sizeof start, "%.*s", (int)n_filter, plan->cells[i].name);
            if (nearest_distance(filter + (filter[0] == '^'), start) != distance)
                continue;
            fprintf(stderr, "%s '%s'", n_shown++ ? "," : "", plan->cells[i].name);
        }
    fputc('\n', stderr);
}

static int cannot_plan(int error)
{
    fprintf(stderr, "poolbench: cannot plan: %s\n", strerror(-error));
    return RUN_ERROR;
}

static int explain_empty(const struct plan_factors *factors)
{
    struct plan_factors unfiltered = *factors;
    struct plan plan;
    unfiltered.filter = NULL;
    int error = plan_init(&plan, &unfiltered);
    if (error)
        return cannot_plan(error);
    if (plan.n_cells == 0)
        fputs("poolbench: none of the backends takes part in a cell of this profile\n", stderr);
    else
        print_nearest_cells(&plan, factors->filter);
    plan_release(&plan);
    return RUN_ERROR;
}

int run_make_plan(struct run *run)
{
    struct plan_factors factors = make_factors(run);
    plan_release(&run->plan);
    int error = plan_init(&run->plan, &factors);
    if (error == -EINVAL)
        fprintf(stderr, "poolbench: filter '%s': must be a POSIX extended regular expression\n", factors.filter);
    else if (error)
        cannot_plan(error);
    else if (plan_n_sides(&run->plan) > PLAN_SIDES_MAX)
        fprintf(stderr, "poolbench: the plan has more than %d sides, which no report can hold: give fewer --workers or"
                        " plugins, or a --filter\n", PLAN_SIDES_MAX);
    else
        return run->plan.n_cells ? 0 : explain_empty(&factors);
    return RUN_ERROR;
}

struct side_setting run_setting(const struct run *run)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    return (struct side_setting){
        .seed = run->plan.factors.seed,
        .calibration = run->calibration,
        .stack_bytes = least > 64 << 10 ? (size_t)least : 64 << 10,
        .max_threads = run->headroom.max_threads,
        .thread_limit = run->headroom.limit,
        .scratch_dir = run->scratch_dir,
        .plugins = run->options.plugins,
        .n_plugins = run->options.n_plugins,
        .cpusets = run->n_cpusets ? run->cpusets : NULL,
        .n_cpusets = run->n_cpusets,
        .python = run->python_executable,
        .floor_cpus = { run->floor_cpus[0], run->floor_cpus[1] },
        .open_place = &run->open_place,
    };
}

static json_int_t whole_size(double x)
{
    return x < 1 ? 1 : x > 4096 ? 4096 : (json_int_t)round(x);
}

/* Goetz's pool size N*U*(1+W/C) with U = 1: a task's wall time over its processor time, on the caller's own thread. It
 * stands beside the sizes that are measured, and is none of them. */
static int probe_goetz(struct run *run, const struct cell *cell)
{
    char key[64];
    const struct side serial = { .backend = "serial" };
    struct side_setting setting = run_setting(run);
    struct spawn_result result;
    json_t *job = side_job(cell, &serial, &setting, 0, probe_min_time_ns);
    int error = spawn_side_awake(job, cell, PROBE_TIMEOUT_S, &result);
    json_decref(job);
    if (error == -EINTR)
        return RUN_STOPPED;
    if (error) {
        fprintf(stderr, "poolbench: cannot start a process: %s\n", strerror(-error));
        return RUN_ERROR;
    }
    double time_ns = json_number_value(json_object_get(result.metrics, "time_ns"));
    double cpu_ns = json_number_value(json_object_get(result.metrics, "cpu_ns"));
    snprintf(key, sizeof key, "%s_goetz", cell->workload->name);
    if (cpu_ns > 0 && !result.pause[0])
        json_object_set_new(run->calibration, key,
                            json_integer(whole_size((double)run->plan.factors.cpus_usable * time_ns / cpu_ns)));
    spawn_release(&result);
    return 0;
}

static bool plan_has(const struct plan *plan, const char *experiment, const struct workload *workload)
{
    for (size_t i = 0; i < plan->n_cells; i++)
        if (plan->cells[i].workload == workload
            && (!experiment || strcmp(plan->cells[i].experiment->name, experiment) == 0))
            return true;
    return false;
}

/* Whatever the filter leaves of io, its probe is the cell with one task in flight. */
static int probe_io(struct run *run)
{
    struct plan_factors factors = make_factors(run);
    struct plan plan;
    int code = 0;
    factors.filter = NULL;
    int error = plan_init(&plan, &factors);
    if (error)
        return cannot_plan(error);
    for (size_t i = 0; i < plan.n_cells && !code; i++)
        if (strcmp(plan.cells[i].experiment->name, "io") == 0 && cell_number(&plan.cells[i], "inflight", 0) == 1
            && plan_has(&run->plan, "io", plan.cells[i].workload))
            code = probe_goetz(run, &plan.cells[i]);
    plan_release(&plan);
    return code;
}

int run_calibrate(struct run *run)
{
    const struct workload *w;
    for (size_t i = 0; (w = workload_at(i)); i++) {
        uint64_t value = 0;
        if (!plan_has(&run->plan, NULL, w))
            continue;
        int error = plugins_calibrate(run->options.plugins, run->options.n_plugins, w, &value);
        if (error)
            return error == -EINTR ? RUN_STOPPED : RUN_ERROR;
        if (w->calibrate)
            value = w->calibrate();
        if (value)
            json_object_set_new(run->calibration, w->name, json_integer((json_int_t)value));
    }
    return probe_io(run);
}
