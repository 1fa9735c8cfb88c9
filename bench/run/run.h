/* One run, from its plan to its folder. */
#ifndef RUN_H
#define RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "machine/machine.h"
#include "measure/side.h"
#include "options.h"
#include "plan/plan.h"
#include "record/journal.h"
#include "record/recorder.h"
#include "run/progress.h"

/* Exit codes of `poolbench run`. */
enum { RUN_OK = 0, RUN_ERROR = 1, RUN_SOME_FAILED = 3, RUN_STOPPED = 130 };

/* Free space below which a run does not start or go on. */
enum { RUN_RESERVE_DISK_MIB = MACHINE_RESERVE_DISK_MIB };

struct run {
    struct run_options options;
    struct machine *machine;
    struct machine_headroom headroom;
    struct recorder_cost clock;
    cpu_set_t *cpusets;
    size_t n_cpusets;
    int floor_cpus[2];
    struct open_place open_place;
    char kernel[128];
    char binary[17];    /* a hash of this program */
    char python[64];    /* which one, where the plan needs one, or "none", or "unknown" */
    char python_executable[4096];
    json_t *calibration;
    json_t *checks;     /* what blurs this run */
    struct plan plan;
    char plan_hash[17];
    char dir[4096];
    char scratch_dir[4096]; /* of the run's own; "" if there is none */
    char started[32];
    int n_resumes;
    struct journal journal;
    double *expected_ms; /* of each side, cell after cell */
    struct progress progress;
};

/* What the machine is and may do; errors are printed. Returns 0 or RUN_ERROR. */
int run_look_around(struct run *run);

/* Places of an open load, given those of cores and of hardware threads (none where nothing can be bound) and how many
 * CPUs may be used at a time. generator_cpu is -1, and the tasks' CPUs are those of the run, where none is to spare. */
void run_place_open(struct open_place *place, const cpu_set_t *cores, size_t n_cores, const cpu_set_t *pus,
                    size_t n_pus, size_t n_usable);

/* The plan, from options and calibration. Returns 0 or RUN_ERROR, printed. */
int run_make_plan(struct run *run);

/* Measures what the plan's workloads need to know of this machine. Returns 0, or an exit code. */
int run_calibrate(struct run *run);

/* Asks which CPython there is, if the plan has sides that need one. Returns 0, or an exit code. */
int run_find_python(struct run *run);

/* Finds how many iterations each cell takes and writes the plan's line. Returns 0, or an exit code. */
int run_pilot(struct run *run);

/* A folder for files of workloads. Returns 0 or RUN_ERROR, printed. */
int run_make_scratch(struct run *run);
void run_remove_scratch(const struct run *run);

/* Makes of a stopped run's folder what the options say; refuses what would mix two settings. Returns 0 or
 * RUN_ERROR, printed. */
int run_load(struct run *run);

/* Puts the calibration and iterations of the journal's first line into the plan. Returns 0 or RUN_ERROR, printed. */
int run_adopt_plan_line(struct run *run);

/* Writes run.json. Returns 0 or a negative errno. */
int run_write_document(const struct run *run, const char *status);

/* Says why a run that can go on has to stop, and how it goes on. Returns RUN_ERROR. */
int run_give_up(const struct run *run, const char *what, int error);

/* What all sides share. */
struct side_setting run_setting(const struct run *run);

/* Which number a side has among all sides, cell after cell. */
size_t run_side_number(const struct run *run, struct plan_step step);

/* Measures according to options->resume anew or on. Returns the exit code. */
int run_main(struct run_options *options);

#endif
