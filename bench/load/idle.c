/* A burst of tasks, and then nothing: what a backend costs that has no work. The pause alone is measured, from the
 * moment at which the last task is known to have returned, so that threads that spin before they sleep count. */
#include "load/load.h"

#include "record/clock.h"

static uint64_t process_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t due_ns)
{
    struct timespec due = { .tv_sec = (time_t)(due_ns / 1000000000u), .tv_nsec = (long)(due_ns % 1000000000u) };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        ;
}

int64_t idle_iterate(struct load_side *side)
{
    int64_t burst_ns = batch_iterate(side);
    if (burst_ns < 0)
        return -1;
    uint64_t start_ns = clock_now_ns(), cpu_ns = process_cpu_ns();
    sleep_until(start_ns + side->pause_ns);
    uint64_t idle_ns = clock_now_ns() - start_ns;
    side->idle_cpu_ns += process_cpu_ns() - cpu_ns;
    side->idle_ns += idle_ns;
    return burst_ns + (int64_t)idle_ns;
}
