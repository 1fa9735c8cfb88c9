/* Tasks that are asked now and then whether they have ended: each has a flag, and room for its result and error. As who
 * starts them waits for places, another thread looks at the flags, until it is asked to stop. */
#include "idiom.h"
#include "rawthread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct task {
    uint64_t input, value;
    int code;
    atomic_bool has_ended;
};

struct watcher {
    struct rawthread thread;
    const struct idiom_setting *setting;
    struct idiom_result *result;
    struct task *tasks;
};

static void do_task(void *arg)
{
    struct task *task = arg;

    task->code = idiom_work(task->input, &task->value);
    atomic_store_explicit(&task->has_ended, true, memory_order_release);
}

static void watch(void *arg)
{
    struct watcher *watcher = arg;

    while (!rawthread_sleep(&watcher->thread, watcher->setting->poll_ns)) {
        size_t n_ended = 0;

        for (size_t i = 0; i < watcher->setting->n_tasks; i++)
            n_ended += atomic_load_explicit(&watcher->tasks[i].has_ended, memory_order_acquire);
        idiom_look(watcher->result, n_ended);
    }
}

static int start_watching(struct watcher *watcher)
{
    const struct rawthread_attr attr = { .stack_bytes = watcher->setting->stack_bytes };
    int error = rawthread_init(&watcher->thread, watch, watcher, &attr);

    if (error)
        return error;
    error = rawthread_start(&watcher->thread);
    if (error)
        rawthread_release(&watcher->thread);
    return error;
}

int status_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_options options = {
        .max_alive = setting->n_at_once, .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns,
    };
    struct task *tasks = calloc(setting->n_tasks, sizeof *tasks);
    struct watcher watcher = { .setting = setting, .result = result, .tasks = tasks };
    struct rawthread_group *group = NULL;
    size_t n_started = 0;
    int error = tasks ? start_watching(&watcher) : -ENOMEM;

    if (error) {
        free(tasks);
        return error;
    }
    error = rawthread_group_create(&group, &options);
    while (n_started < setting->n_tasks && error == 0) {
        tasks[n_started].input = setting->inputs[n_started];
        error = rawthread_group_submit(group, do_task, &tasks[n_started]);
        n_started += error == 0;
    }
    rawthread_group_destroy(group);
    rawthread_ask_stop(&watcher.thread);
    rawthread_join(&watcher.thread);
    rawthread_release(&watcher.thread);
    for (size_t i = 0; i < n_started; i++)
        idiom_take(result, i, tasks[i].code, tasks[i].value);
    free(tasks);
    return error;
}
