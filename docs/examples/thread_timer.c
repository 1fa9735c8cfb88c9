/* A function that is called later, unless it is cancelled before: Python's Timer.
 *
 * Prints:
 *     rings
 *     cancelled
 */
#include <rawthread.h>

#include <stdio.h>

struct timer {
    struct rawthread thread;
    int64_t interval_ns;
    void (*fn)(void);
};

static void run(void *self)
{
    struct timer *timer = self;

    if (!rawthread_sleep(&timer->thread, timer->interval_ns)) /* true: it was asked to stop */
        timer->fn();
}

static void ring(void)
{
    puts("rings");
}

int main(void)
{
    struct timer soon = {.interval_ns = 1000 * 1000, .fn = ring}; /* 1 ms */
    struct timer late = {.interval_ns = 3600ll * 1000 * 1000 * 1000, .fn = ring};

    if (rawthread_init(&soon.thread, run, &soon, NULL) != 0 || rawthread_start(&soon.thread) != 0)
        return 1;
    if (rawthread_init(&late.thread, run, &late, NULL) != 0 || rawthread_start(&late.thread) != 0)
        return 1;
    rawthread_join(&soon.thread);
    rawthread_ask_stop(&late.thread); /* Python's cancel() */
    rawthread_join(&late.thread);
    puts("cancelled");
    return rawthread_release(&soon.thread) != 0 || rawthread_release(&late.thread) != 0;
}
