/* The table of backends: one row each, and those of plugins after them. */
#include <string.h>

#include "backends/backends.h"

enum { ADDED_MAX = 16 };

static const struct executor *const built_in[] = {
    &pool_executor, &raw_executor, &raw_capped_executor, &serial_executor, &pool_again_executor,
    &pool_helping_executor, &pool_elastic_executor, &raw_detached_executor, &processes_executor,
    &pool_reject_executor, &pool_block_executor, &pool_caller_executor,
    &python_threadpool_executor, &python_thread_executor, &python_futures_executor,
    &python_again_executor,
};

enum { N_BUILT_IN = sizeof built_in / sizeof *built_in };

static const struct executor *added[ADDED_MAX];
static size_t n_added;

const struct executor *executor_at(size_t i)
{
    return i < N_BUILT_IN ? built_in[i] : i - N_BUILT_IN < n_added ? added[i - N_BUILT_IN] : NULL;
}

const struct executor *executor_find(const char *name)
{
    const struct executor *executor;
    for (size_t i = 0; (executor = executor_at(i)); i++)
        if (strcmp(executor->name, name) == 0)
            return executor;
    return NULL;
}

int executor_add(const struct executor *executor)
{
    if (n_added == ADDED_MAX)
        return -ENOSPC;
    added[n_added++] = executor;
    return 0;
}

bool executor_is_added(const struct executor *executor)
{
    for (size_t i = 0; i < n_added; i++)
        if (added[i] == executor)
            return true;
    return false;
}
