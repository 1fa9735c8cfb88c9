/* The workloads on files: cold is cold and warm is warm, a file system in memory is refused, one file serves all, and
 * what the device does not have is found out. */
#include "files.h"
#include "test_workloads.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum { N_TASKS = 200, N_TIMES = 2 };

static void prepare(struct trial *trial, const char *name)
{
    trial_init(trial, name);
    trial->config.values[0] = trial->workload->parameters[0].min;
}

static int count_files(void)
{
    DIR *opened = opendir(trial_folder);
    struct dirent *entry;
    int n = 0;

    while ((entry = readdir(opened)))
        n += entry->d_name[0] != '.';
    closedir(opened);
    return n;
}

static ino_t only_file(char *path, size_t path_bytes)
{
    DIR *opened = opendir(trial_folder);
    struct dirent *entry;
    struct stat status = { 0 };

    while ((entry = readdir(opened)))
        if (entry->d_name[0] != '.')
            snprintf(path, path_bytes, "%s/%.200s", trial_folder, entry->d_name);
    closedir(opened);
    CHECK_EQ(stat(path, &status), 0);
    return status.st_ino;
}

/* The second process finds what the first has written. */
static void test_one_file(const char *name)
{
    char path[300] = "";
    ino_t file = 0;
    struct trial trial;

    prepare(&trial, name);
    for (int i = 0; i < N_TIMES; i++) {
        if (!CHECK_EQ(set_up(&trial), 0))
            return;
        CHECK(passes(&trial, N_TASKS, run_serially(&trial, N_TASKS)));
        tear_down(&trial);
        CHECK_EQ(count_files(), 1);
        if (i == 0)
            file = only_file(path, sizeof(path));
        CHECK_EQ(only_file(path, sizeof(path)), file);
    }
    trial_remove_files();
}

/* A block that is not what was written is not taken for it. */
static void test_damage(const char *name)
{
    static const char zeros[1 << 16];
    char path[300] = "";
    struct trial trial;
    int fd;

    prepare(&trial, name);
    if (!CHECK_EQ(set_up(&trial), 0))
        return;
    only_file(path, sizeof(path));
    fd = open(path, O_WRONLY);
    CHECK_EQ(pwrite(fd, zeros, sizeof(zeros), 0), sizeof(zeros));
    CHECK_EQ(fsync(fd), 0);
    close(fd);
    CHECK_EQ(judge(&trial, N_TASKS, N_TASKS, run_serially(&trial, N_TASKS)), -EBADMSG);
    tear_down(&trial);
    trial_remove_files();
}

/* A file that loses its end while tasks read: the reason is not that results are wrong. */
static void test_cut(const char *name)
{
    char path[300] = "";
    struct trial trial;

    prepare(&trial, name);
    if (!CHECK_EQ(set_up(&trial), 0))
        return;
    only_file(path, sizeof(path));
    CHECK_EQ(truncate(path, 1 << 15), 0);
    CHECK_EQ(judge(&trial, N_TASKS, N_TASKS, run_serially(&trial, N_TASKS)), -EBADMSG);
    CHECK(strstr(trial.reason, "cannot read the file in the scratch folder: it has become shorter") != NULL);
    tear_down(&trial);
    trial_remove_files();
}

static void test_residency(void)
{
    struct trial trial;
    struct files files;
    unsigned char block[FILES_BLOCK_BYTES];

    prepare(&trial, "read-warm");
    if (!CHECK_EQ(set_up(&trial), 0) || !CHECK_EQ(files__open(&trial.config, trial.config.values[0], &files), 0))
        return;
    CHECK_EQ(files__count_cached(&files), files.n_blocks);
    files__drop(&files, 0, 0);
    CHECK_EQ(files__count_cached(&files), 0);
    CHECK_EQ(files__load(&files, 3, block), 0);
    CHECK(files__is_cached(&files, 3));
    CHECK(!files__is_cached(&files, 9)); /* nothing was read ahead */
    files__close(&files);
    tear_down(&trial);
    trial_remove_files();
}

/* Reads that find their block in the cache are not cold: here because another descriptor has it locked in memory. */
static void test_not_cold(void)
{
    struct trial trial;
    char path[300] = "";
    void *map;
    int fd;

    prepare(&trial, "read-cold");
    if (!CHECK_EQ(set_up(&trial), 0))
        return;
    only_file(path, sizeof(path));
    fd = open(path, O_RDONLY);
    map = mmap(NULL, trial.config.values[0], PROT_READ, MAP_SHARED, fd, 0);
    if (mlock(map, trial.config.values[0]) == 0) {
        CHECK_EQ(judge(&trial, N_TASKS, N_TASKS, run_serially(&trial, N_TASKS)), -EBADMSG);
        CHECK(strstr(trial.reason, "200 of 200 cold reads came from the page cache") != NULL);
    }
    munmap(map, trial.config.values[0]);
    close(fd);
    tear_down(&trial);
    trial_remove_files();
}

static void test_memory(const char *name)
{
    struct trial trial;

    prepare(&trial, name);
    trial.config.scratch_dir = "/dev/shm";
    CHECK_EQ(trial.workload->setup(&trial.config, &trial.state), -ENOTSUP);
    CHECK(strstr(trial.reason, "the scratch folder is in memory") != NULL);
}

static void test_no_folder(const char *name)
{
    struct trial trial;

    prepare(&trial, name);
    trial.config.scratch_dir = "/no/such/folder";
    CHECK(trial.workload->setup(&trial.config, &trial.state) < 0);
    CHECK(strstr(trial.reason, "a file in the scratch folder: no such file or directory") != NULL);
}

int main(void)
{
    static const char *const names[] = { "read-warm", "read-cold", "write-sync" };

    if (files__is_memory(trial_scratch())) {
        puts("not on this machine: /var/tmp is in memory");
        return 77;
    }
    for (int i = 0; i < 3; i++)
        test_no_folder(names[i]);
    for (int i = 0; i < 2; i++) {
        test_one_file(names[i]);
        test_damage(names[i]);
        test_cut(names[i]);
    }
    test_residency();
    test_not_cold();
    if (files__is_memory("/dev/shm")) {
        test_memory("read-cold");
        test_memory("write-sync");
    }
    return check_failures() != 0;
}
