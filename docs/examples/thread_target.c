/* Runs a function with its argument in a new thread.
 *
 * Prints:
 *     hello from a thread
 */
#include <rawthread.h>

#include <stdio.h>

static void greet(void *name)
{
    printf("hello from %s\n", (const char *)name);
}

int main(void)
{
    char name[] = "a thread";
    struct rawthread thread;

    if (rawthread_init(&thread, greet, name, NULL) != 0 || rawthread_start(&thread) != 0)
        return 1;
    return rawthread_join(&thread) != 0 || rawthread_release(&thread) != 0;
}
