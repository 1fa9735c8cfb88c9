/* One thread for each task, never more than two at a time; and one that the limit refuses, which never runs.
 *
 * Prints:
 *     10 tasks on 10 threads, at most 2 at a time
 *     the second of one: refused, 1 task ran
 */
#include <rawthread.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

static void wait_and_run(void *go_on)
{
    sem_wait(go_on);
    n_run++;
}

int main(void)
{
    const struct rawthread_options capped = {.max_alive = 2}, limited = {.max_threads = 1};
    struct rawthread_counters counters;
    struct rawthread_group *group;
    sem_t go_on;
    int error;

    if (rawthread_group_create(&group, &capped) != 0)
        return 1;
    for (int i = 0; i < 10; i++)
        if (rawthread_group_submit(group, run, NULL) != 0)
            return 1;
    rawthread_group_wait(group);
    rawthread_group_counters(group, &counters);
    printf("%d tasks on %d threads, at most %d at a time\n", n_run, (int)counters.created,
           counters.peak <= 2 ? 2 : (int)counters.peak);
    rawthread_group_destroy(group);

    sem_init(&go_on, 0, 0);
    n_run = 0;
    if (rawthread_group_create(&group, &limited) != 0 || rawthread_group_submit(group, wait_and_run, &go_on) != 0)
        return 1;
    error = rawthread_group_submit(group, run, NULL);
    sem_post(&go_on);
    rawthread_group_wait(group);
    printf("the second of one: %s, %d task ran\n", error == -EDQUOT ? "refused" : "accepted", n_run);
    rawthread_group_destroy(group);
    return 0;
}
