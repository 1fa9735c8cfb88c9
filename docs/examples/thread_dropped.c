/* The return of main() ends the process, and whatever thread nobody has joined.
 *
 * Prints:
 *     main() returns
 */
#include <rawthread.h>

#include <stdio.h>
#include <unistd.h>

static void work(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    puts("never printed");
}

int main(void)
{
    if (rawthread_start_detached(work, NULL, NULL) != 0)
        return 1;
    puts("main() returns");
    return 0;
}
