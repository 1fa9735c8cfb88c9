/* A workload: each task sorts numbers of its own. */
#include <plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT_MAX = 1024 };

static const struct workload_parameter parameters[] = {
    { "count", "numbers that a task sorts", 256, 2, COUNT_MAX }, { NULL, NULL, 0, 0, 0 },
};

static int setup(const struct workload_config *config, void **state)
{
    uint64_t *count = malloc(sizeof *count);
    if (count)
        *count = config->values[0];
    *state = count;
    return count ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The smallest number and the largest. */
static uint64_t run(void *state, uint64_t index)
{
    uint64_t numbers[COUNT_MAX], count = *(uint64_t *)state;
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = workload_mix(index * COUNT_MAX + i);
    qsort(numbers, count, sizeof *numbers, compare);
    return numbers[0] + 3 * numbers[count - 1];
}

/* Finds them without sorting. */
static int check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    uint64_t sum = 0, count = *(uint64_t *)state;
    for (uint64_t index = 0; index < tally->n_submitted; index++) {
        uint64_t least = UINT64_MAX, most = 0;
        for (uint64_t i = 0; i < count; i++) {
            uint64_t x = workload_mix(index * COUNT_MAX + i);
            least = x < least ? x : least;
            most = x > most ? x : most;
        }
        sum += least + 3 * most;
    }
    if (tally->n_run == tally->n_submitted && tally->value_sum == sum)
        return 0;
    snprintf(reason, reason_bytes, "a task was skipped, doubled or wrong");
    return -EBADMSG;
}

static const struct workload workload = {
    .name = "sort", .kind = WORKLOAD_CPU, .summary = "sorting of numbers", .parameters = parameters,
    .setup = setup, .run = run, .check = check, .teardown = free,
};
static const struct workload *const workloads[] = { &workload, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .workloads = workloads };
