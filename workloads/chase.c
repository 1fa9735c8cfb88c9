/* Loads that wait for one another: each task follows a chain through memory for a number of steps. The chain goes
 * through every line of a buffer once, in an order that no prefetcher guesses, and comes back to its start.
 *
 * Each line holds its place in the chain; so where a task arrives is known without following it.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

enum { LINE_BYTES = 64 };

struct line {
    _Alignas(LINE_BYTES) const struct line *next;
    uint64_t place;
};

struct chase {
    struct line *lines;
    const struct line **starts; /* by place */
    uint64_t n_lines, n_steps, seed;
};

enum { SIZE_BYTES, STEPS };

static const struct workload_parameter chase_parameters[] = {
    [SIZE_BYTES] = { "size_bytes", "size of the buffer that the chain goes through", 16 << 20, 4096, 1 << 30 },
    [STEPS] = { "steps", "loads that a task makes, one after the other", 1000, 1, 1000000 },
    { NULL, NULL, 0, 0, 0 },
};

/* A random order of all lines, by Fisher and Yates. */
static void shuffle(struct chase *chase)
{
    uint64_t random = chase->seed;

    for (uint64_t i = 0; i < chase->n_lines; i++)
        chase->starts[i] = &chase->lines[i];
    for (uint64_t i = chase->n_lines - 1; i > 0; i--) {
        uint64_t other = (random = workload_mix(random)) % (i + 1);
        const struct line *line = chase->starts[i];

        chase->starts[i] = chase->starts[other];
        chase->starts[other] = line;
    }
}

static void link_lines(struct chase *chase)
{
    for (uint64_t place = 0; place < chase->n_lines; place++) {
        struct line *line = &chase->lines[chase->starts[place] - chase->lines];

        line->next = chase->starts[(place + 1) % chase->n_lines];
        line->place = place;
    }
}

static void chase_teardown(void *state)
{
    struct chase *chase = state;

    free(chase->lines);
    free(chase->starts);
    free(chase);
}

static int chase_setup(const struct workload_config *config, void **state)
{
    struct chase *chase = calloc(1, sizeof(*chase));

    if (!chase)
        return workload__fail(config, ENOMEM, "cannot set up chase");
    chase->n_lines = config->values[SIZE_BYTES] / LINE_BYTES;
    chase->n_steps = config->values[STEPS];
    chase->seed = config->seed;
    chase->lines = aligned_alloc(LINE_BYTES, chase->n_lines * sizeof(*chase->lines));
    chase->starts = calloc(chase->n_lines, sizeof(const struct line *));
    if (!chase->lines || !chase->starts) {
        chase_teardown(chase);
        return workload__fail(config, ENOMEM, "cannot allocate the buffer to chase through");
    }
    shuffle(chase);
    link_lines(chase);
    *state = chase;
    return 0;
}

static uint64_t start_of(const struct chase *chase, uint64_t index)
{
    return workload_mix(index ^ chase->seed) % chase->n_lines;
}

static uint64_t chase_run(void *state, uint64_t index)
{
    const struct chase *chase = state;
    const struct line *line = chase->starts[start_of(chase, index)];

    for (uint64_t i = 0; i < chase->n_steps; i++)
        line = line->next;
    return workload_mix(index) + line->place;
}

static int chase_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct chase *chase = state;
    uint64_t sum = workload__mix_sum(tally->n_submitted, 0);

    for (uint64_t index = 0; index < tally->n_submitted; index++)
        sum += (start_of(chase, index) + chase->n_steps) % chase->n_lines;
    return workload__check(tally, sum, reason, reason_bytes);
}

const struct workload workload_chase = {
    .name = "chase",
    .kind = WORKLOAD_CPU,
    .summary = "loads that wait for one another",
    .parameters = chase_parameters,
    .setup = chase_setup,
    .run = chase_run,
    .check = chase_check,
    .teardown = chase_teardown,
};
