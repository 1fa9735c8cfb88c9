/* A thread that nobody joins; that it is done it has to say itself.
 *
 * Prints:
 *     done
 */
#include <rawthread.h>

#include <semaphore.h>
#include <stdio.h>

static sem_t is_done;

static void work(void *arg)
{
    (void)arg;
    sem_post(&is_done);
}

int main(void)
{
    sem_init(&is_done, 0, 0);
    if (rawthread_start_detached(work, NULL, NULL) != 0)
        return 1;
    sem_wait(&is_done);
    puts("done");
    return 0;
}
