/* What can be asked of a thread: whether it is alive, its name, its id; and a join that gives up.
 *
 * Prints:
 *     before its start: not alive
 *     held: alive, called worker, with an id of its own
 *     after 1 ms: still running
 *     joined: not alive
 */
#include <rawthread.h>

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

static void wait_for(void *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* interrupted by a signal */
}

static const char *state_of(struct rawthread *thread)
{
    return rawthread_is_alive(thread) ? "alive" : "not alive";
}

int main(void)
{
    const struct rawthread_attr attr = {.name = "worker"};
    struct rawthread thread;
    sem_t go_on;
    pid_t id;

    sem_init(&go_on, 0, 0);
    if (rawthread_init(&thread, wait_for, &go_on, &attr) != 0)
        return 1;
    printf("before its start: %s\n", state_of(&thread));
    if (rawthread_start(&thread) != 0)
        return 1;
    id = rawthread_native_id(&thread);
    printf("held: %s, called %s, %s\n", state_of(&thread), rawthread_name(&thread),
           id > 0 && id != getpid() ? "with an id of its own" : "without an id");
    if (rawthread_timed_join(&thread, 1000 * 1000) == -ETIMEDOUT)
        puts("after 1 ms: still running");
    sem_post(&go_on);
    if (rawthread_join(&thread) != 0)
        return 1;
    printf("joined: %s\n", state_of(&thread));
    return rawthread_release(&thread) != 0;
}
