/* What hwloc knows: counts, caches, and the topology to export.
 *
 * The topology holds the CPUs that this process may not use too, so that the machine stays the same in every
 * container. The x86 component is left out: it binds itself to each CPU in turn, and so would see another
 * machine where it may not. The environment can put another topology in this one's place (HWLOC_XMLFILE,
 * HWLOC_SYNTHETIC); the description says so and nothing is bound there. */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int configure(hwloc_topology_t topology)
{
    if (hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ||
        hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86") ||
        hwloc_topology_set_icache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL) ||
        hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE) ||
        hwloc_topology_set_type_filter(topology, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE))
        return -EINVAL;
    return 0;
}

/* synthetic is NULL for what the system, or the environment, shows. */
static int load(const char *synthetic, hwloc_topology_t *out)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return -ENOMEM;
    int error = configure(topology);
    if (!error && synthetic && hwloc_topology_set_synthetic(topology, synthetic))
        error = -EINVAL;
    if (!error && hwloc_topology_load(topology))
        error = -EIO;
    if (error)
        hwloc_topology_destroy(topology);
    else
        *out = topology;
    return error;
}

/* hwloc takes the root of a recorded tree from the environment alone. */
static int load_below(const char *root, hwloc_topology_t *out)
{
    if (setenv("HWLOC_FSROOT", root, 1))
        return -errno;
    int error = load(NULL, out);
    unsetenv("HWLOC_FSROOT");
    return error;
}

/* hwloc learns of Intel's two kinds from the x86 component alone; the kernel names them for its counters. */
static void register_intel_kinds(const char *root, hwloc_topology_t topology)
{
    static const char *const paths[] = { "/sys/devices/cpu_atom/cpus", "/sys/devices/cpu_core/cpus" }; /* slow, fast */
    hwloc_bitmap_t kinds[2] = { hwloc_bitmap_alloc(), hwloc_bitmap_alloc() };
    bool has_both = hwloc_cpukinds_get_nr(topology, 0) < 2 && kinds[0] && kinds[1];
    for (size_t i = 0; i < 2 && has_both; i++) {
        char list[MACHINE__TEXT_BYTES];
        has_both = machine__read_line(root, list, sizeof list, "%s", paths[i]) == 0 &&
                   hwloc_bitmap_list_sscanf(kinds[i], list) == 0;
    }
    for (int i = 0; i < 2 && has_both; i++)
        hwloc_cpukinds_register(topology, kinds[i], i, 0, NULL, 0);
    hwloc_bitmap_free(kinds[0]);
    hwloc_bitmap_free(kinds[1]);
}

int machine__load_topology(struct machine *machine)
{
    const char *root = machine->root;
    machine->topology_known = !*root || machine__exists(root, "/sys/devices/system/cpu/cpu0/topology");
    if (!machine->topology_known)
        return load("pu:1", &machine->topology);
    int error = *root ? load_below(root, &machine->topology) : load(NULL, &machine->topology);
    if (!error && (*root || hwloc_topology_is_thissystem(machine->topology)))
        register_intel_kinds(root, machine->topology);
    return error;
}

struct cache_kind {
    unsigned level;
    hwloc_obj_cache_type_t type;
    double size_bytes, line_bytes, shared_by;
    size_t n_caches;
};

static struct cache_kind kind_of(hwloc_obj_t cache)
{
    return (struct cache_kind){
        .level = cache->attr->cache.depth,
        .type = cache->attr->cache.type,
        .size_bytes = (double)cache->attr->cache.size,
        .line_bytes = cache->attr->cache.linesize,
        .shared_by = hwloc_bitmap_weight(cache->cpuset),
        .n_caches = 1,
    };
}

static bool same_kind(const struct cache_kind *a, const struct cache_kind *b)
{
    return a->level == b->level && a->type == b->type && a->size_bytes == b->size_bytes &&
           a->line_bytes == b->line_bytes && a->shared_by == b->shared_by;
}

static double known(double value)
{
    return value > 0 ? value : NAN;
}

static json_t *describe_cache(const struct cache_kind *kind)
{
    static const char *const types[] = {
        [HWLOC_OBJ_CACHE_UNIFIED] = "unified",
        [HWLOC_OBJ_CACHE_DATA] = "data",
        [HWLOC_OBJ_CACHE_INSTRUCTION] = "instruction",
    };
    json_t *object = json_object();
    machine__set_number(object, "level", kind->level);
    machine__set_text(object, "type", types[kind->type]);
    machine__set_number(object, "size_bytes", known(kind->size_bytes));
    machine__set_number(object, "line_bytes", known(kind->line_bytes));
    machine__set_number(object, "shared_by_threads", known(kind->shared_by));
    machine__set_number(object, "count", (double)kind->n_caches);
    return object;
}

/* Caches of one hwloc type, one row for each kind of them: hybrid processors have several. */
static void add_caches(hwloc_topology_t topology, hwloc_obj_type_t type, json_t *caches)
{
    enum { KINDS_MAX = 16 };
    struct cache_kind kinds[KINDS_MAX];
    size_t n_kinds = 0;
    hwloc_obj_t cache = NULL;
    while ((cache = hwloc_get_next_obj_by_type(topology, type, cache))) {
        struct cache_kind kind = kind_of(cache);
        size_t i = 0;
        while (i < n_kinds && !same_kind(&kinds[i], &kind))
            i++;
        if (i < n_kinds)
            kinds[i].n_caches++;
        else if (n_kinds < KINDS_MAX)
            kinds[n_kinds++] = kind;
    }
    for (size_t i = 0; i < n_kinds; i++)
        json_array_append_new(caches, describe_cache(&kinds[i]));
}

static void describe_caches(const struct machine *machine, json_t *processor)
{
    static const hwloc_obj_type_t types[] = {
        HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L2ICACHE,
        HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L3ICACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE,
    };
    json_t *caches = json_array();
    for (size_t i = 0; i < sizeof types / sizeof *types && machine->topology_known; i++)
        add_caches(machine->topology, types[i], caches);
    if (json_array_size(caches)) {
        json_object_set_new(processor, "caches", caches);
    } else {
        json_decref(caches);
        machine__set_text(processor, "caches", MACHINE__UNKNOWN);
    }
}

static double count(const struct machine *machine, hwloc_obj_type_t type)
{
    return machine->topology_known ? known(hwloc_get_nbobjs_by_type(machine->topology, type)) : NAN;
}

static const char *simultaneous_threads(const struct machine *machine)
{
    double n_cores = count(machine, HWLOC_OBJ_CORE);
    double n_threads = count(machine, HWLOC_OBJ_PU);
    if (isnan(n_cores) || isnan(n_threads))
        return MACHINE__UNKNOWN;
    return n_threads > n_cores ? "on" : "off";
}

static const char *topology_source(const struct machine *machine)
{
    if (!machine->topology_known)
        return MACHINE__UNKNOWN;
    if (*machine->root)
        return "recorded tree";
    return hwloc_topology_is_thissystem(machine->topology) ? "this system" : "not this system";
}

void machine__describe_topology(const struct machine *machine, json_t *processor)
{
    int n_kinds = machine->topology_known ? hwloc_cpukinds_get_nr(machine->topology, 0) : 0;
    machine__set_number(processor, "sockets", count(machine, HWLOC_OBJ_PACKAGE));
    machine__set_number(processor, "cores", count(machine, HWLOC_OBJ_CORE));
    machine__set_number(processor, "hardware_threads", count(machine, HWLOC_OBJ_PU));
    machine__set_text(processor, "smt", simultaneous_threads(machine));
    machine__set_number(processor, "core_kinds", known(n_kinds));
    machine__set_number(processor, "numa_nodes", count(machine, HWLOC_OBJ_NUMANODE));
    describe_caches(machine, processor);
    machine__set_text(processor, "topology", topology_source(machine));
}

void machine__describe_hwloc(const struct machine *machine, json_t *build)
{
    hwloc_obj_t top = hwloc_get_root_obj(machine->topology);
    machine__set_text(build, "hwloc", hwloc_obj_get_info_by_name(top, "hwlocVersion"));
}

size_t machine__count_usable_kinds(const struct machine *machine)
{
    int n_kinds = machine->topology_known ? hwloc_cpukinds_get_nr(machine->topology, 0) : 0;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc(), kind = hwloc_bitmap_alloc();
    size_t n_usable = 0;
    bool is_known = allowed && kind && machine__affinity(machine->root, allowed) == 0;
    for (int i = 0; i < n_kinds && is_known; i++)
        if (hwloc_cpukinds_get_info(machine->topology, (unsigned)i, kind, NULL, NULL, NULL, 0) == 0)
            n_usable += hwloc_bitmap_intersects(kind, allowed);
    hwloc_bitmap_free(allowed);
    hwloc_bitmap_free(kind);
    return n_usable;
}

double machine__numa_memory_bytes(const struct machine *machine)
{
    return machine->topology_known ? known((double)hwloc_get_root_obj(machine->topology)->total_memory) : NAN;
}
