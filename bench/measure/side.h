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

/* The reason where a backend was not made for what a cell asks. */
#define SIDE_NO_OPERATION "the backend has no such operation"

/* Where an open load's generator and tasks run. */
struct open_place {
    int generator_cpu;   /* -1: there is none to spare, it shares the tasks' */
    cpu_set_t task_cpus;
    size_t n_task_cpus;
};

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
    const struct open_place *open_place;
    /* Of an open load, and of one round. */
    size_t round;
    double service_ns;         /* of one task on the caller's own thread; 0: not known */
    double capacity_per_s;     /* tasks that all task CPUs together can do; 0: not known */
};

/* The job as JSON. iterations 0: search for as many as min_time_ns needs. A new reference. */
json_t *side_job(const struct cell *cell, const struct side *side, const struct side_setting *setting,
                 uint64_t iterations, double min_time_ns);

/* Does the job in this process and writes its result as one line of JSON to SIDE_RESULT_FD: status, reason,
 * metrics, histogram, iteration_ns. Returns the exit code. */
int side_main(const char *job_text);

#endif
