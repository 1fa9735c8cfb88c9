/* Where threads are bound, on machines of other shapes: each set is of CPUs that may be used, no CPU is there twice,
 * every core comes before a second hardware thread of any, and what the kernel does not do is not handed out. */
#include "check.h"

#include "machine/internal.h"
#include "run/run.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPES = 300 };

static const unsigned seed = 20261126;

static hwloc_topology_t load(const char *synthetic, const char *xml)
{
    char path[512];
    const char *top = getenv("POOLBENCH_TOP");
    hwloc_topology_t topology;
    hwloc_topology_init(&topology);
    snprintf(path, sizeof path, "%s/tests/topologies/%s", top ? top : ".", xml ? xml : "");
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (!CHECK((xml ? hwloc_topology_set_xml(topology, path) : hwloc_topology_set_synthetic(topology, synthetic)) == 0)
        || !CHECK(hwloc_topology_load(topology) == 0)) {
        fprintf(stderr, "it is %s\n", xml ? path : synthetic);
        exit(1);
    }
    return topology;
}

struct placed {
    cpu_set_t *sets;
    size_t n;
};

static struct placed place(hwloc_topology_t topology, const char *allowed, enum machine_bind bind)
{
    struct placed placed = { NULL, 0 };
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    hwloc_bitmap_list_sscanf(mask, allowed);
    CHECK_EQ(machine__place(topology, mask, bind, &placed.sets, &placed.n), 0);
    hwloc_bitmap_free(mask);
    return placed;
}

/* The sets as lists, "0 2 1 3" or "0,4 1,5". */
static bool are(struct placed placed, const char *wanted)
{
    char text[4096] = "";
    size_t length = 0;
    for (size_t i = 0; i < placed.n; i++) {
        const char *before = i ? " " : "";
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &placed.sets[i])) {
                length += (size_t)snprintf(text + length, sizeof text - length, "%s%d", before, cpu);
                before = ",";
            }
    }
    if (strcmp(text, wanted) != 0)
        fprintf(stderr, "placed on %s, not on %s\n", text, wanted);
    return strcmp(text, wanted) == 0;
}

static void test_known(void)
{
    static const struct { const char *synthetic, *xml, *allowed, *cores, *pus; } rows[] = {
        { "pu:1", NULL, "0", "0", "0" },
        { "pu:3", NULL, "0-2", "0 1 2", "0 1 2" },
        { "pack:2 core:2 pu:2", NULL, "0-7", "0,1 2,3 4,5 6,7", "0 2 4 6 1 3 5 7" },
        { "pack:2 core:2 pu:2", NULL, "1,4-5,7", "1 4,5 7", "1 4 7 5" },
        { "core:2 pu:4", NULL, "0-7", "0,1,2,3 4,5,6,7", "0 4 1 5 2 6 3 7" },
        { "core:2 pu:4", NULL, "1-3,6", "1,2,3 6", "1 6 2 3" },
        { "numa:2 core:2 pu:1", NULL, "2-3", "2 3", "2 3" },
        /* CPUs that the topology does not know of are not used. */
        { "core:2 pu:1", NULL, "0-3", "0 1", "0 1" },
        /* As numbered: fast ones first on one machine, slow ones on the other. */
        { NULL, "hybrid.xml", "0-11", "0,1 2,3 4,5 6,7 8 9 10 11", "0 2 4 6 8 9 10 11 1 3 5 7" },
        { NULL, "hybrid.xml", "8-11", "8 9 10 11", "8 9 10 11" },
        { NULL, "big-little.xml", "0-7", "0 1 2 3 4 5 6 7", "0 1 2 3 4 5 6 7" },
        { NULL, "interleaved.xml", "0-7", "0,4 1,5 2,6 3,7", "0 1 2 3 4 5 6 7" },
        { NULL, "interleaved.xml", "0,4-7", "0,4 5 6 7", "0 5 6 7 4" },
        { NULL, "offline.xml", "0-2,6-7", "0,1 2 6,7", "0 2 6 1 7" },
        { NULL, "offline.xml", "0,2,6", "0 2 6", "0 2 6" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hwloc_topology_t topology = load(rows[i].synthetic, rows[i].xml);
        struct placed cores = place(topology, rows[i].allowed, MACHINE_BIND_CORE);
        struct placed pus = place(topology, rows[i].allowed, MACHINE_BIND_PU);
        if (!CHECK(are(cores, rows[i].cores)) || !CHECK(are(pus, rows[i].pus)))
            fprintf(stderr, "it is %s\n", rows[i].xml ? rows[i].xml : rows[i].synthetic);
        free(cores.sets);
        free(pus.sets);
        hwloc_topology_destroy(topology);
    }
}

/* Which core, and how many of its CPUs that may be used come before this one. */
static hwloc_obj_t core_of(hwloc_topology_t topology, int cpu)
{
    hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, (unsigned)cpu);
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
    return core ? core : pu;
}

static size_t rank_of(hwloc_const_bitmap_t cpus, int cpu)
{
    size_t rank = 0;
    for (int other = hwloc_bitmap_first(cpus); other < cpu; other = hwloc_bitmap_next(cpus, other))
        rank++;
    return rank;
}

static int first_of(const cpu_set_t *set)
{
    int cpu = 0;
    while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, set))
        cpu++;
    return cpu;
}

static void check_covers(struct placed placed, hwloc_const_bitmap_t allowed)
{
    cpu_set_t seen;
    CPU_ZERO(&seen);
    size_t n_cpus = 0;
    for (size_t i = 0; i < placed.n; i++) {
        n_cpus += (size_t)CPU_COUNT(&placed.sets[i]);
        CPU_OR(&seen, &seen, &placed.sets[i]);
    }
    CHECK_EQ(n_cpus, CPU_COUNT(&seen)); /* no CPU is there twice */
    CHECK_EQ(n_cpus, hwloc_bitmap_weight(allowed));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        CHECK(!CPU_ISSET(cpu, &seen) || hwloc_bitmap_isset(allowed, (unsigned)cpu));
}

static void check_cores(hwloc_topology_t topology, struct placed placed, hwloc_const_bitmap_t allowed)
{
    unsigned last = 0;
    check_covers(placed, allowed);
    for (size_t i = 0; i < placed.n; i++) {
        hwloc_obj_t core = core_of(topology, first_of(&placed.sets[i]));
        hwloc_bitmap_t usable = hwloc_bitmap_alloc();
        hwloc_bitmap_and(usable, core->cpuset, allowed);
        CHECK_EQ(CPU_COUNT(&placed.sets[i]), hwloc_bitmap_weight(usable)); /* all of the core that may be used */
        CHECK(i == 0 || core->logical_index > last);
        last = core->logical_index;
        hwloc_bitmap_free(usable);
    }
}

static void check_pus(hwloc_topology_t topology, struct placed placed, hwloc_const_bitmap_t allowed)
{
    size_t last_rank = 0;
    unsigned last = 0;
    check_covers(placed, allowed);
    for (size_t i = 0; i < placed.n; i++) {
        int cpu = first_of(&placed.sets[i]);
        hwloc_obj_t core = core_of(topology, cpu);
        hwloc_bitmap_t usable = hwloc_bitmap_alloc();
        hwloc_bitmap_and(usable, core->cpuset, allowed);
        size_t rank = rank_of(usable, cpu);
        CHECK_EQ(CPU_COUNT(&placed.sets[i]), 1);
        CHECK(rank >= last_rank && rank <= last_rank + 1);
        CHECK(i == 0 || rank > last_rank || core->logical_index > last);
        last_rank = rank;
        last = core->logical_index;
        hwloc_bitmap_free(usable);
    }
}

/* The generator's CPU is not one of the tasks', who have all cores but its own, and as many as the quota leaves. */
static void check_open_place(hwloc_topology_t topology, struct placed cores, struct placed pus, size_t n_usable)
{
    struct open_place place;
    run_place_open(&place, cores.sets, cores.n, pus.sets, pus.n, n_usable);
    CHECK(place.n_task_cpus >= 1 && (n_usable < 2 || place.n_task_cpus < n_usable || place.generator_cpu < 0));
    CHECK_EQ(place.generator_cpu >= 0, n_usable >= 2 && pus.n >= 2);
    if (place.generator_cpu < 0) {
        CHECK_EQ(CPU_COUNT(&place.task_cpus), 0);
        CHECK_EQ(place.n_task_cpus, n_usable);
        return;
    }
    CHECK(!CPU_ISSET((size_t)place.generator_cpu, &place.task_cpus));
    CHECK(place.n_task_cpus <= (size_t)CPU_COUNT(&place.task_cpus));
    hwloc_obj_t core = core_of(topology, place.generator_cpu);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        CHECK(!CPU_ISSET(cpu, &place.task_cpus) || cores.n < 2 || core_of(topology, cpu) != core);
}

static void choose(hwloc_const_bitmap_t all, hwloc_bitmap_t allowed, unsigned *state)
{
    int share = rand_r(state) % 4; /* of CPUs left out: none, few, many, nearly all */
    int cpu;
    hwloc_bitmap_zero(allowed);
    hwloc_bitmap_foreach_begin(cpu, all)
        if (rand_r(state) % 8 >= share * 7 / 3)
            hwloc_bitmap_set(allowed, (unsigned)cpu);
    hwloc_bitmap_foreach_end();
    if (hwloc_bitmap_iszero(allowed))
        hwloc_bitmap_set(allowed, (unsigned)hwloc_bitmap_last(all));
}

static void shape(char *text, size_t size, unsigned *state)
{
    static const int threads[] = { 1, 2, 4 };
    static const char *const numbering[] = { "", "(indexes=core:pu)", "(indexes=pu:core)" };
    int n_threads = threads[rand_r(state) % 3], n_packages = 1 << rand_r(state) % 4;
    int n_cores = 1 + rand_r(state) % (512 / n_threads / n_packages);
    if (rand_r(state) % 3 == 0) /* small machines are many */
        n_cores = 1 + rand_r(state) % 4;
    snprintf(text, size, "%s:%d core:%d pu:%d%s", rand_r(state) % 2 ? "pack" : "numa", n_packages, n_cores, n_threads,
             numbering[rand_r(state) % 3]);
}

static void check_shape(const char *text, unsigned *state)
{
    hwloc_topology_t topology = load(text, NULL);
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    struct placed cores = { NULL, 0 }, pus = { NULL, 0 };
    choose(hwloc_topology_get_topology_cpuset(topology), allowed, state);
    CHECK_EQ(machine__place(topology, allowed, MACHINE_BIND_CORE, &cores.sets, &cores.n), 0);
    CHECK_EQ(machine__place(topology, allowed, MACHINE_BIND_PU, &pus.sets, &pus.n), 0);
    check_cores(topology, cores, allowed);
    check_pus(topology, pus, allowed);
    size_t n_allowed = (size_t)hwloc_bitmap_weight(allowed);
    check_open_place(topology, cores, pus, n_allowed);
    check_open_place(topology, cores, pus, 1 + (size_t)rand_r(state) % n_allowed);
    free(cores.sets);
    free(pus.sets);
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

static void test_shapes(void)
{
    unsigned state = seed;
    char text[128];
    for (int i = 0; i < SHAPES && check_failures() == 0; i++) {
        shape(text, sizeof text, &state);
        check_shape(text, &state);
        if (check_failures())
            fprintf(stderr, "shape %d of seed %u: %s\n", i, seed, text);
    }
}

/* A topology without any of the CPUs that may be used: no set is no binding, and must not pass for one. */
static void test_nowhere(void)
{
    hwloc_topology_t topology = load("core:2 pu:1", NULL);
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    cpu_set_t *sets = NULL;
    size_t n_sets = 0;
    hwloc_bitmap_list_sscanf(allowed, "6-7");
    CHECK_EQ(machine__place(topology, allowed, MACHINE_BIND_CORE, &sets, &n_sets), -ENOTSUP);
    CHECK_EQ(machine__place(topology, allowed, MACHINE_BIND_PU, &sets, &n_sets), -ENOTSUP);
    hwloc_bitmap_list_sscanf(allowed, "0,2000");
    CHECK_EQ(machine__place(topology, allowed, MACHINE_BIND_PU, &sets, &n_sets), -ERANGE);
    CHECK(sets == NULL && n_sets == 0);
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

/* Stands before the C library's: what a system does that refuses a mask, or takes it and ignores it. */
static enum { TAKEN, REFUSED, IGNORED } masks_are;
static size_t n_masks;

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    int (*real)(pid_t, size_t, const cpu_set_t *);
    *(void **)&real = dlsym(RTLD_NEXT, "sched_setaffinity");
    n_masks++;
    if (masks_are == REFUSED)
        errno = EPERM;
    return masks_are == REFUSED ? -1 : masks_are == IGNORED ? 0 : real(pid, size, set);
}

static void test_kernel(void)
{
    struct machine *machine;
    cpu_set_t before, after;
    struct placed placed;
    sched_getaffinity(0, sizeof before, &before);
    CHECK_EQ(machine_open("", &machine), 0);
    for (int bind = MACHINE_BIND_CORE; bind <= MACHINE_BIND_PU; bind++) {
        masks_are = TAKEN;
        CHECK_EQ(machine_placement(machine, (enum machine_bind)bind, &placed.sets, &placed.n), 0);
        bool is_one = placed.n == 1; /* where all CPUs are one set, its mask is what was there before */
        CHECK(placed.n >= 1);
        free(placed.sets);
        sched_getaffinity(0, sizeof after, &after);
        CHECK(CPU_EQUAL(&before, &after)); /* nothing is left bound by the trial */
        masks_are = IGNORED;
        CHECK_EQ(machine_placement(machine, (enum machine_bind)bind, &placed.sets, &placed.n), is_one ? 0 : -ENOTSUP);
        free(placed.sets);
        masks_are = REFUSED;
        CHECK_EQ(machine_placement(machine, (enum machine_bind)bind, &placed.sets, &placed.n), -EPERM);
        CHECK(placed.sets == NULL && placed.n == 0);
    }
    machine_close(machine);
}

/* Whoever only asks where CPUs are moves nowhere; and of what is listed one is tried, with the way back. */
static void test_trial(void)
{
    struct machine *machine;
    cpu_set_t before, after;
    struct placed listed, tried;
    masks_are = TAKEN;
    sched_getaffinity(0, sizeof before, &before);
    CHECK_EQ(machine_open("", &machine), 0);
    n_masks = 0;
    CHECK_EQ(machine_list_places(machine, MACHINE_BIND_PU, &listed.sets, &listed.n), 0);
    CHECK_EQ(n_masks, 0);
    CHECK_EQ(machine_try_places(listed.sets, 1), 0);
    CHECK_EQ(n_masks, 2);
    sched_getaffinity(0, sizeof after, &after);
    CHECK(CPU_EQUAL(&before, &after));
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_PU, &tried.sets, &tried.n), 0);
    CHECK_EQ(tried.n, listed.n);
    CHECK(memcmp(tried.sets, listed.sets, listed.n * sizeof *listed.sets) == 0);
    masks_are = REFUSED;
    CHECK_EQ(machine_try_places(listed.sets, listed.n), -EPERM);
    masks_are = TAKEN;
    free(listed.sets);
    free(tried.sets);
    machine_close(machine);
}

int main(void)
{
    test_known();
    test_shapes();
    test_nowhere();
    test_kernel();
    test_trial();
    return check_failures() != 0;
}
