/* What a measuring process reads and reports of an open load. */
#ifndef MEASURE_OPEN_H
#define MEASURE_OPEN_H

#include <jansson.h>

#include "load/load.h"

/* Fills side->open and where its tasks may run. Returns 0 or a negative errno, with a reason. */
int open_read(const json_t *job, struct load_side *side, char *reason, size_t reason_bytes);

/* Adds rates, refusals and means. */
void open_add_metrics(json_t *metrics, const struct load_side *side);

/* The counts of each part of the duration; NULL for a side without an open load. A new reference. */
json_t *open_timeline(const struct load_side *side);

#endif
