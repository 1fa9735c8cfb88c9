/* The file system and the device below a folder. Names of volumes, servers and folders stay out: a device
 * goes by its number alone. */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *const known_options[] = {
    "async", "atime", "barrier", "commit", "compress", "compress-force", "data", "dax", "delalloc",
    "dirsync", "discard", "lazytime", "noatime", "nobarrier", "nodatacow", "nodelalloc", "nodiratime",
    "nodiscard", "norelatime", "relatime", "ro", "rw", "strictatime", "sync", "volatile",
};

static bool is_known(const char *option)
{
    size_t length = strcspn(option, "=");
    for (size_t i = 0; i < sizeof known_options / sizeof *known_options; i++)
        if (strlen(known_options[i]) == length && strncmp(known_options[i], option, length) == 0)
            return true;
    return false;
}

/* Appends those options that are known and not there yet. */
static void add_options(char *kept, size_t size, const char *options)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", options);
    char *rest = text;
    for (char *option = strsep(&rest, ","); option; option = strsep(&rest, ",")) {
        size_t length = strlen(kept);
        if (is_known(option) && !machine__has_word(kept, option))
            snprintf(kept + length, size - length, "%s%s", length ? "," : "", option);
    }
}

struct file_system {
    char type[64];
    char options[MACHINE__TEXT_BYTES];
    char source[PATH_MAX];
};

static bool holds(const char *point, const char *path)
{
    size_t length = strlen(point);
    if (strcmp(point, "/") == 0)
        return true;
    return strncmp(point, path, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Of the mounts above a path the longest counts, of equally long ones the last. */
static void find_file_system(const char *root, const char *path, struct file_system *found)
{
    *found = (struct file_system){ .type = MACHINE__UNKNOWN };
    FILE *file = machine__open(root, "/proc/self/mountinfo");
    if (!file)
        return;
    struct machine__mount mount = { 0 };
    size_t best_length = 0;
    while (machine__next_mount(file, &mount)) {
        if (!holds(mount.point, path) || strlen(mount.point) < best_length)
            continue;
        best_length = strlen(mount.point);
        found->options[0] = '\0';
        add_options(found->options, sizeof found->options, mount.options);
        add_options(found->options, sizeof found->options, mount.super_options);
        snprintf(found->type, sizeof found->type, "%s", mount.type);
        snprintf(found->source, sizeof found->source, "%s", mount.source);
    }
    free(mount.line);
    fclose(file);
}

/* File systems such as btrfs number themselves; their source is then the device. */
static dev_t device_of(const struct stat *status, const char *source)
{
    struct stat device;
    if (major(status->st_dev) != 0 || source[0] != '/')
        return status->st_dev;
    bool is_device = stat(source, &device) == 0 && S_ISBLK(device.st_mode);
    return is_device ? device.st_rdev : status->st_dev;
}

static void find_disk(const char *root, dev_t device, char *folder, size_t size)
{
    snprintf(folder, size, "/sys/dev/block/%u:%u", major(device), minor(device));
    size_t length = strlen(folder);
    if (machine__exists(root, "%s/partition", folder))
        snprintf(folder + length, size - length, "/..");
}

static void set_chosen(json_t *object, const char *key, const char *root, const char *folder,
                       const char *file)
{
    char text[MACHINE__TEXT_BYTES];
    machine__read_line(root, text, sizeof text, "%s/%s", folder, file);
    machine__chosen_word(text);
    machine__set_text(object, key, text);
}

static void describe_device(const char *root, dev_t device, json_t *object)
{
    char folder[64];
    find_disk(root, device, folder, sizeof folder);
    double rotational = machine__read_number(root, "%s/queue/rotational", folder);
    double block_bytes = machine__read_number(root, "%s/queue/logical_block_size", folder);
    bool is_disk = machine__exists(root, "%s", folder);
    machine__set_text(object, "device", is_disk ? "disk" : major(device) ? MACHINE__UNKNOWN : "none");
    set_chosen(object, "model", root, folder, "device/model");
    machine__set_text(object, "rotational",
                      isnan(rotational) ? MACHINE__UNKNOWN : rotational > 0 ? "yes" : "no");
    set_chosen(object, "scheduler", root, folder, "queue/scheduler");
    set_chosen(object, "write_cache", root, folder, "queue/write_cache");
    machine__set_number(object, "block_bytes", block_bytes);
}

static double free_bytes(const char *path)
{
    struct statvfs status;
    return statvfs(path, &status) ? NAN : (double)status.f_bavail * (double)status.f_frsize;
}

int machine_describe_path(const char *root, const char *path, json_t **out)
{
    char resolved[PATH_MAX];
    struct stat status;
    if (!realpath(path, resolved) || stat(resolved, &status))
        return -errno;
    json_t *object = json_object();
    if (!object)
        return -ENOMEM;
    struct file_system found;
    find_file_system(root, resolved, &found);
    machine__set_text(object, "file_system", found.type);
    machine__set_text(object, "options", found.options);
    machine__set_number(object, "free_mib", floor(free_bytes(resolved) / (1 << 20)));
    describe_device(root, device_of(&status, found.source), object);
    *out = object;
    return 0;
}
