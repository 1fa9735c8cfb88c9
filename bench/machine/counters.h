/* Hardware counters of the CPUs that this process may use, whoever runs on them. Counting CPUs instead of a process
 * costs the process nothing: an inherited event would be made and folded back with every thread, and so
 * charge the backends that create many. Used by the parent, around a side. */
#ifndef MACHINE_COUNTERS_H
#define MACHINE_COUNTERS_H

#include <stddef.h>

enum { MACHINE_COUNTERS = 2, MACHINE_COUNTERS_CPUS = 256 };

struct machine_counters {
    int fds[MACHINE_COUNTERS][MACHINE_COUNTERS_CPUS]; /* cycles, instructions */
    size_t n_cpus;                                    /* 0 where they cannot be read */
};

/* Opens both counters on every CPU, which count from here on. Returns 0 or a negative errno with nothing open:
 * -ENOENT where there is no such counter, -EACCES where it is not permitted, -ERANGE for more than
 * MACHINE_COUNTERS_CPUS CPUs. Closed by machine_counters_close(). */
int machine_counters_open(struct machine_counters *counters);
void machine_counters_close(struct machine_counters *counters);

/* Since they were opened, all CPUs together, scaled up for the time in which a counter was lent to others. NAN
 * where they cannot be read. */
struct machine_counts {
    double cycles, instructions;
};
struct machine_counts machine_counters_read(const struct machine_counters *counters);

#endif
