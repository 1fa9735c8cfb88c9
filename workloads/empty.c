/* No work: what remains is the backend's own cost. It keeps no state. */
#include "internal.h"

static const struct workload_parameter empty_parameters[] = { { NULL, NULL, 0, 0, 0 } };

static int empty_setup(const struct workload_config *config, void **state)
{
    (void)config;
    *state = NULL;
    return 0;
}

static uint64_t empty_run(void *state, uint64_t index)
{
    (void)state;
    return workload_mix(index);
}

static int empty_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    (void)state;
    return workload__check(tally, workload__mix_sum(tally->n_submitted, 0), reason, reason_bytes);
}

static void empty_teardown(void *state)
{
    (void)state;
}

const struct workload workload_empty = {
    .name = "empty",
    .kind = WORKLOAD_CPU,
    .summary = "no work: the overhead floor",
    .parameters = empty_parameters,
    .setup = empty_setup,
    .run = empty_run,
    .check = empty_check,
    .teardown = empty_teardown,
};
