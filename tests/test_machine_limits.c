/* Limits of threads, memory and CPUs as trees of files have them: of the system, of a user, of a process, and of
 * control groups of both versions. */
#include "trees.h"

#include <math.h>

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

static void check_described(double limit_bytes, bool is_warned)
{
    struct machine *machine;
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_number(machine, "memory", "cgroup_limit_bytes", limit_bytes));
    CHECK_EQ(warns(machine, "memory"), is_warned);
    machine_close(machine);
}

/* Above memory.high a group is held up until it has given memory back, so a ramp has to end below, and who measures
 * has to know. */
static void test_v2_high(void)
{
    put_v2();
    put("/sys/fs/cgroup/outer/pids.max", "max\n");
    put("/sys/fs/cgroup/outer/inner/pids.max", "max\n");
    put("/sys/fs/cgroup/outer/inner/memory.current", "0\n");
    put("/sys/fs/cgroup/outer/inner/memory.high", "max\n");
    CHECK(binds("memory", (size_t)((8589934592.0 * 0.8 - 1073741824.0) / 65536)));
    put("/sys/fs/cgroup/outer/inner/memory.high", "2147483648\n");
    CHECK(binds("memory", (2147483648 - 536870912) / 65536));
    put("/proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:   16000000 kB\n");
    check_described(2147483648, true);
    CHECK(machine_memory_limit_bytes(root) == 8589934592.0); /* that of the outer one refuses */
    put("/sys/fs/cgroup/outer/inner/memory.high", "8000000000\n");
    check_described(8e9, false);
    put("/sys/fs/cgroup/outer/inner/memory.max", "1073741824\n"); /* the lower one of the two */
    CHECK(binds("memory", (1073741824 - 536870912) / 65536));
}

/* What is not there, or no number, is no limit; the others still are. */
static void test_v2_rubbish(void)
{
    static const char *const rubbish[] = { "", "\n", "rubbish\n", "-\n", "nan\n", "-5\n" };
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        struct machine *machine;
        put_v2();
        put("/sys/fs/cgroup/outer/inner/cpu.max", "%s", rubbish[i]);
        put("/sys/fs/cgroup/outer/inner/memory.high", "%s", rubbish[i]);
        put("/sys/fs/cgroup/outer/memory.stat", "%s", rubbish[i]);
        put("/sys/fs/cgroup/outer/inner/pids.current", "%s", rubbish[i]);
        CHECK_EQ(machine_open(root, &machine), 0);
        if (!CHECK(has_number(machine, "limits", "quota_cpus", 1.5))
            || !CHECK(binds("cgroup pids.max", 20000 - 15 - 2000)))
            fprintf(stderr, "with %s\n", rubbish[i]);
        CHECK(has_number(machine, "memory", "cgroup_limit_bytes", 8589934592.0));
        machine_close(machine);
    }
}

/* A group's files may be gone, as those of the top group always are: the groups above still limit it. */
static void test_v2_missing(void)
{
    struct machine *machine;
    put_v2();
    put("/proc/self/cgroup", "0::/outer/inner/deeper/still\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_number(machine, "limits", "quota_cpus", 1.5));
    CHECK(has_number(machine, "limits", "cgroup_pids_max", 20000));
    CHECK(binds("cgroup pids.max", 20000 - 15 - 2000));
    machine_close(machine);
    put("/proc/self/cgroup", "0::/elsewhere\n");
    CHECK_EQ(machine_open(root, &machine), 0);
    CHECK(has_text(machine, "limits", "quota_cpus", "none"));
    CHECK(has_text(machine, "limits", "cgroup_pids_max", "none"));
    CHECK(strcmp(machine_cpu_setting(machine), "0-3 quota none") == 0);
    CHECK(!warns(machine, "quota"));
    machine_close(machine);
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

int main(void)
{
    char folder[] = "/tmp/poolbench-test-XXXXXX";
    begin_trees(folder);
    test_headroom();
    test_own_memory();
    test_user_limit();
    test_v2();
    test_v2_container();
    test_v2_high();
    test_v2_rubbish();
    test_v2_missing();
    test_memory_limit();
    test_both_versions();
    test_v1();
    end_trees(folder);
    return check_failures() != 0;
}
