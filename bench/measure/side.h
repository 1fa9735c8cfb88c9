/* One side of a cell in one round: what the parent tells the process that measures it, and what comes back. */
#ifndef MEASURE_SIDE_H
#define MEASURE_SIDE_H

#include <jansson.h>
#include <sched.h>
#include <stdint.h>

#include "plan/plan.h"
#include "plugins/plugins.h"

/* The descriptor on which the measuring process writes its one line. */
enum { SIDE_RESULT_FD = 3 };

/* What all sides of a run share. */
struct side_setting {
    uint64_t seed;
    const json_t *calibration; /* workload name -> number */
    size_t stack_bytes;
    size_t max_threads;        /* the reserve, see machine_headroom() */
    const char *thread_limit;  /* its name */
    const char *scratch_dir;
    const cpu_set_t *cpusets;  /* NULL: inherit */
    size_t n_cpusets;
    const struct plugin *plugins;
    size_t n_plugins;
    const char *python;        /* the interpreter for sides that need one */
    int floor_cpus[2];         /* two CPUs on cores of their own; -1 where there is none */
};

/* The job as JSON. iterations 0: search for as many as min_time_ns needs. A new reference. */
json_t *side_job(const struct cell *cell, const struct side *side, const struct side_setting *setting,
                 uint64_t iterations, double min_time_ns);

/* Does the job in this process and writes its result as one line of JSON to SIDE_RESULT_FD: status, reason,
 * metrics, histogram, iteration_ns. Returns the exit code. */
int side_main(const char *job_text);

#endif
