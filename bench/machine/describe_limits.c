/* What this process may use: CPUs, threads, files, memory mappings. */
#include "internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* Every second CPU of many makes a long list: the beginning of it then, and what tells it from others that begin so. */
static void shorten_list(const char *whole, int n_cpus, char *list, size_t size)
{
    char end[64];
    int n_end = snprintf(end, sizeof end, " ... (%d CPUs, %08" PRIx32 ")", n_cpus, machine__hash(whole));
    snprintf(list, size, "%.*s%s", (int)size - n_end - 1, whole, end);
}

static void describe_mask(const struct machine *machine, char *list, size_t size)
{
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    char *whole = NULL;
    snprintf(list, size, "%s", MACHINE__UNKNOWN);
    if (mask && machine__affinity(machine->root, mask) == 0 && hwloc_bitmap_list_asprintf(&whole, mask) >= 0) {
        if (strlen(whole) < size)
            snprintf(list, size, "%s", whole);
        else
            shorten_list(whole, hwloc_bitmap_weight(mask), list, size);
    }
    free(whole);
    hwloc_bitmap_free(mask);
}

/* The text that runs are compared by, and the object beside it. */
static void describe_cpus(struct machine *machine, json_t *object)
{
    struct pool_cpu_limits limits;
    char mask[MACHINE__TEXT_BYTES], quota[32] = "none";
    bool is_known = pool_cpu_limits(machine->root, &limits) == 0;
    bool has_quota = is_known && limits.quota_cpus > 0;
    describe_mask(machine, mask, sizeof mask);
    if (!is_known)
        snprintf(quota, sizeof quota, "%s", MACHINE__UNKNOWN);
    else if (has_quota)
        snprintf(quota, sizeof quota, "%.2f", limits.quota_cpus);
    snprintf(machine->cpu_setting, sizeof machine->cpu_setting, "%s quota %s", mask, quota);
    machine->n_usable = is_known ? limits.n_usable : 1;
    machine__set_text(object, "affinity", mask);
    machine__set_number(object, "affinity_cpus", is_known ? (double)limits.n_affinity : NAN);
    machine__set_number(object, "quota_cpus", !is_known ? NAN : has_quota ? limits.quota_cpus : INFINITY);
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
    machine__set_number(object, "pid_max", machine__read_number(root, "/proc/sys/kernel/pid_max"));
    machine__set_number(object, "threads_max", machine__read_number(root, "/proc/sys/kernel/threads-max"));
    machine__set_number(object, "max_map_count", machine__read_number(root, "/proc/sys/vm/max_map_count"));
    return object;
}
