/* Where main() ends by pthread_exit(), the process goes on until its last thread has ended.
 *
 * Prints:
 *     main() ends
 *     the thread goes on
 */
#include <rawthread.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

static sem_t has_ended;

static void work(void *arg)
{
    (void)arg;
    sem_wait(&has_ended);
    puts("the thread goes on");
}

int main(void)
{
    sem_init(&has_ended, 0, 0);
    if (rawthread_start_detached(work, NULL, NULL) != 0)
        return 1;
    puts("main() ends");
    sem_post(&has_ended);
    pthread_exit(NULL); /* a return would end the thread too */
}
