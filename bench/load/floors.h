/* The machine's own primitives, timed one after the other, each waited for: what a hand-over that waits is made of.
 * A stream of tasks overlaps them and can be faster. */
#ifndef LOAD_FLOORS_H
#define LOAD_FLOORS_H

#include <pthread.h>
#include <stdint.h>

struct floor {
    const char *name;
    const char *summary;
    uint64_t n_operations; /* of one call of run */
    /* Nanoseconds of n operations, or a negative errno: -ENOTSUP where the machine has too few CPUs. */
    int64_t (*run)(uint64_t n_operations);
};

/* On which two CPUs the floors with two threads stand: cores of their own where the machine has them. Negative
 * where there is none; then those floors are not supported. */
void floors_set_cpus(int caller, int partner);

/* All floors, ended by a row without a name. */
extern const struct floor floor_table[];
const struct floor *floor_find(const char *name);

/* Nanoseconds of n threads with these attributes, joined one by one, or a negative errno. */
int64_t floors_time_pthreads(uint64_t n_threads, const pthread_attr_t *attributes);

#endif
