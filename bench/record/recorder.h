/* What latency mode records of a task: when it was meant to come, could be submitted, was submitted, started, ended and
 * was known to be done; the sojourn and its five parts go into one histogram each. */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include "record/histogram.h"

/* Nanoseconds of clock_now_ns(). The task writes started and ended, the caller the rest. */
struct stamps {
    uint64_t intended;
    uint64_t due; /* intended, or later where the submits of other tasks alone kept the caller so long */
    uint64_t submitted, started, ended, observed;
};

struct recorder {
    struct histogram sojourn;  /* intended to observed */
    struct histogram blocked;  /* intended to due: submit kept the caller */
    struct histogram lateness; /* due to submitted: the caller was late by itself */
    struct histogram queue;    /* submitted to started */
    struct histogram service;  /* started to ended */
    struct histogram delivery; /* ended to observed */
};

static inline void recorder_add(struct recorder *recorder, const struct stamps *stamps)
{
    histogram_add(&recorder->sojourn, stamps->observed - stamps->intended);
    histogram_add(&recorder->blocked, stamps->due - stamps->intended);
    histogram_add(&recorder->lateness, stamps->submitted - stamps->due);
    histogram_add(&recorder->queue, stamps->started - stamps->submitted);
    histogram_add(&recorder->service, stamps->ended - stamps->started);
    histogram_add(&recorder->delivery, stamps->observed - stamps->ended);
}

/* What recording costs on this machine, in nanoseconds. */
struct recorder_cost {
    double clock_ns;      /* one reading of the clock */
    double resolution_ns; /* the smallest step seen between two readings that differ */
    double stamp_ns;      /* stamping one task, its clock readings included */
    double record_ns;     /* the same without the clock readings */
};

/* Measures it: medians of many short loops. Returns 0 or -ENOMEM. */
int recorder_measure_cost(struct recorder_cost *cost);

#endif
