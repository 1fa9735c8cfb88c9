/* What a task does, and how its result is checked.
 *
 * A workload knows nothing of the backend that runs it: the harness calls run() from whatever thread
 * the backend provides and hands the sum of all returned values to check(). Tasks are numbered from 0.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum workload_kind { WORKLOAD_CPU, WORKLOAD_IO };

/* A parameter of a workload: an unsigned number within [min, max]. Its unit stands in its name
 * (length_ns, size_bytes). A table of parameters ends with a row whose name is NULL. */
struct workload_parameter {
    const char *name;
    const char *summary;
    uint64_t default_value, min, max;
};

enum { WORKLOAD_PARAMETERS_MAX = 8 };

/* For tasks that have tasks of their own: runs fn(left) as a task and fn(right) meanwhile on the calling thread, and
 * returns once both have returned. The harness provides it. */
struct workload_fork {
    void (*both)(void *context, void (*fn)(void *arg), void *left, void *right);
    void *context;
};

/* What setup() gets. The harness owns it; a workload copies what it keeps. */
struct workload_config {
    uint64_t values[WORKLOAD_PARAMETERS_MAX]; /* in the order of the parameter table */
    uint64_t n_concurrent;                    /* the most tasks that may run at the same time */
    uint64_t seed;                            /* the run's seed: same seed, same data */
    uint64_t calibration;                     /* what calibrate() returned on this machine, 0 without one */
    const char *scratch_dir;                  /* a folder that file workloads may use */
    const struct workload_fork *fork;         /* NULL: the backend has no such tasks */
    char *reason;                             /* where a failing setup() writes one line, lower case */
    size_t reason_bytes;
};

/* What the harness counted, over every task since setup(). */
struct workload_tally {
    uint64_t n_submitted; /* tasks 0 .. n_submitted-1 were submitted, once each */
    uint64_t n_run;       /* calls of run() that returned */
    uint64_t value_sum;   /* sum of their return values, modulo 2^64 */
};

/* A number that only the workload knows, such as the CPU time of its server. Summed since setup(). */
struct workload_measure {
    const char *name; /* with its unit, such as server_cpu_ns */
    double value;
};

struct workload {
    const char *name;
    enum workload_kind kind;
    const char *summary; /* one line */
    const struct workload_parameter *parameters;

    /* Optional. Measures once a run how fast this machine does the workload's unit of work, so that every
     * side of every round is given exactly the same work. Single-threaded. */
    uint64_t (*calibrate)(void);

    /* Called once, by a single-threaded process, before any task. On success *state is set.
     * Returns 0 or a negative errno with a line in config->reason: -EMFILE, -EAGAIN and -ENOMEM
     * mean that a limit of the machine was reached, all else that the cell failed. */
    int (*setup)(const struct workload_config *config, void **state);

    /* Does task number `index` and returns a value that depends on the index and on the work done, so
     * that no compiler removes the work and the sum shows a task that was skipped, doubled or wrong.
     * Called from many threads at once; must not block on another task. */
    uint64_t (*run)(void *state, uint64_t index);

    /* Compares the tally with what the tasks should have returned.
     * Returns 0, or -EBADMSG with one line in reason. */
    int (*check)(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes);

    /* Optional. Fills at most n_max measures, returns how many. Called after the last task. */
    size_t (*measure)(void *state, struct workload_measure *measures, size_t n_max);

    void (*teardown)(void *state);
};

#ifdef __cplusplus
extern "C" {
#endif

/* For the harness. The i-th of all workloads, those that are built in first; NULL: there are no more. */
const struct workload *workload_at(size_t i);

/* The workload of that name, or NULL. */
const struct workload *workload_find(const char *name);

/* Adds a plugin's, which must live as long as this process. Returns 0 or -ENOSPC. */
int workload_add(const struct workload *workload);
bool workload_is_added(const struct workload *workload);

#ifdef __cplusplus
}
#endif

/* A bijective mixer of 64 bits: what makes the values of neighbouring tasks differ in every bit. */
static inline uint64_t workload_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
