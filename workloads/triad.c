/* Bandwidth of memory: a[i] = b[i] + 3 c[i] over slices which together are larger than most caches. With more CPUs than
 * the memory can feed it does not get faster: a limit that every backend meets.
 *
 * A task takes the slice that was used longest ago, so that none of it is in a cache, and owns it until it gives it
 * back. The lock guards the queue of free slices alone. There is one for each task that may run at once, so nobody
 * waits for one, though a harness that ran more would.
 */
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { N_ARRAYS = 3, CACHE_LINE_BYTES = 128, TOTAL_MIN_BYTES = 96 << 20 };

struct slice {
    struct slice *next; /* in the queue, while free */
    double *a, *b, *c;
};

struct triad {
    double *elements;
    struct slice *slices;
    size_t n_slices, n_elements; /* of one array of a slice */
    uint64_t seed;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    struct slice *first, *last;
};

static const struct workload_parameter triad_parameters[] = {
    { "size_bytes", "memory that a task reads and writes", 3 << 20, 3 << 10, 1 << 28 },
    { NULL, NULL, 0, 0, 0 },
};

static double element_of(uint64_t key, size_t i)
{
    return (double)(workload_mix(i ^ key) & 0xffff);
}

static void give_back(struct triad *triad, struct slice *slice)
{
    pthread_mutex_lock(&triad->lock);
    slice->next = NULL;
    if (triad->first)
        triad->last->next = slice;
    else
        triad->first = slice;
    triad->last = slice;
    pthread_mutex_unlock(&triad->lock);
    pthread_cond_signal(&triad->given_back);
}

static struct slice *take(struct triad *triad)
{
    struct slice *slice;

    pthread_mutex_lock(&triad->lock);
    while (!triad->first)
        pthread_cond_wait(&triad->given_back, &triad->lock);
    slice = triad->first;
    triad->first = slice->next;
    pthread_mutex_unlock(&triad->lock);
    return slice;
}

static void triad_teardown(void *state)
{
    struct triad *triad = state;

    pthread_cond_destroy(&triad->given_back);
    pthread_mutex_destroy(&triad->lock);
    free(triad->elements);
    free(triad->slices);
    free(triad);
}

static void fill(struct triad *triad)
{
    for (size_t s = 0; s < triad->n_slices; s++) {
        struct slice *slice = &triad->slices[s];

        slice->a = triad->elements + s * N_ARRAYS * triad->n_elements;
        slice->b = slice->a + triad->n_elements;
        slice->c = slice->b + triad->n_elements;
        for (size_t i = 0; i < triad->n_elements; i++) {
            slice->a[i] = 0;
            slice->b[i] = element_of(triad->seed, i);
            slice->c[i] = element_of(~triad->seed, i);
        }
        give_back(triad, slice);
    }
}

static int triad_setup(const struct workload_config *config, void **state)
{
    struct triad *triad = calloc(1, sizeof(*triad));
    size_t slice_bytes, n_slices = config->n_concurrent;
    void *elements = NULL;

    if (!triad)
        return workload__fail(config, ENOMEM, "cannot set up triad");
    triad->n_elements = config->values[0] / N_ARRAYS / sizeof(double);
    slice_bytes = triad->n_elements * N_ARRAYS * sizeof(double);
    if (n_slices < TOTAL_MIN_BYTES / slice_bytes)
        n_slices = TOTAL_MIN_BYTES / slice_bytes;
    triad->n_slices = n_slices;
    triad->seed = config->seed;
    pthread_mutex_init(&triad->lock, NULL);
    pthread_cond_init(&triad->given_back, NULL);
    triad->slices = calloc(n_slices, sizeof(*triad->slices));
    if (!triad->slices || posix_memalign(&elements, CACHE_LINE_BYTES, n_slices * slice_bytes)) {
        triad_teardown(triad);
        return workload__fail(config, ENOMEM, "cannot allocate the slices");
    }
    triad->elements = elements;
    fill(triad);
    *state = triad;
    return 0;
}

__attribute__((noinline)) static void add(struct slice *slice, size_t n)
{
    double *restrict a = slice->a;
    const double *restrict b = slice->b, *restrict c = slice->c;

    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + 3 * c[i];
}

/* Which element tells that the work was done. */
static size_t probe_of(const struct triad *triad, uint64_t index)
{
    return workload_mix(index ^ triad->seed) % triad->n_elements;
}

static uint64_t triad_run(void *state, uint64_t index)
{
    struct triad *triad = state;
    struct slice *slice = take(triad);
    size_t probe = probe_of(triad, index);
    uint64_t value;

    slice->a[probe] = -1;
    add(slice, triad->n_elements);
    value = (uint64_t)(int64_t)slice->a[probe];
    give_back(triad, slice);
    return workload_mix(index) + value;
}

static int triad_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct triad *triad = state;
    uint64_t sum = workload__mix_sum(tally->n_submitted, 0);

    for (uint64_t index = 0; index < tally->n_submitted; index++) {
        size_t probe = probe_of(triad, index);

        sum += (uint64_t)(element_of(triad->seed, probe) + 3 * element_of(~triad->seed, probe));
    }
    return workload__check(tally, sum, reason, reason_bytes);
}

const struct workload workload_triad = {
    .name = "triad",
    .kind = WORKLOAD_CPU,
    .summary = "bandwidth of memory",
    .parameters = triad_parameters,
    .setup = triad_setup,
    .run = triad_run,
    .check = triad_check,
    .teardown = triad_teardown,
};
