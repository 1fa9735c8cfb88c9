/* The kernel: release, scheduling, the parameters that matter, mitigations. Of the command line only what
 * the list below names is kept; what else stands there may identify the machine or its owner. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const known_parameters[] = {
    "amd_pstate", "clocksource", "cpufreq.default_governor", "cpuidle.governor", "cpuidle.off",
    "cpuidle_haltpoll.force", "default_hugepagesz", "gather_data_sampling",
    "haltpoll.guest_halt_poll_ns", "highres", "hpet", "hugepages", "hugepagesz", "idle",
    "intel_idle.max_cstate", "intel_pstate", "irqaffinity", "isolcpus", "kpti", "l1tf", "maxcpus",
    "mds", "mem", "mitigations", "mmio_stale_data", "nmi_watchdog", "noapic", "nohalt", "nohlt", "nohz",
    "nohz_full", "nokaslr", "nopti", "nosmp", "nosmt", "nospectre_v1", "nospectre_v2", "notsc",
    "nowatchdog", "nr_cpus", "numa", "numa_balancing", "preempt", "processor.max_cstate", "psi", "pti",
    "rcu_nocb_poll", "rcu_nocbs", "rcutree.use_softirq", "reg_file_data_sampling", "retbleed",
    "skew_tick", "spec_rstack_overflow", "spec_store_bypass_disable", "spectre_bhi", "spectre_v2",
    "spectre_v2_user", "srbds", "threadirqs", "transparent_hugepage", "tsa", "tsc", "tsx",
    "tsx_async_abort", "workqueue.power_efficient",
};

static bool is_known(const char *name)
{
    for (size_t i = 0; i < sizeof known_parameters / sizeof *known_parameters; i++)
        if (strcmp(known_parameters[i], name) == 0)
            return true;
    return false;
}

static void add_parameter(json_t *parameters, char *word)
{
    char *value = strchr(word, '=');
    if (value)
        *value++ = '\0';
    if (is_known(word))
        machine__set_text(parameters, word, value && *value ? value : "set");
}

static void describe_parameters(const char *root, json_t *object)
{
    char *line = NULL;
    size_t line_bytes = 0;
    FILE *file = machine__open(root, "/proc/cmdline");
    json_t *parameters = json_object();
    bool can_be_read = file && getline(&line, &line_bytes, file) > 0;
    if (can_be_read) {
        char *rest = line;
        for (char *word = strsep(&rest, " \n"); word; word = strsep(&rest, " \n"))
            add_parameter(parameters, word);
    }
    if (json_object_size(parameters))
        json_object_set(object, "parameters", parameters);
    else
        machine__set_text(object, "parameters", can_be_read ? "none" : MACHINE__UNKNOWN);
    json_decref(parameters);
    free(line);
    if (file)
        fclose(file);
}

struct mitigations {
    const char *root;
    json_t *object;
};

static const char vulnerabilities[] = "/sys/devices/system/cpu/vulnerabilities";

static void add_mitigation(const char *name, void *arg)
{
    struct mitigations *mitigations = arg;
    char text[MACHINE__TEXT_BYTES];
    machine__read_line(mitigations->root, text, sizeof text, "%s/%s", vulnerabilities, name);
    machine__set_text(mitigations->object, name, text);
}

static void describe_mitigations(const char *root, json_t *object)
{
    struct mitigations mitigations = { .root = root, .object = json_object() };
    if (machine__list(root, vulnerabilities, "", add_mitigation, &mitigations) > 0)
        json_object_set(object, "mitigations", mitigations.object);
    else
        machine__set_text(object, "mitigations", MACHINE__UNKNOWN);
    json_decref(mitigations.object);
}

/* The mode chosen at boot where debugfs shows it, or else what the kernel was built for. */
static void describe_preemption(const char *root, json_t *object)
{
    char text[MACHINE__TEXT_BYTES];
    if (machine__read_line(root, text, sizeof text, "/sys/kernel/debug/sched/preempt") == 0) {
        char *open = strchr(text, '(');
        machine__set_text(object, "preemption", open ? strtok(open, "()") : text);
        return;
    }
    static const struct { const char *mark, *name; } builds[] = {
        { "PREEMPT_RT", "real-time" },
        { "PREEMPT_DYNAMIC", "dynamic, mode not readable" },
        { "PREEMPT", "full" },
        { "SMP", "none or voluntary" },
    };
    machine__read_line(root, text, sizeof text, "/proc/sys/kernel/version");
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (strstr(text, builds[i].mark)) {
            machine__set_text(object, "preemption", builds[i].name);
            return;
        }
    machine__set_text(object, "preemption", MACHINE__UNKNOWN);
}

enum { MACHINE__SCHED_EXT = 7 }; /* too new for some headers */

static const char *policy(const char *root)
{
    if (*root)
        return MACHINE__UNKNOWN;
    switch (sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) {
    case SCHED_OTHER: return "other";
    case SCHED_BATCH: return "batch";
    case SCHED_IDLE: return "idle";
    case SCHED_FIFO: return "fifo";
    case SCHED_RR: return "round robin";
    case SCHED_DEADLINE: return "deadline";
    case MACHINE__SCHED_EXT: return "ext";
    default: return MACHINE__UNKNOWN;
    }
}

/* CPUs that others are kept from, or the timer: as they are now, whoever set them apart. */
static void describe_cpus_apart(const char *root, json_t *object)
{
    static const struct { const char *key, *file; } lists[] = {
        { "isolated_cpus", "isolated" }, { "tickless_cpus", "nohz_full" },
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char text[MACHINE__TEXT_BYTES];
        int error = machine__read_line(root, text, sizeof text, "/sys/devices/system/cpu/%s", lists[i].file);
        bool is_none = error == -ENODATA || (error && machine__exists(root, "/sys/devices/system/cpu/isolated"));
        machine__set_text(object, lists[i].key, is_none || strcmp(text, "(null)") == 0 ? "none" : text);
    }
}

/* One that a program has loaded in the kernel's place. */
static const char *scheduler_loaded(const char *root)
{
    char state[32];
    if (machine__read_line(root, state, sizeof state, "/sys/kernel/sched_ext/state"))
        return machine__exists(root, "/sys/kernel") ? "none" : MACHINE__UNKNOWN;
    return strcmp(state, "disabled") == 0 ? "none" : "loaded";
}

json_t *machine__describe_kernel(const struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    machine__set_line(object, "system", root, "/proc/sys/kernel/ostype");
    machine__set_line(object, "release", root, "/proc/sys/kernel/osrelease");
    describe_preemption(root, object);
    machine__set_text(object, "scheduling_policy", policy(root));
    machine__set_number(object, "sched_autogroup",
                        machine__read_number(root, "/proc/sys/kernel/sched_autogroup_enabled"));
    machine__set_number(object, "sched_rt_runtime_us",
                        machine__read_number(root, "/proc/sys/kernel/sched_rt_runtime_us"));
    machine__set_number(object, "timer_migration", machine__read_number(root, "/proc/sys/kernel/timer_migration"));
    machine__set_number(object, "watchdog", machine__read_number(root, "/proc/sys/kernel/watchdog"));
    describe_cpus_apart(root, object);
    machine__set_text(object, "sched_ext", scheduler_loaded(root));
    describe_parameters(root, object);
    describe_mitigations(root, object);
    return object;
}
