/* How many more threads a run may create: every limit that counts threads, process ids, mappings or memory,
 * each less its reserve, and the one that binds. A limit that cannot be read does not bind. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

struct least {
    double n_threads;
    const char *name;
};

static void consider(struct least *least, const char *name, double n_threads)
{
    if (n_threads < least->n_threads) /* false for NAN */
        *least = (struct least){ n_threads, name };
}

static double pids_reserve(double limit)
{
    bool is_small = limit < MACHINE_RESERVE_PIDS_FRACTION * (double)MACHINE_RESERVE_PIDS;
    return is_small ? limit / MACHINE_RESERVE_PIDS_FRACTION : MACHINE_RESERVE_PIDS;
}

static void consider_pids(struct least *least, const char *name, double limit, double n_used)
{
    consider(least, name, limit - n_used - pids_reserve(limit));
}

/* The number behind the slash in "0.00 0.01 0.05 1/89 5712": all threads of the system. */
static double count_system_threads(const char *root)
{
    char text[128];
    machine__read_line(root, text, sizeof text, "/proc/loadavg");
    const char *slash = strchr(text, '/');
    return slash ? strtod(slash + 1, NULL) : NAN;
}

struct user_threads {
    const char *root;
    double uid, n_threads;
};

static void add_process(const char *pid, void *arg)
{
    struct user_threads *threads = arg;
    char path[64];
    if (pid[0] < '0' || pid[0] > '9' ||
        snprintf(path, sizeof path, "/proc/%s/status", pid) >= (int)sizeof path)
        return;
    if (machine__read_field_number(threads->root, path, "Uid") == threads->uid)
        threads->n_threads = fmax(0, threads->n_threads) +
                             fmax(0, machine__read_field_number(threads->root, path, "Threads"));
}

/* The kernel holds neither the superuser nor who may set limits to RLIMIT_NPROC. */
static bool is_exempt(const char *root, double uid)
{
    enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_SYS_RESOURCE = 24 };
    char text[32];
    if (uid == 0)
        return true;
    if (machine__read_field(root, "/proc/self/status", "CapEff", text, sizeof text))
        return false;
    unsigned long long capabilities = strtoull(text, NULL, 16);
    return capabilities & (1ull << CAPABILITY_SYS_ADMIN | 1ull << CAPABILITY_SYS_RESOURCE);
}

static void consider_user(struct least *least, const char *root)
{
    double limit = machine__read_field_number(root, "/proc/self/limits", "Max processes");
    double uid = machine__read_field_number(root, "/proc/self/status", "Uid");
    if (!isfinite(limit) || is_exempt(root, uid))
        return;
    struct user_threads threads = { .root = root, .uid = uid, .n_threads = NAN };
    machine__list(root, "/proc", "", add_process, &threads);
    consider_pids(least, "RLIMIT_NPROC", limit, fmax(0, threads.n_threads));
}

static void consider_cgroup_pids(struct least *least, const char *root)
{
    for (int version = 1; version <= 2; version++) {
        struct machine__cgroup group;
        if (machine__cgroup_find(root, "pids", version, &group))
            continue;
        do {
            double limit = machine__cgroup_number(root, &group, "pids.max", "pids.max");
            double n_used = machine__cgroup_number(root, &group, "pids.current", "pids.current");
            consider_pids(least, "cgroup pids.max", limit, fmax(0, n_used));
        } while (machine__cgroup_up(&group));
    }
}

static double count_lines(const char *root, const char *path)
{
    FILE *file = machine__open(root, "%s", path);
    double n_lines = 0;
    int c;
    while (file && (c = getc(file)) != EOF)
        n_lines += c == '\n';
    if (file)
        fclose(file);
    return n_lines;
}

/* A stack with a guard takes two mappings. */
static void consider_maps(struct least *least, const char *root)
{
    double limit = machine__read_number(root, "/proc/sys/vm/max_map_count");
    double n_used = count_lines(root, "/proc/self/maps");
    consider_pids(least, "max_map_count", limit / 2, n_used / 2);
}

static void consider_memory(struct least *least, const char *name, double total_bytes, double available_bytes)
{
    const double floor_bytes = 512.0 * (1 << 20);
    double reserve_bytes = fmax(total_bytes * MACHINE_RESERVE_MEMORY_PERCENT / 100,
                                fmin(floor_bytes, total_bytes / 2));
    consider(least, name, (available_bytes - reserve_bytes) / MACHINE_THREAD_COST_BYTES);
}

/* Stacks count against what a process may map; one that measures maps about as much as this one before it begins. */
static void consider_own_memory(struct least *least, const char *root)
{
    static const struct { const char *name, *limit, *used; } rows[] = {
        { "RLIMIT_AS", "Max address space", "VmSize" },
        { "RLIMIT_DATA", "Max data size", "VmData" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double limit = machine__read_field_number(root, "/proc/self/limits", rows[i].limit);
        double used = machine__read_field_number(root, "/proc/self/status", rows[i].used) * 1024;
        if (isfinite(limit))
            consider_memory(least, rows[i].name, limit, limit - fmax(0, used));
    }
}

/* Pages of files that nobody used lately are given back before a thread is refused. */
static double reclaimable_bytes(const char *root, const struct machine__cgroup *group)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/memory.stat", group->path);
    const char *field = group->version == 1 ? "total_inactive_file" : "inactive_file";
    return fmax(0, machine__read_field_number(root, path, field));
}

static void consider_cgroup_memory(struct least *least, const char *root)
{
    for (int version = 1; version <= 2; version++) {
        struct machine__cgroup group;
        if (machine__cgroup_find(root, "memory", version, &group))
            continue;
        do {
            double limit = machine__memory_limit(root, &group);
            double used = machine__cgroup_number(root, &group, "memory.usage_in_bytes", "memory.current");
            if (isfinite(limit))
                consider_memory(least, "memory", limit, limit - fmax(0, used) + reclaimable_bytes(root, &group));
        } while (machine__cgroup_up(&group));
    }
}

/* In containers that show processes alone the kernel's calls stand in for /proc: what they call free is less than what
 * is available. They do not tell pid_max, and running out of process ids would harm the whole machine: its least
 * default is assumed, and named so. */
static void consider_system(struct least *least, const char *root)
{
    double total_bytes = machine__read_field_number(root, "/proc/meminfo", "MemTotal") * 1024;
    double available_bytes = machine__read_field_number(root, "/proc/meminfo", "MemAvailable") * 1024;
    double n_threads = count_system_threads(root), pid_max = machine__read_number(root, "/proc/sys/kernel/pid_max");
    bool is_shown = !isnan(total_bytes + available_bytes + n_threads + pid_max);
    struct sysinfo info;
    if (!is_shown && !*root && sysinfo(&info) == 0) {
        total_bytes = (double)info.totalram * info.mem_unit;
        available_bytes = (double)(info.freeram + info.bufferram) * info.mem_unit;
        consider_pids(least, "pid_max, assumed", 32768, info.procs);
    }
    consider_pids(least, "pid_max", pid_max, n_threads);
    consider_pids(least, "threads-max", machine__read_number(root, "/proc/sys/kernel/threads-max"), n_threads);
    consider_memory(least, "memory", total_bytes, available_bytes);
}

void machine_headroom(const char *root, struct machine_headroom *headroom)
{
    struct least least = { INFINITY, MACHINE__UNKNOWN };
    consider_system(&least, root);
    consider_user(&least, root);
    consider_cgroup_pids(&least, root);
    consider_maps(&least, root);
    consider_own_memory(&least, root);
    consider_cgroup_memory(&least, root);
    bool is_usable = isfinite(least.n_threads) && least.n_threads >= 1;
    headroom->max_threads = is_usable ? (size_t)least.n_threads : 1;
    snprintf(headroom->limit, sizeof headroom->limit, "%s", least.name);
}
