/* Hardware counters of the calling thread and of every thread and process that it starts afterwards.
 * For a process that measures: no other part of this folder is needed. */
#ifndef MACHINE_COUNTERS_H
#define MACHINE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum { MACHINE_COUNTERS = 2 };

struct machine_counters {
    int fds[MACHINE_COUNTERS]; /* cycles, instructions; -1 where there is none */
    bool with_kernel;          /* false where only user mode may be counted */
    struct machine_count {
        uint64_t value, enabled_ns, running_ns;
    } starts[MACHINE_COUNTERS];
};

/* Opens both counters, which count from here on. Returns 0 or a negative errno, -ENOENT where there is no
 * such counter, -EACCES where it is not permitted; both cannot be read then, and the other calls may be made
 * all the same. Closed by machine_counters_close(). */
int machine_counters_open(struct machine_counters *counters);
void machine_counters_close(struct machine_counters *counters);

/* What machine_counters_read() returns is counted from here. */
void machine_counters_start(struct machine_counters *counters);

/* Since start, scaled up for the time in which the counter was lent to others. NAN where it cannot be
 * read. */
void machine_counters_read(const struct machine_counters *counters, double *cycles, double *instructions);

#endif
