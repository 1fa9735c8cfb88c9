/* The folder in which workloads put their files: one of the run's own, in the scratch folder, so that all sides find
 * the same files there and nothing is left in the end. Only a run that is killed leaves it behind. */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int run_make_scratch(struct run *run)
{
    const char *dir = run->options.scratch_dir;
    int n = snprintf(run->scratch_dir, sizeof run->scratch_dir, "%s/poolbench-XXXXXX", dir);
    errno = ENAMETOOLONG;
    if ((size_t)n < sizeof run->scratch_dir && mkdtemp(run->scratch_dir))
        return 0;
    fprintf(stderr, "poolbench: cannot make a folder in '%s': %s; choose another with --scratch\n", dir,
            strerror(errno));
    run->scratch_dir[0] = '\0';
    return RUN_ERROR;
}

void run_remove_scratch(const struct run *run)
{
    DIR *folder = run->scratch_dir[0] ? opendir(run->scratch_dir) : NULL;
    struct dirent *entry;
    if (!folder)
        return;
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(run->scratch_dir);
}
