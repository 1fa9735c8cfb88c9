/* Names of run folders: of runs that begin in the same second, in one process or in several, none gets another's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "record/folder.h"

enum { N_PROCESSES = 4, N_EACH = 25 };

/* Leaves a file in each folder that is its own; that of another would have one already. */
static int make_folders(const char *results)
{
    char path[4096], file[4096 + 8];
    for (int i = 0; i < N_EACH; i++) {
        if (folder_create(results, "machine-1c-0badc0de", "0badc0de", path, sizeof path) != 0)
            return 1;
        snprintf(file, sizeof file, "%s/mine", path);
        FILE *mine = fopen(file, "wx");
        if (!mine)
            return 1;
        fclose(mine);
    }
    return 0;
}

static int count_folders(const char *results, const char *pattern)
{
    char command[4096];
    int n = -1;
    snprintf(command, sizeof command, "find '%s' -mindepth 2 -maxdepth 2 -type d -name '%s' | wc -l", results, pattern);
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%d", &n) != 1)
        n = -1;
    if (pipe)
        pclose(pipe);
    return n;
}

int main(void)
{
    char results[] = "/tmp/poolbench-test-XXXXXX", command[64];
    pid_t pids[N_PROCESSES];
    if (!CHECK(mkdtemp(results) != NULL))
        return 1;
    for (int i = 0; i < N_PROCESSES; i++)
        if ((pids[i] = fork()) == 0)
            _exit(make_folders(results));
    for (int i = 0; i < N_PROCESSES; i++) {
        int status = -1;
        waitpid(pids[i], &status, 0);
        CHECK_EQ(status, 0);
    }
    CHECK_EQ(count_folders(results, "*Z-0badc0de*"), N_PROCESSES * N_EACH);
    CHECK(count_folders(results, "*Z-0badc0de-2") >= 1); /* a hundred do not take a hundred seconds */
    snprintf(command, sizeof command, "rm -rf %s", results);
    CHECK_EQ(system(command), 0);
    return check_failures() != 0;
}
