/* What this process may use: CPUs, threads, files, memory mappings. */
#include "internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"

/* Every second CPU of many makes a long list: the beginning of it then, and what tells it from others that begin so. */
static void shorten_list(const char *whole, int n_cpus, char *list, size_t size)
{
    char end[64];
    int n_end = snprintf(end, sizeof end, " ... (%d CPUs, %08" PRIx32 ")", n_cpus, machine__hash(whole));
    snprintf(list, size, "%.*s%s", (int)size - n_end - 1, whole, end);
}

static void describe_mask(const char *root, char *list, size_t size)
{
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    char *whole = NULL;
    snprintf(list, size, "%s", MACHINE__UNKNOWN);
    if (mask && machine__affinity(root, mask) == 0 && hwloc_bitmap_list_asprintf(&whole, mask) >= 0) {
        if (strlen(whole) < size)
            snprintf(list, size, "%s", whole);
        else
            shorten_list(whole, hwloc_bitmap_weight(mask), list, size);
    }
    free(whole);
    hwloc_bitmap_free(mask);
}

/* What is hidden may be there. */
static bool knows_quota(const char *root, bool is_known, const struct pool_cpu_limits *limits)
{
    return is_known && (limits->quota_cpus > 0 || !machine__cgroup_is_hidden(root, "cpu"));
}

static void print_cpu_setting(const char *mask, bool is_known, double quota_cpus, char *text, size_t size)
{
    char quota[32] = "none";
    if (!is_known)
        snprintf(quota, sizeof quota, "%s", MACHINE__UNKNOWN);
    else if (quota_cpus > 0)
        snprintf(quota, sizeof quota, "%.2f", quota_cpus);
    snprintf(text, size, "%s quota %s", mask, quota);
}

void machine_read_cpu_setting(const char *root, char *text, size_t size)
{
    struct pool_cpu_limits limits;
    char mask[MACHINE__TEXT_BYTES];
    bool is_known = pool_cpu_limits(root, &limits) == 0;
    describe_mask(root, mask, sizeof mask);
    print_cpu_setting(mask, knows_quota(root, is_known, &limits), is_known ? limits.quota_cpus : 0, text, size);
}

static size_t n_online(const char *root)
{
    long n = *root ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

/* The text that runs are compared by, and the object beside it. */
static void describe_cpus(struct machine *machine, json_t *object)
{
    struct pool_cpu_limits limits;
    char mask[MACHINE__TEXT_BYTES];
    bool is_known = pool_cpu_limits(machine->root, &limits) == 0;
    bool has_quota = is_known && limits.quota_cpus > 0;
    bool knows = knows_quota(machine->root, is_known, &limits);
    describe_mask(machine->root, mask, sizeof mask);
    print_cpu_setting(mask, knows, is_known ? limits.quota_cpus : 0, machine->cpu_setting,
                      sizeof machine->cpu_setting);
    machine->n_usable = is_known ? limits.n_usable : n_online(machine->root);
    machine__set_text(object, "affinity", mask);
    machine__set_number(object, "affinity_cpus", is_known ? (double)limits.n_affinity : NAN);
    machine__set_number(object, "quota_cpus", !knows ? NAN : has_quota ? limits.quota_cpus : INFINITY);
    machine__set_number(object, "usable_cpus", is_known ? (double)limits.n_usable : NAN);
}

static void describe_cgroup_version(const char *root, json_t *object)
{
    static const char *const controllers[] = { "cpu", "pids", "memory" };
    struct machine__cgroup group;
    bool has_v1 = false;
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++)
        has_v1 = has_v1 || machine__cgroup_find(root, controllers[i], 1, &group) == 0;
    bool has_v2 = machine__cgroup_find(root, "", 2, &group) == 0;
    machine__set_text(object, "cgroup_version",
                      has_v1 && has_v2 ? "v1 and v2" : has_v1 ? "v1" : has_v2 ? "v2" : MACHINE__UNKNOWN);
}

static void set_rlimit(json_t *object, const char *key, const char *root, const char *name)
{
    machine__set_number(object, key, machine__read_field_number(root, "/proc/self/limits", name));
}

json_t *machine__describe_limits(struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    describe_cpus(machine, object);
    describe_cgroup_version(root, object);
    machine__set_number(object, "cgroup_pids_max",
                        machine__cgroup_limit(root, "pids", "pids.max", "pids.max"));
    set_rlimit(object, "rlimit_nproc", root, "Max processes");
    set_rlimit(object, "rlimit_nofile", root, "Max open files");
    set_rlimit(object, "rlimit_stack_bytes", root, "Max stack size");
    set_rlimit(object, "rlimit_as_bytes", root, "Max address space");
    set_rlimit(object, "rlimit_data_bytes", root, "Max data size");
    set_rlimit(object, "rlimit_cpu_s", root, "Max cpu time");
    machine__set_number(object, "pid_max", machine__read_number(root, "/proc/sys/kernel/pid_max"));
    machine__set_number(object, "threads_max", machine__read_number(root, "/proc/sys/kernel/threads-max"));
    machine__set_number(object, "max_map_count", machine__read_number(root, "/proc/sys/vm/max_map_count"));
    return object;
}
