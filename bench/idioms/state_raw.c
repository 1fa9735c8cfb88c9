/* Requests that need state, one after the other: a service, a thread that builds its state once and keeps it. Its
 * mailbox has room for one request, because its client waits for each answer. */
#include "idiom.h"
#include "rawthread.h"

#include <semaphore.h>

struct service {
    struct rawthread thread;
    sem_t asked, answered;
    bool is_over;
    uint64_t input, value;
    int code;
};

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* a signal came */
}

static void serve(void *arg)
{
    struct service *service = arg;
    uint64_t state = idiom_build();

    for (await(&service->asked); !service->is_over; await(&service->asked)) {
        service->code = idiom_work(service->input, &service->value);
        service->value += state;
        sem_post(&service->answered);
    }
}

static int start(struct service *service, const struct idiom_setting *setting)
{
    const struct rawthread_attr attr = { .stack_bytes = setting->stack_bytes, .spin_ns = setting->spin_ns };
    int error = rawthread_init(&service->thread, serve, service, &attr);

    if (error)
        return error;
    sem_init(&service->asked, 0, 0);
    sem_init(&service->answered, 0, 0);
    error = rawthread_start(&service->thread);
    if (error)
        rawthread_release(&service->thread);
    return error;
}

int state_raw(const struct idiom_setting *setting, struct idiom_result *result)
{
    struct service service = { .is_over = false };
    int error = start(&service, setting);

    if (error)
        return error;
    for (size_t i = 0; i < setting->n_tasks; i++) {
        service.input = setting->inputs[i];
        sem_post(&service.asked);
        await(&service.answered);
        idiom_take(result, i, service.code, service.value);
    }
    service.is_over = true;
    sem_post(&service.asked);
    rawthread_join(&service.thread);
    return rawthread_release(&service.thread);
}
