/* What a measuring process knows of its side, shared by the files that read the job, measure, and tell. */
#ifndef MEASURE_MEASURING_H
#define MEASURE_MEASURING_H

#include <jansson.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gbench/gbench.h"
#include "load/floors.h"
#include "load/load.h"
#include "unknown.h"

enum { REASON_BYTES = 200, MEASURES_MAX = 8 };

struct measuring {
    const json_t *job;
    struct load_side side;
    const struct floor *floor;
    gbench_iteration *iterate;
    bool prepared;
    bool is_lost;      /* tasks may run that nobody waits for: nothing can be taken down */
    cpu_set_t *cpusets;
    double first_ns;   /* the first iteration, which is discarded; NAN without one */
    enum { SETTLED_UNKNOWN, UNSETTLED, SETTLED } settled;
    struct gbench_result result;
    struct workload_measure measures[MEASURES_MAX];
    size_t n_measures;
    char reason[REASON_BYTES];
};

/* Writes the reason, returns the error. */
int measuring_fail(struct measuring *m, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fields of the job, and keys of its cell. */
uint64_t job_number(const json_t *job, const char *name);
const char *job_word(const json_t *job, const char *name, const char *fallback);
uint64_t key_number(const json_t *keys, const char *name, uint64_t fallback);

/* Fills m->side from the job. Returns 0 or a negative errno with a reason. */
int measuring_read_side(struct measuring *m);

/* What was measured, of a side that ended with this error; and its latencies. New references. */
json_t *measuring_metrics(struct measuring *m, int error);
json_t *measuring_histogram(const struct histogram *histogram);

/* Sets a number that is one. */
void set_real(json_t *object, const char *name, double value);

#endif
