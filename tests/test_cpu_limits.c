/* How many CPUs may be used: from trees of /proc and control groups as machines and containers have them, and from real
 * control groups where they can be made. */
#include "check.h"
#include "pool.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define V1_MOUNT "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" \
                 "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" \
                 "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define V2_MOUNT "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static char top[] = "/tmp/test_cpu_limits.XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the root and makes the folders that it needs. */
static void put(const char *path, const char *text)
{
    char full[PATH_MAX];
    FILE *file;

    snprintf(full, sizeof full, "%s/root%s", top, path);
    for (char *slash = full + strlen(top); (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
        *slash = '\0';
        mkdir(full, 0700);
    }
    file = fopen(full, "w");
    if (!CHECK(file != NULL))
        exit(1);
    fputs(text, file);
    fclose(file);
}

/* Starts a new tree, with four CPUs. */
static void start(const char *cgroup, const char *mountinfo)
{
    char root[PATH_MAX];

    snprintf(root, sizeof root, "%s/root", top);
    remove_tree(root);
    put("/proc/self/status", "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n");
    if (cgroup != NULL)
        put("/proc/self/cgroup", cgroup);
    if (mountinfo != NULL)
        put("/proc/self/mountinfo", mountinfo);
}

static void check_limits(const char *what, size_t n_affinity, double quota_cpus, size_t n_usable)
{
    struct pool_cpu_limits limits = {0};
    char root[PATH_MAX];

    snprintf(root, sizeof root, "%s/root", top);
    if (pool_cpu_limits(root, &limits) != 0 || limits.n_affinity != n_affinity || limits.n_usable != n_usable
        || limits.quota_cpus < quota_cpus - 1e-9 || limits.quota_cpus > quota_cpus + 1e-9) {
        fprintf(stderr, "%s: affinity %zu, quota %g, usable %zu\n", what, limits.n_affinity,
                limits.quota_cpus, limits.n_usable);
        CHECK(!"the limits are as they should be");
    }
}

static void test_no_quota(void)
{
    start(NULL, NULL);
    check_limits("no files", 4, 0, 4);
    start("0::/a\n", NULL);
    check_limits("no mountinfo", 4, 0, 4);
    start(NULL, V2_MOUNT);
    check_limits("no cgroup", 4, 0, 4);
    start("0::/a\n", V2_MOUNT);
    check_limits("nothing mounted", 4, 0, 4);
    put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    check_limits("v2 max", 4, 0, 4);
    put("/sys/fs/cgroup/a/cpu.max", "rubbish\n");
    check_limits("v2 rubbish", 4, 0, 4);
    start("2:cpu:/a\n", V1_MOUNT);
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    check_limits("v1 without a quota", 4, 0, 4);
    start("\n:\n::\n0\n0:\n2:cpu\n", "\n-\n - \n1 2\n1 2 3 - cgroup2\n1 2 3 4 5 - cgroup2 cgroup2 rw\n");
    check_limits("torn lines", 4, 0, 4);
}

static void test_v2(void)
{
    start("0::/a/b/c\n", V2_MOUNT);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "150000 100000\n");
    check_limits("v2 own group", 4, 1.5, 2);
    put("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    check_limits("v2 least above", 4, 0.5, 1);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "1000 1000000\n");
    check_limits("v2 least below", 4, 0.001, 1);
    start("0::/a\n", V2_MOUNT);
    put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    check_limits("v2 whole", 4, 3, 3);
    put("/sys/fs/cgroup/a/cpu.max", "900000 100000\n");
    check_limits("v2 more than there is", 4, 9, 4);
    start("0::/\n", V2_MOUNT);
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    check_limits("v2 at the mount", 4, 2, 2);
}

static void test_v1(void)
{
    start("9:cpuset:/elsewhere\n2:cpuacct,cpu:/a/b\n", V1_MOUNT);
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/elsewhere/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/elsewhere/cpu.cfs_period_us", "100000\n");
    check_limits("v1 above", 4, 2.5, 3);
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "120000\n");
    check_limits("v1 own group", 4, 1.2, 2);
}

/* Version 1 has the CPU controller, version 2 is there too. */
static void test_both(void)
{
    start("3:cpu:/one\n0::/two\n", V1_MOUNT "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us", "300000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_period_us", "100000\n");
    check_limits("both, v1 has it", 4, 3, 3);
    put("/sys/fs/cgroup/unified/two/cpu.max", "200000 100000\n");
    check_limits("both, the least", 4, 2, 2);
}

/* A container sees its own group as the mount, while its path may be the host's or point outside. */
static void test_containers(void)
{
    start("4:cpu:/docker/abc\n", "50 40 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    check_limits("the mount is the group", 4, 2, 2);
    start("4:cpu:/docker/abc/inner\n",
          "50 40 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
    put("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
    check_limits("a group below the mount's", 4, 1, 1);
    start("0::/docker/abc\n", "50 40 0:29 /docker/abcdef /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    check_limits("another group's mount", 4, 2, 2);
    start("0::/docker/abc\n", V2_MOUNT);
    put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
    check_limits("a path that is not there", 4, 1, 1);
    start("0::/../other\n", V2_MOUNT);
    put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
    put("/sys/fs/other/cpu.max", "50000 100000\n");
    check_limits("a path that leads outside", 4, 1, 1);
}

static void test_mounts(void)
{
    start("0::/a b\n", "30 23 0:26 / /sys/my\\040groups rw - cgroup2 none rw\n");
    put("/sys/my groups/a b/cpu.max", "100000 100000\n");
    check_limits("blanks in names", 4, 1, 1);
    start("0::/a/b\n", "30 23 0:26 /a/b /inner rw - cgroup2 none rw\n"
                       "31 23 0:26 / /outer rw - cgroup2 none rw\n"
                       "32 23 0:26 /z /other rw - cgroup2 none rw\n");
    put("/inner/cpu.max", "300000 100000\n");
    put("/outer/a/b/cpu.max", "300000 100000\n");
    put("/outer/a/cpu.max", "200000 100000\n");
    put("/other/cpu.max", "100000 100000\n");
    check_limits("the mount that shows most", 4, 2, 2);
}

static void test_masks(void)
{
    start(NULL, NULL);
    put("/proc/self/status", "Cpus_allowed_list:\t1,4-5,1024-2047\n");
    check_limits("more than 1024 CPUs", 1027, 0, 1027);
    put("/proc/self/status", "Cpus_allowed_list:\t17\n");
    check_limits("one CPU", 1, 0, 1);
}

static void test_errors(void)
{
    struct pool_cpu_limits limits;
    char root[PATH_MAX];

    snprintf(root, sizeof root, "%s/nowhere", top);
    CHECK_EQ(pool_cpu_limits(root, &limits), -ENOENT);
    CHECK_EQ(pool_cpu_limits(NULL, &limits), -EINVAL);
    CHECK_EQ(pool_cpu_limits("", NULL), -EINVAL);
}

/* The real machine, with all CPUs of this process and with one of them. */
static void test_this_machine(void)
{
    struct pool_cpu_limits limits;
    cpu_set_t mine, one;
    int cpu = 0;

    sched_getaffinity(0, sizeof mine, &mine);
    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    CHECK_EQ(limits.n_affinity, CPU_COUNT(&mine));
    CHECK(limits.n_usable >= 1 && limits.n_usable <= limits.n_affinity);
    while (!CPU_ISSET(cpu, &mine))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    CHECK_EQ(limits.n_affinity, 1);
    CHECK_EQ(limits.n_usable, 1);
}

/* Writes a file of a real control group, or says that it cannot be. */
static bool set(const char *group, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *file;
    bool is_set;

    snprintf(path, sizeof path, "%s/%s", group, name);
    file = fopen(path, "w");
    if (file == NULL)
        return false;
    is_set = fputs(text, file) >= 0;
    return fclose(file) == 0 && is_set;
}

static size_t default_size(void)
{
    struct pool *pool;
    size_t n;

    if (!CHECK_EQ(pool_create(&pool, NULL), 0))
        return 0;
    n = pool_n_workers(pool);
    pool_destroy(pool);
    return n;
}

/* From inside the group, in a process of its own: what there is, and how large a pool becomes by itself. */
static void check_inside(const char *group, double quota_cpus, size_t n_usable)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct pool_cpu_limits limits = {0};
        bool is_inside = set(group, "cgroup.procs", "0\n");

        CHECK(is_inside);
        CHECK_EQ(pool_cpu_limits("", &limits), 0);
        CHECK(limits.quota_cpus > quota_cpus - 1e-6 && limits.quota_cpus < quota_cpus + 1e-6);
        CHECK_EQ(limits.n_usable, n_usable);
        CHECK_EQ(default_size(), n_usable);
        if (check_failures() > 0)
            fprintf(stderr, "in %s: quota %g, usable %zu\n", group, limits.quota_cpus, limits.n_usable);
        _exit(check_failures() > 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* Real groups of version 1, where this process may make them: a quota, one above it, and a set of one CPU. */
static void test_real_groups(void)
{
    char group[128], inner[160], cpus[32];
    struct pool_cpu_limits limits;
    cpu_set_t mine;
    int cpu = 0;

    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    snprintf(group, sizeof group, "/sys/fs/cgroup/cpu/test_cpu_limits.%d", (int)getpid());
    snprintf(inner, sizeof inner, "%s/inner", group);
    if (limits.quota_cpus == 0 && mkdir(group, 0755) == 0) {
        if (set(group, "cpu.cfs_period_us", "20000\n") && set(group, "cpu.cfs_quota_us", "30000\n")
            && mkdir(inner, 0755) == 0) {
            check_inside(group, 1.5, at_most(2, limits.n_affinity));
            check_inside(inner, 1.5, at_most(2, limits.n_affinity));
            CHECK(set(inner, "cpu.cfs_period_us", "20000\n") && set(inner, "cpu.cfs_quota_us", "10000\n"));
            check_inside(inner, 0.5, 1);
            rmdir(inner);
        }
        rmdir(group);
    }
    snprintf(group, sizeof group, "/sys/fs/cgroup/cpuset/test_cpu_limits.%d", (int)getpid());
    sched_getaffinity(0, sizeof mine, &mine);
    while (!CPU_ISSET(cpu, &mine))
        cpu++;
    snprintf(cpus, sizeof cpus, "%d\n", cpu);
    if (mkdir(group, 0755) == 0) {
        if (set(group, "cpuset.cpus", cpus) && set(group, "cpuset.mems", "0\n"))
            check_inside(group, limits.quota_cpus, 1);
        rmdir(group);
    }
}

int main(void)
{
    if (!CHECK(mkdtemp(top) != NULL))
        return 1;
    test_no_quota();
    test_v2();
    test_v1();
    test_both();
    test_containers();
    test_mounts();
    test_masks();
    test_errors();
    test_real_groups();
    test_this_machine();
    remove_tree(top);
    return check_failures() != 0;
}
