/* What several workloads use. */
#ifndef WORKLOADS_INTERNAL_H
#define WORKLOADS_INTERNAL_H

#include "workload.h"

#include <stdbool.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

/* The sum of workload_mix(index ^ key) over tasks 0 .. n_tasks-1. */
uint64_t workload__mix_sum(uint64_t n_tasks, uint64_t key);

/* The end of every check(): the count first, then the sum. Returns 0, or -EBADMSG with a reason. */
int workload__check(const struct workload_tally *tally, uint64_t expected_sum, char *reason,
                    size_t reason_bytes);

/* Why setup() fails: writes "what: text of the errno". Returns -error. */
int workload__fail(const struct workload_config *config, int error, const char *what);

/* Sleeps for wait_ns. Returns whether it woke before its time, which no kernel should do. */
bool workload__sleep(uint64_t wait_ns);

static inline uint64_t workload__clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline struct timespec workload__timespec(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

#endif
