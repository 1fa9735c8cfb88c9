/* How spin turns a length of time into work. */
#ifndef WORKLOADS_SPIN_H
#define WORKLOADS_SPIN_H

#include <stdint.h>

/* Steps that take length_ns, the fixed cost of a task included; at least 1. */
uint64_t spin__steps(uint64_t steps_per_ms, uint64_t length_ns);

#endif
