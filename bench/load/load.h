/* How tasks arrive: batch, inject, window, gap, idle, open, as a script has them, or within a program. A load drives
 * one backend through one iteration of a cell.
 *
 * One process measures one side, so the task functions find their side in a variable of this file
 * instead of in an argument: a task's argument is only its number, as an address, and costs no memory.
 */
#ifndef LOAD_H
#define LOAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/executor.h"
#include "idioms/idiom.h"
#include "load/open.h"
#include "record/recorder.h"
#include "record/tally.h"
#include "workload.h"

enum load_life { LIFE_WARM, LIFE_RUN, LIFE_BATCH };

/* What one gated batch found out; see results/README.md. */
struct load_depth {
    uint64_t n_held;
    double submit_ns, bytes_per_task, kernel_bytes_per_task;
};

/* What became of what the tasks of a program were to do. */
struct idiom_result {
    char *is_taken;         /* of each task in this iteration */
    uint64_t start_ns, n_taken, n_failed, n_looks, last_look;
    uint64_t n_wrong;       /* results that were not the task's, or came twice; looks that cannot be */
    uint64_t n_missing;     /* results that never came */
    struct histogram first; /* from the start of each timed iteration to its first result */
};

/* A program that is measured as a whole. */
struct load_program {
    const struct idiom *idiom;
    struct idiom_setting setting;
    uint64_t fail_every;    /* each so many-th input cannot be done; 0 = all can */
    uint64_t slow_units;    /* of the first task; each other one is one unit */
    uint64_t build_units;   /* of state; 0 = none */
    struct idiom_result result;
};

struct load_side {
    /* What to do; set by the owner. */
    const struct load *load;
    const struct executor *executor;
    struct executor_options options;
    const struct workload *workload;
    void *workload_state;
    uint64_t values[WORKLOAD_PARAMETERS_MAX], seed; /* which the workload was set up with */
    enum load_life life;
    bool counts_threads;
    bool maps;    /* batch: by the backend's own map, where it has one */
    bool gets;    /* batch: by the backend's own call, one task after the other, whose results are added up */
    bool gated;   /* batch: tasks wait at a gate that opens after the last submit */
    bool stamped; /* latency mode: of each task, or of each batch as a whole */
    bool looks_often; /* after each wait, in iterations that are not timed; not only between iterations */
    uint64_t n_tasks, n_batches, n_inflight, pause_ns;
    size_t n_submitters; /* inject: threads that submit at once */
    size_t n_functions, n_chunk; /* batch: functions that the tasks have in turn, 0: one, submitted all at once; and
                                    how many of the workload's tasks each of them does */
    struct load_open open;
    struct load_program program;

    /* What happened. */
    struct tally tally;
    struct tally_sum forgotten; /* of the warm-up, as far as there are CPUs */
    uint64_t n_submitted; /* tasks accepted so far: the number of the next one */
    int submitter_cpu;    /* where the caller was when it looked; -1: it does not. In the line that each task reads */
    uint64_t n_found, n_expected; /* tasks that had ended and that should have, when a wait returned too early */
    uint64_t result_sum;  /* of the results that the caller got */
    struct executor_counters counters;
    struct load_depth depth;
    uint64_t idle_ns, idle_cpu_ns; /* how long nothing was to be done, and the processor time that this took */
    bool spilled;                  /* gated: a task ran on the submitting thread */
    atomic_uint_fast64_t n_threads_seen; /* where they are counted */
    uint64_t spun_ns;     /* gap: how long the caller was kept busy by its own pauses */
    uint64_t elsewhere_cpu_ns; /* processor time of tasks in another process, where it is known */
    int error; /* the negative errno that ended the side, 0 if none did */

    /* Of the loads. */
    void *backend;
    size_t n_cpus; /* of the machine */
    char *args; /* one address per task of a batch: task i is args + i */
    struct recorder *recorder;
    struct load_injectors *injectors;
    pthread_rwlock_t gate;
    atomic_uint_fast64_t n_arrived; /* tasks that reached the gate */
    sem_t window;                   /* places that are free in a window; tasks that ended after a gap */
};

struct load {
    const char *name;
    const char *summary;
    /* One iteration: its nanoseconds, or -1 with side->error set. */
    int64_t (*iterate)(struct load_side *side);
};

/* Whether what is measured is a program as a whole. */
bool load_is_program(const struct load_side *side);

/* All loads, ended by a row without a name. */
extern const struct load load_table[];
const struct load *load_find(const char *name);

/* Makes ready what the owner described; creates a warm backend. Once a process, from the thread that
 * then iterates. Returns 0 or a negative errno; -EAGAIN and -EDQUOT are limits of the machine. */
int load_start(struct load_side *side);

/* Frees what load_start() made, but for the backend. */
void load_stop(struct load_side *side);

/* Forgets the latencies, the pauses, the processor time and the looks of the warm-up, and where its tasks ran. */
void load_forget(struct load_side *side);

/* The share of the tasks since then that ran on the submitter's CPU; NAN where that is not known. */
double load_same_cpu(const struct load_side *side);

/* For the loads, while no task is outstanding and nothing is timed, or between batches: where the caller is. A load
 * whose caller may be moved before it submits does not look. */
static inline void load_look_where(struct load_side *side)
{
    side->submitter_cpu = sched_getcpu();
}

/* For the loads: a backend around `life`, its counters added up. */
int load_create_backend(struct load_side *side);
void load_destroy_backend(struct load_side *side);

/* For the loads: the backend's wait for so many tasks. Returns its error, or -EBADMSG where all are looked at. */
int load_wait(struct load_side *side, uint64_t n_accepted);

/* Between iterations: whether so many tasks have ended as were submitted, whatever the workload's own check asks.
 * Returns 0, or -EBADMSG with a reason. */
int load_check(struct load_side *side, char *reason, size_t reason_bytes);

/* How many tasks have ended: soonest found where they are as many as expected. */
uint64_t load_count_run(struct load_side *side, uint64_t n_expected);

/* Counts a task that ran on the calling thread, and its value. */
void load_count_task(struct load_side *side, uint64_t value);

/* For a load with threads of its own that submit: what such a thread says first, so that tasks which run on it count as
 * the caller's. */
void load_mark_submitter(void);

/* For the load inject: starts the threads that submit beside the caller, and ends them. Returns 0, -EAGAIN, -ENOMEM, or
 * -ENOTSUP where only one thread may submit. */
int inject_prepare(struct load_side *side);
void inject_release(struct load_side *side);

/* For the load of programs: what start, stop, forget and check are to a backend and a workload. */
int idiom_start(struct load_side *side);
void idiom_stop(struct load_side *side);
void idiom_forget(struct load_side *side);
int idiom_check(struct load_side *side, char *reason, size_t reason_bytes);

/* Waits for a post of a task, whatever signals come: as the backend's own threads do, first looking, then asleep. */
void load_await(struct load_side *side);

/* The task functions: do task number arg - args. */
void load_task(void *arg);
uint64_t load_task_valued(void *arg);
void load_task_counted(void *arg);
void load_task_gated(void *arg);
void load_task_window(void *arg);
void load_task_stamped(void *arg);
void load_task_open(void *arg);

/* Different functions that do the same: task number arg - args and the rest of its chunk. */
enum { LOAD_KINDS = 8 };
extern executor_fn *const load_task_kinds[LOAD_KINDS];

/* What tasks that have tasks call; the backend runs them. */
extern const struct workload_fork load_fork;

int64_t batch_iterate(struct load_side *side);
int64_t inject_iterate(struct load_side *side);
int64_t gate_iterate(struct load_side *side);
int64_t window_iterate(struct load_side *side);
int64_t gap_iterate(struct load_side *side);
int64_t idiom_iterate(struct load_side *side);
int64_t idle_iterate(struct load_side *side);
int64_t open_iterate(struct load_side *side);
int64_t python_iterate(struct load_side *side);

/* Of an open load, around the backend's life: the arrivals and the place of the tasks' threads. */
int open_prepare(struct load_side *side);
void open_release(struct load_side *side);

#endif
