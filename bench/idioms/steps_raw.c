/* Jobs of several steps, each of which needs the result of the one before: a thread for each job, with its state. */
#include "idiom.h"
#include "rawthread.h"

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

int steps_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_options options = {
        .max_alive = setting->max_threads, .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns,
    };
    struct job *jobs = calloc(setting->n_tasks, sizeof *jobs);
    struct rawthread_group *group = NULL;
    size_t n_started = 0;
    int error = jobs ? rawthread_group_create(&group, &options) : -ENOMEM;

    while (n_started < setting->n_tasks && error == 0) {
        jobs[n_started] = (struct job){ .value = setting->inputs[n_started], .n_steps = setting->n_steps };
        error = rawthread_group_submit(group, do_job, &jobs[n_started]);
        n_started += error == 0;
    }
    rawthread_group_destroy(group);
    for (size_t i = 0; i < n_started; i++)
        idiom_take(result, i, jobs[i].code, jobs[i].value);
    free(jobs);
    return error;
}
