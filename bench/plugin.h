/* A backend or a workload of one's own, measured like those that are built in:
 *
 *     cc -shared -fPIC -I<poolbench>/bench -o mine.so mine.c
 *     poolbench run --plugin mine.so
 *
 * A plugin defines `poolbench_plugin`, which names what it brings. It is loaded into the processes that measure, one
 * for each side and round, and into one that describes it beforehand; so what it breaks costs its own cells.
 *
 * Names are lower-case letters, digits and hyphens, and none that poolbench has already. A backend takes part in the
 * cells that every backend takes part in; a workload makes a cell of `cpu`, or cells of `io`, by its kind.
 */
#ifndef POOLBENCH_PLUGIN_H
#define POOLBENCH_PLUGIN_H

#include "../workloads/workload.h"
#include "backends/executor.h"

/* Of these headers. Structs grow at their ends alone, and a new field of 0 means what there was before: so plugins that
 * were built with the oldest version or a later one are taken, all others refused. Version 3 added EXECUTOR_SHARED,
 * EXECUTOR_BOUNDED, max_queued and call; version 4 spin_ns. */
enum { POOLBENCH_PLUGIN_VERSION = 4, POOLBENCH_PLUGIN_OLDEST = 2 };

struct poolbench_plugin {
    unsigned version;                       /* POOLBENCH_PLUGIN_VERSION */
    const struct executor *const *backends; /* ended by NULL; or NULL */
    const struct workload *const *workloads;
};

#ifdef __cplusplus
extern "C"
#else
extern
#endif
const struct poolbench_plugin poolbench_plugin;

#endif
