/* The machine below this test: every topic and field is there and none is empty, the id and the placement
 * are well formed, and what changes from one process to another does not change the id. */
#include "check.h"
#include "warns.h"

#include "machine/counters.h"
#include "machine/machine.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const fields[][24] = {
    { "processor", "model", "vendor", "family", "model_number", "stepping", "microcode", "architecture",
      "sockets", "cores", "hardware_threads", "smt", "core_kinds", "numa_nodes", "caches", "topology" },
    { "memory", "total_bytes", "swap_bytes", "cgroup_limit_bytes", "page_bytes", "transparent_huge_pages",
      "transparent_huge_pages_defrag", "numa_balancing", "swappiness", "overcommit", "ksm" },
    { "kernel", "system", "release", "preemption", "scheduling_policy", "sched_autogroup", "sched_rt_runtime_us",
      "timer_migration", "watchdog", "isolated_cpus", "tickless_cpus", "sched_ext", "parameters", "mitigations" },
    { "frequency", "governor", "driver", "driver_mode", "energy_preference", "boost", "minimum_mhz",
      "maximum_mhz", "allowed_minimum_mhz", "allowed_maximum_mhz", "measured_mhz", "idle_driver", "idle_governor" },
    { "clock", "source", "available", "needs_system_call", "resolution_ns" },
    { "virtualization", "hypervisor", "product", "container" },
    { "limits", "affinity", "affinity_cpus", "quota_cpus", "usable_cpus", "cgroup_version", "cgroup_pids_max",
      "rlimit_nproc", "rlimit_nofile", "rlimit_stack_bytes", "rlimit_as_bytes", "rlimit_data_bytes", "rlimit_cpu_s",
      "pid_max", "threads_max", "max_map_count" },
    { "process", "nice", "scheduling_priority", "utilization_clamp", "autogroup_nice", "cgroup_cpu_weight",
      "io_priority", "timer_slack_ns", "addresses", "numa_policy", "numa_nodes",
      "huge_pages_disabled", "memory_merging", "seccomp", "traced", "speculative_store_bypass",
      "indirect_branches", "variables", "libraries" },
    { "counters", "hardware", "energy" },
    { "build", "compiler", "flags", "cxx_flags", "linker_flags", "type", "libc", "hwloc",
      "jansson", "google_benchmark" },
};

/* Where 0 is an answer and not the lack of one. */
static bool may_be_zero(const char *key)
{
    static const char *const keys[] = {
        "swap_bytes", "numa_balancing", "swappiness", "overcommit", "ksm", "sched_autogroup", "timer_migration",
        "watchdog", "nice", "scheduling_priority", "autogroup_nice", "rlimit_cpu_s",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static bool is_filled(const char *key, json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_number(value))
        return may_be_zero(key) || json_number_value(value) > 0;
    const char *member_key;
    json_t *member;
    size_t i;
    json_object_foreach(value, member_key, member)
        if (!is_filled(member_key, member))
            return false;
    json_array_foreach(value, i, member)
        if (!is_filled(key, member))
            return false;
    return json_object_size(value) + json_array_size(value) > 0;
}

static void check_fields(json_t *description)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        json_t *topic = json_object_get(description, fields[i][0]);
        size_t n_fields = 0;
        for (size_t j = 1; j < 24 && fields[i][j]; j++, n_fields++) {
            json_t *value = json_object_get(topic, fields[i][j]);
            if (!CHECK(value && is_filled(fields[i][j], value)))
                fprintf(stderr, "it is %s of %s\n", fields[i][j], fields[i][0]);
        }
        CHECK_EQ(json_object_size(topic), n_fields);
    }
}

static void check_id(const char *id)
{
    size_t length = strlen(id);
    CHECK(length > 9);
    for (const char *c = id; *c; c++)
        CHECK(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
    CHECK(isalnum((unsigned char)id[0]) && !strstr(id, "--"));
    CHECK(id[length - 9] == '-' && strspn(id + length - 8, "0123456789abcdef") == 8);
}

/* Names of the host and of its user; a word of one or two letters stands in any text. */
static void check_private(json_t *description)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    const struct passwd *user = getpwuid(getuid());
    char *text = json_dumps(description, 0);
    CHECK(strlen(host) < 3 || !strstr(text, host));
    CHECK(!user || strlen(user->pw_dir) < 2 || !strstr(text, user->pw_dir));
    free(text);
}

static void check_placement(const struct machine *machine, enum machine_bind bind)
{
    cpu_set_t allowed, seen;
    cpu_set_t *sets;
    size_t n_sets;
    sched_getaffinity(0, sizeof allowed, &allowed);
    CPU_ZERO(&seen);
    int error = machine_placement(machine, bind, &sets, &n_sets);
    CHECK_EQ(error, 0);
    CHECK(n_sets >= 1);
    for (size_t i = 0; i < n_sets; i++) {
        cpu_set_t common;
        CHECK(CPU_COUNT(&sets[i]) >= 1 && (bind == MACHINE_BIND_CORE || CPU_COUNT(&sets[i]) == 1));
        CPU_AND(&common, &sets[i], &seen);
        CHECK_EQ(CPU_COUNT(&common), 0);
        CPU_OR(&seen, &seen, &sets[i]);
    }
    CHECK(CPU_EQUAL(&seen, &allowed));
    free(sets);
}

static void check_unbound(const struct machine *machine)
{
    cpu_set_t *sets = &(cpu_set_t){ 0 };
    size_t n_sets = 1;
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_NONE, &sets, &n_sets), 0);
    CHECK(n_sets == 0 && sets == NULL);
}

/* In a child that may use one CPU alone the machine is the same one, and its setting another. */
static void check_one_cpu(const struct machine *machine)
{
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    if (CPU_COUNT(&allowed) < 2)
        return;
    pid_t child = fork();
    if (child == 0) {
        int cpu = 0;
        while (!CPU_ISSET(cpu, &allowed))
            cpu++;
        CPU_ZERO(&allowed);
        CPU_SET(cpu, &allowed);
        sched_setaffinity(0, sizeof allowed, &allowed);
        struct machine *narrow;
        CHECK_EQ(machine_open("", &narrow), 0);
        CHECK(strcmp(machine_id(narrow), machine_id(machine)) == 0);
        CHECK(strcmp(machine_cpu_setting(narrow), machine_cpu_setting(machine)) != 0);
        CHECK_EQ(machine_usable_cpus(narrow), 1);
        check_placement(narrow, MACHINE_BIND_PU);
        check_placement(narrow, MACHINE_BIND_CORE);
        CHECK(warns(narrow, "affinity"));
        machine_close(narrow);
        _exit(check_failures() != 0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void check_live(const struct machine *machine)
{
    struct machine_headroom headroom;
    struct machine_sample sample;
    struct machine_warning warnings[32];
    machine_headroom("", &headroom);
    machine_sample("", &sample);
    CHECK(headroom.max_threads >= 1 && headroom.limit[0]);
    CHECK(sample.load1 >= 0 && sample.steal_ms >= 0);
    CHECK(isnan(sample.frequency_mhz) || sample.frequency_mhz > 0);
    size_t n_warnings = machine_warnings(machine, warnings, 32);
    for (size_t i = 0; i < n_warnings; i++)
        CHECK(warnings[i].name[0] && warnings[i].text[0] && warnings[i].advice[0]);
    CHECK(machine_warnings(machine, warnings, n_warnings / 2) == n_warnings / 2);
}

/* Processes that do nothing but run, a quarter of the CPUs at least, are seen at once: no average has to rise. */
static void check_load(const struct machine *machine)
{
    enum { SPINNERS_MAX = 256 };
    pid_t pids[SPINNERS_MAX];
    long n_wanted = sysconf(_SC_NPROCESSORS_ONLN) / 4 + 1, n = 0;
    for (; n < n_wanted && n < SPINNERS_MAX; n++)
        if ((pids[n] = fork()) == 0)
            for (;;)
                ;
    CHECK(warns(machine, "load"));
    while (n-- > 0) {
        kill(pids[n], SIGKILL);
        waitpid(pids[n], NULL, 0);
    }
}

/* Whether the mounts that this process sees reach up to the root: not so in a chroot. */
static bool sees_root_mount(void)
{
    char line[4096], point[4096];
    bool seen = false;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    while (file && fgets(line, sizeof line, file))
        seen = seen || (sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1 && strcmp(point, "/") == 0);
    if (file)
        fclose(file);
    return seen;
}

static void check_path(void)
{
    json_t *storage;
    CHECK_EQ(machine_describe_path("", "/nowhere/at/all", &storage), -ENOENT);
    CHECK_EQ(machine_describe_path("", "/", &storage), 0);
    const char *key;
    json_t *value;
    json_object_foreach(storage, key, value)
        CHECK(is_filled(key, value));
    CHECK(json_object_size(storage) >= 6);
    const char *file_system = json_string_value(json_object_get(storage, "file_system"));
    CHECK_EQ(strcmp(file_system, "unknown") != 0, sees_root_mount());
    json_decref(storage);
}

static void check_print(const struct machine *machine)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    machine_print(machine, file);
    fclose(file);
    CHECK(strncmp(text, "schema: 1\nid: ", 14) == 0);
    CHECK(strstr(text, "\nprocessor:\n  model: ") != NULL);
    CHECK(strstr(text, "\nclock:\n  source: ") != NULL);
    free(text);
}

/* Whatever the machine allows, no count may be made up. */
static void check_counters(void)
{
    struct machine_counters counters;
    int error = machine_counters_open(&counters);
    for (volatile unsigned i = 0; i < 100000; i++)
        ;
    struct machine_counts counts = machine_counters_read(&counters);
    if (error)
        CHECK(isnan(counts.cycles) && isnan(counts.instructions));
    else
        CHECK(counts.cycles > 1000 && counts.instructions > 100000);
    machine_counters_close(&counters);
    machine_counters_close(&counters);
}

int main(void)
{
    struct machine *machine;
    if (!CHECK(machine_open("", &machine) == 0))
        return 1;
    check_fields(machine_description(machine));
    check_private(machine_description(machine));
    check_id(machine_id(machine));
    CHECK(machine_usable_cpus(machine) >= 1);
    check_placement(machine, MACHINE_BIND_CORE);
    check_placement(machine, MACHINE_BIND_PU);
    check_unbound(machine);
    check_one_cpu(machine);
    check_live(machine);
    check_load(machine);
    check_path();
    check_print(machine);
    check_counters();
    machine_close(machine);
    return check_failures() != 0;
}
