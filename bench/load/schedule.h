/* When tasks arrive in an open load: worked out before the first one comes, from a seed alone, so that all sides of a
 * round get the same arrivals. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

enum schedule_kind {
    SCHEDULE_CONSTANT, /* one after the other at equal distances */
    SCHEDULE_POISSON,  /* at random: distances of an exponential distribution */
    SCHEDULE_BURST,    /* SCHEDULE_BURST_TASKS at the same moment, at equal distances */
    SCHEDULE_SURGE,    /* at random; the rate holds in the middle third, before and after it another */
};

enum { SCHEDULE_BURST_TASKS = 32 };

struct schedule {
    enum schedule_kind kind;
    uint64_t seed;
    double per_s;         /* mean rate, above 0 */
    double outer_per_s;   /* of a surge's first and last third, above 0 */
    uint64_t duration_ns; /* all arrivals lie before it */
};

/* The kind of that name, or -1. */
int schedule_kind(const char *name);

/* Writes the arrivals in ascending order, nanoseconds from the start, but at most n_max. Returns how many there
 * are, which can be more than n_max. */
size_t schedule_make(const struct schedule *schedule, uint64_t *arrivals_ns, size_t n_max);

#endif
