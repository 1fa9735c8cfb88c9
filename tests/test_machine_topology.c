/* A topology that is not this machine's is named and never bound to, whatever its shape; the one that is
 * exported holds no name of the host or of the process. */
#include "check.h"
#include "warns.h"

#include "machine/machine.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static json_int_t count(const struct machine *machine, const char *key)
{
    json_t *processor = json_object_get(machine_description(machine), "processor");
    return json_integer_value(json_object_get(processor, key));
}

struct counts {
    int sockets, cores, threads, nodes, kinds;
    const char *smt, *caches;
};

static bool has_smt(const struct machine *machine, const char *smt)
{
    json_t *processor = json_object_get(machine_description(machine), "processor");
    return strcmp(json_string_value(json_object_get(processor, "smt")), smt) == 0;
}

static json_int_t of_cache(json_t *cache, const char *key)
{
    return json_integer_value(json_object_get(cache, key));
}

/* As "L2 unified 1048576 x8 of 8": level, type, bytes, how many of them, for how many hardware threads each. */
static bool has_caches(const struct machine *machine, const char *wanted)
{
    char text[1024] = "";
    size_t i, length = 0;
    json_t *cache, *processor = json_object_get(machine_description(machine), "processor");
    json_array_foreach(json_object_get(processor, "caches"), i, cache)
        length += (size_t)snprintf(text + length, sizeof text - length, "%sL%d %s %lld x%d of %d", i ? ", " : "",
                                   (int)of_cache(cache, "level"), json_string_value(json_object_get(cache, "type")),
                                   (long long)of_cache(cache, "size_bytes"), (int)of_cache(cache, "count"),
                                   (int)of_cache(cache, "shared_by_threads"));
    if (strcmp(text, wanted) != 0)
        fprintf(stderr, "caches are %s\n", text);
    return strcmp(text, wanted) == 0;
}

static void check_synthetic(void)
{
    struct machine *machine;
    cpu_set_t *sets;
    size_t n_sets;
    setenv("HWLOC_SYNTHETIC", "pack:2 core:4 pu:2", 1);
    CHECK_EQ(machine_open("", &machine), 0);
    CHECK_EQ(count(machine, "sockets"), 2);
    CHECK_EQ(count(machine, "cores"), 8);
    CHECK_EQ(count(machine, "hardware_threads"), 16);
    CHECK(strstr(machine_id(machine), "-8c-") != NULL);
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_CORE, &sets, &n_sets), -ENOTSUP);
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_PU, &sets, &n_sets), -ENOTSUP);
    CHECK(warns(machine, "topology"));
    CHECK(warns(machine, "smt"));
    machine_close(machine);
}

static void open_and_check(const char *name, const struct counts *counts)
{
    struct machine *machine;
    cpu_set_t *sets;
    size_t n_sets;
    char cores[32];
    CHECK_EQ(machine_open("", &machine), 0);
    snprintf(cores, sizeof cores, counts->cores ? "-%dc-" : "-", counts->cores); /* unknown ones are not in the id */
    bool right = CHECK_EQ(count(machine, "sockets"), counts->sockets) &
                 CHECK_EQ(count(machine, "cores"), counts->cores) &
                 CHECK_EQ(count(machine, "hardware_threads"), counts->threads) &
                 CHECK_EQ(count(machine, "numa_nodes"), counts->nodes) &
                 CHECK_EQ(count(machine, "core_kinds"), counts->kinds) & CHECK(has_smt(machine, counts->smt)) &
                 CHECK(strstr(machine_id(machine), cores) != NULL) & CHECK(warns(machine, "topology")) &
                 CHECK_EQ(warns(machine, "smt"), strcmp(counts->smt, "on") == 0);
    if (counts->caches)
        right &= CHECK(has_caches(machine, counts->caches));
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_CORE, &sets, &n_sets), -ENOTSUP);
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_PU, &sets, &n_sets), -ENOTSUP);
    CHECK(sets == NULL && n_sets == 0);
    if (!right)
        fprintf(stderr, "it is %s\n", name);
    machine_close(machine);
}

/* 0 stands for what is not known. */
static void check_shapes(void)
{
    static const struct { const char *synthetic; struct counts counts; } rows[] = {
        { "pack:1 core:1 pu:1", { 1, 1, 1, 1, 0, "off", NULL } },
        { "pack:1 core:1 pu:2", { 1, 1, 2, 1, 0, "on", NULL } },
        { "pack:1 core:3 pu:1", { 1, 3, 3, 1, 0, "off", NULL } },
        { "pack:1 core:3 pu:2", { 1, 3, 6, 1, 0, "on", NULL } },
        { "pack:1 core:2 pu:4", { 1, 2, 8, 1, 0, "on", NULL } },
        { "pack:1 l3:1(size=33554432) l2:8(size=1048576) core:4 pu:2",
          { 1, 32, 64, 1, 0, "on", "L2 unified 1048576 x8 of 8, L3 unified 33554432 x1 of 64" } },
        { "pack:2 core:48 pu:1", { 2, 96, 96, 1, 0, "off", NULL } },
        { "pack:2 [numa] core:32 pu:2", { 2, 64, 128, 2, 0, "on", NULL } },
        { "pack:2 [numa] l3:8 core:8 pu:2", { 2, 128, 256, 2, 0, "on", "L3 unified 16777216 x16 of 16" } },
        { "pack:4 numa:2 core:16 pu:4", { 4, 128, 512, 8, 0, "on", NULL } },
        { "pack:2 core:256 pu:1", { 2, 512, 512, 1, 0, "off", NULL } },
        { "numa:2 pu:4", { 0, 0, 8, 2, 0, "unknown", NULL } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("HWLOC_SYNTHETIC", rows[i].synthetic, 1);
        open_and_check(rows[i].synthetic, &rows[i].counts);
    }
    unsetenv("HWLOC_SYNTHETIC");
}

/* Kinds of cores and of caches, numbers in any order, CPUs that are offline. */
static void check_recorded(void)
{
    static const struct { const char *file; struct counts counts; } rows[] = {
        { "hybrid.xml", { 1, 8, 12, 1, 2, "on", "L1 data 49152 x4 of 2, L1 data 32768 x4 of 1, "
                          "L2 unified 1310720 x4 of 2, L2 unified 2097152 x1 of 4, L3 unified 25165824 x1 of 12" } },
        { "big-little.xml", { 1, 8, 8, 1, 2, "off", "L1 data 32768 x4 of 1, L1 data 65536 x4 of 1, "
                              "L2 unified 524288 x1 of 4, L2 unified 2097152 x1 of 4" } },
        { "interleaved.xml", { 2, 4, 8, 1, 0, "on", "L1 data 32768 x4 of 2, L2 unified 1048576 x4 of 2, "
                               "L3 unified 16777216 x2 of 4" } },
        { "offline.xml", { 1, 3, 5, 1, 0, "on", NULL } },
    };
    const char *top = getenv("POOLBENCH_TOP");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/tests/topologies/%s", top ? top : ".", rows[i].file);
        setenv("HWLOC_XMLFILE", path, 1);
        open_and_check(rows[i].file, &rows[i].counts);
    }
    unsetenv("HWLOC_XMLFILE");
}

/* Cores first, then their second hardware threads: seen on a machine that is told to be its own. */
static void check_order(void)
{
    cpu_set_t allowed;
    struct machine *machine;
    cpu_set_t *sets;
    size_t n_sets;
    sched_getaffinity(0, sizeof allowed, &allowed);
    bool is_plain = CPU_ISSET(0, &allowed) && CPU_ISSET(1, &allowed);
    setenv("HWLOC_SYNTHETIC", "pack:1 core:1 pu:2", 1);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    CHECK_EQ(machine_open("", &machine), 0);
    if (is_plain) {
        CHECK_EQ(machine_placement(machine, MACHINE_BIND_CORE, &sets, &n_sets), 0);
        CHECK_EQ(n_sets, 1);
        CHECK(CPU_COUNT(&sets[0]) == 2 && CPU_ISSET(0, &sets[0]) && CPU_ISSET(1, &sets[0]));
        free(sets);
        CHECK_EQ(machine_placement(machine, MACHINE_BIND_PU, &sets, &n_sets), 0);
        CHECK_EQ(n_sets, 2);
        CHECK(CPU_ISSET(0, &sets[0]) && CPU_ISSET(1, &sets[1]));
        free(sets);
    }
    unsetenv("HWLOC_THISSYSTEM");
    machine_close(machine);
}

/* hwloc falls back to the real machine in silence. */
static void check_malformed(void)
{
    struct machine *machine;
    setenv("HWLOC_SYNTHETIC", "nonsense", 1);
    CHECK_EQ(machine_open("", &machine), 0);
    CHECK(warns(machine, "topology"));
    machine_close(machine);
    unsetenv("HWLOC_SYNTHETIC");
    CHECK_EQ(machine_open("", &machine), 0);
    CHECK(!warns(machine, "topology"));
    machine_close(machine);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file && getdelim(&text, &size, '\0', file) < 0)
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void check_export(const char *folder)
{
    static const char host[] = "odd-host-name-4711";
    struct machine *machine;
    char path[256];
    bool has_name = unshare(CLONE_NEWUTS) == 0 && sethostname(host, strlen(host)) == 0;
    CHECK_EQ(machine_open("", &machine), 0);
    snprintf(path, sizeof path, "%s/topology.xml", folder);
    FILE *file = fopen(path, "w");
    CHECK_EQ(machine_print_topology(machine, file), 0);
    fclose(file);
    char *xml = read_all(path);
    CHECK(xml && strstr(xml, "<topology") && strstr(xml, "</topology>") && strstr(xml, "\"OSName\""));
    CHECK(!strstr(xml, "HostName") && !strstr(xml, "ProcessName") && !strstr(xml, "LinuxCgroup"));
    CHECK(!has_name || !strstr(xml, host));
    CHECK(!strstr(xml, "test_machine"));
    free(xml);
    char *description = json_dumps(machine_description(machine), 0);
    CHECK(!has_name || !strstr(description, host));
    free(description);
    machine_close(machine);

    setenv("HWLOC_XMLFILE", path, 1);
    CHECK_EQ(machine_open("", &machine), 0);
    CHECK(count(machine, "hardware_threads") > 0);
    CHECK(warns(machine, "topology"));
    machine_close(machine);
    unsetenv("HWLOC_XMLFILE");
    unlink(path);
}

int main(void)
{
    char folder[] = "/tmp/poolbench-test-XXXXXX";
    if (!CHECK(mkdtemp(folder) != NULL))
        return 1;
    check_synthetic();
    check_shapes();
    check_recorded();
    check_order();
    check_malformed();
    check_export(folder);
    rmdir(folder);
    return check_failures() != 0;
}
