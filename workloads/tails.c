/* Tasks of different lengths, with a tail: the work of spin, or the wait of sleep, as long as a distribution says. The
 * length of a task follows from its number and the seed, so that every backend gets the same tasks in the same order.
 *
 *     bimodal    one of ten takes ten times as long as the others
 *     pareto     a power law, alpha 1.5, cut off at 1000 times its least
 *     lognormal  sigma 1: what service times of real systems often look like
 *     exponential  what queueing theory likes, to hold measurements against it
 */
#include "spin.h"
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct tail {
    double (*length)(const struct tail *tail, uint64_t index); /* over the mean */
    double mean_ns;
    uint64_t steps_per_ms, waits, seed;
};

enum { MEAN_NS, WAITS };

static const struct workload_parameter tail_parameters[] = {
    [MEAN_NS] = { "mean_ns", "mean length of a task", 100000, 1000, NS_PER_S },
    [WAITS] = { "waits", "0: processor time, as spin; 1: a wait, as sleep", 0, 0, 1 },
    { NULL, NULL, 0, 0, 0 },
};

/* Evenly between 0 and 1, without both. */
static double random_of(const struct tail *tail, uint64_t index, uint64_t stream)
{
    uint64_t bits = workload_mix(workload_mix(index ^ tail->seed) + stream) >> 12;

    return ((double)bits + 0.5) * 0x1p-52;
}

static double bimodal_length(const struct tail *tail, uint64_t index)
{
    const double share = 0.1, times = 10;

    return (random_of(tail, index, 1) < share ? times : 1) / (1 - share + share * times);
}

static double pareto_length(const struct tail *tail, uint64_t index)
{
    const double alpha = 1.5, most = 1000;
    double cut = 1 - pow(most, -alpha);
    double mean = alpha / (alpha - 1) * (1 - pow(most, 1 - alpha)) / cut;

    return pow(1 - random_of(tail, index, 1) * cut, -1 / alpha) / mean;
}

/* A normal number by Box and Muller. */
static double lognormal_length(const struct tail *tail, uint64_t index)
{
    const double sigma = 1, two_pi = 6.283185307179586;
    double normal = sqrt(-2 * log(random_of(tail, index, 1))) * cos(two_pi * random_of(tail, index, 2));

    return exp(sigma * normal - sigma * sigma / 2);
}

static double exponential_length(const struct tail *tail, uint64_t index)
{
    return -log(random_of(tail, index, 1));
}

static int setup(const struct workload_config *config, double (*length)(const struct tail *, uint64_t), void **state)
{
    struct tail *tail = malloc(sizeof(*tail));

    if (!tail)
        return workload__fail(config, ENOMEM, "cannot set up tasks with a tail");
    *tail = (struct tail){
        .length = length,
        .mean_ns = (double)config->values[MEAN_NS],
        .steps_per_ms = config->calibration ? config->calibration : spin__calibrate(),
        .waits = config->values[WAITS],
        .seed = config->seed,
    };
    *state = tail;
    return 0;
}

static int bimodal_setup(const struct workload_config *config, void **state)
{
    return setup(config, bimodal_length, state);
}

static int pareto_setup(const struct workload_config *config, void **state)
{
    return setup(config, pareto_length, state);
}

static int lognormal_setup(const struct workload_config *config, void **state)
{
    return setup(config, lognormal_length, state);
}

static int exponential_setup(const struct workload_config *config, void **state)
{
    return setup(config, exponential_length, state);
}

static uint64_t length_ns(const struct tail *tail, uint64_t index)
{
    return (uint64_t)(tail->mean_ns * tail->length(tail, index) + 0.5);
}

static uint64_t n_steps(const struct tail *tail, uint64_t index)
{
    return tail->waits ? 0 : spin__steps(tail->steps_per_ms, length_ns(tail, index));
}

static uint64_t run(void *state, uint64_t index)
{
    const struct tail *tail = state;

    if (tail->waits)
        workload__sleep(length_ns(tail, index));
    return spin__take(workload_mix(index ^ tail->seed), n_steps(tail, index));
}

static int check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct tail *tail = state;
    uint64_t sum = 0;

    for (uint64_t index = 0; index < tally->n_submitted; index++)
        sum += spin__skip(workload_mix(index ^ tail->seed), n_steps(tail, index));
    return workload__check(tally, sum, reason, reason_bytes);
}

const struct workload workload_bimodal = {
    .name = "bimodal",
    .kind = WORKLOAD_CPU,
    .summary = "work of which one task in ten has ten times as much",
    .parameters = tail_parameters,
    .calibrate = spin__calibrate,
    .setup = bimodal_setup,
    .run = run,
    .check = check,
    .teardown = free,
};

const struct workload workload_pareto = {
    .name = "pareto",
    .kind = WORKLOAD_CPU,
    .summary = "work with lengths of a power law",
    .parameters = tail_parameters,
    .calibrate = spin__calibrate,
    .setup = pareto_setup,
    .run = run,
    .check = check,
    .teardown = free,
};

const struct workload workload_lognormal = {
    .name = "lognormal",
    .kind = WORKLOAD_CPU,
    .summary = "work with lengths of a lognormal distribution",
    .parameters = tail_parameters,
    .calibrate = spin__calibrate,
    .setup = lognormal_setup,
    .run = run,
    .check = check,
    .teardown = free,
};

const struct workload workload_exponential = {
    .name = "exponential",
    .kind = WORKLOAD_CPU,
    .summary = "work with lengths of an exponential distribution",
    .parameters = tail_parameters,
    .calibrate = spin__calibrate,
    .setup = exponential_setup,
    .run = run,
    .check = check,
    .teardown = free,
};
