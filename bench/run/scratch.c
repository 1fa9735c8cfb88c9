/* The folder in which workloads put their files: one of the run's own, in the scratch folder, so that all sides find
 * the same files there and nothing is left in the end.
 *
 * A run that is killed leaves it behind, and the next run there removes it: the lock on a folder says whether its run
 * still lives. Only folders of this user are touched that have the name, the mode and no lock; where the file system
 * keeps no locks, none is.
 */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 10, DESCRIPTORS = 16 };

static const char prefix[] = "poolbench-scratch-", random_part[] = "XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)at;
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

/* No link is followed, and what is mounted there stays. */
static void remove_tree(const char *path)
{
    nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int open_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void remove_if_left(const char *path)
{
    struct stat status;
    int fd = open_folder(path);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 0777) == 0700
        && flock(fd, LOCK_EX | LOCK_NB) == 0)
        remove_tree(path);
    close(fd);
}

static bool is_scratch(const char *name)
{
    return strncmp(name, prefix, strlen(prefix)) == 0 && strlen(name) == strlen(prefix) + strlen(random_part);
}

static void remove_left_ones(const char *dir)
{
    char path[PATH_MAX];
    DIR *folder = opendir(dir);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_scratch(entry->d_name) && snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) < (int)sizeof path)
            remove_if_left(path);
    if (folder)
        closedir(folder);
}

/* Makes and locks it. Another run may take it for a left one before it is locked: then it makes another. */
static int make_locked(struct run *run, const char *dir)
{
    struct stat status;
    for (int i = 0; i < TRIES; i++) {
        int n = snprintf(run->scratch_dir, sizeof run->scratch_dir, "%s/%s%s", dir, prefix, random_part);
        if ((size_t)n >= sizeof run->scratch_dir)
            return -ENAMETOOLONG;
        if (!mkdtemp(run->scratch_dir))
            return -errno;
        run->scratch_fd = open_folder(run->scratch_dir);
        bool is_taken = run->scratch_fd < 0 || (flock(run->scratch_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK);
        if (!is_taken && fstat(run->scratch_fd, &status) == 0 && status.st_nlink > 0)
            return 0;
        if (run->scratch_fd >= 0)
            close(run->scratch_fd);
    }
    return -EBUSY;
}

int run_make_scratch(struct run *run)
{
    const char *dir = run->options.scratch_dir;
    remove_left_ones(dir);
    int error = make_locked(run, dir);
    if (!error)
        return 0;
    fprintf(stderr, "poolbench: cannot make a folder in '%s': %s; choose another with --scratch\n", dir,
            strerror(-error));
    run->scratch_dir[0] = '\0';
    return RUN_ERROR;
}

void run_remove_scratch(const struct run *run)
{
    if (!run->scratch_dir[0])
        return;
    remove_tree(run->scratch_dir);
    close(run->scratch_fd);
}
