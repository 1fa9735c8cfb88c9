/* Arrivals by their distances, one drawn after the other. In a surge the distance is drawn anew where the rate
 * changes, which an exponential distribution does not notice. */
#include "load/schedule.h"

#include <math.h>
#include <string.h>

#include "workload.h"

static const char *const kind_names[] = {
    [SCHEDULE_CONSTANT] = "constant", [SCHEDULE_POISSON] = "poisson",
    [SCHEDULE_BURST] = "burst", [SCHEDULE_SURGE] = "surge",
};

int schedule_kind(const char *name)
{
    for (int i = 0; i < (int)(sizeof kind_names / sizeof *kind_names); i++)
        if (strcmp(kind_names[i], name) == 0)
            return i;
    return -1;
}

struct arrivals {
    const struct schedule *schedule;
    uint64_t *out;
    size_t n, n_max;
    uint64_t n_drawn;
};

static void add(struct arrivals *arrivals, double at_ns)
{
    if (arrivals->n < arrivals->n_max)
        arrivals->out[arrivals->n] = (uint64_t)at_ns;
    arrivals->n++;
}

/* Of mean 1; 53 bits of the mixer, never 0. */
static double draw_exponential(struct arrivals *arrivals)
{
    uint64_t bits = workload_mix(workload_mix(arrivals->schedule->seed) + arrivals->n_drawn++) >> 11;
    return -log(((double)bits + 0.5) * 0x1p-53);
}

static void add_random(struct arrivals *arrivals, double per_s, double from_ns, double to_ns)
{
    double at_ns = from_ns;
    while ((at_ns += draw_exponential(arrivals) * 1e9 / per_s) < to_ns)
        add(arrivals, at_ns);
}

static void add_regular(struct arrivals *arrivals, double per_s, size_t n_each)
{
    double distance_ns = (double)n_each * 1e9 / per_s, end_ns = (double)arrivals->schedule->duration_ns;
    for (size_t i = 0; (double)i * distance_ns < end_ns; i++)
        for (size_t j = 0; j < n_each; j++)
            add(arrivals, (double)i * distance_ns);
}

size_t schedule_make(const struct schedule *schedule, uint64_t *arrivals_ns, size_t n_max)
{
    struct arrivals arrivals = { .schedule = schedule, .out = arrivals_ns, .n_max = n_max };
    double end_ns = (double)schedule->duration_ns, third_ns = end_ns / 3;
    switch (schedule->kind) {
    case SCHEDULE_CONSTANT:
        add_regular(&arrivals, schedule->per_s, 1);
        break;
    case SCHEDULE_BURST:
        add_regular(&arrivals, schedule->per_s, SCHEDULE_BURST_TASKS);
        break;
    case SCHEDULE_POISSON:
        add_random(&arrivals, schedule->per_s, 0, end_ns);
        break;
    case SCHEDULE_SURGE:
        add_random(&arrivals, schedule->outer_per_s, 0, third_ns);
        add_random(&arrivals, schedule->per_s, third_ns, 2 * third_ns);
        add_random(&arrivals, schedule->outer_per_s, 2 * third_ns, end_ns);
        break;
    }
    return arrivals.n;
}
