/* How many CPUs this process may use: affinity mask and the CPU quotas of control groups.
 *
 * /proc/self/cgroup says which groups the process is in, /proc/self/mountinfo where their trees are mounted
 * and which group is at the top of each mount. The quota of a group binds all groups below it, so every
 * directory from the process's group up to the mount is read and the least quota counts. In a container the
 * process's group is often not below the mount: then the mount itself is all that can be seen of it.
 *
 * A directory or file that is missing sets no limit. No state, no locking.
 */
#include "cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MASK_BYTES_MAX = 1 << 20 }; /* where to stop asking the kernel with larger masks: 8 million CPUs */

/* Version 1 and 2 differ in how their mounts and files are called. */
struct hierarchy {
    const char *fstype;
    const char *controller; /* NULL: all controllers are in one tree */
    double (*quota_of)(const char *dir);
};

static FILE *open_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);

    return n >= 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
}

/* Reads up to two numbers from a file and returns how many there were. */
static int read_numbers(const char *dir, const char *name, double *first, double *second)
{
    FILE *file = open_file(dir, name);
    int n;

    if (file == NULL)
        return 0;
    n = fscanf(file, "%lf %lf", first, second);
    fclose(file);
    return n < 0 ? 0 : n;
}

static double quota_of_times(double quota_us, double period_us)
{
    return quota_us > 0 && period_us > 0 ? quota_us / period_us : 0;
}

static double quota_v1(const char *dir)
{
    double quota_us, period_us, none;

    if (read_numbers(dir, "cpu.cfs_quota_us", &quota_us, &none) < 1
        || read_numbers(dir, "cpu.cfs_period_us", &period_us, &none) < 1)
        return 0;
    return quota_of_times(quota_us, period_us);
}

static double quota_v2(const char *dir)
{
    double quota_us, period_us;

    return read_numbers(dir, "cpu.max", &quota_us, &period_us) == 2 ? quota_of_times(quota_us, period_us) : 0;
}

static const struct hierarchy hierarchies[] = {
    {"cgroup", "cpu", quota_v1},
    {"cgroup2", NULL, quota_v2},
};

/* Whether word is in a comma-separated list. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (; list != NULL; list = strchr(list, ',')) {
        list += *list == ',';
        if (strncmp(list, word, n) == 0 && strchr(",\n", list[n]) != NULL)
            return true;
    }
    return false;
}

/* Reads a line without its newline into *line, as getline() does. */
static bool read_line(FILE *file, char **line, size_t *size_bytes)
{
    ssize_t n = getline(line, size_bytes, file);

    if (n > 0 && (*line)[n - 1] == '\n')
        (*line)[n - 1] = '\0';
    return n >= 0;
}

/* The process's group in a hierarchy, in the caller's buffer of PATH_MAX bytes. */
static bool find_group(const char *root, const struct hierarchy *hierarchy, char *group)
{
    FILE *file = open_file(root, "proc/self/cgroup");
    char *line = NULL;
    size_t size_bytes = 0;
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && read_line(file, &line, &size_bytes)) {
        char *rest = line, *id = strsep(&rest, ":"), *controllers = strsep(&rest, ":");

        if (rest == NULL || strlen(rest) >= PATH_MAX)
            continue;
        found = hierarchy->controller != NULL ? has_word(controllers, hierarchy->controller)
                                              : strcmp(id, "0") == 0 && *controllers == '\0';
        if (found)
            strcpy(group, rest);
    }
    free(line);
    fclose(file);
    return found;
}

/* Undoes mountinfo's \ooo in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; to++) {
        unsigned byte;

        if (text[0] == '\\' && sscanf(text + 1, "%3o", &byte) == 1 && strspn(text + 1, "01234567") >= 3) {
            *to = (char)byte;
            text += 4;
        } else {
            *to = *text++;
        }
    }
    *to = '\0';
}

struct mount {
    char *top;   /* the group at the top of the mount */
    char *point; /* where it is mounted */
};

/* Splits a line of mountinfo, if it is a mount of the hierarchy:
 * id parent major:minor top point options [optional...] - fstype source superoptions */
static bool parse_mount(char *line, const struct hierarchy *hierarchy, struct mount *mount)
{
    char *rest = strstr(line, " - "), *fstype, *options;

    if (rest == NULL)
        return false;
    *rest = '\0';
    rest += 3;
    fstype = strsep(&rest, " ");
    strsep(&rest, " ");
    options = rest;
    if (strcmp(fstype, hierarchy->fstype) != 0
        || (hierarchy->controller != NULL && !has_word(options, hierarchy->controller)))
        return false;
    for (int i = 0; i < 3; i++)
        strsep(&line, " ");
    mount->top = strsep(&line, " ");
    mount->point = strsep(&line, " ");
    if (mount->point == NULL)
        return false;
    unescape(mount->top);
    unescape(mount->point);
    return true;
}

static bool leaves_mount(const char *path)
{
    const char *dots = strstr(path, "/..");

    return dots != NULL && (dots[3] == '/' || dots[3] == '\0');
}

/* What of the group's path lies below the top of a mount, or NULL if the group is not below it. */
static const char *below(const char *group, const char *top)
{
    size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);

    if (strncmp(group, top, n) != 0 || (group[n] != '/' && group[n] != '\0') || leaves_mount(group))
        return NULL;
    return group + n;
}

/* Where the group can be seen: *dir becomes its directory, of which the first *n_mount bytes are the mount.
 * Of several mounts the one counts that shows most of the groups above it. */
static bool find_dir(const char *root, const struct hierarchy *hierarchy, const char *group, char *dir,
                     size_t *n_mount)
{
    FILE *file = open_file(root, "proc/self/mountinfo");
    char *line = NULL;
    size_t size_bytes = 0, best = 0;
    struct mount mount;
    bool found = false;

    if (file == NULL)
        return false;
    while (read_line(file, &line, &size_bytes)) {
        const char *rest;
        size_t rank, n;

        if (!parse_mount(line, hierarchy, &mount))
            continue;
        rest = below(group, mount.top);
        rank = rest != NULL ? 1 + strlen(rest) : 0;
        n = strlen(root) + strlen(mount.point);
        if ((found && rank <= best) || n + rank >= PATH_MAX)
            continue;
        snprintf(dir, PATH_MAX, "%s%s%s", root, mount.point, rest != NULL ? rest : "");
        found = true;
        best = rank;
        *n_mount = n;
    }
    free(line);
    fclose(file);
    return found;
}

/* The least quota of a directory and those above it down to n_mount bytes; 0 = none. */
static double least_quota(const struct hierarchy *hierarchy, char *dir, size_t n_mount)
{
    double least = 0;

    for (;;) {
        double quota = hierarchy->quota_of(dir);
        char *slash = strrchr(dir, '/');

        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
        if (slash == NULL || (size_t)(slash - dir) < n_mount)
            return least;
        *slash = '\0';
    }
}

static double find_quota(const char *root)
{
    char group[PATH_MAX], dir[PATH_MAX];
    size_t n_mount;
    double least = 0;

    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        double quota = 0;

        if (find_group(root, &hierarchies[i], group) && find_dir(root, &hierarchies[i], group, dir, &n_mount))
            quota = least_quota(&hierarchies[i], dir, n_mount);
        if (quota > 0 && (least == 0 || quota < least))
            least = quota;
    }
    return least;
}

/* The kernel refuses a buffer smaller than its own masks. */
int pool__count_mask(size_t *n)
{
    int error = EINVAL;

    for (size_t bytes = sizeof(cpu_set_t); error == EINVAL && bytes <= MASK_BYTES_MAX; bytes *= 2) {
        cpu_set_t *mask = malloc(bytes);

        if (mask == NULL)
            return -ENOMEM;
        error = sched_getaffinity(0, bytes, mask) == 0 ? 0 : errno;
        if (error == 0)
            *n = (size_t)CPU_COUNT_S(bytes, mask);
        free(mask);
    }
    return -error;
}

/* Counts a list such as 0-3,8,10-11. */
static size_t count_list(const char *list)
{
    size_t n = 0;
    char *end;

    for (;;) {
        unsigned long first = strtoul(list, &end, 10), last = first;

        if (end == list)
            return n;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last >= first)
            n += last - first + 1;
        list = end + (*end == ',');
    }
}

static int count_recorded_mask(const char *root, size_t *n)
{
    static const char key[] = "Cpus_allowed_list:";
    FILE *file = open_file(root, "proc/self/status");
    char *line = NULL;
    size_t size_bytes = 0;

    if (file == NULL)
        return -ENOENT;
    *n = 0;
    while (*n == 0 && read_line(file, &line, &size_bytes)) {
        if (strncmp(line, key, sizeof key - 1) == 0)
            *n = count_list(line + sizeof key - 1);
    }
    free(line);
    fclose(file);
    return *n > 0 ? 0 : -ENOENT;
}

static size_t round_up(double cpus)
{
    size_t n = (size_t)cpus;

    return (double)n < cpus ? n + 1 : n;
}

static int find_limits(const char *root, struct pool_cpu_limits *out)
{
    struct pool_cpu_limits limits = {0};
    int error = *root == '\0' ? pool__count_mask(&limits.n_affinity) : count_recorded_mask(root, &limits.n_affinity);

    if (error != 0)
        return error;
    limits.quota_cpus = find_quota(root);
    limits.n_usable = limits.n_affinity;
    if (limits.quota_cpus > 0 && limits.quota_cpus < (double)limits.n_affinity)
        limits.n_usable = round_up(limits.quota_cpus);
    *out = limits;
    return 0;
}

/* Who is cancelled while reading a file would leave it open. */
int pool_cpu_limits(const char *root, struct pool_cpu_limits *out)
{
    int cancel_state, error;

    if (root == NULL || out == NULL)
        return -EINVAL;
    cancel_state = pool__disable_cancel();
    error = find_limits(root, out);
    pool__enable_cancel(cancel_state);
    return error;
}
