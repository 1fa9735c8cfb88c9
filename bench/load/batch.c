/* All tasks at once, wait for all; several batches one after the other make one iteration. */
#include "load/load.h"

#include <errno.h>

#include "record/clock.h"

/* One by one, each with the next of its functions, and with as many tasks' work as a chunk has. */
static int submit_kinds(struct load_side *side, size_t *n_accepted)
{
    int error = 0;
    size_t n_submitted = 0;
    for (*n_accepted = 0; *n_accepted < side->n_tasks && !error; n_submitted++) {
        executor_fn *task = load_task_kinds[n_submitted % side->n_functions];
        error = side->executor->submit(side->backend, task, side->args + *n_accepted);
        *n_accepted += error ? 0 : side->n_chunk;
    }
    if (*n_accepted > side->n_tasks)
        *n_accepted = side->n_tasks;
    return error;
}

static int submit_all(struct load_side *side, executor_fn *task, size_t *n_accepted)
{
    const struct executor *executor = side->executor;
    if (executor->submit_many)
        return executor->submit_many(side->backend, task, side->args, 1, side->n_tasks, n_accepted);
    int error = 0;
    for (*n_accepted = 0; *n_accepted < side->n_tasks && !error; *n_accepted += !error)
        error = executor->submit(side->backend, task, side->args + *n_accepted);
    return error;
}

static int map_all(struct load_side *side)
{
    int error = side->executor->map(side->backend, load_task, side->args, 1, side->n_tasks);
    side->n_submitted += error ? 0 : side->n_tasks;
    return error;
}

static int get_all(struct load_side *side)
{
    int error = side->executor->call ? 0 : -ENOTSUP;
    for (uint64_t i = 0; i < side->n_tasks && !error; i++) {
        uint64_t result = 0;
        error = side->executor->call(side->backend, load_task_valued, side->args, &result);
        side->result_sum += result;
        side->n_submitted += !error;
    }
    return error;
}

static int run_batch(struct load_side *side)
{
    if (side->gets)
        return get_all(side);
    size_t n_accepted = side->n_tasks;
    executor_fn *task = side->counts_threads ? load_task_counted : load_task;
    if (side->maps && side->executor->map)
        return map_all(side);
    int error = side->n_functions ? submit_kinds(side, &n_accepted) : submit_all(side, task, &n_accepted);
    int waited = load_wait(side, n_accepted);
    return error ? error : waited;
}

static int run_stamped(struct load_side *side)
{
    uint64_t start_ns = clock_now_ns();
    int error = run_batch(side);
    histogram_add(&side->recorder->sojourn, clock_now_ns() - start_ns);
    return error;
}

static int run_batches(struct load_side *side)
{
    int error = 0;
    for (uint64_t i = 0; i < side->n_batches && !error; i++) {
        if (i > 0)
            load_look_where(side);
        if (side->life == LIFE_BATCH && (error = load_create_backend(side)))
            break;
        error = side->stamped ? run_stamped(side) : run_batch(side);
        if (side->life == LIFE_BATCH)
            load_destroy_backend(side);
    }
    return error;
}

int64_t batch_iterate(struct load_side *side)
{
    load_look_where(side);
    if (side->gated)
        return gate_iterate(side);
    uint64_t start = clock_now_ns();
    if (side->life == LIFE_RUN)
        side->error = load_create_backend(side);
    if (!side->error)
        side->error = run_batches(side);
    if (side->life == LIFE_RUN && side->backend)
        load_destroy_backend(side);
    uint64_t end = clock_now_ns();
    return side->error ? -1 : (int64_t)(end - start);
}
