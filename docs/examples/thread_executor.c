/* One thread for each task, never more than two at a time; and the same with threads that nobody joins.
 *
 * Prints:
 *     joined: 10 tasks on 10 threads, at most 2 at a time: yes
 *     detached: 10 tasks on 10 threads, at most 2 at a time: yes
 */
#include <rawthread.h>

#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

static int run_ten(const char *kind, const struct rawthread_options *options)
{
    struct rawthread_counters counters;
    struct rawthread_group *group;
    int error = rawthread_group_create(&group, options);

    if (error != 0)
        return error;
    n_run = 0;
    for (int i = 0; error == 0 && i < 10; i++)
        error = rawthread_group_submit(group, run, NULL);
    rawthread_group_wait(group);
    rawthread_group_counters(group, &counters);
    printf("%s: %d tasks on %d threads, at most 2 at a time: %s\n", kind, n_run, (int)counters.created,
           counters.peak <= 2 ? "yes" : "no");
    rawthread_group_destroy(group);
    return error;
}

int main(void)
{
    const struct rawthread_options joined = {.max_alive = 2}, detached = {.max_alive = 2, .detached = true};

    return run_ten("joined", &joined) != 0 || run_ten("detached", &detached) != 0;
}
