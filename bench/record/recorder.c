/* Measures what the clock and the recorder cost. */
#include "record/recorder.h"

#include <errno.h>
#include <stdlib.h>

#include "record/clock.h"

enum { COST_LOOPS = 31, COST_STEPS = 2000 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, COST_LOOPS, sizeof *values, compare);
    return values[COST_LOOPS / 2];
}

static double read_clock_ns(void)
{
    double each[COST_LOOPS];
    for (int loop = 0; loop < COST_LOOPS; loop++) {
        uint64_t start = clock_now_ns(), end = start;
        for (int i = 0; i < COST_STEPS; i++)
            end = clock_now_ns();
        each[loop] = (double)(end - start) / COST_STEPS;
    }
    return median(each);
}

static double smallest_step_ns(void)
{
    uint64_t smallest = UINT64_MAX, last = clock_now_ns();
    for (int i = 0; i < COST_STEPS; i++) {
        uint64_t now = clock_now_ns();
        if (now != last && now - last < smallest)
            smallest = now - last;
        last = now;
    }
    return (double)smallest;
}

/* The stamps of one task and its entry into the histograms, as a latency cell does them. */
static double stamp_task_ns(struct recorder *recorder)
{
    double each[COST_LOOPS];
    for (int loop = 0; loop < COST_LOOPS; loop++) {
        uint64_t start = clock_now_ns();
        struct stamps stamps = { .intended = start };
        for (int i = 0; i < COST_STEPS; i++) {
            stamps.due = stamps.intended;
            stamps.submitted = clock_now_ns();
            stamps.started = clock_now_ns();
            stamps.ended = clock_now_ns();
            stamps.observed = clock_now_ns();
            recorder_add(recorder, &stamps);
            stamps.intended = stamps.observed;
        }
        each[loop] = (double)(clock_now_ns() - start) / COST_STEPS;
    }
    return median(each);
}

int recorder_measure_cost(struct recorder_cost *cost)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return -ENOMEM;
    stamp_task_ns(recorder);
    cost->clock_ns = read_clock_ns();
    cost->resolution_ns = smallest_step_ns();
    cost->stamp_ns = stamp_task_ns(recorder);
    cost->record_ns = cost->stamp_ns - 4 * cost->clock_ns;
    if (cost->record_ns < 0)
        cost->record_ns = 0;
    free(recorder);
    return 0;
}
