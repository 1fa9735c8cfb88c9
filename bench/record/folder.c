/* Makes run folders and writes their files. */
#include "record/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "record/text.h"

/* What poolbench writes into a run's folder, beside the folder of histograms. */
static const char *const run_files[] = {
    "run.json", "journal.jsonl", "machine.json", "topology.xml", "gbench.json", NULL,
};

static const char part_ending[] = ".part";

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

/* The name of a new folder is kept in the one above, whose path has so many bytes. */
static int sync_above(char *path, size_t n_above)
{
    path[n_above] = '\0';
    int error = folder_sync(path);
    path[n_above] = '/';
    return error;
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
            return sync_above(path, (size_t)n);
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int join(char path[PATH_MAX], const char *dir, const char *name, const char *ending)
{
    return snprintf(path, PATH_MAX, "%s/%s%s", dir, name, ending) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

bool folder_has(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat status;
    return join(path, dir, name, "") == 0 && lstat(path, &status) == 0;
}

int folder_open(const char *dir, const char *name, int flags)
{
    char path[PATH_MAX];
    struct stat status;
    int error = join(path, dir, name, "");
    if (error)
        return error;
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno == ENXIO || errno == EISDIR ? -EBADF : -errno; /* a FIFO without a reader, a socket, a folder */
    error = fstat(fd, &status) != 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EBADF;
    if (error)
        close(fd);
    return error ? error : fd;
}

const char *folder_why(int error)
{
    switch (-error) {
    case EBADF: return "it is no regular file";
    case EFBIG: return "File too large: see `ulimit -f`";
    case ELOOP: return "it is a link, and no file of a run is";
    case EOVERFLOW: return "it is larger than that of any run";
    default: return strerror(-error);
    }
}

int folder_read_all(int fd, size_t max_bytes, char **text, size_t *n_text)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (status.st_size < 0 || (uintmax_t)status.st_size > max_bytes)
        return -EOVERFLOW;
    size_t n_bytes = (size_t)status.st_size;
    *text = malloc(n_bytes + 1);
    *n_text = 0;
    while (*text && *n_text < n_bytes) {
        ssize_t n = read(fd, *text + *n_text, n_bytes - *n_text);
        if (n < 0 && errno != EINTR) {
            free(*text);
            return -errno;
        }
        if (n == 0)
            break;
        *n_text += n > 0 ? (size_t)n : 0;
    }
    return *text ? 0 : -ENOMEM;
}

int folder_read_json(const char *dir, const char *name, size_t max_bytes, json_t **json, char *reason,
                     size_t reason_bytes)
{
    char *text;
    size_t n_text;
    json_error_t where;
    int fd = folder_open(dir, name, O_RDONLY), error = fd < 0 ? fd : folder_read_all(fd, max_bytes, &text, &n_text);
    if (fd >= 0)
        close(fd);
    if (error) {
        snprintf(reason, reason_bytes, "%s", folder_why(error));
        return error;
    }
    *json = json_loadb(text, n_text, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (json_is_object(*json))
        return 0;
    if (*json)
        snprintf(reason, reason_bytes, "it is damaged: it is no object");
    else
        snprintf(reason, reason_bytes, "it is damaged: line %d: %s", where.line, where.text);
    text_clean(reason);
    json_decref(*json);
    return -EBADMSG;
}

/* Nothing that lies there under the temporary name is written to. */
static int open_temporary(const char *path, FILE **file)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return -errno;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    *file = fdopen(fd, "w");
    if (!*file)
        close(fd);
    return *file ? 0 : -ENOMEM;
}

int folder_write(const char *dir, const char *name, folder_print_fn *print, const void *context)
{
    char path[PATH_MAX], temporary[PATH_MAX];
    FILE *file = NULL;
    int error = join(path, dir, name, "");
    if (!error)
        error = join(temporary, dir, name, part_ending);
    if (!error)
        error = open_temporary(temporary, &file);
    if (error)
        return error;
    errno = EIO; /* what stands here where a stream fails without saying why */
    error = print(file, context);
    if (ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0)
        error = -errno;
    if (fclose(file) != 0 && !error)
        error = -errno;
    if (!error && rename(temporary, path) != 0)
        error = -errno;
    if (error)
        unlink(temporary);
    return error ? error : folder_sync(dir);
}

static int check_entry(const char *dir, const char *name, mode_t type)
{
    char path[PATH_MAX];
    struct stat status;
    int error = join(path, dir, name, "");
    if (error)
        return error;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISLNK(status.st_mode))
        return -ELOOP;
    return (status.st_mode & S_IFMT) == type ? 0 : type == S_IFDIR ? -ENOTDIR : -EBADF;
}

int folder_make(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int error = join(path, dir, name, "");
    if (error)
        return error;
    return mkdir(path, 0777) == 0 ? folder_sync(dir) : errno == EEXIST ? check_entry(dir, name, S_IFDIR) : -errno;
}

static bool is_temporary(const char *name)
{
    size_t n = strlen(name), n_ending = strlen(part_ending);
    return n > n_ending && strcmp(name + n - n_ending, part_ending) == 0;
}

/* Each is replaced at the end, where a folder in the way would cost the whole run. */
static int check_histograms(const char *dir)
{
    char path[PATH_MAX];
    int error = check_entry(dir, FOLDER_HISTOGRAMS, S_IFDIR);
    if (!error)
        error = join(path, dir, FOLDER_HISTOGRAMS, "");
    DIR *folder = error ? NULL : opendir(path);
    struct dirent *entry;
    while (!error && folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && !is_temporary(entry->d_name))
            error = check_entry(path, entry->d_name, S_IFREG);
    if (folder)
        closedir(folder);
    return error;
}

int folder_check(const char *dir, const char **name)
{
    int error = 0;
    for (size_t i = 0; run_files[i] && !error; i++)
        error = check_entry(dir, *name = run_files[i], S_IFREG);
    if (error)
        return error;
    *name = FOLDER_HISTOGRAMS;
    return check_histograms(dir);
}

static int remove_file(int at, const char *name)
{
    return unlinkat(at, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}

/* In hist/, which holds nothing but what poolbench wrote. */
static int tidy_histograms(int fd)
{
    DIR *folder = fdopendir(fd);
    struct dirent *entry;
    int error = folder ? 0 : -errno;
    while (!error && (entry = readdir(folder)))
        if (is_temporary(entry->d_name))
            error = remove_file(fd, entry->d_name);
    if (folder)
        closedir(folder);
    else
        close(fd);
    return error;
}

int folder_tidy(const char *dir)
{
    char path[PATH_MAX];
    int error = 0;
    for (size_t i = 0; run_files[i] && !error; i++) {
        error = join(path, dir, run_files[i], part_ending);
        if (!error)
            error = remove_file(AT_FDCWD, path);
    }
    if (!error)
        error = join(path, dir, FOLDER_HISTOGRAMS, "");
    if (error)
        return error;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? tidy_histograms(fd) : errno == ENOENT ? 0 : -errno;
}

int folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : -errno; /* one may write to it and not look */
    int error = fsync(fd) != 0 ? -errno : 0;
    close(fd);
    return error == -EINVAL || error == -EBADF ? 0 : error; /* the file system has no such thing */
}

/* JSON that is written was made of texts that were looked at: what fails here is the file, or memory. */
static int print_json(FILE *file, const void *context)
{
    int error = json_dumpf(context, file, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0 ? -ENOMEM : 0;
    fputc('\n', file);
    return error;
}

int folder_write_json(const char *dir, const char *name, const json_t *json)
{
    return json ? folder_write(dir, name, print_json, json) : -ENOMEM;
}

int folder_free_bytes(const char *path, unsigned long long *n_bytes)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return -errno;
    *n_bytes = status.f_blocks ? (unsigned long long)status.f_bavail * status.f_frsize : ULLONG_MAX;
    return 0;
}

void folder_hash_file(const char *path, char hash[17])
{
    uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */
    FILE *file = fopen(path, "re");
    int c;
    while (file && (c = getc_unlocked(file)) != EOF)
        value = (value ^ (uint64_t)c) * 0x100000001b3u;
    bool whole = file && !ferror(file);
    if (file)
        fclose(file);
    snprintf(hash, 17, whole ? "%016llx" : "unknown", (unsigned long long)value);
}
