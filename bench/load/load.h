/* How tasks arrive: batch, window, gap, idle, open, or as a script has them. A load drives one backend through one
 * iteration of a cell.
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
    bool gated;   /* batch: tasks wait at a gate that opens after the last submit */
    bool stamped; /* latency mode */
    uint64_t n_tasks, n_batches, n_inflight, pause_ns;
    size_t n_functions, n_chunk; /* batch: functions that the tasks have in turn, 0: one, submitted all at once; and
                                    how many of the workload's tasks each of them does */
    struct load_open open;

    /* What happened. */
    struct tally tally;
    uint64_t n_submitted; /* tasks accepted so far: the number of the next one */
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
    char *args; /* one address per task of a batch: task i is args + i */
    struct recorder *recorder;
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

/* All loads, ended by a row without a name. */
extern const struct load load_table[];
const struct load *load_find(const char *name);

/* Makes ready what the owner described; creates a warm backend. Once a process, from the thread that
 * then iterates. Returns 0 or a negative errno; -EAGAIN and -EDQUOT are limits of the machine. */
int load_start(struct load_side *side);

/* Frees what load_start() made, but for the backend. */
void load_stop(struct load_side *side);

/* Forgets the latencies, the pauses and the processor time of the warm-up. */
void load_forget(struct load_side *side);

/* For the loads: a backend around `life`, its counters added up. */
int load_create_backend(struct load_side *side);
void load_destroy_backend(struct load_side *side);

/* Waits for a post, whatever signals come. */
void load_await(sem_t *semaphore);

/* The task functions: do task number arg - args. */
void load_task(void *arg);
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
int64_t gate_iterate(struct load_side *side);
int64_t window_iterate(struct load_side *side);
int64_t gap_iterate(struct load_side *side);
int64_t idle_iterate(struct load_side *side);
int64_t open_iterate(struct load_side *side);
int64_t python_iterate(struct load_side *side);

/* Of an open load, around the backend's life: the arrivals and the place of the tasks' threads. */
int open_prepare(struct load_side *side);
void open_release(struct load_side *side);

#endif
