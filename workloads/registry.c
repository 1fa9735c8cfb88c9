/* One row per workload, and those of plugins after them. */
#include "workload.h"

#include <errno.h>
#include <string.h>

extern const struct workload workload_empty, workload_spin, workload_hash, workload_gemm, workload_triad,
    workload_chase, workload_alloc, workload_false_share, workload_sleep, workload_echo, workload_pipe,
    workload_read_warm, workload_read_cold, workload_write_sync, workload_lock_wait, workload_mixed, workload_bimodal,
    workload_pareto, workload_lognormal, workload_exponential, workload_fib, workload_gil_cpu, workload_gil_io;

enum { ADDED_MAX = 16 };

static const struct workload *const built_in[] = {
    &workload_empty, &workload_spin, &workload_hash, &workload_gemm, &workload_triad,
    &workload_chase, &workload_alloc, &workload_false_share, &workload_sleep, &workload_echo, &workload_pipe,
    &workload_read_warm, &workload_read_cold, &workload_write_sync, &workload_lock_wait, &workload_mixed,
    &workload_bimodal, &workload_pareto, &workload_lognormal, &workload_exponential, &workload_fib,
    &workload_gil_cpu, &workload_gil_io,
};

enum { N_BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

static const struct workload *added[ADDED_MAX];
static size_t n_added;

const struct workload *workload_at(size_t i)
{
    return i < N_BUILT_IN ? built_in[i] : i - N_BUILT_IN < n_added ? added[i - N_BUILT_IN] : NULL;
}

const struct workload *workload_find(const char *name)
{
    const struct workload *workload;

    for (size_t i = 0; (workload = workload_at(i)); i++)
        if (!strcmp(workload->name, name))
            return workload;
    return NULL;
}

int workload_add(const struct workload *workload)
{
    if (n_added == ADDED_MAX)
        return -ENOSPC;
    added[n_added++] = workload;
    return 0;
}

bool workload_is_added(const struct workload *workload)
{
    for (size_t i = 0; i < n_added; i++)
        if (added[i] == workload)
            return true;
    return false;
}
