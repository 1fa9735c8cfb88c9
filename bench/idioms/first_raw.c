/* Acts on results as they come, and cancels what is left after the first error: tasks that have ended stand in a queue,
 * whose condition wakes the caller, and a flag asks the others to stop. As many run at once as may; their threads are
 * detached, because nothing is left to be done once a task is in the queue. */
#include "idiom.h"
#include "rawthread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first, **last; /* of the queue */
    atomic_bool stop;
};

struct task {
    struct crew *crew;
    struct task *next;
    uint64_t input, value;
    int code;
};

static void do_task(void *arg)
{
    struct task *task = arg;
    struct crew *crew = task->crew;

    for (unsigned n = idiom_units(task->input); n > 0 && task->code == 0 && !crew->stop; n--)
        task->code = idiom_work(task->input, &task->value);
    pthread_mutex_lock(&crew->lock);
    *crew->last = task;
    crew->last = &task->next;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

static struct task *await_task(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    while (!crew->first)
        pthread_cond_wait(&crew->changed, &crew->lock);
    struct task *task = crew->first;
    crew->first = task->next;
    if (!crew->first)
        crew->last = &crew->first;
    pthread_mutex_unlock(&crew->lock);
    return task;
}

int first_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_attr attr = { .stack_bytes = setting->stack_bytes };
    struct crew crew = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &crew.first };
    struct task *tasks = calloc(setting->n_tasks, sizeof *tasks);
    size_t n_started = 0, n_ended = 0;
    int error = 0;

    if (!tasks)
        return -ENOMEM;
    for (;;) {
        while (n_started < setting->n_tasks && n_started < n_ended + setting->n_at_once && !crew.stop) {
            struct task *task = &tasks[n_started];

            *task = (struct task){ .crew = &crew, .input = setting->inputs[n_started] };
            error = rawthread_start_detached(do_task, task, &attr);
            n_started += error == 0;
            crew.stop = error != 0;
        }
        if (n_ended == n_started)
            break;
        struct task *task = await_task(&crew);
        if (!crew.stop)
            idiom_take(result, (size_t)(task - tasks), task->code, task->value);
        if (task->code != 0)
            crew.stop = true;
        n_ended++;
    }
    free(tasks);
    return error;
}
