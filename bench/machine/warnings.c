/* What will blur a run here: the description and a few live counters against plain thresholds. Nothing is
 * ever tuned on the user's machine: each warning says what the user may do. */
#include "internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct list {
    const struct machine *machine;
    struct machine_warning *warnings;
    size_t n, n_max;
};

static void warn(struct list *list, const char *name, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void warn(struct list *list, const char *name, const char *advice, const char *format, ...)
{
    if (list->n == list->n_max)
        return;
    struct machine_warning *warning = &list->warnings[list->n++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(warning->text, sizeof warning->text, format, arguments);
    va_end(arguments);
    snprintf(warning->name, sizeof warning->name, "%s", name);
    snprintf(warning->advice, sizeof warning->advice, "%s", advice);
}

static bool is(const struct list *list, const char *topic, const char *key, const char *text)
{
    return strcmp(machine__text(list->machine, topic, key), text) == 0;
}

static bool is_unknown(const struct list *list, const char *topic, const char *key)
{
    return is(list, topic, key, MACHINE__UNKNOWN);
}

static double number(const struct list *list, const char *topic, const char *key)
{
    return machine__number(list->machine, topic, key);
}

static void check_topology(struct list *list)
{
    if (is(list, "processor", "topology", "not this system"))
        warn(list, "topology", "unset HWLOC_XMLFILE, HWLOC_SYNTHETIC and HWLOC_THISSYSTEM",
             "the topology comes from the environment and is not this machine's");
    else if (getenv("HWLOC_SYNTHETIC") || getenv("HWLOC_XMLFILE"))
        warn(list, "topology", "unset HWLOC_XMLFILE and HWLOC_SYNTHETIC, or correct them",
             "hwloc ignored the topology that the environment names, or was told that it is this machine's");
}

/* Variables of hwloc that only print. */
static bool is_topology_variable(const char *name)
{
    return strncmp(name, "HWLOC_", 6) == 0 && !strstr(name, "VERBOSE") && !strstr(name, "DEBUG")
        && strcmp(name, "HWLOC_HIDE_ERRORS") != 0;
}

static void check_variables(struct list *list)
{
    const char *name;
    json_t *value;
    json_t *variables = json_object_get(json_object_get(list->machine->description, "process"), "variables");
    if (getenv("HWLOC_SYNTHETIC") || getenv("HWLOC_XMLFILE") || is(list, "processor", "topology", "not this system"))
        return; /* said already */
    json_object_foreach(variables, name, value)
        if (is_topology_variable(name))
            warn(list, "topology", "unset it", "%.40s is set: hwloc may describe another machine than this one", name);
}

/* The loader puts it into every program. */
static void check_preload(struct list *list)
{
    char text[MACHINE__TEXT_BYTES];
    if (machine__read_line(list->machine->root, text, sizeof text, "/etc/ld.so.preload") == 0 && text[0] != '#')
        warn(list, "environment", "empty it", "/etc/ld.so.preload is not empty: foreign code runs in what is measured");
}

/* How this process was started, which those that measure inherit: what is usual has no warning. */
static void check_process(struct list *list)
{
    static const struct { const char *topic, *key, *usual, *also, *name; } rows[] = {
        { "process", "traced", "no", "", "environment" },
        { "kernel", "scheduling_policy", "other", "", "process" },
        { "kernel", "sched_ext", "none", "", "process" },
        { "process", "utilization_clamp", "none", "", "process" },
        { "process", "io_priority", "none", "best effort 4", "process" },
        { "process", "addresses", "random", "", "process" },
        { "process", "numa_policy", "default", "local", "process" },
        { "process", "huge_pages_disabled", "off", "", "process" },
        { "process", "memory_merging", "off", "", "process" },
    };
    static const struct { const char *key; double usual; } numbers[] = {
        { "nice", 0 }, { "autogroup_nice", 0 }, { "timer_slack_ns", 50000 },
    };
    static const char advice[] = "start it as usual, or compare only with runs that were started so";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = machine__text(list->machine, rows[i].topic, rows[i].key);
        if (strcmp(text, MACHINE__UNKNOWN) != 0 && strcmp(text, rows[i].usual) != 0 && strcmp(text, rows[i].also) != 0)
            warn(list, rows[i].name, advice, "%s of this process is '%s', and usually '%s'", rows[i].key, text,
                 rows[i].usual);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value = number(list, "process", numbers[i].key);
        if (value < numbers[i].usual || value > numbers[i].usual)
            warn(list, "process", advice, "%s of this process is %.0f, and usually %.0f", numbers[i].key, value,
                 numbers[i].usual);
    }
    double cpu_s = number(list, "limits", "rlimit_cpu_s");
    if (cpu_s >= 0)
        warn(list, "process", "raise it with ulimit -t", "RLIMIT_CPU ends each process after %.0f s of processor time",
             cpu_s);
}

/* A group that gets less than others where both want the CPUs. */
static void check_weight(struct list *list)
{
    const char *text = machine__text(list->machine, "process", "cgroup_cpu_weight");
    double weight, usual;
    bool is_low = sscanf(text, "%lf of usually %lf", &weight, &usual) == 2 && weight < usual;
    if (is_low || strcmp(text, "idle") == 0)
        warn(list, "process", "run outside of this control group, or where nothing else does",
             "the control group has a low weight: cpu weight %s", text);
}

/* What is not shown cannot be looked at: not before the run, and not in it. */
static void check_unseen(struct list *list)
{
    const char *root = list->machine->root;
    if (!machine__exists(root, "/proc/meminfo") || !machine__exists(root, "/proc/stat"))
        warn(list, "unseen", "mount all of /proc", "/proc shows processes alone: memory, load and steal are unknown");
    if (!machine__exists(root, "/sys/devices/system/cpu"))
        warn(list, "unseen", "mount /sys: without it the machine has another id",
             "/sys is not mounted: cores, caches, clock and frequency are unknown");
    if (is_unknown(list, "limits", "quota_cpus"))
        warn(list, "unseen", "mount the control groups below /sys/fs/cgroup",
             "control groups are not mounted: whether a quota throttles this run is unknown");
}

/* The first line of /proc/stat, of all CPUs since boot. */
enum { TICKS_USER, TICKS_NICE, TICKS_SYSTEM, TICKS_IDLE, TICKS_IOWAIT, TICKS_IRQ, TICKS_SOFTIRQ, TICKS_STEAL, N_TICKS };

static bool read_ticks(const char *root, double ticks[N_TICKS])
{
    char text[MACHINE__TEXT_BYTES];
    return machine__read_field(root, "/proc/stat", "cpu", text, sizeof text) == 0 &&
           sscanf(text, "%lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
                  &ticks[5], &ticks[6], &ticks[7]) == N_TICKS;
}

static double sum_ticks(const double ticks[N_TICKS])
{
    double sum = 0;
    for (size_t i = 0; i < N_TICKS; i++)
        sum += ticks[i];
    return sum;
}

/* The share of all CPUs that is used while this process sleeps, by others therefore. NAN if it cannot be read. */
static double busy_share(const char *root)
{
    static const struct timespec pause = { .tv_nsec = 100000000 };
    double before[N_TICKS], after[N_TICKS];
    if (!read_ticks(root, before) || nanosleep(&pause, NULL) != 0 || !read_ticks(root, after))
        return NAN;
    for (size_t i = 0; i < N_TICKS; i++)
        after[i] -= before[i];
    return 1 - (after[TICKS_IDLE] + after[TICKS_IOWAIT] + after[TICKS_STEAL]) / sum_ticks(after);
}

/* Measured now: load averages remember for minutes what has ended, and most of that is the last run of this program. */
static void check_load(struct list *list)
{
    double n_cpus = number(list, "processor", "hardware_threads"), n_busy = busy_share(list->machine->root) * n_cpus;
    if (n_busy >= fmax(0.3, 0.1 * n_cpus))
        warn(list, "load", "end other programs, or wait until they are done",
             "other programs keep %.1f of %.0f CPUs busy", n_busy, n_cpus);
}

static void check_clock(struct list *list)
{
    if (is(list, "clock", "needs_system_call", "yes"))
        warn(list, "clock", "boot with a stable tsc, or read the cost of the clock beside each short time",
             "clock source %s needs a system call for each reading",
             machine__text(list->machine, "clock", "source"));
}

static double steal_percent(const char *root)
{
    double ticks[N_TICKS];
    return read_ticks(root, ticks) ? 100 * ticks[TICKS_STEAL] / sum_ticks(ticks) : NAN;
}

static void check_steal(struct list *list)
{
    double percent = steal_percent(list->machine->root);
    if (percent >= 0.05)
        warn(list, "steal", "use a host of its own for results to cite, and look at the steal of each cell",
             "other guests of the host took %.1f%% of the time since boot", percent);
}

static void check_quota(struct list *list)
{
    double quota = number(list, "limits", "quota_cpus");
    if (quota > 0)
        warn(list, "quota", "run outside the limited control group, or compare only with runs of this quota",
             "a cgroup quota of %.2f CPUs throttles whoever uses more", quota);
}

static void check_affinity(struct list *list)
{
    double n_allowed = number(list, "limits", "affinity_cpus");
    double n_cpus = number(list, "processor", "hardware_threads");
    if (n_allowed < n_cpus)
        warn(list, "affinity", "widen the mask with taskset, or compare only with runs on these CPUs",
             "the affinity mask leaves %.0f of %.0f CPUs", n_allowed, n_cpus);
}

/* Of the CPUs that may be used: who keeps to one kind has none to mix. */
static void check_kinds(struct list *list)
{
    size_t n_kinds = machine__count_usable_kinds(list->machine);
    if (n_kinds > 1)
        warn(list, "hybrid", "keep to one kind with taskset, or compare only with runs on this processor",
             "cores of %zu kinds: a worker is as fast as the core that it is on", n_kinds);
}

/* What a container has is its limit, and /proc/meminfo is the host's. */
static void check_memory_limit(struct list *list)
{
    const double bytes_per_gib = 1 << 30;
    double total = number(list, "memory", "total_bytes"), limit = number(list, "memory", "cgroup_limit_bytes");
    if (limit < total && limit < fmax(bytes_per_gib, total / 4))
        warn(list, "memory", "give the control group more memory: cells with many threads end early",
             "a control group leaves %.1f of %.1f GiB of memory", limit / bytes_per_gib, total / bytes_per_gib);
}

static void check_memory(struct list *list)
{
    const char *root = list->machine->root;
    double total = machine__read_field_number(root, "/proc/meminfo", "MemTotal");
    double available = machine__read_field_number(root, "/proc/meminfo", "MemAvailable");
    double swapped = machine__read_field_number(root, "/proc/meminfo", "SwapTotal") -
                     machine__read_field_number(root, "/proc/meminfo", "SwapFree");
    const double kib_per_gib = 1 << 20, kib_per_mib = 1 << 10;
    if (available < fmax(kib_per_gib, total / 4))
        warn(list, "memory", "end programs that hold memory: cells with many threads end early",
             "only %.1f of %.1f GiB of memory are available", available / kib_per_gib, total / kib_per_gib);
    if (swapped > 64 * kib_per_mib)
        warn(list, "swap", "free memory, then switch swap off and on again",
             "%.0f MiB are swapped out: reading them back disturbs", swapped / kib_per_mib);
}

static void check_frequency(struct list *list)
{
    if (!is_unknown(list, "frequency", "governor") && !is(list, "frequency", "governor", "performance"))
        warn(list, "governor", "choose the performance governor: cpupower frequency-set -g performance",
             "frequency governor %s: short tasks may run on a slow clock",
             machine__text(list->machine, "frequency", "governor"));
    if (is(list, "frequency", "boost", "on"))
        warn(list, "boost", "switch boost off for results to compare between machines",
             "boost is on: the clock depends on temperature and on how many cores are busy");
}

static void check_battery_state(const char *name, void *arg)
{
    struct list *list = arg;
    char state[32];
    machine__read_line(list->machine->root, state, sizeof state, "/sys/class/power_supply/%s/status", name);
    if (strcmp(state, "Discharging") == 0)
        warn(list, "battery", "plug the machine in", "the machine runs on its battery");
}

/* The flags are those of the code that is measured: this file has one of its own. */
static void check_build(struct list *list)
{
    static const char *const fast[] = { "-Ofast", "-ffast-math", "-funsafe-math-optimizations" };
    const char *flags = machine__text(list->machine, "build", "flags");
#ifndef __OPTIMIZE__
    warn(list, "build", "build with -O2", "poolbench was built without optimisation");
#endif
    for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
        if (strstr(flags, fast[i])) {
            warn(list, "build", "build with -O2, or compare only with runs of this build",
                 "poolbench was built with %s: its arithmetic is not that of other builds", fast[i]);
            return;
        }
}

static void check_threads(struct list *list)
{
    if (is(list, "processor", "smt", "on"))
        warn(list, "smt", "bind to cores with --bind core, or read speed-ups against cores",
             "two hardware threads share a core: more workers than cores gain less");
}

static void check_hypervisor(struct list *list)
{
    if (!is_unknown(list, "virtualization", "hypervisor") &&
        !is(list, "virtualization", "hypervisor", "none"))
        warn(list, "hypervisor", "prefer the bare machine for results about hardware",
             "a virtual machine (%s): what shares the host with it cannot be seen",
             machine__text(list->machine, "virtualization", "hypervisor"));
}

size_t machine_warnings(const struct machine *machine, struct machine_warning *warnings, size_t n_max)
{
    struct list list = { .machine = machine, .warnings = warnings, .n_max = n_max };
    check_topology(&list);
    check_variables(&list);
    check_unseen(&list);
    check_build(&list);
    check_load(&list);
    check_clock(&list);
    check_quota(&list);
    check_affinity(&list);
    check_kinds(&list);
    check_preload(&list);
    check_process(&list);
    check_weight(&list);
    check_steal(&list);
    check_memory_limit(&list);
    check_memory(&list);
    machine__list(machine->root, "/sys/class/power_supply", "", check_battery_state, &list);
    check_frequency(&list);
    check_threads(&list);
    check_hypervisor(&list);
    return list.n;
}
