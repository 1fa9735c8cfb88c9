/* Makes run folders and writes their files. */
#include "record/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* As mkdir -p. */
static int make_dirs(char *path)
{
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        int failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -errno;
    }
    return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

int folder_create(const char *results_dir, const char *machine_id, const char *commit, char *path, size_t path_bytes)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    int n = snprintf(path, path_bytes, "%s/%s", results_dir, machine_id);
    if (n < 0 || (size_t)n + 64 > path_bytes)
        return -ENAMETOOLONG;
    int error = make_dirs(path);
    if (error)
        return error;
    for (int attempt = 1; attempt < 1000; attempt++) {
        int m = snprintf(path + n, path_bytes - (size_t)n, "/%s-%s", stamp, commit);
        if (attempt > 1)
            snprintf(path + n + m, path_bytes - (size_t)(n + m), "-%d", attempt);
        if (mkdir(path, 0777) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

int folder_write(const char *dir, const char *name, folder_print_fn *print, const void *context)
{
    char path[4096], temporary[4096 + 8];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return -ENAMETOOLONG;
    snprintf(temporary, sizeof temporary, "%s.part", path);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -errno;
    errno = EIO; /* what stands here where a stream fails without saying why */
    print(file, context);
    int error = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0 ? -errno : 0;
    if (fclose(file) != 0 && !error)
        error = -errno;
    if (!error && rename(temporary, path) != 0)
        error = -errno;
    if (error)
        unlink(temporary);
    else
        folder_sync(dir);
    return error;
}

void folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); /* some file systems refuse this: then their names are as safe as they get */
        close(fd);
    }
}

static void print_json(FILE *file, const void *context)
{
    json_dumpf(context, file, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    fputc('\n', file);
}

int folder_write_json(const char *dir, const char *name, const json_t *json)
{
    return folder_write(dir, name, print_json, json);
}

unsigned long long folder_free_bytes(const char *path)
{
    struct statvfs status;
    return statvfs(path, &status) == 0 ? (unsigned long long)status.f_bavail * status.f_frsize : 0;
}

void folder_hash_file(const char *path, char hash[17])
{
    uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */
    FILE *file = fopen(path, "re");
    int c;
    while (file && (c = getc_unlocked(file)) != EOF)
        value = (value ^ (uint64_t)c) * 0x100000001b3u;
    if (file)
        fclose(file);
    snprintf(hash, 17, file ? "%016llx" : "unknown", (unsigned long long)value);
}
