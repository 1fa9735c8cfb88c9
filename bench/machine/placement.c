/* The order in which threads are bound: packages one after the other as hwloc numbers their cores, every core
 * once before a second hardware thread of any, CPUs outside the affinity mask left out. Kinds of cores are not
 * told apart: on hybrid processors they come as hwloc numbers them too.
 *
 * Nothing is handed out to bind to that the kernel does not do: each set is tried on the calling thread. Whoever needs
 * a few CPUs of many has them listed, and tries those that it takes: each trial moves the thread, which takes long for
 * all of a large machine, and for ever on a CPU that a real-time thread keeps busy. */
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
    return placement->n_sets ? 0 : -ENOTSUP; /* the topology has none of the CPUs that may be used */
}

int machine__place(hwloc_topology_t topology, hwloc_const_bitmap_t allowed, enum machine_bind bind, cpu_set_t **sets,
                   size_t *n_sets)
{
    struct placement placement = { .topology = topology, .allowed = allowed, .some = hwloc_bitmap_alloc() };
    int error = placement.some ? place(&placement, bind) : -ENOMEM;
    hwloc_bitmap_free(placement.some);
    if (error) {
        free(placement.sets);
        return error;
    }
    *sets = placement.sets;
    *n_sets = placement.n_sets;
    return 0;
}

static void to_bitmap(const cpu_set_t *set, hwloc_bitmap_t bitmap)
{
    hwloc_bitmap_zero(bitmap);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set))
            hwloc_bitmap_set(bitmap, cpu);
}

/* A kernel, or what stands in for one, may refuse a mask, and may take it and ignore it. */
static int try_set(const cpu_set_t *set, hwloc_bitmap_t wanted, hwloc_bitmap_t found)
{
    to_bitmap(set, wanted);
    if (sched_setaffinity(0, sizeof *set, set) != 0)
        return -errno;
    int error = machine__affinity("", found);
    if (error)
        return error;
    return hwloc_bitmap_isequal(wanted, found) && hwloc_bitmap_isset(found, (unsigned)sched_getcpu()) ? 0 : -ENOTSUP;
}

int machine_try_places(const cpu_set_t *sets, size_t n_sets)
{
    cpu_set_t before;
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return -errno;
    hwloc_bitmap_t wanted = hwloc_bitmap_alloc(), found = hwloc_bitmap_alloc();
    int error = wanted && found ? 0 : -ENOMEM;
    for (size_t i = 0; i < n_sets && !error; i++)
        error = try_set(&sets[i], wanted, found);
    hwloc_bitmap_free(wanted);
    hwloc_bitmap_free(found);
    /* Refused only by a system that took no other mask either, unless its CPUs have changed meanwhile. */
    if (sched_setaffinity(0, sizeof before, &before) != 0 && !error)
        error = -errno;
    return error;
}

int machine_list_places(const struct machine *machine, enum machine_bind bind, cpu_set_t **sets, size_t *n_sets)
{
    *sets = NULL;
    *n_sets = 0;
    if (bind == MACHINE_BIND_NONE)
        return 0;
    if (!hwloc_topology_is_thissystem(machine->topology))
        return -ENOTSUP;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    int error = allowed ? machine__affinity(machine->root, allowed) : -ENOMEM;
    if (!error)
        error = machine__place(machine->topology, allowed, bind, sets, n_sets);
    hwloc_bitmap_free(allowed);
    return error;
}

int machine_placement(const struct machine *machine, enum machine_bind bind, cpu_set_t **sets, size_t *n_sets)
{
    int error = machine_list_places(machine, bind, sets, n_sets);
    if (!error && *n_sets > 0)
        error = machine_try_places(*sets, *n_sets);
    if (error) {
        free(*sets);
        *sets = NULL;
        *n_sets = 0;
    }
    return error;
}
