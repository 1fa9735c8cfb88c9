/* The same samples in the formats of others: Google Benchmark's JSON and HdrHistogram's text. */
#ifndef RECORD_EXPORTS_H
#define RECORD_EXPORTS_H

#include <jansson.h>

#include "plan/plan.h"

/* Writes gbench.json. A round of a block in which one side was not ok is left out on all its sides; a
 * backend without workers is written once for each number of workers in its block.
 * Returns 0 or a negative errno. */
int exports_gbench(const char *run_dir, const struct plan *plan, const json_t *lines, const json_t *context);

/* Writes hist/: for each side of a latency cell all rounds merged. Returns 0 or a negative errno. */
int exports_histograms(const char *run_dir, const json_t *lines);

#endif
