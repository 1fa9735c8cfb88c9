/* Measures one side in a process of its own: starts it, waits for its one line within a time-out, and says
 * what became of it. */
#ifndef MEASURE_SPAWN_H
#define MEASURE_SPAWN_H

#include <jansson.h>
#include <stdbool.h>

#include "plan/plan.h"

/* What a process left behind. */
struct spawn_result {
    char status[8];      /* ok, failed, limit */
    char reason[256];
    char pause[96];      /* why its times are those of no side: something stood still; "" if nothing did */
    bool timed_out;
    json_t *metrics;     /* object, maybe empty; owned */
    json_t *histogram;   /* or NULL; owned */
    json_t *timeline;    /* or NULL; owned */
    json_t *lateness;    /* or NULL; owned */
    json_t *environment; /* object; owned */
    double iteration_ns; /* NAN where none was timed */
    double wall_s;
};

/* Before anything else here: from then on SIGINT, SIGTERM and SIGHUP end the wait of spawn_side() instead of this
 * process, and the hardware counters count. */
void spawn_begin(void);

/* The signal that was caught, or 0. */
int spawn_caught_signal(void);

/* Runs the job, of a side of this cell or a question (NULL), in a new process for at most timeout_s. A crash, a hang, a
 * kill, or an answer that is none is a result.
 * Returns 0 with *result filled, to be ended by spawn_release(); -EINTR if a signal came, with nothing
 * left running; another negative errno if no process could be started. */
int spawn_side(const json_t *job, const struct cell *cell, double timeout_s, struct spawn_result *result);
void spawn_release(struct spawn_result *result);

/* The same, and once more if something stood still: result->pause tells whether it did then too. */
int spawn_side_awake(const json_t *job, const struct cell *cell, double timeout_s, struct spawn_result *result);

#endif
