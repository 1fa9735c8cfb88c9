/* Memory: how much there is, how much a control group leaves of it, and how its pages are handled. */
#include "internal.h"

#include <math.h>
#include <unistd.h>

static void set_chosen(json_t *object, const char *key, const char *root, const char *path)
{
    char text[MACHINE__TEXT_BYTES];
    machine__read_line(root, text, sizeof text, "%s", path);
    machine__chosen_word(text);
    machine__set_text(object, key, text);
}

double machine_memory_limit_bytes(const char *root)
{
    return machine__cgroup_limit(root, "memory", "memory.limit_in_bytes", "memory.max");
}

/* Above the high mark of version 2 a group is not refused memory, but held up until it gives some back. */
double machine__memory_limit(const char *root, const struct machine__cgroup *group)
{
    double most = machine__cgroup_number(root, group, "memory.limit_in_bytes", "memory.max");
    double high = group->version == 2 ? machine__cgroup_number(root, group, "", "memory.high") : NAN;
    return high >= 0 ? fmin(most, high) : most;
}

/* What the groups leave before memory is refused or comes late. */
static double least_limit(const char *root)
{
    double least = machine_memory_limit_bytes(root);
    struct machine__cgroup group;
    if (machine__cgroup_find(root, "memory", 2, &group) == 0)
        do
            least = fmin(least, machine__memory_limit(root, &group));
        while (machine__cgroup_up(&group));
    return least;
}

json_t *machine__describe_memory(const struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    double total_kib = machine__read_field_number(root, "/proc/meminfo", "MemTotal");
    double swap_kib = machine__read_field_number(root, "/proc/meminfo", "SwapTotal");
    machine__set_number(object, "total_bytes", total_kib * 1024);
    machine__set_number(object, "swap_bytes", swap_kib * 1024);
    machine__set_number(object, "cgroup_limit_bytes", least_limit(root));
    machine__set_number(object, "page_bytes", *root ? NAN : (double)sysconf(_SC_PAGESIZE));
    set_chosen(object, "transparent_huge_pages", root, "/sys/kernel/mm/transparent_hugepage/enabled");
    set_chosen(object, "transparent_huge_pages_defrag", root, "/sys/kernel/mm/transparent_hugepage/defrag");
    machine__set_number(object, "numa_balancing",
                        machine__read_number(root, "/proc/sys/kernel/numa_balancing"));
    machine__set_number(object, "overcommit", machine__read_number(root, "/proc/sys/vm/overcommit_memory"));
    machine__set_number(object, "ksm", machine__read_number(root, "/sys/kernel/mm/ksm/run"));
    machine__set_number(object, "swappiness", machine__read_number(root, "/proc/sys/vm/swappiness"));
    return object;
}
