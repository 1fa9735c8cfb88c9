/* Machines of other kinds, as trees of files that the test writes: Arm processors, hybrid ones, slow clocks, governors,
 * and a machine that shows nothing at all. */
#include "trees.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

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
    put("/proc/self/cgroup", "%s", "");
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
/* What is not mounted is unknown and said to be: that no quota can be seen is not that there is none. */
static void test_unseen(void)
{
    static const char *const groups[] = { "0::/mine\n", "3:cpu,cpuacct:/mine\n0::/\n" };
    struct machine *machine;
    put_intel(xeon);
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(!warns(machine, "unseen"));
    machine_close(machine);
    for (size_t i = 0; i < 2; i++) {
        put("/proc/self/cgroup", "%s", groups[i]);
        CHECK_EQ(machine_open(root, &machine), 0);
        CHECK(has_text(machine, "limits", "quota_cpus", "unknown"));
        CHECK(strcmp(machine_cpu_setting(machine), "0-1 quota unknown") == 0);
        CHECK_EQ(machine_usable_cpus(machine), 2);
        CHECK(warns(machine, "unseen"));
        machine_close(machine);
    }
    empty_tree();
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(warns(machine, "unseen"));
    machine_close(machine);
}

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

static void put_cpu(int cpu, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put_cpu(int cpu, const char *name, const char *format, ...)
{
    char path[128], text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, name);
    put(path, "%s", text);
}

/* A mask of n CPUs from the first one on, as the kernel writes it: 32 of them in a word, the highest word first. */
static const char *mask_of(int first, int n)
{
    static char text[128];
    size_t length = 0;
    for (int word = (first + n - 1) / 32; word >= 0; word--) {
        unsigned bits = 0;
        for (int bit = 0; bit < 32; bit++)
            if (word * 32 + bit >= first && word * 32 + bit < first + n)
                bits |= 1u << bit;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%08x", length ? "," : "", bits);
    }
    return text;
}

/* So many cores of one thread in each of the packages, each with a cache of its own. */
static void put_packages(int n_packages, int n_cores)
{
    int n_cpus = n_packages * n_cores;
    put("/sys/devices/system/cpu/online", "0-%d\n", n_cpus - 1);
    put("/sys/devices/system/cpu/possible", "0-%d\n", n_cpus - 1);
    for (int cpu = 0; cpu < n_cpus; cpu++) {
        int package = cpu / n_cores;
        put_cpu(cpu, "topology/core_id", "%d\n", cpu % n_cores);
        put_cpu(cpu, "topology/physical_package_id", "%d\n", package);
        put_cpu(cpu, "topology/thread_siblings", "%s\n", mask_of(cpu, 1));
        put_cpu(cpu, "topology/core_siblings", "%s\n", mask_of(package * n_cores, n_cores));
        put_cpu(cpu, "cache/index0/level", "2\n");
        put_cpu(cpu, "cache/index0/type", "Unified\n");
        put_cpu(cpu, "cache/index0/size", "1024K\n");
        put_cpu(cpu, "cache/index0/coherency_line_size", "64\n");
        put_cpu(cpu, "cache/index0/shared_cpu_map", "%s\n", mask_of(cpu, 1));
    }
}

static void put_arm_cpuinfo(const char *implementer, const char *part, int n_cpus)
{
    char text[16384];
    size_t length = 0;
    for (int cpu = 0; cpu < n_cpus; cpu++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "processor\t: %d\nCPU implementer\t: %s\nCPU architecture: 8\nCPU variant\t: 0x1\n"
                                   "CPU part\t: %s\nCPU revision\t: 0\n\n", cpu, implementer, part);
    put("/proc/cpuinfo", "%s", text);
}

/* Two sockets of 48 cores, no hardware threads. */
static void test_arm_server(void)
{
    struct machine *machine;
    empty_tree();
    put_packages(2, 48);
    put_arm_cpuinfo("0xc0", "0xac3", 96);
    put("/proc/self/status", "Cpus_allowed_list:\t0-95\n");
    put("/proc/self/cgroup", "%s", "");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "model", "ampere 0xac3"));
    CHECK(has_text(machine, "processor", "vendor", "ampere"));
    CHECK(has_number(machine, "processor", "sockets", 2));
    CHECK(has_number(machine, "processor", "cores", 96));
    CHECK(has_number(machine, "processor", "hardware_threads", 96));
    CHECK(has_text(machine, "processor", "smt", "off"));
    json_t *cache = json_array_get(value(machine, "processor", "caches"), 0);
    CHECK_EQ(json_array_size(value(machine, "processor", "caches")), 1);
    CHECK_EQ(json_integer_value(json_object_get(cache, "count")), 96);
    CHECK_EQ(json_integer_value(json_object_get(cache, "size_bytes")), 1 << 20);
    CHECK_EQ(machine_usable_cpus(machine), 96);
    CHECK(strcmp(machine_cpu_setting(machine), "0-95 quota none") == 0);
    CHECK(!warns(machine, "affinity") && !warns(machine, "smt") && !warns(machine, "hybrid"));
    CHECK(strncmp(machine_id(machine), "ampere-0xac3-96c-", 17) == 0);
    machine_close(machine);

    put_arm_cpuinfo("0x99", "0x123", 1); /* nobody's code that is known here */
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "vendor", "0x99") && has_text(machine, "processor", "model", "0x99 0x123"));
    machine_close(machine);
    put("/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "model", "arm unknown"));
    CHECK(has_text(machine, "processor", "model_number", "unknown"));
    machine_close(machine);
}

/* Slow and fast cores: told and warned of, unless this process may use one kind alone. */
static void check_hybrid(const char *fast)
{
    struct machine *machine;
    put("/proc/self/status", "Cpus_allowed_list:\t0-7\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_number(machine, "processor", "core_kinds", 2));
    CHECK(warns(machine, "hybrid"));
    machine_close(machine);
    put("/proc/self/status", "Cpus_allowed_list:\t%s\n", fast);
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_number(machine, "processor", "core_kinds", 2));
    CHECK(!warns(machine, "hybrid") && warns(machine, "affinity"));
    machine_close(machine);
}

static void test_hybrid(void)
{
    struct machine *machine;
    empty_tree();
    put_packages(1, 8);
    put_arm_cpuinfo("0x41", "0xd03", 8);
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(!warns(machine, "hybrid"));
    machine_close(machine);
    for (int cpu = 0; cpu < 8; cpu++)
        put_cpu(cpu, "cpu_capacity", "%d\n", cpu < 4 ? 400 : 1024);
    check_hybrid("4-7");
    put("/proc/cpuinfo", "CPU implementer\t: 0x41\nCPU part\t: 0xd03\n\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n\n"
                         "CPU implementer\t: 0x41\nCPU part\t: 0xd08\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "processor", "model", "arm 0xd03+0xd08"));
    CHECK(has_text(machine, "processor", "model_number", "0xd03+0xd08"));
    CHECK(strncmp(machine_id(machine), "arm-0xd03-0xd08-8c-", 19) == 0);
    machine_close(machine);

    empty_tree();
    put_packages(1, 8);
    put("/sys/devices/cpu_core/cpus", "0-3\n");
    put("/sys/devices/cpu_atom/cpus", "4-7\n");
    check_hybrid("0-3");
}

/* As a batch system may share out the threads of many cores. */
static void put_every_second(int n_cpus, int last)
{
    char list[4096];
    size_t length = 0;
    for (int cpu = 0; cpu < n_cpus; cpu += 2)
        length += (size_t)snprintf(list + length, sizeof list - length, "%d,", cpu);
    put("/proc/self/status", "Cpus_allowed_list:\t%s%d\n", list, last);
}

/* Runs are compared by this text: long masks that differ in their last CPU alone have different ones. */
static void test_long_masks(void)
{
    struct machine *machine, *other;
    empty_tree();
    put_topology(4);
    put("/proc/self/cgroup", "%s", "");
    put_every_second(510, 510);
    CHECK_EQ(machine_open(root, &machine), 0);
    put_every_second(510, 511);
    CHECK_EQ(machine_open(root, &other), 0);
    CHECK(strcmp(machine_cpu_setting(machine), machine_cpu_setting(other)) != 0);
    CHECK(strncmp(machine_cpu_setting(machine), "0,2,4,", 6) == 0);
    CHECK(strstr(machine_cpu_setting(machine), "... (256 CPUs, ") != NULL);
    CHECK(strstr(machine_cpu_setting(machine), ") quota none") != NULL);
    CHECK_EQ(machine_usable_cpus(machine), 256);
    machine_close(machine);
    machine_close(other);
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
    begin_trees(folder);
    test_nothing();
    test_empty_files();
    test_description();
    test_warnings();
    test_unseen();
    test_load();
    test_sample();
    test_id();
    test_slugs();
    test_arm();
    test_arm_server();
    test_hybrid();
    test_long_masks();
    test_storage();
    end_trees(folder);
    return check_failures() != 0;
}
