/* A group with a limit of threads refuses a task that is one too many: it never runs, and the refusal is counted.
 *
 * Prints:
 *     third of at most 2: refused
 *     2 tasks ran, 1 refusal counted
 *     after the wait: accepted
 */
#include <rawthread.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;

static void run(void *go_on)
{
    while (sem_wait(go_on) != 0)
        continue; /* interrupted by a signal */
    n_run++;
}

int main(void)
{
    const struct rawthread_options options = {.max_threads = 2};
    struct rawthread_counters counters;
    struct rawthread_group *group;
    sem_t go_on;

    if (sem_init(&go_on, 0, 0) != 0 || rawthread_group_create(&group, &options) != 0)
        return 1;
    if (rawthread_group_submit(group, run, &go_on) != 0 || rawthread_group_submit(group, run, &go_on) != 0)
        return 1;
    printf("third of at most 2: %s\n", rawthread_group_submit(group, run, &go_on) == -EDQUOT ? "refused" : "accepted");
    for (int i = 0; i < 3; i++)
        sem_post(&go_on);
    rawthread_group_wait(group);
    rawthread_group_counters(group, &counters);
    printf("%d tasks ran, %d refusal counted\n", n_run, (int)counters.refused);
    printf("after the wait: %s\n", rawthread_group_submit(group, run, &go_on) == 0 ? "accepted" : "refused");
    rawthread_group_destroy(group);
    return sem_destroy(&go_on) != 0;
}
