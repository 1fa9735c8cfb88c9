/* The options of `poolbench run`. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/machine.h"
#include "plan/plan.h"
#include "plugins/plugins.h"

enum { OPTIONS_BACKENDS_MAX = 32, OPTIONS_FILTER_MAX = 500, OPTIONS_ROUNDS_MAX = 1000, OPTIONS_WORKERS_MAX = 4096 };

struct run_options {
    const struct profile *profile;
    const char *filter;                               /* or NULL */
    const char *backends[OPTIONS_BACKENDS_MAX + 1];   /* names, ended by NULL */
    size_t workers[PLAN_WORKERS_MAX];
    size_t n_workers;                                 /* 0: the CPUs that can be used */
    size_t rounds;                                    /* 0: those of the profile */
    uint64_t seed;
    const char *results_dir;
    const char *scratch_dir;
    const char *resume;                               /* a run folder, or NULL */
    enum machine_bind bind;
    struct plugin plugins[PLUGINS_MAX];
    size_t n_plugins;
};

/* Has each plugin among the arguments described, before anything else is read. Returns 0, or 1, printed. */
int options_take_plugins(int argc, char **argv, struct plugin *plugins, size_t *n_plugins);

/* Reads the arguments after `run`. Says in one line on stderr what is wrong.
 * Returns 0, 1 for an error, or -1 if help was asked for and printed. */
int options_parse(int argc, char **argv, struct run_options *options);

extern const char *const options_bind_names[]; /* by enum machine_bind, ended by NULL */

#endif
