/* The comparison that every check ends with, a wait, and the line that a failing setup leaves. */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t workload__mix_sum(uint64_t n_tasks, uint64_t key)
{
    uint64_t sum = 0;

    for (uint64_t index = 0; index < n_tasks; index++)
        sum += workload_mix(index ^ key);
    return sum;
}

int workload__check(const struct workload_tally *tally, uint64_t expected_sum, char *reason,
                    size_t reason_bytes)
{
    if (tally->n_run != tally->n_submitted) {
        snprintf(reason, reason_bytes, "ran %" PRIu64 " of %" PRIu64 " tasks", tally->n_run,
                 tally->n_submitted);
        return -EBADMSG;
    }
    if (tally->value_sum != expected_sum) {
        snprintf(reason, reason_bytes, "sum of results is wrong");
        return -EBADMSG;
    }
    return 0;
}

bool workload__sleep(uint64_t wait_ns)
{
    uint64_t deadline_ns = workload__clock_ns(CLOCK_MONOTONIC) + wait_ns;
    struct timespec deadline = workload__timespec(deadline_ns);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR)
        ;
    return workload__clock_ns(CLOCK_MONOTONIC) < deadline_ns;
}

int workload__fail(const struct workload_config *config, int error, const char *what)
{
    const char *text = strerror(error);

    snprintf(config->reason, config->reason_bytes, "%s: %c%s", what, tolower((unsigned char)text[0]),
             text + 1);
    return -error;
}
