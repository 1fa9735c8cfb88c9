/* How spin turns a length of time into work, for all workloads that take processor time. */
#ifndef WORKLOADS_SPIN_H
#define WORKLOADS_SPIN_H

#include <stdint.h>

/* Steps that take length_ns, the fixed cost of a task included; at least 1. */
uint64_t spin__steps(uint64_t steps_per_ms, uint64_t length_ns);

/* How many steps this machine takes in a millisecond. */
uint64_t spin__calibrate(void);

/* Takes n_steps from x; and finds where they lead without taking them. */
uint64_t spin__take(uint64_t x, uint64_t n_steps);
uint64_t spin__skip(uint64_t x, uint64_t n_steps);

/* The sum of where n_steps lead from workload_mix(index ^ seed), over tasks 0 .. n_tasks-1. */
uint64_t spin__sum(uint64_t n_tasks, uint64_t seed, uint64_t n_steps);

#endif
