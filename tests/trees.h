/* Trees of files as machines of other kinds have them in /proc and /sys, and what the tests of them share. */
#ifndef TREES_H
#define TREES_H

#include "check.h"
#include "warns.h"

#include "machine/machine.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static inline int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static inline void empty_tree(void)
{
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(root, 0700);
}

static inline void put(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void put(const char *path, const char *format, ...)
{
    char full[512];
    size_t n_root = (size_t)snprintf(full, sizeof full, "%s%s", root, path) - strlen(path);
    for (char *slash = full + n_root + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    if (!CHECK(file != NULL))
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

static inline json_t *value(const struct machine *machine, const char *topic, const char *key)
{
    return json_object_get(json_object_get(machine_description(machine), topic), key);
}

static inline bool has_text(const struct machine *machine, const char *topic, const char *key, const char *text)
{
    const char *found = json_string_value(value(machine, topic, key));
    bool same = found && strcmp(found, text) == 0;
    if (!same)
        fprintf(stderr, "%s.%s is %s, not %s\n", topic, key, found ? found : "no text", text);
    return same;
}

static inline bool has_number(const struct machine *machine, const char *topic, const char *key, double number)
{
    json_t *found = value(machine, topic, key);
    bool same = json_is_number(found) && json_number_value(found) == number;
    if (!same)
        fprintf(stderr, "%s.%s is %g, not %g\n", topic, key, json_number_value(found), number);
    return same;
}

static inline bool binds(const char *limit, size_t max_threads)
{
    struct machine_headroom headroom;
    machine_headroom(root, &headroom);
    bool same = strcmp(headroom.limit, limit) == 0 && headroom.max_threads == max_threads;
    if (!same)
        fprintf(stderr, "%s binds at %zu\n", headroom.limit, headroom.max_threads);
    return same;
}

/* Makes the folder of the tree, or ends the test. */
static inline void begin_trees(char *folder)
{
    if (!CHECK(mkdtemp(folder) != NULL))
        exit(1);
    snprintf(root, sizeof root, "%s/tree", folder);
}

static inline void end_trees(const char *folder)
{
    empty_tree();
    rmdir(root);
    rmdir(folder);
}

#endif
