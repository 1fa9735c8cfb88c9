/* The negative control: tasks that count, each in a counter of its own, which lie on the same cache line. More CPUs
 * make it slower, whoever runs the tasks. With a stride of a line and more they do not disturb each other.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_COUNTERS = 8, ALIGN_BYTES = 128 };

struct false_share {
    unsigned char *counters;
    uint64_t n_increments, stride_bytes;
};

enum { INCREMENTS, STRIDE_BYTES };

static const struct workload_parameter false_share_parameters[] = {
    [INCREMENTS] = { "increments", "how often a task counts", 2000, 1, 100000000 },
    [STRIDE_BYTES] = { "stride_bytes", "from one counter to the next, rounded up to a multiple of 8", 8, 8, 4096 },
    { NULL, NULL, 0, 0, 0 },
};

static atomic_uint_fast64_t *counter_of(const struct false_share *share, uint64_t i)
{
    return (atomic_uint_fast64_t *)(void *)(share->counters + i % N_COUNTERS * share->stride_bytes);
}

static int false_share_setup(const struct workload_config *config, void **state)
{
    struct false_share *share = malloc(sizeof(*share));
    uint64_t stride_bytes = (config->values[STRIDE_BYTES] + 7) / 8 * 8;
    void *counters = NULL;
    int error = share ? posix_memalign(&counters, ALIGN_BYTES, N_COUNTERS * stride_bytes) : ENOMEM;

    if (error) {
        free(share);
        return workload__fail(config, error, "cannot allocate the counters");
    }
    *share = (struct false_share){ counters, config->values[INCREMENTS], stride_bytes };
    for (uint64_t i = 0; i < N_COUNTERS; i++)
        atomic_init(counter_of(share, i), 0);
    *state = share;
    return 0;
}

static uint64_t false_share_run(void *state, uint64_t index)
{
    const struct false_share *share = state;
    atomic_uint_fast64_t *counter = counter_of(share, index);

    /* relaxed: counts, read after the last task has been waited for */
    for (uint64_t i = 0; i < share->n_increments; i++)
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    return workload_mix(index);
}

/* The counters themselves tell how many tasks ran. */
static int false_share_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct false_share *share = state;
    uint64_t n_counted = 0;
    int error = workload__check(tally, workload__mix_sum(tally->n_submitted, 0), reason, reason_bytes);

    for (uint64_t i = 0; i < N_COUNTERS; i++)
        n_counted += atomic_load_explicit(counter_of(share, i), memory_order_relaxed);
    if (error || n_counted % share->n_increments == 0)
        return error;
    snprintf(reason, reason_bytes, "counted to %" PRIu64 ", which is no whole number of tasks", n_counted);
    return -EBADMSG;
}

static void false_share_teardown(void *state)
{
    struct false_share *share = state;

    free(share->counters);
    free(share);
}

const struct workload workload_false_share = {
    .name = "false-share",
    .kind = WORKLOAD_CPU,
    .summary = "counters on one cache line, the negative control",
    .parameters = false_share_parameters,
    .setup = false_share_setup,
    .run = false_share_run,
    .check = false_share_check,
    .teardown = false_share_teardown,
};
