/* The CPUs that the calling thread may run on, however many the machine has. */
#include "internal.h"

#include <errno.h>

static int recorded_affinity(const char *root, hwloc_bitmap_t mask)
{
    char list[4096];
    int error = machine__read_field(root, "/proc/self/status", "Cpus_allowed_list", list, sizeof list);
    if (error)
        return error;
    return hwloc_bitmap_list_sscanf(mask, list) || hwloc_bitmap_iszero(mask) ? -EINVAL : 0;
}

/* The kernel answers -EINVAL while the set is smaller than its own. */
static int own_affinity(hwloc_bitmap_t mask)
{
    for (size_t n_cpus = CPU_SETSIZE; n_cpus <= 1 << 20; n_cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(n_cpus);
        if (!set)
            return -ENOMEM;
        size_t size = CPU_ALLOC_SIZE(n_cpus);
        CPU_ZERO_S(size, set);
        int error = sched_getaffinity(0, size, set) ? errno : 0;
        if (!error) {
            hwloc_bitmap_zero(mask);
            for (size_t cpu = 0; cpu < n_cpus; cpu++)
                if (CPU_ISSET_S(cpu, size, set))
                    hwloc_bitmap_set(mask, (unsigned)cpu);
        }
        CPU_FREE(set);
        if (error != EINVAL)
            return -error;
    }
    return -EINVAL;
}

int machine__affinity(const char *root, hwloc_bitmap_t mask)
{
    return *root ? recorded_affinity(root, mask) : own_affinity(mask);
}
