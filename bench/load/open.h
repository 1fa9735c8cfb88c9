/* What an open load needs to know, and what it finds out beyond the stamps of its tasks. */
#ifndef LOAD_OPEN_H
#define LOAD_OPEN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "load/schedule.h"
#include "record/recorder.h"

enum { OPEN_BINS = 15, OPEN_IN_TIME = 10 };

enum open_longs { LONGS_NONE, LONGS_TOGETHER, LONGS_APART };

struct load_open {
    /* What to do; set by the owner. */
    struct schedule schedule;
    double service_ns;    /* of one task by itself; done within OPEN_IN_TIME of them is done in time */
    int generator_cpu;    /* where the caller is alone and stays busy; -1: it shares the tasks' CPUs and sleeps */
    enum open_longs longs; /* long tasks beside the others: on the same backend, or on threads of their own */
    bool longs_wait;      /* they sleep; if not, they compute */
    uint64_t long_ns;
    size_t n_longs;       /* all come before the first arrival */

    /* What happened. Of tasks that were meant to come in the first tenth nothing is counted but the timeline. */
    uint64_t n_offered, n_refused, n_accepted, n_in_time;
    uint64_t n_done; /* of the accepted ones, those done before the last arrival could come */
    double queue_sum_ns, service_sum_ns;
    uint64_t offered[OPEN_BINS], done[OPEN_BINS], in_time[OPEN_BINS]; /* timeline: equal parts of the duration */

    /* Its own. */
    uint64_t *arrivals_ns;
    size_t n_arrivals;
    struct stamps *stamps; /* one for each arrival; the accepted ones come first */
    uint64_t start_ns;
    atomic_size_t n_longs_done;
};

/* Where the tasks of stamps[0 .. n_tasks) go: into the recorder, the sums and the timeline. Their times count from
 * open->start_ns. */
void open_account(struct load_open *open, struct recorder *recorder, const struct stamps *stamps, size_t n_tasks);

#endif
