/* Arguments and results of some bytes: each task is told where its argument is and where its result goes, and the
 * thread is joined before anybody looks there. */
#include "idiom.h"
#include "rawthread.h"

#include <errno.h>
#include <stdlib.h>

struct task {
    const char *argument;
    char *answer;
};

static void do_task(void *arg)
{
    struct task *task = arg;

    idiom_answer(task->argument, task->answer);
}

int results_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_options options = {
        .max_alive = setting->max_threads, .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns,
    };
    size_t n_bytes = setting->n_bytes;
    char *answers = malloc(setting->n_tasks * n_bytes + 1);
    struct task *tasks = calloc(setting->n_tasks, sizeof *tasks);
    struct rawthread_group *group = NULL;
    int error = answers && tasks ? rawthread_group_create(&group, &options) : -ENOMEM;

    for (size_t i = 0; i < setting->n_tasks && error == 0; i++) {
        tasks[i] = (struct task){ .argument = setting->arguments + i * n_bytes, .answer = answers + i * n_bytes };
        error = rawthread_group_submit(group, do_task, &tasks[i]);
    }
    rawthread_group_destroy(group);
    for (size_t i = 0; i < setting->n_tasks && error == 0; i++)
        idiom_take_answer(result, i, tasks[i].answer);
    free(tasks);
    free(answers);
    return error;
}
