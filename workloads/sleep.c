/* A timed wait: the pure case of blocking, whose ideal is known exactly. Tasks share nothing but the count
 * of those that woke too early, which is written only by them.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct sleep {
    uint64_t wait_ns;
    atomic_uint_fast64_t n_early;
};

static const struct workload_parameter sleep_parameters[] = {
    { "wait_ns", "how long a task waits", 1000000, 1000, 10 * NS_PER_S },
    { NULL, NULL, 0, 0, 0 },
};

static int sleep_setup(const struct workload_config *config, void **state)
{
    struct sleep *sleep = malloc(sizeof(*sleep));

    if (!sleep)
        return workload__fail(config, ENOMEM, "cannot set up sleep");
    sleep->wait_ns = config->values[0];
    atomic_init(&sleep->n_early, 0);
    *state = sleep;
    return 0;
}

static uint64_t sleep_run(void *state, uint64_t index)
{
    struct sleep *sleep = state;

    /* relaxed: a count, read after the last task has been waited for */
    if (workload__sleep(sleep->wait_ns))
        atomic_fetch_add_explicit(&sleep->n_early, 1, memory_order_relaxed);
    return workload_mix(index);
}

static int sleep_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    struct sleep *sleep = state;
    uint64_t n_early = atomic_load_explicit(&sleep->n_early, memory_order_relaxed);

    if (n_early) {
        snprintf(reason, reason_bytes, "%" PRIu64 " of %" PRIu64 " tasks woke before their time", n_early,
                 tally->n_submitted);
        return -EBADMSG;
    }
    return workload__check(tally, workload__mix_sum(tally->n_submitted, 0), reason, reason_bytes);
}

const struct workload workload_sleep = {
    .name = "sleep",
    .kind = WORKLOAD_IO,
    .summary = "a timed wait",
    .parameters = sleep_parameters,
    .setup = sleep_setup,
    .run = sleep_run,
    .check = sleep_check,
    .teardown = free,
};
