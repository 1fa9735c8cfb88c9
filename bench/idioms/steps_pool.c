/* Jobs of several steps, each of which needs the result of the one before: a task for each job. */
#include "idiom.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

struct job {
    uint64_t value;
    unsigned n_steps;
    int code;
};

static void do_job(void *arg)
{
    struct job *job = arg;

    while (job->n_steps-- > 0 && job->code == 0)
        job->code = idiom_work(job->value, &job->value);
}

int steps_pool(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct pool_options options = {
        .n_workers = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->pool_spin_ns,
        .strict = true,
    };
    struct job *jobs = calloc(setting->n_tasks, sizeof *jobs);
    struct pool *pool = NULL;
    size_t n_started = 0;
    int error = jobs ? pool_create(&pool, &options) : -ENOMEM;

    for (size_t i = 0; i < setting->n_tasks && error == 0; i++)
        jobs[i] = (struct job){ .value = setting->inputs[i], .n_steps = setting->n_steps };
    if (error == 0)
        error = pool_submit_many(pool, do_job, jobs, sizeof *jobs, setting->n_tasks, &n_started);
    pool_destroy(pool);
    for (size_t i = 0; i < n_started; i++)
        idiom_take(result, i, jobs[i].code, jobs[i].value);
    free(jobs);
    return error;
}
