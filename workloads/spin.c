/* Work of a given length in thread CPU time: a chain of steps x = A x + C modulo 2^64, each of which waits
 * for the one before. A barrier in the loop keeps compilers from folding steps; the check may fold them,
 * because n steps are one affine map, whose two coefficients come from squaring.
 *
 * The length is a number of steps, never a clock that is polled: every backend gets the same work, and a
 * task that is interrupted takes longer, as real work does.
 */
#include "spin.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#define STEP_FACTOR UINT64_C(6364136223846793005) /* Knuth's MMIX generator */
#define STEP_TERM UINT64_C(1442695040888963407)

/* Mixing the index and calling take about as long as this many steps: not counted, they would make the
 * shortest tasks a tenth too long. */
enum { FIXED_STEPS = 4 };

enum { WARM_UP_NS = 30000000, WINDOW_NS = 500000, N_WINDOWS = 150 };

struct spin {
    uint64_t n_steps, seed;
};

static const struct workload_parameter spin_parameters[] = {
    { "length_ns", "processor time that one task takes", 10000, 20, 100000000 },
    { NULL, NULL, 0, 0, 0 },
};

/* Never inlined, so that tasks run the very code that was calibrated. */
__attribute__((noinline)) uint64_t spin__take(uint64_t x, uint64_t n_steps)
{
    while (n_steps--) {
        x = x * STEP_FACTOR + STEP_TERM;
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

static uint64_t time_steps(uint64_t n_steps)
{
    uint64_t start_ns = workload__clock_ns(CLOCK_THREAD_CPUTIME_ID);

    spin__take(start_ns, n_steps);
    return workload__clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The time of a window that nine of ten exceed: interrupts only ever add to it, and a single window that the
 * clock of a virtual machine made too short does not count. */
uint64_t spin__calibrate(void)
{
    uint64_t windows_ns[N_WINDOWS], n_steps = 1000, warm_ns = 0;

    while (warm_ns < WARM_UP_NS) {
        uint64_t window_ns = time_steps(n_steps);

        warm_ns += window_ns;
        if (window_ns < WINDOW_NS)
            n_steps *= 2;
    }
    for (size_t i = 0; i < N_WINDOWS; i++)
        windows_ns[i] = time_steps(n_steps);
    qsort(windows_ns, N_WINDOWS, sizeof(windows_ns[0]), compare);
    return n_steps * 1000000 / windows_ns[N_WINDOWS / 10];
}

uint64_t spin__steps(uint64_t steps_per_ms, uint64_t length_ns)
{
    uint64_t n_steps = (length_ns * steps_per_ms + 500000) / 1000000;

    return n_steps > FIXED_STEPS ? n_steps - FIXED_STEPS : 1;
}

static int spin_setup(const struct workload_config *config, void **state)
{
    struct spin *spin = malloc(sizeof(*spin));
    uint64_t steps_per_ms = config->calibration ? config->calibration : spin__calibrate();

    if (!spin)
        return workload__fail(config, ENOMEM, "cannot set up spin");
    spin->n_steps = spin__steps(steps_per_ms, config->values[0]);
    spin->seed = config->seed;
    *state = spin;
    return 0;
}

static uint64_t spin_run(void *state, uint64_t index)
{
    const struct spin *spin = state;

    return spin__take(workload_mix(index ^ spin->seed), spin->n_steps);
}

/* Coefficients of n steps taken at once, x -> factor x + term. */
static void fold_steps(uint64_t n_steps, uint64_t *factor, uint64_t *term)
{
    uint64_t power_factor = STEP_FACTOR, power_term = STEP_TERM; /* of 1, 2, 4, 8, ... steps */

    *factor = 1;
    *term = 0;
    for (; n_steps; n_steps >>= 1) {
        if (n_steps & 1) {
            *factor *= power_factor;
            *term = *term * power_factor + power_term;
        }
        power_term *= power_factor + 1;
        power_factor *= power_factor;
    }
}

uint64_t spin__skip(uint64_t x, uint64_t n_steps)
{
    uint64_t factor, term;

    fold_steps(n_steps, &factor, &term);
    return factor * x + term;
}

uint64_t spin__sum(uint64_t n_tasks, uint64_t seed, uint64_t n_steps)
{
    uint64_t factor, term;

    fold_steps(n_steps, &factor, &term);
    return factor * workload__mix_sum(n_tasks, seed) + n_tasks * term;
}

static int spin_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct spin *spin = state;

    return workload__check(tally, spin__sum(tally->n_submitted, spin->seed, spin->n_steps), reason, reason_bytes);
}

const struct workload workload_spin = {
    .name = "spin",
    .kind = WORKLOAD_CPU,
    .summary = "arithmetic that takes a given processor time",
    .parameters = spin_parameters,
    .calibrate = spin__calibrate,
    .setup = spin_setup,
    .run = spin_run,
    .check = spin_check,
    .teardown = free,
};
