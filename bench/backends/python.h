/* CPython's own pools and threads as backends. Their tasks are no functions of C: a script does what a workload of
 * that name does, in a process of its own that create() starts and destroy() ends. So submit() refuses every task, and
 * only the load `python` drives them, batch by batch.
 */
#ifndef BACKENDS_PYTHON_H
#define BACKENDS_PYTHON_H

#include <jansson.h>

#include "backends/executor.h"

/* What `python3` is; owned by nobody but this struct. */
struct python_about {
    char text[64];         /* "3.11.2, with a global lock" */
    char executable[4096]; /* where it lies, which goes into no file */
};

/* Starts it once to ask. Returns 0; -ENOTSUP where there is none, or none that is CPython; another negative errno. With
 * a line in reason. */
int python_ask(struct python_about *about, char *reason, size_t reason_bytes);

/* Which program the backends start, instead of the `python3` that PATH has: a wrapper would be started each time. */
void python_set_program(const char *program);

/* Whether this is one of these backends. */
bool python_is(const struct executor *executor);

struct python_answer {
    uint64_t elapsed_ns, cpu_ns; /* by the script's own clock, of the tasks of this order alone */
    uint64_t n_run, value_sum;   /* values as those of the workload in C */
};

/* Has one batch run. The order has workload, first, tasks, seed, and the workload's parameters.
 * Returns 0, or a negative errno with a line in the reason of create()'s options. */
int python_run(void *state, const json_t *order, struct python_answer *answer);

#endif
