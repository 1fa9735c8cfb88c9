/* The table of programs. */
#include <string.h>

#include "idiom_lines.h"
#include "idioms/idiom.h"

const struct idiom idiom_table[] = {
    { "fanout", "pool", "pool", "many tasks by one map",
      fanout_pool, LINES_fanout_pool, false },
    { "fanout", "raw", "raw", "many tasks on a detached thread each, by hand",
      fanout_raw, LINES_fanout_raw, false },
    { "fanout", "raw-group", "raw", "many tasks on a thread each, in a group of rawthread.h",
      fanout_raw_group, LINES_fanout_raw_group, false },
    { "results", "pool", "pool", "arguments and results in arrays, by one map",
      results_pool, LINES_results_pool, false },
    { "results", "pool-copied", "pool", "the same, with results that are copied one at a time",
      results_pool_copied, LINES_results_pool_copied, false },
    { "results", "raw", "raw", "arguments and results in arrays, on a thread for each task",
      results_raw, LINES_results_raw, false },
    { "status", "pool", "pool", "tasks whose handles are asked whether they have ended",
      status_pool, LINES_status_pool, false },
    { "status", "raw", "raw", "threads with a flag each, and one that looks at the flags",
      status_raw, LINES_status_raw, false },
    { "state", "pool", "pool", "requests to workers that build state when they start",
      state_pool, LINES_state_pool, false },
    { "state", "pool-rebuilt", "pool", "requests to tasks that build state each",
      state_pool_rebuilt, LINES_state_pool_rebuilt, false },
    { "state", "raw", "raw", "requests to a thread that builds state once",
      state_raw, LINES_state_raw, false },
    { "first", "pool", "pool", "results as they come from a pool, until the first error",
      first_pool, LINES_first_pool, true },
    { "first", "pool-ordered", "pool", "the same, in the order of the tasks",
      first_pool_ordered, LINES_first_pool_ordered, true },
    { "first", "raw", "raw", "results as threads put them into a queue, until the first error",
      first_raw, LINES_first_raw, true },
    { "steps", "pool", "pool", "jobs of several steps, a task for each job",
      steps_pool, LINES_steps_pool, false },
    { "steps", "pool-chained", "pool", "jobs of several steps, a task for each step, which submits the next",
      steps_pool_chained, LINES_steps_pool_chained, false },
    { "steps", "raw", "raw", "jobs of several steps, a thread for each job",
      steps_raw, LINES_steps_raw, false },
    { "oneoff", "pool", "pool", "one task on a pool of its own",
      oneoff_pool, LINES_oneoff_pool, false },
    { "oneoff", "raw", "raw", "one task on a thread of its own",
      oneoff_raw, LINES_oneoff_raw, false },
    { .experiment = NULL },
};

const struct idiom *idiom_find(const char *experiment, const char *backend)
{
    const char *name = strcmp(backend, "pool-again") == 0 ? "pool" : backend;
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++)
        if (strcmp(idiom->experiment, experiment) == 0 && strcmp(idiom->backend, name) == 0)
            return idiom;
    return NULL;
}
