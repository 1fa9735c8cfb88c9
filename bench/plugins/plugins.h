/* Plugins: described for the process that plans, which never loads one, and loaded in those that measure. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "workload.h"

enum { PLUGINS_MAX = 16 };

struct plugin {
    const char *path;
    char hash[17];             /* of the file */
    const json_t *description; /* what it brings; kept for as long as this process lives */
};

/* Has a process of its own load the plugin and say what it brings, and adds that to the registries, without its
 * functions. Returns 0, or 1 with one line on stderr. */
int plugins_describe(const char *path, struct plugin *plugin);

/* The paths of those that bring this backend or this workload, for a measuring process: what the others bring along,
 * libraries that start threads or take signals, stays out of it. A new reference. */
json_t *plugins_paths(const struct plugin *plugins, size_t n_plugins, const char *backend, const char *workload);

/* Has a process of its own calibrate a workload of a plugin's. *value is 0 if it has no calibration, and for a workload
 * that is built in. Returns 0, -EINTR if a signal came, or another negative errno, printed. */
int plugins_calibrate(const struct plugin *plugins, size_t n_plugins, const struct workload *workload, uint64_t *value);

/* For a measuring process: loads a plugin and adds what it brings to the registries. Returns 0, or -EINVAL with a
 * reason. */
int plugins_load(const char *path, char *reason, size_t reason_bytes);

/* What plugins have brought to the registries of this process, as plugins_describe() reads it. A new reference. */
json_t *plugins_description(void);

#endif
