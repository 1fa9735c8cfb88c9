/* Which processes may use a pool: the one that created it, and no child of it, where the workers are missing
 * and a lock may be held by a thread that does not exist. Forks are counted, so that a pool can tell. */
#include "fork.h"

/* Forks between the start of the program and this process. Written by the only thread of a fresh child. */
static unsigned generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_error;

static void count_fork(void)
{
    generation++;
}

static void watch_forks(void)
{
    once_error = -pthread_atfork(NULL, NULL, count_fork);
}

int pool__watch_forks(void)
{
    pthread_once(&once, watch_forks);
    return once_error;
}

unsigned pool__fork_generation(void)
{
    return generation;
}

bool pool__is_inherited(const struct pool *pool)
{
    return pool->fork_generation != generation;
}
