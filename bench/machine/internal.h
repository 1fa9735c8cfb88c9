/* What the files of this folder share: reading below a root, the topology, the parts of the description. */
#ifndef MACHINE_INTERNAL_H
#define MACHINE_INTERNAL_H

#include "machine.h"

#include <hwloc.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum {
    MACHINE__TEXT_BYTES = 256,
    MACHINE__ID_BYTES = 96,
    MACHINE__LIBRARIES_BYTES = 2048,
};

#define MACHINE__UNKNOWN "unknown"

struct machine {
    char *root;
    hwloc_topology_t topology;
    bool topology_known; /* false where a recorded tree holds no processors: one stands in */
    json_t *description;
    size_t n_usable;
    char id[MACHINE__ID_BYTES];
    char cpu_setting[MACHINE_SETTING_BYTES];
};

/* read.c. Numbers are NAN where they cannot be read and INFINITY where the file says max or unlimited. */

#define MACHINE__PATH_ARGUMENTS(format_index) __attribute__((format(printf, format_index, format_index + 1)))

FILE *machine__open(const char *root, const char *format, ...) MACHINE__PATH_ARGUMENTS(2);
bool machine__exists(const char *root, const char *format, ...) MACHINE__PATH_ARGUMENTS(2);

/* The first line without white space around it; on a negative errno text is "unknown". */
int machine__read_line(const char *root, char *text, size_t size, const char *format, ...)
    MACHINE__PATH_ARGUMENTS(4);
double machine__read_number(const char *root, const char *format, ...) MACHINE__PATH_ARGUMENTS(2);

/* The same for the rest of the first line that begins with key, after blanks and a colon. */
int machine__read_field(const char *root, const char *path, const char *key, char *text, size_t size);
double machine__read_field_number(const char *root, const char *path, const char *key);

/* Calls visit with the names in a folder that begin with prefix, sorted. Returns how many, or a negative
 * errno. */
int machine__list(const char *root, const char *path, const char *prefix,
                  void (*visit)(const char *name, void *arg), void *arg);

/* The word in brackets of a line such as "always [madvise] never", left in text. */
void machine__chosen_word(char *text);

/* json.c. Nothing empty gets in: what is missing becomes "unknown", no limit becomes "none". */
void machine__set_text(json_t *object, const char *key, const char *text);
void machine__set_number(json_t *object, const char *key, double value);
void machine__set_line(json_t *object, const char *key, const char *root, const char *path);
const char *machine__text(const struct machine *machine, const char *topic, const char *key);
double machine__number(const struct machine *machine, const char *topic, const char *key);

/* mounts.c: one line of mountinfo after the other. */
struct machine__mount {
    const char *mounted;       /* the folder of the file system that is mounted */
    const char *point;
    const char *options;
    const char *type;
    const char *source;
    const char *super_options;
    char *line;                /* what the others point into; free() it at the end */
    size_t line_bytes;
};

/* Reads the next line that can be parsed. False at the end. */
bool machine__next_mount(FILE *file, struct machine__mount *mount);

/* Whether a list separated by commas has the word. */
bool machine__has_word(const char *list, const char *word);

/* cgroup.c: the group of this process in the hierarchy of a controller, and the groups above it. */
struct machine__cgroup {
    int version;
    char path[PATH_MAX];
    size_t top_length; /* of the path of the highest group that can be seen */
};

/* version 2 has one hierarchy for all controllers. Returns 0 or -ENOENT. */
int machine__cgroup_find(const char *root, const char *controller, int version,
                         struct machine__cgroup *group);

/* Whether this process is in a group of the controller, or may be, whose limits cannot be read. */
bool machine__cgroup_is_hidden(const char *root, const char *controller);

/* Moves to the group above; false at the top. */
bool machine__cgroup_up(struct machine__cgroup *group);

/* A file of the group by its names in version 1 and 2; what counts as no limit in version 1 is INFINITY. */
double machine__cgroup_number(const char *root, const struct machine__cgroup *group, const char *v1_file,
                              const char *v2_file);

/* The least limit of all groups and versions, NAN where no group can be found. */
double machine__cgroup_limit(const char *root, const char *controller, const char *v1_file,
                             const char *v2_file);

/* memory.c: a group's own limit, refused above or held up above. */
double machine__memory_limit(const char *root, const struct machine__cgroup *group);

/* topology.c */
int machine__load_topology(struct machine *machine);
void machine__describe_topology(const struct machine *machine, json_t *processor);
void machine__describe_hwloc(const struct machine *machine, json_t *build);
double machine__numa_memory_bytes(const struct machine *machine);

/* Kinds of cores, as on hybrid processors, among the CPUs that may be used; 0 where that is not known. */
size_t machine__count_usable_kinds(const struct machine *machine);

/* affinity.c: the affinity mask, of a recorded tree the one in its /proc/self/status. */
int machine__affinity(const char *root, hwloc_bitmap_t mask);

/* placement.c: what machine_placement() hands out on a topology where these CPUs may be used; nothing is bound, and
 * *sets and *n_sets stay as they are on an error. */
int machine__place(hwloc_topology_t topology, hwloc_const_bitmap_t allowed, enum machine_bind bind, cpu_set_t **sets,
                   size_t *n_sets);

/* identity.c */
void machine__slug(const char *model, char *slug, size_t size);
void machine__make_id(struct machine *machine);
uint32_t machine__hash(const char *text); /* FNV-1a */

/* The parts of the description, one object each. */
json_t *machine__describe_processor(const struct machine *machine);
json_t *machine__describe_memory(const struct machine *machine);
json_t *machine__describe_kernel(const struct machine *machine);
json_t *machine__describe_frequency(const struct machine *machine);
json_t *machine__describe_clock(const struct machine *machine);
json_t *machine__describe_virtualization(const struct machine *machine);
json_t *machine__describe_limits(struct machine *machine);
json_t *machine__describe_process(const struct machine *machine);
json_t *machine__describe_build(const struct machine *machine);
json_t *machine__describe_counters(const struct machine *machine);

#endif
