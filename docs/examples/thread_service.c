/* A thread that lives long, keeps state, and is asked to stop.
 *
 * Prints:
 *     beats: at least 3
 *     stopped
 */
#include <rawthread.h>

#include <semaphore.h>
#include <stdio.h>

struct service {
    struct rawthread thread;
    sem_t beats;
    unsigned n_beats;
};

static void beat(void *self)
{
    struct service *service = self;

    while (!rawthread_stop_requested(&service->thread)) {
        service->n_beats++;
        sem_post(&service->beats);
        rawthread_sleep(&service->thread, 1000 * 1000); /* or until it is asked to stop */
    }
}

int main(void)
{
    struct service service = {.n_beats = 0};

    sem_init(&service.beats, 0, 0);
    if (rawthread_init(&service.thread, beat, &service, NULL) != 0 || rawthread_start(&service.thread) != 0)
        return 1;
    for (int i = 0; i < 3; i++)
        sem_wait(&service.beats);
    rawthread_ask_stop(&service.thread);
    if (rawthread_join(&service.thread) != 0)
        return 1;
    printf("beats: %s\n", service.n_beats >= 3 ? "at least 3" : "too few");
    puts("stopped");
    return rawthread_release(&service.thread) != 0;
}
