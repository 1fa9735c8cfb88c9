/* One task, once: a thread for it, which leaves its result and its error beside itself. */
#include "idiom.h"
#include "rawthread.h"

struct task {
    struct rawthread thread;
    uint64_t input, value;
    int code;
};

static void do_task(void *arg)
{
    struct task *task = arg;

    task->code = idiom_work(task->input, &task->value);
}

int oneoff_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    const struct rawthread_attr attr = { .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns };
    struct task task = { .input = setting->inputs[0] };
    int error = rawthread_init(&task.thread, do_task, &task, &attr);

    if (error)
        return error;
    error = rawthread_start(&task.thread);
    if (error == 0) {
        rawthread_join(&task.thread);
        idiom_take(result, 0, task.code, task.value);
    }
    rawthread_release(&task.thread);
    return error;
}
