/* Many tasks on a thread each, by hand: a semaphore limits how many run at once and tells when all have ended, and each
 * task has room for its result and its error. Threads are detached, so that their stacks are used again at once. */
#include "idiom.h"
#include "rawthread.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

struct task {
    uint64_t input, value;
    int code;
    sem_t *places;
};

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* a signal came */
}

static void do_task(void *arg)
{
    struct task *task = arg;

    task->code = idiom_work(task->input, &task->value);
    sem_post(task->places);
}

int fanout_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_attr attr = { .stack_bytes = setting->stack_bytes };
    struct task *tasks = calloc(setting->n_tasks, sizeof *tasks);
    size_t n_started = 0;
    sem_t places;
    int error = 0;

    if (!tasks)
        return -ENOMEM;
    sem_init(&places, 0, (unsigned)setting->n_at_once);
    while (n_started < setting->n_tasks && error == 0) {
        struct task *task = &tasks[n_started];

        *task = (struct task){ .input = setting->inputs[n_started], .places = &places };
        await(&places);
        error = rawthread_start_detached(do_task, task, &attr);
        if (error == 0)
            n_started++;
        else
            sem_post(&places);
    }
    for (size_t i = 0; i < setting->n_at_once; i++)
        await(&places);
    for (size_t i = 0; i < n_started; i++)
        idiom_take(result, i, tasks[i].code, tasks[i].value);
    sem_destroy(&places);
    free(tasks);
    return error;
}
