/* A fixed number of tasks outstanding: the caller submits the next one as soon as one has returned. */
#include "load/load.h"

#include "record/clock.h"

int64_t window_iterate(struct load_side *side)
{
    uint64_t n_accepted = 0, start = clock_now_ns();
    while (n_accepted < side->n_tasks && !side->error) {
        load_await(side);
        side->error = side->executor->submit(side->backend, load_task_window, side->args + n_accepted);
        if (!side->error)
            n_accepted++;
    }
    int waited = load_wait(side, n_accepted);
    uint64_t end = clock_now_ns();
    if (!side->error)
        side->error = waited;
    return side->error ? -1 : (int64_t)(end - start);
}
