/* The order in which threads are bound: packages one after the other as hwloc numbers their cores, every core
 * once before a second hardware thread of any, CPUs outside the affinity mask left out. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

struct placement {
    hwloc_topology_t topology;
    hwloc_const_bitmap_t allowed;
    hwloc_bitmap_t some; /* scratch */
    cpu_set_t *sets;
    size_t n_sets;
};

static void add_set(struct placement *placement)
{
    cpu_set_t *set = &placement->sets[placement->n_sets++];
    CPU_ZERO(set);
    int cpu;
    hwloc_bitmap_foreach_begin(cpu, placement->some)
        CPU_SET(cpu, set);
    hwloc_bitmap_foreach_end();
}

static void place_cores(struct placement *placement, hwloc_obj_type_t type)
{
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(placement->topology, type, core))) {
        hwloc_bitmap_and(placement->some, core->cpuset, placement->allowed);
        if (!hwloc_bitmap_iszero(placement->some))
            add_set(placement);
    }
}

/* Leaves the n-th allowed CPU of the core in `some`, or none. */
static void nth_of_core(struct placement *placement, hwloc_obj_t core, size_t n)
{
    hwloc_bitmap_and(placement->some, core->cpuset, placement->allowed);
    int cpu = hwloc_bitmap_first(placement->some);
    while (n-- && cpu >= 0)
        cpu = hwloc_bitmap_next(placement->some, cpu);
    hwloc_bitmap_zero(placement->some);
    if (cpu >= 0)
        hwloc_bitmap_set(placement->some, (unsigned)cpu);
}

static void place_threads(struct placement *placement, hwloc_obj_type_t type)
{
    size_t n_before = SIZE_MAX;
    for (size_t n = 0; placement->n_sets != n_before; n++) {
        n_before = placement->n_sets;
        hwloc_obj_t core = NULL;
        while ((core = hwloc_get_next_obj_by_type(placement->topology, type, core))) {
            nth_of_core(placement, core, n);
            if (!hwloc_bitmap_iszero(placement->some))
                add_set(placement);
        }
    }
}

static int place(struct placement *placement, enum machine_bind bind)
{
    if (hwloc_bitmap_last(placement->allowed) >= CPU_SETSIZE)
        return -ERANGE;
    placement->sets = calloc((size_t)hwloc_bitmap_weight(placement->allowed) + 1, sizeof *placement->sets);
    if (!placement->sets)
        return -ENOMEM;
    bool has_cores = hwloc_get_nbobjs_by_type(placement->topology, HWLOC_OBJ_CORE) > 0;
    hwloc_obj_type_t type = has_cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    if (bind == MACHINE_BIND_CORE)
        place_cores(placement, type);
    else
        place_threads(placement, type);
    return 0;
}

int machine_placement(const struct machine *machine, enum machine_bind bind, cpu_set_t **sets, size_t *n_sets)
{
    *sets = NULL;
    *n_sets = 0;
    if (bind == MACHINE_BIND_NONE)
        return 0;
    if (!hwloc_topology_is_thissystem(machine->topology))
        return -ENOTSUP;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    hwloc_bitmap_t some = hwloc_bitmap_alloc();
    struct placement placement = { .topology = machine->topology, .allowed = allowed, .some = some };
    int error = allowed && some ? machine__affinity(machine->root, allowed) : -ENOMEM;
    if (!error)
        error = place(&placement, bind);
    if (!error) {
        *sets = placement.sets;
        *n_sets = placement.n_sets;
    }
    hwloc_bitmap_free(allowed);
    hwloc_bitmap_free(some);
    return error;
}
