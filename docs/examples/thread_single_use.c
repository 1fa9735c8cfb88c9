/* A thread is started once. A new task is a new thread.
 *
 * Prints:
 *     started again: refused
 *     2 threads, 2 tasks
 */
#include <rawthread.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int n_run;

static void run(void *arg)
{
    (void)arg;
    n_run++;
}

int main(void)
{
    struct rawthread threads[2];

    for (int i = 0; i < 2; i++)
        if (rawthread_init(&threads[i], run, NULL, NULL) != 0 || rawthread_start(&threads[i]) != 0)
            return 1;
    printf("started again: %s\n", rawthread_start(&threads[0]) == -EALREADY ? "refused" : "accepted");
    for (int i = 0; i < 2; i++)
        if (rawthread_join(&threads[i]) != 0 || rawthread_release(&threads[i]) != 0)
            return 1;
    printf("2 threads, %d tasks\n", n_run);
    return 0;
}
