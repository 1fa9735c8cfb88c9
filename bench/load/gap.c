/* One task at a time, each after a pause: the caller waits for it, and the pause counts from there.
 *
 * The task itself tells the caller that it is done, in the same way for every backend; that a thread is joined then
 * is not part of its sojourn. */
#include "load/load.h"

#include "record/clock.h"

/* The caller sleeps through most of a long pause and spins through the rest of it, so that the task
 * comes when it was meant to; what it came too late is recorded as lateness. */
static const uint64_t spin_ns = 200000;

/* Returns for how long it spun. Who slept may be elsewhere. */
static uint64_t await(struct load_side *side, uint64_t due_ns)
{
    if (due_ns > clock_now_ns() + spin_ns) {
        uint64_t wake_ns = due_ns - spin_ns;
        struct timespec wake = { .tv_sec = (time_t)(wake_ns / 1000000000u), .tv_nsec = (long)(wake_ns % 1000000000u) };
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0)
            ;
        load_look_where(side);
    }
    uint64_t start_ns = clock_now_ns(), now_ns = start_ns;
    while (now_ns < due_ns)
        now_ns = clock_now_ns();
    return now_ns - start_ns;
}

static int run_one(struct load_side *side, uint64_t due_ns)
{
    struct stamps stamps = { .intended = due_ns, .due = due_ns };
    stamps.submitted = clock_now_ns();
    int error = side->executor->submit(side->backend, load_task_stamped, &stamps);
    if (error)
        return error;
    load_await(side);
    stamps.observed = clock_now_ns();
    error = load_wait(side, 1);
    recorder_add(side->recorder, &stamps);
    return error;
}

int64_t gap_iterate(struct load_side *side)
{
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < side->n_tasks && !side->error; i++) {
        load_look_where(side);
        uint64_t due_ns = clock_now_ns() + side->pause_ns;
        side->spun_ns += await(side, due_ns);
        side->error = run_one(side, due_ns);
    }
    return side->error ? -1 : (int64_t)(clock_now_ns() - start);
}
