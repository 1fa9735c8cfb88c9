/* Machines of other kinds, as trees of files that the test writes: control groups of both versions, an Arm
 * processor, slow clocks, governors, and a machine that shows nothing at all. */
#include "check.h"

#include "machine/machine.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char root[64];

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static void empty_tree(void)
{
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(root, 0700);
}

static void put(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *path, const char *format, ...)
{
    char full[512];
    size_t n_root = (size_t)snprintf(full, sizeof full, "%s%s", root, path) - strlen(path);
    for (char *slash = full + n_root + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    if (!CHECK(file != NULL))
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

static json_t *value(const struct machine *machine, const char *topic, const char *key)
{
    return json_object_get(json_object_get(machine_description(machine), topic), key);
}

static bool has_text(const struct machine *machine, const char *topic, const char *key, const char *text)
{
    const char *found = json_string_value(value(machine, topic, key));
    bool same = found && strcmp(found, text) == 0;
    if (!same)
        fprintf(stderr, "%s.%s is %s, not %s\n", topic, key, found ? found : "no text", text);
    return same;
}

static bool has_number(const struct machine *machine, const char *topic, const char *key, double number)
{
    json_t *found = value(machine, topic, key);
    bool same = json_is_number(found) && json_number_value(found) == number;
    if (!same)
        fprintf(stderr, "%s.%s is %g, not %g\n", topic, key, json_number_value(found), number);
    return same;
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

static bool binds(const char *limit, size_t max_threads)
{
    struct machine_headroom headroom;
    machine_headroom(root, &headroom);
    bool same = strcmp(headroom.limit, limit) == 0 && headroom.max_threads == max_threads;
    if (!same)
        fprintf(stderr, "%s binds at %zu\n", headroom.limit, headroom.max_threads);
    return same;
}

static void check_all_unknown(json_t *object)
{
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
        if (!CHECK(json_is_string(member) && strcmp(json_string_value(member), "unknown") == 0))
            fprintf(stderr, "it is %s\n", key);
}

static void test_nothing(void)
{
    static const char *const topics[] = { "processor",      "memory", "kernel",  "frequency", "clock",
                                          "virtualization", "limits", "counters" };
    struct machine *machine;
    struct machine_sample sample;
    cpu_set_t *sets;
    size_t n_sets;
    empty_tree();
    CHECK_EQ(machine_open(root, &machine), 0);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        CHECK(json_object_size(json_object_get(machine_description(machine), topics[i])) > 0);
        check_all_unknown(json_object_get(machine_description(machine), topics[i]));
    }
    CHECK(strncmp(machine_id(machine), "unknown-", 8) == 0);
    CHECK_EQ(machine_usable_cpus(machine), 1);
    CHECK_EQ(machine_placement(machine, MACHINE_BIND_CORE, &sets, &n_sets), -ENOTSUP);
    machine_sample(root, &sample);
    CHECK(isnan(sample.load1) && isnan(sample.steal_ms) && isnan(sample.throttled_ms));
    CHECK(isnan(sample.frequency_mhz));
    CHECK(binds("unknown", 1));
    CHECK(!warns(machine, "load") && !warns(machine, "governor") && !warns(machine, "steal"));
    machine_close(machine);
}

/* Every file is there and empty. */
static void test_empty_files(void)
{
    static const char *const paths[] = {
        "/proc/cpuinfo", "/proc/meminfo", "/proc/cmdline", "/proc/stat", "/proc/loadavg", "/proc/self/cgroup",
        "/proc/self/mountinfo", "/proc/self/status", "/proc/self/limits", "/proc/sys/kernel/osrelease",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
    };
    struct machine *machine;
    empty_tree();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        put(paths[i], "%s", "");
    CHECK_EQ(machine_open(root, &machine), 0);
    check_all_unknown(json_object_get(machine_description(machine), "memory"));
    check_all_unknown(json_object_get(machine_description(machine), "kernel"));
    check_all_unknown(json_object_get(machine_description(machine), "frequency"));
    check_all_unknown(json_object_get(machine_description(machine), "clock"));
    CHECK(binds("unknown", 1));
    machine_close(machine);
}

static void put_topology(int n_cpus)
{
    put("/sys/devices/system/cpu/online", "0-%d\n", n_cpus - 1);
    put("/sys/devices/system/cpu/possible", "0-%d\n", n_cpus - 1);
    for (int cpu = 0; cpu < n_cpus; cpu++) {
        char path[128];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
        put(path, "%d\n", cpu);
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
        put(path, "0\n");
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings", cpu);
        put(path, "%x\n", 1u << cpu);
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_siblings", cpu);
        put(path, "%x\n", (1u << n_cpus) - 1);
    }
}

static void put_intel(const char *model)
{
    empty_tree();
    put_topology(4);
    put("/proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: %s\n"
        "model\t\t: 106\nstepping\t: 6\nmicrocode\t: 0xd0003a5\ncpu MHz\t\t: 2000.000\n"
        "flags\t\t: fpu vme hypervisor lahf_lm\n\n"
        "processor\t: 1\ncpu MHz\t\t: 3000.000\n\nprocessor\t: 2\ncpu MHz\t\t: 9000.000\n",
        model);
    put("/proc/meminfo", "MemTotal:       16204052 kB\nMemAvailable:   12000000 kB\n"
                         "SwapTotal:       1000000 kB\nSwapFree:         500000 kB\n");
    put("/proc/self/status", "Uid:\t1000\t1000\nThreads:\t3\nCapEff:\t0000000000000000\n"
                             "Cpus_allowed_list:\t0-1\n");
    put("/proc/loadavg", "3.50 2.00 1.00 2/500 1234\n");
    put("/proc/stat", "cpu  100 0 100 700 0 0 0 100 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
    put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    put("/proc/sys/kernel/version", "#1 SMP PREEMPT_RT Debian 6.1.76-1\n");
    put("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz root=UUID=1234 host=secret isolcpus=2-3 nosmt quiet\n");
    put("/sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n");
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    put("/sys/devices/system/clocksource/clocksource0/available_clocksource", "hpet acpi_pm\n");
    put("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n");
    put("/sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "performance\n");
    put("/sys/devices/system/cpu/cpufreq/policy2/scaling_governor", "powersave\n");
    put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", "intel_pstate\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3500000\n");
    put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
    put("/sys/class/dmi/id/sys_vendor", "VMware, Inc.\n");
    put("/sys/class/dmi/id/product_name", "VMware Virtual Platform\n");
    put("/sys/class/dmi/id/product_serial", "SERIAL-0815\n");
    put("/sys/class/power_supply/BAT0/status", "Discharging\n");
    put("/proc/1/environ", "HOME=/home/bob%ccontainer=lxc%c", '\0', '\0');
}

static const char xeon[] = "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz";

static void test_description(void)
{
    struct machine *machine;
    put_intel(xeon);
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "model", xeon));
    CHECK(has_text(machine, "processor", "model_number", "106"));
    CHECK(has_text(machine, "processor", "stepping", "6"));
    CHECK(has_number(machine, "processor", "cores", 4));
    CHECK(has_number(machine, "memory", "total_bytes", 16204052.0 * 1024));
    CHECK(has_text(machine, "memory", "transparent_huge_pages", "always"));
    CHECK(has_text(machine, "kernel", "release", "6.1.0-18-amd64"));
    CHECK(has_text(machine, "kernel", "preemption", "real-time"));
    CHECK(has_text(machine, "frequency", "governor", "powersave,performance"));
    CHECK(has_text(machine, "frequency", "driver", "intel_pstate"));
    CHECK(has_text(machine, "frequency", "boost", "on"));
    CHECK(has_number(machine, "frequency", "maximum_mhz", 3500));
    CHECK(has_text(machine, "frequency", "minimum_mhz", "unknown"));
    CHECK(has_text(machine, "clock", "source", "hpet"));
    CHECK(has_text(machine, "clock", "needs_system_call", "yes"));
    CHECK(has_text(machine, "virtualization", "hypervisor", "vmware"));
    CHECK(has_text(machine, "virtualization", "container", "lxc"));
    CHECK(has_text(machine, "limits", "affinity", "0-1"));
    CHECK(strcmp(machine_cpu_setting(machine), "0-1 quota none") == 0);
    CHECK(strncmp(machine_id(machine), "intel-xeon-platinum-8370c-4c-", 29) == 0);
    json_t *parameters = value(machine, "kernel", "parameters");
    CHECK_EQ(json_object_size(parameters), 2);
    CHECK(strcmp(json_string_value(json_object_get(parameters, "isolcpus")), "2-3") == 0);
    CHECK(strcmp(json_string_value(json_object_get(parameters, "nosmt")), "set") == 0);
    char *text = json_dumps(machine_description(machine), 0);
    CHECK(!strstr(text, "SERIAL") && !strstr(text, "bob"));
    CHECK(!strstr(text, "UUID") && !strstr(text, "secret"));
    free(text);
    machine_close(machine);
}

static void test_warnings(void)
{
    static const char *const names[] = { "clock",    "affinity", "steal",   "swap",
                                         "governor", "boost",    "battery", "hypervisor" };
    struct machine *machine;
    put_intel(xeon);
    CHECK_EQ(machine_open(root, &machine), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!CHECK(warns(machine, names[i])))
            fprintf(stderr, "it is %s\n", names[i]);
    CHECK(!warns(machine, "quota") && !warns(machine, "memory") && !warns(machine, "smt"));
    CHECK(!warns(machine, "load")); /* an average of 3.5, but nothing runs now */
    machine_close(machine);
}

/* From a process of its own: the CPUs go on, so many in a hundred ticks busy, until it is killed. */
static pid_t start_ticking(int busy_percent)
{
    static const struct timespec pause = { .tv_nsec = 2000000 };
    char from[128], to[128];
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    snprintf(from, sizeof from, "%s/proc/stat.new", root);
    snprintf(to, sizeof to, "%s/proc/stat", root);
    for (int i = 1;; i++) {
        put("/proc/stat.new", "cpu  %d 0 100 %d 100 0 0 100 0 0\n", 100 + i * busy_percent,
            700 + i * (100 - busy_percent));
        rename(from, to);
        nanosleep(&pause, NULL);
    }
}

/* Of 4 CPUs, 0.4 busy ones are too many. */
static void test_load(void)
{
    struct machine *machine;
    put_intel(xeon);
    CHECK_EQ(machine_open(root, &machine), 0);
    pid_t pid = start_ticking(8);
    for (int i = 0; i < 3; i++)
        CHECK(!warns(machine, "load"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pid = start_ticking(12);
    bool warned = false; /* not in the first tenth of a second, if the process is not yet ticking */
    for (int i = 0; i < 100 && !warned; i++)
        warned = warns(machine, "load");
    CHECK(warned);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    machine_close(machine);
}

static void test_sample(void)
{
    struct machine_sample sample;
    put_intel(xeon);
    machine_sample(root, &sample);
    CHECK(sample.load1 == 3.5);
    CHECK(sample.steal_ms == 100 * 1000.0 / (double)sysconf(_SC_CLK_TCK));
    CHECK(isnan(sample.throttled_ms) && isnan(sample.oom_kills));
    CHECK(sample.frequency_mhz == 2500); /* of the two CPUs that may be used */
    put("/proc/vmstat", "oom_killer_calls 9\noom_kill 3\n");
    put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n");
    put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2000000\n");
    machine_sample(root, &sample);
    CHECK(sample.frequency_mhz == 1900);
    CHECK(sample.oom_kills == 3);
}

static char *id_of_tree(void)
{
    struct machine *machine;
    CHECK_EQ(machine_open(root, &machine), 0);
    char *id = strdup(machine_id(machine));
    machine_close(machine);
    return id;
}

static bool same_id(const char *id)
{
    char *other = id_of_tree();
    bool same = strcmp(id, other) == 0;
    free(other);
    return same;
}

/* Only hardware makes another machine. */
static void test_id(void)
{
    put_intel(xeon);
    char *id = id_of_tree();
    put("/proc/sys/kernel/osrelease", "5.10.0\n");
    put("/proc/self/status", "Cpus_allowed_list:\t3\n");
    put("/proc/meminfo", "MemTotal:       16000000 kB\n");
    put("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "schedutil\n");
    CHECK(same_id(id));
    put("/proc/meminfo", "MemTotal:       33000000 kB\n");
    CHECK(!same_id(id));
    put("/proc/meminfo", "MemTotal:       16204052 kB\n");
    CHECK(same_id(id));
    put_topology(5);
    CHECK(!same_id(id));
    put_intel("Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz");
    CHECK(!same_id(id));
    free(id);
}

static void test_slugs(void)
{
    static const struct { const char *model, *slug; } rows[] = {
        { "AMD Ryzen 9 5950X 16-Core Processor", "amd-ryzen-9-5950x-4c-" },
        { "13th Gen Intel(R) Core(TM) i7-13700K", "intel-core-i7-13700k-4c-" },
        { "AMD Ryzen 7 PRO 4750U with Radeon Graphics", "amd-ryzen-7-pro-4750u-4c-" },
        { "QEMU Virtual CPU version 2.5+", "qemu-virtual-2-5-4c-" },
        { "../../<b>;$(x)", "b-4c-" },
        { "(", "4c-" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_intel(rows[i].model);
        char *id = id_of_tree();
        if (!CHECK(strstr(id, rows[i].slug) && id[strlen(id) - 9] == '-'))
            fprintf(stderr, "it is %s\n", id);
        CHECK(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(id));
        free(id);
    }
}

static void test_arm(void)
{
    struct machine *machine;
    empty_tree();
    put_topology(2);
    put("/proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
                         "CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n"
                         "Serial\t: 00000000deadbeef\n");
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "arch_sys_counter\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "model", "arm 0xd0c"));
    CHECK(has_text(machine, "processor", "vendor", "arm"));
    CHECK(has_text(machine, "processor", "family", "8"));
    CHECK(has_text(machine, "processor", "model_number", "0xd0c"));
    CHECK(has_text(machine, "processor", "stepping", "variant 0x3 revision 1"));
    CHECK(has_text(machine, "processor", "microcode", "unknown"));
    CHECK(has_text(machine, "clock", "needs_system_call", "no"));
    CHECK(has_text(machine, "virtualization", "hypervisor", "unknown"));
    CHECK(strncmp(machine_id(machine), "arm-0xd0c-2c-", 13) == 0);
    char *text = json_dumps(machine_description(machine), 0);
    CHECK(!strstr(text, "deadbeef"));
    free(text);
    machine_close(machine);
}

/* A machine with room for everything, so that a test sees the one limit that it lowers. */
static void put_roomy(void)
{
    empty_tree();
    put("/proc/sys/kernel/pid_max", "4194304\n");
    put("/proc/sys/kernel/threads-max", "2000000\n");
    put("/proc/sys/vm/max_map_count", "100000000\n");
    put("/proc/loadavg", "0.00 0.00 0.00 1/500 1234\n");
    put("/proc/meminfo", "MemTotal:       2000000000 kB\nMemAvailable:   1900000000 kB\n");
    put("/proc/self/status", "Uid:\t1000\t1000\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-3\n");
    put("/proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units\n"
                             "Max processes             unlimited            unlimited            processes\n"
                             "Max stack size            8388608              unlimited            bytes\n");
}

static void test_headroom(void)
{
    put_roomy();
    CHECK(binds("threads-max", 2000000 - 500 - 2000));
    put("/proc/sys/kernel/pid_max", "32768\n");
    CHECK(binds("pid_max", 32768 - 500 - 2000));
    put("/proc/sys/kernel/pid_max", "4000\n");
    CHECK(binds("pid_max", 4000 - 500 - 1000));
    put("/proc/sys/kernel/pid_max", "600\n"); /* 100 left, 150 to reserve */
    CHECK(binds("pid_max", 1));

    put_roomy();
    put("/proc/sys/vm/max_map_count", "65530\n");
    put("/proc/self/maps", "a\nb\nc\nd\n");
    CHECK(binds("max_map_count", 65530 / 2 - 2 - 2000));

    put_roomy();
    put("/proc/meminfo", "MemTotal:       8000000 kB\nMemAvailable:   6000000 kB\n");
    CHECK(binds("memory", (6000000 - 1600000) / 64));
    put("/proc/meminfo", "MemTotal:       1024000 kB\nMemAvailable:   1000000 kB\n");
    CHECK(binds("memory", (1000000 - 512000) / 64));
}

/* What a process may map itself, less half of it where it is small. */
static void test_own_memory(void)
{
    put_roomy();
    put("/proc/self/status", "VmSize:\t   10000 kB\nVmData:\t    2000 kB\nUid:\t1000\t1000\n");
    put("/proc/self/limits", "Max data size             unlimited            unlimited            bytes\n"
                             "Max address space         204800000            unlimited            bytes\n");
    CHECK(binds("RLIMIT_AS", (200000 - 10000 - 100000) / 64));
    put("/proc/self/limits", "Max data size             102400000            204800000            bytes\n"
                             "Max address space         unlimited            unlimited            bytes\n");
    CHECK(binds("RLIMIT_DATA", (100000 - 2000 - 50000) / 64));
}

static void test_user_limit(void)
{
    put_roomy();
    put("/proc/self/limits", "Max processes             10000                20000     processes \n");
    put("/proc/1/status", "Name:\tinit\nUid:\t0\t0\nThreads:\t1\n");
    put("/proc/77/status", "Name:\tx\nUid:\t1000\t1000\nThreads:\t40\n");
    put("/proc/78/status", "Name:\ty\nUid:\t1000\t1000\nThreads:\t2\n");
    CHECK(binds("RLIMIT_NPROC", 10000 - 42 - 2000));
    put("/proc/self/status", "Uid:\t1000\t1000\nCapEff:\t0000000001000000\n");
    CHECK(binds("threads-max", 2000000 - 500 - 2000));
    put("/proc/self/status", "Uid:\t0\t0\nCapEff:\t0000000000000000\n");
    CHECK(binds("threads-max", 2000000 - 500 - 2000));
}

/* Whatever /proc/meminfo says: that is the host's. Half of the memory is enough. */
static void test_memory_limit(void)
{
    static const struct { const char *limit; bool is_small; } rows[] = {
        { "536870912\n", true }, { "4294967296\n", false }, { "17179869184\n", false }, { "max\n", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct machine *machine;
        put_roomy();
        put("/proc/meminfo", "MemTotal:       8388608 kB\nMemAvailable:   8000000 kB\n");
        put("/proc/self/cgroup", "0::/one\n");
        put("/proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        put("/sys/fs/cgroup/one/memory.max", rows[i].limit);
        if (CHECK_EQ(machine_open(root, &machine), 0)) {
            CHECK_EQ(warns(machine, "memory"), rows[i].is_small);
            machine_close(machine);
        }
    }
}

/* Two groups deep, limits on both levels. */
static void put_v2(void)
{
    put_roomy();
    put("/proc/self/cgroup", "0::/outer/inner\n");
    put("/proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                                "30 24 0:26 / /sys/fs/cgroup rw shared:4 master:2 - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/outer/inner/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 2000\n");
    put("/sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
    put("/sys/fs/cgroup/outer/cpu.stat", "usage_usec 5\nthrottled_usec 500\n");
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
    put("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    put("/sys/fs/cgroup/outer/memory.max", "8589934592\n");
    put("/sys/fs/cgroup/outer/memory.current", "2147483648\n");
    put("/sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 1073741824\n");
    put("/sys/fs/cgroup/outer/inner/pids.max", "30000\n");
    put("/sys/fs/cgroup/outer/inner/pids.current", "10\n");
    put("/sys/fs/cgroup/outer/pids.max", "20000\n");
    put("/sys/fs/cgroup/outer/pids.current", "15\n");
}

static void test_v2(void)
{
    struct machine *machine;
    struct machine_sample sample;
    put_v2();
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "limits", "cgroup_version", "v2"));
    CHECK(has_number(machine, "limits", "quota_cpus", 1.5));
    CHECK(has_number(machine, "limits", "affinity_cpus", 4));
    CHECK(has_number(machine, "limits", "usable_cpus", 2));
    CHECK(has_number(machine, "limits", "cgroup_pids_max", 20000));
    CHECK(has_number(machine, "memory", "cgroup_limit_bytes", 8589934592.0));
    CHECK(strcmp(machine_cpu_setting(machine), "0-3 quota 1.50") == 0);
    CHECK(warns(machine, "quota"));
    machine_close(machine);
    CHECK(machine_memory_limit_bytes(root) == 8589934592.0);
    machine_sample(root, &sample);
    CHECK(sample.throttled_ms == 2.5);
    CHECK(binds("cgroup pids.max", 20000 - 15 - 2000));
    put("/sys/fs/cgroup/outer/pids.max", "max\n");
    put("/sys/fs/cgroup/outer/inner/pids.max", "max\n");
    CHECK(binds("memory", (size_t)((8589934592.0 * 0.8 - 1073741824.0) / 65536)));
    put("/sys/fs/cgroup/outer/inner/memory.max", "1073741824\n"); /* the inner one is lower now, and almost used up */
    put("/sys/fs/cgroup/outer/inner/memory.current", "1000000000\n");
    CHECK(machine_memory_limit_bytes(root) == 1073741824);
    CHECK(binds("memory", 1));
    put("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    put("/sys/fs/cgroup/outer/memory.max", "max\n");
    CHECK(isinf(machine_memory_limit_bytes(root)));
    CHECK(binds("threads-max", 2000000 - 500 - 2000));
    put("/sys/fs/cgroup/outer/inner/pids.max", "300\n"); /* a small limit keeps a quarter of itself */
    CHECK(binds("cgroup pids.max", 300 - 10 - 75));
}

/* A container of version 2: its own group is the mount, and the path is "/" or leads out of what can be seen. */
static void test_v2_container(void)
{
    static const char *const paths[] = { "/", "/../../job", "/kubepods/pod1/abc" };
    static const char *const mounted[] = { "/", "/", "/kubepods/pod1/abc" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct machine *machine;
        struct machine_sample sample;
        put_roomy();
        put("/proc/self/cgroup", "0::%s\n", paths[i]);
        put("/proc/self/mountinfo", "30 24 0:26 %s /sys/fs/cgroup ro - cgroup2 cgroup rw\n", mounted[i]);
        put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
        put("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 7000\n");
        put("/sys/fs/cgroup/memory.max", "4294967296\n");
        put("/sys/fs/cgroup/memory.current", "0\n");
        put("/sys/fs/cgroup/pids.max", "5000\n");
        put("/sys/fs/cgroup/pids.current", "20\n");
        put("/sys/job/pids.max", "100\n"); /* where the second path leads, and no group is */
        CHECK_EQ(machine_open(root, &machine), 0);
        CHECK(has_number(machine, "limits", "quota_cpus", 2.5));
        CHECK(has_number(machine, "limits", "usable_cpus", 3));
        CHECK(has_number(machine, "limits", "cgroup_pids_max", 5000));
        CHECK(has_number(machine, "memory", "cgroup_limit_bytes", 4294967296.0));
        CHECK(strcmp(machine_cpu_setting(machine), "0-3 quota 2.50") == 0);
        machine_close(machine);
        machine_sample(root, &sample);
        CHECK(sample.throttled_ms == 7);
        CHECK(binds("cgroup pids.max", 5000 - 20 - 1250));
    }
}

/* Some controllers in each version: each limit counts where it is. */
static void test_both_versions(void)
{
    struct machine *machine;
    put_roomy();
    put("/proc/self/cgroup", "3:pids:/one\n0::/two\n");
    put("/proc/self/mountinfo", "32 1 0:3 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                                "33 1 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/pids/one/pids.max", "9000\n");
    put("/sys/fs/cgroup/pids/one/pids.current", "30\n");
    put("/sys/fs/cgroup/unified/two/cpu.max", "100000 100000\n");
    put("/sys/fs/cgroup/unified/two/memory.max", "2147483648\n");
    put("/sys/fs/cgroup/unified/two/memory.current", "0\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "limits", "cgroup_version", "v1 and v2"));
    CHECK(has_number(machine, "limits", "quota_cpus", 1));
    CHECK(has_number(machine, "limits", "cgroup_pids_max", 9000));
    CHECK(has_number(machine, "memory", "cgroup_limit_bytes", 2147483648.0));
    machine_close(machine);
    CHECK(binds("cgroup pids.max", 9000 - 30 - 2000));
    put("/sys/fs/cgroup/unified/two/memory.max", "536870912\n");
    CHECK(binds("memory", 268435456 / 65536));
}

static void test_v1(void)
{
    struct machine *machine;
    struct machine_sample sample;
    put_roomy();
    put("/proc/self/cgroup", "8:pids:/job\n4:memory:/job\n2:cpu,cpuacct:/docker/abc/job\n"
                             "1:name=systemd:/\n0::/\n");
    put("/proc/self/mountinfo", "30 1 0:1 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
                                "31 1 0:2 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                                "32 1 0:3 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n");
    put("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu/job/cpu.stat", "nr_periods 13\nnr_throttled 11\nthrottled_time 3000000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1073741824\n");
    put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/pids/job/pids.max", "max\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "limits", "cgroup_version", "v1"));
    CHECK(has_number(machine, "limits", "quota_cpus", 0.5));
    CHECK(has_number(machine, "limits", "usable_cpus", 1));
    CHECK(has_text(machine, "limits", "cgroup_pids_max", "none"));
    CHECK(has_number(machine, "memory", "cgroup_limit_bytes", 1073741824));
    CHECK(has_text(machine, "virtualization", "container", "docker"));
    machine_close(machine);
    machine_sample(root, &sample);
    CHECK(sample.throttled_ms == 3);
    CHECK(binds("memory", (1073741824 - 104857600 - 536870912) / 65536));
    put("/sys/fs/cgroup/pids/job/pids.max", "1000\n");
    put("/sys/fs/cgroup/pids/job/pids.current", "100\n");
    CHECK(binds("cgroup pids.max", 1000 - 100 - 250));
}

/* Paths and names of volumes stay out; the nearest mount above the folder counts. */
static void test_storage(void)
{
    json_t *storage;
    char folder[128], mounts[1024];
    empty_tree();
    snprintf(folder, sizeof folder, "%s/folder with blank", root);
    mkdir(folder, 0700);
    snprintf(mounts, sizeof mounts,
             "1 0 8:1 / / rw,relatime - ext4 /dev/mapper/secret-root rw\n"
             "2 1 0:40 / %s/folder\\040with\\040blank rw,noatime shared:1 - nfs4 server:/home/bob "
             "rw,vers=4.2,clientaddr=10.0.0.1,sync\n"
             "3 1 0:41 / %s/folder ro - tmpfs tmpfs ro\n",
             root, root);
    put("/proc/self/mountinfo", "%s", mounts);
    CHECK_EQ(machine_describe_path(root, folder, &storage), 0);
    CHECK(strcmp(json_string_value(json_object_get(storage, "file_system")), "nfs4") == 0);
    CHECK(strcmp(json_string_value(json_object_get(storage, "options")), "rw,noatime,sync") == 0);
    char *text = json_dumps(storage, 0);
    CHECK(!strstr(text, "bob") && !strstr(text, "10.0"));
    CHECK(!strstr(text, "secret") && !strstr(text, "folder"));
    free(text);
    json_decref(storage);
    CHECK_EQ(machine_describe_path(root, root, &storage), 0);
    CHECK(strcmp(json_string_value(json_object_get(storage, "file_system")), "ext4") == 0);
    json_decref(storage);
}

int main(void)
{
    char folder[] = "/tmp/poolbench-test-XXXXXX";
    if (!CHECK(mkdtemp(folder) != NULL))
        return 1;
    snprintf(root, sizeof root, "%s/tree", folder);
    test_nothing();
    test_empty_files();
    test_description();
    test_warnings();
    test_load();
    test_sample();
    test_id();
    test_slugs();
    test_arm();
    test_headroom();
    test_own_memory();
    test_user_limit();
    test_memory_limit();
    test_v2();
    test_v2_container();
    test_both_versions();
    test_v1();
    test_storage();
    empty_tree();
    rmdir(root);
    rmdir(folder);
    return check_failures() != 0;
}
