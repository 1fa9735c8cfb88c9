/* Looking for what is waited for, before the waiter sleeps: a sleeper has to be woken, which takes longer than many a
 * thread lives.
 *
 * Others have the CPU before each look. The kernel likes to begin a thread on the CPU of its creator, and who looked on
 * there would keep it from running for a time slice: some milliseconds, hundreds of times what the thread takes.
 */
#include "internal.h"

#include <sched.h>
#include <time.h>

uint64_t rawthread__now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A set that is too small for the machine's CPUs stands for many. */
static bool has_one_cpu(void)
{
    cpu_set_t own;

    return sched_getaffinity(0, sizeof own, &own) == 0 && CPU_COUNT(&own) == 1;
}

uint64_t rawthread__spin_until(uint64_t spin_ns)
{
    uint64_t now_ns;

    if (spin_ns == 0 || has_one_cpu())
        return 0;
    now_ns = rawthread__now_ns();
    return spin_ns < UINT64_MAX - now_ns ? now_ns + spin_ns : UINT64_MAX;
}

bool rawthread__spins(uint64_t until_ns)
{
    if (until_ns == 0)
        return false;
    pthread_testcancel();
    sched_yield();
    return rawthread__now_ns() < until_ns;
}

bool rawthread__spin_join(pthread_t thread, uint64_t until_ns)
{
    while (rawthread__spins(until_ns))
        if (pthread_tryjoin_np(thread, NULL) == 0)
            return true;
    return false;
}
