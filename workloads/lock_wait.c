/* Tasks that wait for one another: each takes one of a few permits, which it waits for on a condition variable, holds
 * it for a while without using the processor, and gives it back. So are connections of a database shared. With more
 * tasks at once than permits nothing is gained, and whoever runs tasks that wait needs threads for them.
 *
 * Invariant: n_free + holders == n_permits; the lock guards both. Whoever holds a permit waits for nobody, so a
 * backend of one thread gets through.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct lock_wait {
    uint64_t hold_ns, n_permits;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    uint64_t n_free;
};

enum { HOLD_NS, PERMITS };

static const struct workload_parameter lock_wait_parameters[] = {
    [HOLD_NS] = { "hold_ns", "how long a task holds its permit", 100000, 0, NS_PER_S },
    [PERMITS] = { "permits", "how many tasks may hold one at a time", 8, 1, 1 << 20 },
    { NULL, NULL, 0, 0, 0 },
};

static int lock_wait_setup(const struct workload_config *config, void **state)
{
    struct lock_wait *wait = malloc(sizeof(*wait));

    if (!wait)
        return workload__fail(config, ENOMEM, "cannot set up lock-wait");
    *wait = (struct lock_wait){ .hold_ns = config->values[HOLD_NS], .n_permits = config->values[PERMITS] };
    wait->n_free = wait->n_permits;
    pthread_mutex_init(&wait->lock, NULL);
    pthread_cond_init(&wait->given_back, NULL);
    *state = wait;
    return 0;
}

static uint64_t lock_wait_run(void *state, uint64_t index)
{
    struct lock_wait *wait = state;

    pthread_mutex_lock(&wait->lock);
    while (wait->n_free == 0)
        pthread_cond_wait(&wait->given_back, &wait->lock);
    wait->n_free--;
    pthread_mutex_unlock(&wait->lock);
    workload__sleep(wait->hold_ns);
    pthread_mutex_lock(&wait->lock);
    wait->n_free++;
    pthread_mutex_unlock(&wait->lock);
    pthread_cond_signal(&wait->given_back);
    return workload_mix(index);
}

static int lock_wait_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    struct lock_wait *wait = state;

    if (wait->n_free != wait->n_permits) {
        snprintf(reason, reason_bytes, "%" PRIu64 " of %" PRIu64 " permits were not given back",
                 wait->n_permits - wait->n_free, wait->n_permits);
        return -EBADMSG;
    }
    return workload__check(tally, workload__mix_sum(tally->n_submitted, 0), reason, reason_bytes);
}

static void lock_wait_teardown(void *state)
{
    struct lock_wait *wait = state;

    pthread_cond_destroy(&wait->given_back);
    pthread_mutex_destroy(&wait->lock);
    free(wait);
}

const struct workload workload_lock_wait = {
    .name = "lock-wait",
    .kind = WORKLOAD_IO,
    .summary = "a wait for one of a few permits, which are held for a while",
    .parameters = lock_wait_parameters,
    .setup = lock_wait_setup,
    .run = lock_wait_run,
    .check = lock_wait_check,
    .teardown = lock_wait_teardown,
};
