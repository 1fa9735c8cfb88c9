/* An object that embeds a thread, has a function of its own to run, and keeps its state in its fields.
 *
 * Prints:
 *     counted to 10, the sum is 55
 */
#include <rawthread.h>

#include <stdio.h>

struct adder {
    struct rawthread thread;
    int limit, sum;
};

static void run_adder(void *self)
{
    struct adder *adder = self;

    for (int i = 1; i <= adder->limit; i++)
        adder->sum += i;
}

int main(void)
{
    struct adder adder = {.limit = 10};

    if (rawthread_init(&adder.thread, run_adder, &adder, NULL) != 0 || rawthread_start(&adder.thread) != 0)
        return 1;
    if (rawthread_join(&adder.thread) != 0)
        return 1;
    printf("counted to %d, the sum is %d\n", adder.limit, adder.sum);
    return rawthread_release(&adder.thread) != 0;
}
