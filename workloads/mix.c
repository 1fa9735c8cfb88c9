/* A task as servers have them: processor time, a wait, and processor time again. The share is set, so that one can see
 * from where on more threads than CPUs pay.
 */
#include "spin.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

struct mix {
    uint64_t n_steps, wait_ns, seed;
};

enum { LENGTH_NS, CPU_PERCENT };

static const struct workload_parameter mix_parameters[] = {
    [LENGTH_NS] = { "length_ns", "how long a task takes where nothing disturbs it", 1000000, 10000, NS_PER_S },
    [CPU_PERCENT] = { "cpu_percent", "how much of it is processor time", 50, 0, 100 },
    { NULL, NULL, 0, 0, 0 },
};

static int mix_setup(const struct workload_config *config, void **state)
{
    struct mix *mix = malloc(sizeof(*mix));
    uint64_t steps_per_ms = config->calibration ? config->calibration : spin__calibrate();
    uint64_t cpu_ns = config->values[LENGTH_NS] * config->values[CPU_PERCENT] / 100;

    if (!mix)
        return workload__fail(config, ENOMEM, "cannot set up mix");
    *mix = (struct mix){ cpu_ns ? spin__steps(steps_per_ms, cpu_ns) : 0, config->values[LENGTH_NS] - cpu_ns,
                         config->seed };
    *state = mix;
    return 0;
}

static uint64_t mix_run(void *state, uint64_t index)
{
    const struct mix *mix = state;
    uint64_t value = spin__take(workload_mix(index ^ mix->seed), mix->n_steps / 2);

    if (mix->wait_ns)
        workload__sleep(mix->wait_ns);
    return spin__take(value, mix->n_steps - mix->n_steps / 2);
}

static int mix_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct mix *mix = state;

    return workload__check(tally, spin__sum(tally->n_submitted, mix->seed, mix->n_steps), reason, reason_bytes);
}

const struct workload workload_mixed = {
    .name = "mix",
    .kind = WORKLOAD_IO,
    .summary = "processor time, a wait, and processor time again",
    .parameters = mix_parameters,
    .calibrate = spin__calibrate,
    .setup = mix_setup,
    .run = mix_run,
    .check = mix_check,
    .teardown = free,
};
