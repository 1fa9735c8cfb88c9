/* Many tasks on a thread each, with a group of rawthread.h, which limits how many exist at once. */
#include "idiom.h"
#include "rawthread.h"

#include <errno.h>
#include <stdlib.h>

struct task {
    uint64_t input, value;
    int code;
};

static void do_task(void *arg)
{
    struct task *task = arg;

    task->code = idiom_work(task->input, &task->value);
}

int fanout_raw_group(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_options options = {
        .max_alive = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns,
    };
    struct task *tasks = calloc(setting->n_tasks, sizeof *tasks);
    struct rawthread_group *group = NULL;
    size_t n_started = 0;
    int error = tasks ? rawthread_group_create(&group, &options) : -ENOMEM;

    while (n_started < setting->n_tasks && error == 0) {
        tasks[n_started].input = setting->inputs[n_started];
        error = rawthread_group_submit(group, do_task, &tasks[n_started]);
        n_started += error == 0;
    }
    rawthread_group_destroy(group);
    for (size_t i = 0; i < n_started; i++)
        idiom_take(result, i, tasks[i].code, tasks[i].value);
    free(tasks);
    return error;
}
