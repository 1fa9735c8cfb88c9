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
    char python_executable[4096];
    json_t *calibration;
    json_t *checks;     /* what blurs this run */
    json_t *surroundings; /* what must not change while it is measured: run_surroundings() and, where the plan needs it,
                             python: which one, or "none", or "unknown" */
    struct plan plan;
    char plan_hash[17];
    char id[64];        /* the folder's name when it was made */
    char dir[4096];
    char scratch_dir[4096]; /* of the run's own; "" if there is none */
    int scratch_fd;         /* holds its lock */
    char started[32];
    int n_resumes;
    json_t *recorded;   /* run.json of a run that is taken up, as it was read, or NULL */
    struct journal journal;
    struct journal_mark round_start;
    json_t *hangs;       /* side -> why it is not tried again */
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

/* Asks again, for now["python"]. Returns 0, or an exit code. */
int run_look_at_python(const struct run *run, json_t *now);

/* What must not change while a run is measured. */
struct run_change {
    const char *key;     /* in the object of surroundings */
    const char *what;    /* that has changed */
    const char *refusal; /* of a resume */
};

/* The surroundings as they are now, without python; without a machine only what is quickly looked at. And where the
 * scratch folder lies, of a description of it. New references. */
json_t *run_surroundings(const struct run *run, const struct machine *machine);
json_t *run_scratch_place(const json_t *described);

/* What this process was started with and hands on, of a description of the machine. A new reference. */
json_t *run_process_setting(const json_t *description);

/* The first difference, or NULL. What one of them does not tell is none. */
const struct run_change *run_find_change(const json_t *before, const json_t *now);

/* Which part of it has changed, to be printed behind the change; "" where that says all. */
const char *run_changed_part(const struct run_change *change, const json_t *before, const json_t *now);

/* Stops the run if its surroundings are not what they were, and takes back what was measured since the round began.
 * Quickly: what takes no time and no process. Returns 0, or an exit code, printed. */
enum run_look { RUN_LOOK_QUICKLY, RUN_LOOK_CLOSELY };
int run_look_again(struct run *run, enum run_look look);

/* Finds how many iterations each cell takes and writes the plan's line. Returns 0, or an exit code. */
int run_pilot(struct run *run);

/* A folder for files of workloads. Returns 0 or RUN_ERROR, printed. */
int run_make_scratch(struct run *run);
void run_remove_scratch(const struct run *run);

/* A new run up to its journal: nothing is written before the plan is known to be good. And one that was stopped: all
 * that its folder says is looked at before it is changed. Both return 0 or an exit code, printed. */
int run_begin(struct run *run);
int run_take_up(struct run *run);

/* Makes of a stopped run's run.json what the options say; refuses what would mix two settings. Returns 0 or RUN_ERROR,
 * printed. */
int run_load(struct run *run);

/* Once the journal is locked: whether what was read before is still what is there. Returns 0 or RUN_ERROR, printed. */
int run_load_unchanged(const struct run *run);

/* Whether run.json and the journal's lines are those of the plan. Returns 0 or RUN_ERROR, printed. */
int run_check_recorded(struct run *run);

/* Says why a run cannot be taken up. Returns RUN_ERROR. */
int run_refuse(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts the iterations of the journal's first line into the plan, if it is this one's. Returns 0 or RUN_ERROR,
 * printed. */
int run_adopt_plan_line(struct run *run);

/* What was chosen, as run.json has it. A new reference. */
json_t *run_factors_json(const struct run *run);

/* Writes run.json. Returns 0 or a negative errno. */
int run_write_document(const struct run *run, const char *status);

/* Names on stderr the backends that these lines of a journal have no value of in any cell. Returns how many. */
size_t run_print_unmeasured(const json_t *lines);

/* Says why a run cannot begin; and why one that can go on has to stop, and how it goes on. Both return RUN_ERROR. */
int run_complain(const struct run *run, const char *what, int error);
int run_give_up(const struct run *run, const char *what, int error);

/* Whether there is more room than is left alone. Returns 0 or RUN_ERROR, printed. */
int run_check_room(const struct run *run, const char *path);

/* Measures every side of every round that has no line in the journal. Returns 0, or an exit code. */
int run_measure_rounds(struct run *run);

/* Why this side is not tried again; NULL if it is. */
const char *run_find_hang(const struct run *run, const struct cell *cell, const struct side *side);

/* That it was not done in its time, in this round or, if that is negative, in the pilot. Says what others may cost. */
void run_note_hang(struct run *run, const struct cell *cell, const struct side *side, double timeout_s, int round);

/* Those that the journal knows. */
void run_adopt_hangs(struct run *run);

/* Says beforehand what the sides of plugins may cost, should they hang. */
void run_say_worst(const struct run *run);

/* What all sides share. */
struct side_setting run_setting(const struct run *run);

/* Which number a side has among all sides, cell after cell. */
size_t run_side_number(const struct run *run, struct plan_step step);

/* Measures according to options->resume anew or on. Returns the exit code. */
int run_main(struct run_options *options);

#endif
