/* Tasks that spawn tasks and wait for them: the Fibonacci number of n by its definition, each half of which is a task
 * of its own down to a cutoff. The work is next to nothing, what is measured is spawning and joining.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct fib {
    struct workload_fork fork;
    uint64_t n, cutoff, result;
};

/* One call, on the stack of the task that waits for it. */
struct call {
    const struct fib *fib;
    uint64_t n, result;
};

enum { N, CUTOFF };

static const struct workload_parameter fib_parameters[] = {
    [N] = { "n", "which number of Fibonacci's sequence", 16, 1, 40 },
    [CUTOFF] = { "cutoff", "up to which number a task computes alone", 1, 1, 40 },
    { NULL, NULL, 0, 0, 0 },
};

/* Without folding: what the compiler could make of it is not what is measured. */
__attribute__((noinline)) static uint64_t compute(uint64_t n)
{
    return n < 2 ? n : compute(n - 1) + compute(n - 2);
}

static void split(void *arg)
{
    struct call *call = arg;
    const struct fib *fib = call->fib;
    struct call left = { fib, call->n - 1, 0 }, right = { fib, call->n - 2, 0 };

    if (call->n <= fib->cutoff) {
        call->result = compute(call->n);
        return;
    }
    fib->fork.both(fib->fork.context, split, &left, &right);
    call->result = left.result + right.result;
}

static uint64_t find(uint64_t n)
{
    uint64_t last = 0, next = 1;

    for (; n > 0; n--) {
        uint64_t sum = last + next;

        last = next;
        next = sum;
    }
    return last;
}

static int fib_setup(const struct workload_config *config, void **state)
{
    struct fib *fib = malloc(sizeof(*fib));

    if (!fib)
        return workload__fail(config, ENOMEM, "cannot set up fib");
    if (!config->fork) {
        free(fib);
        snprintf(config->reason, config->reason_bytes, "this backend has no tasks that wait for tasks of their own");
        return -ENOTSUP;
    }
    *fib = (struct fib){ *config->fork, config->values[N], config->values[CUTOFF], find(config->values[N]) };
    *state = fib;
    return 0;
}

static uint64_t fib_run(void *state, uint64_t index)
{
    const struct fib *fib = state;
    struct call call = { fib, fib->n, 0 };

    split(&call);
    return workload_mix(index) + call.result;
}

static int fib_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct fib *fib = state;
    uint64_t n = tally->n_submitted;

    return workload__check(tally, workload__mix_sum(n, 0) + n * fib->result, reason, reason_bytes);
}

const struct workload workload_fib = {
    .name = "fib",
    .kind = WORKLOAD_CPU,
    .summary = "tasks that spawn tasks and wait for them",
    .parameters = fib_parameters,
    .setup = fib_setup,
    .run = fib_run,
    .check = fib_check,
    .teardown = free,
};
