/* Finds the control groups of this process: its path in /proc/self/cgroup, the place of the hierarchy in
 * mountinfo. A limit of any group above binds as well, so readers walk from the own group to the top.
 *
 * In a container the hierarchy is often mounted from the container's group on, and the path in
 * /proc/self/cgroup is then the host's: the part that is not mounted is cut off. */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Above this, version 1 writes "no limit" as a number that depends on the page size. */
static const double no_limit_bytes = 0x1p62;

static bool is_hierarchy(const char *controllers, const char *controller, int version)
{
    return version == 2 ? *controllers == '\0' : machine__has_word(controllers, controller);
}

/* Lines are hierarchy:controllers:path. */
static int find_path(const char *root, const char *controller, int version, char path[PATH_MAX])
{
    FILE *file = machine__open(root, "/proc/self/cgroup");
    if (!file)
        return -ENOENT;
    int result = -ENOENT;
    char *line = NULL;
    size_t line_bytes = 0;
    while (result && getline(&line, &line_bytes, file) > 0) {
        char *rest = line;
        strsep(&rest, ":");
        const char *controllers = strsep(&rest, ":");
        const char *group = strsep(&rest, "\n");
        if (group && is_hierarchy(controllers, controller, version)) {
            snprintf(path, PATH_MAX, "%s", group);
            result = 0;
        }
    }
    free(line);
    fclose(file);
    return result;
}

static const char *below_mount(const char *path, const char *mounted)
{
    size_t length = strlen(mounted);
    if (strcmp(mounted, "/") == 0)
        length = 0;
    bool is_below = strncmp(path, mounted, length) == 0 && (path[length] == '/' || path[length] == '\0');
    if (!is_below || strstr(path, "/..") || strcmp(path, "/") == 0)
        return "";
    return path + length;
}

int machine__cgroup_find(const char *root, const char *controller, int version, struct machine__cgroup *group)
{
    char path[PATH_MAX];
    if (find_path(root, controller, version, path))
        return -ENOENT;
    FILE *file = machine__open(root, "/proc/self/mountinfo");
    if (!file)
        return -ENOENT;
    int result = -ENOENT;
    const char *type = version == 2 ? "cgroup2" : "cgroup";
    struct machine__mount mount = { 0 };
    while (result && machine__next_mount(file, &mount)) {
        if (strcmp(mount.type, type) != 0)
            continue;
        if (version == 1 && !machine__has_word(mount.super_options, controller))
            continue;
        const char *below = below_mount(path, mount.mounted);
        if (snprintf(group->path, sizeof group->path, "%s%s", mount.point, below) >= (int)sizeof group->path)
            continue;
        group->version = version;
        group->top_length = strlen(mount.point);
        result = 0;
    }
    free(mount.line);
    fclose(file);
    return result;
}

/* Version 1 where that has the controller, or else version 2, which every kernel lists though it may not be mounted. */
bool machine__cgroup_is_hidden(const char *root, const char *controller)
{
    char path[PATH_MAX];
    struct machine__cgroup group;
    int version = find_path(root, controller, 1, path) == 0 ? 1 : 2;
    bool is_listed = version == 1 || find_path(root, controller, 2, path) == 0;
    if (!is_listed)
        return !machine__exists(root, "/proc/self/cgroup");
    if (machine__cgroup_find(root, controller, version, &group) != 0)
        return true;
    return !machine__exists(root, "%.*s", (int)group.top_length, group.path); /* something else may be mounted there */
}

bool machine__cgroup_up(struct machine__cgroup *group)
{
    char *last = strrchr(group->path, '/');
    if (!last || (size_t)(last - group->path) < group->top_length)
        return false;
    *last = '\0';
    return true;
}

double machine__cgroup_number(const char *root, const struct machine__cgroup *group, const char *v1_file,
                              const char *v2_file)
{
    double value = machine__read_number(root, "%s/%s", group->path, group->version == 1 ? v1_file : v2_file);
    return value >= no_limit_bytes ? INFINITY : value;
}

double machine__cgroup_limit(const char *root, const char *controller, const char *v1_file,
                             const char *v2_file)
{
    double least = NAN;
    for (int version = 1; version <= 2; version++) {
        struct machine__cgroup group;
        if (machine__cgroup_find(root, controller, version, &group))
            continue;
        least = fmin(least, INFINITY); /* a group whose files are missing has no limit of its own */
        do
            least = fmin(least, machine__cgroup_number(root, &group, v1_file, v2_file));
        while (machine__cgroup_up(&group));
    }
    return least;
}
