/* What this process was started with and hands on to those that measure: how it is scheduled, what its memory and its
 * system calls go through, whose code runs in it. Of another machine's recorded tree none of this is known. */
#include "internal.h"

#include <errno.h>
#include <link.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PROCESS_GET_MEMORY_MERGE = 68 }; /* too new for some headers */

static const char status[] = "/proc/self/status";

static void set_own(json_t *object, const char *key, long value)
{
    machine__set_number(object, key, value < 0 ? NAN : (double)value);
}

/* Only errno tells -1 from an error. */
static double nice_value(void)
{
    errno = 0;
    int value = getpriority(PRIO_PROCESS, 0);
    return errno ? NAN : value;
}

static void describe_io_priority(json_t *object)
{
    static const char *const classes[] = { "none", "real-time", "best effort", "idle" };
    long value = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
    size_t class = value < 0 ? 0 : (size_t)IOPRIO_PRIO_CLASS(value);
    char text[32];
    bool has_level = class == IOPRIO_CLASS_RT || class == IOPRIO_CLASS_BE;
    snprintf(text, sizeof text, has_level ? "%s %ld" : "%s", class < 4 ? classes[class] : MACHINE__UNKNOWN,
             (long)IOPRIO_PRIO_DATA(value));
    machine__set_text(object, "io_priority", value < 0 ? MACHINE__UNKNOWN : text);
}

/* sched_getattr(2): glibc has it since 2.41 alone. */
static void describe_clamp(json_t *object)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t util_min, util_max;
    } attributes = { .size = sizeof attributes };
    char text[32];
    bool is_known = syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
    bool is_clamped = attributes.util_min > 0 || (attributes.util_max > 0 && attributes.util_max < 1024);
    snprintf(text, sizeof text, is_clamped ? "%u to %u" : "none", attributes.util_min, attributes.util_max);
    machine__set_number(object, "scheduling_priority", is_known ? (double)attributes.priority : NAN);
    machine__set_text(object, "utilization_clamp", is_known ? text : MACHINE__UNKNOWN);
}

/* "/autogroup-25 nice 0" */
static double autogroup_nice(const char *root)
{
    char text[64];
    if (machine__read_line(root, text, sizeof text, "/proc/self/autogroup"))
        return NAN;
    const char *nice = strstr(text, "nice ");
    return nice ? strtod(nice + strlen("nice "), NULL) : NAN;
}

/* The share of this process's own group where others want the CPUs too. */
static void describe_weight(const char *root, json_t *object)
{
    struct machine__cgroup group;
    char text[64] = "";
    for (int version = 1; version <= 2 && !*text; version++) {
        if (machine__cgroup_find(root, "cpu", version, &group))
            continue;
        double weight = machine__cgroup_number(root, &group, "cpu.shares", "cpu.weight");
        bool is_idle = machine__cgroup_number(root, &group, "cpu.idle", "cpu.idle") > 0;
        if (is_idle)
            snprintf(text, sizeof text, "idle");
        else if (!isnan(weight))
            snprintf(text, sizeof text, "%.0f of usually %d", weight, version == 1 ? 1024 : 100);
        else if (version == 2)
            snprintf(text, sizeof text, "none");
    }
    machine__set_text(object, "cgroup_cpu_weight", text);
}

static void describe_memory_policy(json_t *object)
{
    static const char *const modes[] = { "default", "preferred", "bind", "interleave", "local" };
    int mode;
    bool is_known = syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0;
    size_t kind = is_known ? (size_t)mode & 0xff : 0;
    machine__set_text(object, "numa_policy", !is_known ? MACHINE__UNKNOWN : kind < 5 ? modes[kind] : "other");
}

static void set_status(json_t *object, const char *key, const char *root, const char *field)
{
    char text[MACHINE__TEXT_BYTES];
    machine__read_field(root, status, field, text, sizeof text);
    machine__set_text(object, key, text);
}

static const char *on_off(long value)
{
    return value < 0 ? MACHINE__UNKNOWN : value ? "on" : "off";
}

static void describe_memory(const char *root, json_t *object)
{
    int persona = personality(0xffffffff);
    double is_random = machine__read_number(root, "/proc/sys/kernel/randomize_va_space");
    const char *addresses = persona != -1 && persona & ADDR_NO_RANDOMIZE ? "fixed for this process"
        : isnan(is_random) ? MACHINE__UNKNOWN : is_random == 0 ? "fixed" : "random";
    machine__set_text(object, "addresses", addresses);
    describe_memory_policy(object);
    set_status(object, "numa_nodes", root, "Mems_allowed_list");
    machine__set_text(object, "huge_pages_disabled", on_off(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0)));
    machine__set_text(object, "memory_merging", on_off(prctl(PROCESS_GET_MEMORY_MERGE, 0, 0, 0, 0)));
}

static void describe_kernel_entry(const char *root, json_t *object)
{
    static const char *const modes[] = { "none", "strict", "filter" };
    double seccomp = machine__read_field_number(root, status, "Seccomp");
    double tracer = machine__read_field_number(root, status, "TracerPid");
    machine__set_text(object, "seccomp", seccomp >= 0 && seccomp < 3 ? modes[(int)seccomp] : MACHINE__UNKNOWN);
    machine__set_text(object, "traced", isnan(tracer) ? MACHINE__UNKNOWN : tracer > 0 ? "yes" : "no");
    set_status(object, "speculative_store_bypass", root, "Speculation_Store_Bypass");
    set_status(object, "indirect_branches", root, "SpeculationIndirectBranch");
}

/* Names without folders, which are nobody's business. */
static int add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    char *names = arg;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    size_t length = strlen(names);
    (void)size;
    if (slash)
        snprintf(names + length, MACHINE__LIBRARIES_BYTES - length, "%s%s", length ? " " : "", slash + 1);
    return 0;
}

static bool is_of(const char *variable, const char *name)
{
    size_t length = strlen(name);
    bool is_start = name[length - 1] == '_';
    return strncmp(variable, name, length) == 0 && (is_start || variable[length] == '=');
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that reach a measuring process and change what runs there. A value is kept where it is a plain word, and may be
 * anybody's business otherwise: then a hash of it. */
static void describe_variables(json_t *object)
{
    static const char *const names[] = {
        "LD_PRELOAD", "LD_AUDIT", "LD_BIND_NOW", "LD_BIND_NOT", "LD_DEBUG", "LD_PROFILE", "LD_DYNAMIC_WEAK",
        "LD_HWCAP_MASK", "HWLOC_", "OMP_", "GOMP_", "KMP_", "LIBOMP_", "UV_THREADPOOL_SIZE", "TBB_", "G_SLICE",
        "G_DEBUG", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TCMALLOC_", "MIMALLOC_",
        "JE_MALLOC_CONF",
    };
    enum { MOST = 64 };
    const char *found[MOST];
    size_t n = 0;
    json_t *variables = json_object();
    for (char **variable = environ; variable && *variable && n < MOST; variable++)
        for (size_t i = 0; i < sizeof names / sizeof *names && n < MOST; i++)
            if (is_of(*variable, names[i])) {
                found[n++] = *variable;
                break;
            }
    qsort(found, n, sizeof *found, by_name);
    for (size_t i = 0; i < n; i++) {
        char name[64], text[64];
        const char *value = strchr(found[i], '=');
        if (!value || snprintf(name, sizeof name, "%.*s", (int)(value - found[i]), found[i]) >= (int)sizeof name)
            continue;
        bool is_plain = strlen(++value) < 32 && !value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
                                                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.:_+-=")];
        snprintf(text, sizeof text, "#%08x", (unsigned)machine__hash(value));
        machine__set_text(variables, name, is_plain && *value ? value : *value ? text : "set");
    }
    if (n)
        json_object_set(object, "variables", variables);
    else
        machine__set_text(object, "variables", "none");
    json_decref(variables);
}

static void describe_unknown(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
        json_object_set_new(object, key, json_string(MACHINE__UNKNOWN));
}

json_t *machine__describe_process(const struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    char libraries[MACHINE__LIBRARIES_BYTES] = "";
    machine__set_number(object, "nice", nice_value());
    describe_clamp(object);
    machine__set_number(object, "autogroup_nice", autogroup_nice(root));
    describe_weight(root, object);
    describe_io_priority(object);
    set_own(object, "timer_slack_ns", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    describe_memory(root, object);
    describe_kernel_entry(root, object);
    describe_variables(object);
    dl_iterate_phdr(add_library, libraries);
    machine__set_text(object, "libraries", *libraries ? libraries : "none");
    if (*root)
        describe_unknown(object);
    return object;
}
