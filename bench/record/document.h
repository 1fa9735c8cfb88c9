/* run.json: what the run is, as results/README.md describes it, made from the plan and the journal. */
#ifndef RECORD_DOCUMENT_H
#define RECORD_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "plan/plan.h"

/* The parts that come straight from the plan. New references. */
json_t *document_metrics(void);
bool document_has_metric(const char *name);
json_t *document_backends(void);
json_t *document_workloads(void); /* with their parameters */
json_t *document_experiments(const struct plan *plan);
json_t *document_cells(const struct plan *plan);
json_t *document_keys(const struct cell *cell);
json_t *document_iterations(const struct cell *cell); /* one number a side */

/* The parts that come from the journal's lines. */
json_t *document_samples(const json_t *lines);
json_t *document_failures(const json_t *lines);

/* A hash of a JSON value that does not depend on how it is printed. */
void document_hash(const json_t *json, char hash[17]);

#endif
