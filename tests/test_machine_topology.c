/* A topology that is not this machine's is named and never bound to, whatever its shape; the one that is
 * exported holds no name of the host or of the process. */
#include "check.h"

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

static bool warns(const struct machine *machine, const char *name)
{
    struct machine_warning warnings[32];
    size_t n_warnings = machine_warnings(machine, warnings, 32);
    for (size_t i = 0; i < n_warnings; i++)
        if (strcmp(warnings[i].name, name) == 0)
            return true;
    return false;
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
    char path[256], temporary[260];
    bool has_name = unshare(CLONE_NEWUTS) == 0 && sethostname(host, strlen(host)) == 0;
    CHECK_EQ(machine_open("", &machine), 0);
    snprintf(path, sizeof path, "%s/topology.xml", folder);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    CHECK_EQ(machine_export_topology(machine, path), 0);
    CHECK(access(temporary, F_OK) != 0);
    char *xml = read_all(path);
    CHECK(xml && strstr(xml, "<topology") && strstr(xml, "</topology>") && strstr(xml, "\"OSName\""));
    CHECK(!strstr(xml, "HostName") && !strstr(xml, "ProcessName") && !strstr(xml, "LinuxCgroup"));
    CHECK(!has_name || !strstr(xml, host));
    CHECK(!strstr(xml, "test_machine"));
    free(xml);
    char *description = json_dumps(machine_description(machine), 0);
    CHECK(!has_name || !strstr(description, host));
    free(description);
    CHECK_EQ(machine_export_topology(machine, "/nowhere/at/all/topology.xml"), -ENOENT);
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
    check_order();
    check_malformed();
    check_export(folder);
    rmdir(folder);
    return check_failures() != 0;
}
