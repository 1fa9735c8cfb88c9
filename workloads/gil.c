/* Tasks under one lock, as those of a program in CPython are: gil-cpu computes while it holds the lock, gil-io gives
 * it back while it waits. The lock is a model of CPython's: a thread that has waited for 5 ms asks the holder to give
 * way; the holder looks whether it was asked every few steps, and then waits until another has taken the lock, because
 * it would mostly be the first to take it again. Under CPython itself, bench/backends/python.py does the same tasks.
 *
 * Locking: `lock` guards all but `is_asked_for`, which is written under it and read without. That is never set while
 * nobody waits, and whoever waits takes the lock in the end, so a holder that gives way goes on.
 */
#include "spin.h"
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SWITCH_NS UINT64_C(5000000) /* sys.getswitchinterval() */

/* About as long as one step of the script takes: after each of those CPython looks. */
enum { STEPS_BETWEEN_LOOKS = 64 };

struct gil {
    uint64_t n_steps, wait_ns, seed;
    pthread_mutex_t lock;
    pthread_cond_t released, taken;
    bool is_held;
    uint64_t n_taken;
    uint64_t n_given_way;
    atomic_bool is_asked_for;
};

enum { STEPS, WAIT_NS };

static const struct workload_parameter gil_cpu_parameters[] = {
    [STEPS] = { "steps", "steps of arithmetic that a task takes", 1000000, 1, 1000000000 },
    { NULL, NULL, 0, 0, 0 },
};

static const struct workload_parameter gil_io_parameters[] = {
    [STEPS] = { "steps", "steps of arithmetic that a task takes, half of them before its wait", 100, 1, 1000000000 },
    [WAIT_NS] = { "wait_ns", "how long a task waits", 1000000, 1000, 10 * NS_PER_S },
    { NULL, NULL, 0, 0, 0 },
};

/* Relaxed in both: the flag says nothing of other memory, and a holder that sees it late looks again. */
static void ask(struct gil *gil, bool is_asked_for)
{
    atomic_store_explicit(&gil->is_asked_for, is_asked_for, memory_order_relaxed);
}

static bool is_asked(struct gil *gil)
{
    return atomic_load_explicit(&gil->is_asked_for, memory_order_relaxed);
}

static void take(struct gil *gil)
{
    pthread_mutex_lock(&gil->lock);
    while (gil->is_held) {
        uint64_t n_taken = gil->n_taken;
        struct timespec deadline = workload__timespec(workload__clock_ns(CLOCK_MONOTONIC) + SWITCH_NS);

        if (pthread_cond_timedwait(&gil->released, &gil->lock, &deadline) == ETIMEDOUT && gil->is_held &&
            gil->n_taken == n_taken)
            ask(gil, true);
    }
    gil->is_held = true;
    gil->n_taken++;
    ask(gil, false);
    pthread_cond_broadcast(&gil->taken);
    pthread_mutex_unlock(&gil->lock);
}

static void give_back(struct gil *gil)
{
    pthread_mutex_lock(&gil->lock);
    gil->is_held = false;
    pthread_cond_signal(&gil->released);
    pthread_mutex_unlock(&gil->lock);
}

/* Gives the lock to another and waits for it as all others do. */
static void give_way(struct gil *gil)
{
    uint64_t n_taken;

    pthread_mutex_lock(&gil->lock);
    n_taken = gil->n_taken;
    gil->is_held = false;
    gil->n_given_way++;
    pthread_cond_signal(&gil->released);
    while (gil->n_taken == n_taken)
        pthread_cond_wait(&gil->taken, &gil->lock);
    pthread_mutex_unlock(&gil->lock);
    take(gil);
}

static uint64_t compute(struct gil *gil, uint64_t x, uint64_t n_steps)
{
    for (; n_steps > STEPS_BETWEEN_LOOKS; n_steps -= STEPS_BETWEEN_LOOKS) {
        x = spin__take(x, STEPS_BETWEEN_LOOKS);
        if (is_asked(gil))
            give_way(gil);
    }
    return spin__take(x, n_steps);
}

static int gil_setup(const struct workload_config *config, void **state)
{
    struct gil *gil = malloc(sizeof(*gil));
    pthread_condattr_t attributes;

    if (!gil)
        return workload__fail(config, ENOMEM, "cannot set up the lock");
    *gil = (struct gil){ .n_steps = config->values[STEPS], .wait_ns = config->values[WAIT_NS], .seed = config->seed };
    pthread_mutex_init(&gil->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&gil->released, &attributes);
    pthread_cond_init(&gil->taken, NULL);
    pthread_condattr_destroy(&attributes);
    *state = gil;
    return 0;
}

static uint64_t gil_cpu_run(void *state, uint64_t index)
{
    struct gil *gil = state;
    uint64_t value;

    take(gil);
    value = compute(gil, workload_mix(index ^ gil->seed), gil->n_steps);
    give_back(gil);
    return value;
}

static uint64_t gil_io_run(void *state, uint64_t index)
{
    struct gil *gil = state;
    uint64_t value;

    take(gil);
    value = compute(gil, workload_mix(index ^ gil->seed), gil->n_steps / 2);
    give_back(gil);
    workload__sleep(gil->wait_ns);
    take(gil);
    value = compute(gil, value, gil->n_steps - gil->n_steps / 2);
    give_back(gil);
    return value;
}

static int gil_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct gil *gil = state;

    if (gil->is_held) {
        snprintf(reason, reason_bytes, "the lock was not given back");
        return -EBADMSG;
    }
    return workload__check(tally, spin__sum(tally->n_submitted, gil->seed, gil->n_steps), reason, reason_bytes);
}

static size_t gil_measure(void *state, struct workload_measure *measures, size_t n_max)
{
    const struct gil *gil = state;

    if (n_max == 0)
        return 0;
    measures[0] = (struct workload_measure){ "gave_way", (double)gil->n_given_way };
    return 1;
}

static void gil_teardown(void *state)
{
    struct gil *gil = state;

    pthread_cond_destroy(&gil->taken);
    pthread_cond_destroy(&gil->released);
    pthread_mutex_destroy(&gil->lock);
    free(gil);
}

const struct workload workload_gil_cpu = {
    .name = "gil-cpu",
    .kind = WORKLOAD_CPU,
    .summary = "arithmetic under one lock for all tasks, as CPython has",
    .parameters = gil_cpu_parameters,
    .setup = gil_setup,
    .run = gil_cpu_run,
    .check = gil_check,
    .measure = gil_measure,
    .teardown = gil_teardown,
};

const struct workload workload_gil_io = {
    .name = "gil-io",
    .kind = WORKLOAD_IO,
    .summary = "a timed wait without that lock, between two halves of arithmetic with it",
    .parameters = gil_io_parameters,
    .setup = gil_setup,
    .run = gil_io_run,
    .check = gil_check,
    .measure = gil_measure,
    .teardown = gil_teardown,
};
