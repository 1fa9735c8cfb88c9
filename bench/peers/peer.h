/* What the adapters of peers share: which options no peer can follow, and the wait for all tasks of a library that has
 * no such wait itself. */
#ifndef PEER_H
#define PEER_H

#include "plugin.h"

#include <errno.h>
#include <semaphore.h>

/* Returns 0, -EDQUOT where max_threads forbids so many threads, or -ENOTSUP where threads are to be bound: the
 * libraries have no such option, and a peer that is not bound beside others that are would be no comparison. */
static inline int peer_check_options(const struct executor_options *options, size_t n_threads)
{
    if (options->cpusets)
        return -ENOTSUP;
    return options->max_threads && n_threads > options->max_threads ? -EDQUOT : 0;
}

/* Tasks that have not returned, and one more that stands for the caller until it waits: so a task posts only if it is
 * the last one and the caller is waiting. */
struct peer_pending {
    long n;
    sem_t none;
};

static inline void peer_pending_init(struct peer_pending *pending)
{
    pending->n = 1;
    sem_init(&pending->none, 0, 0);
}

/* Before the tasks are handed over; a negative n takes back what was refused. */
static inline void peer_pending_add(struct peer_pending *pending, long n)
{
    __atomic_fetch_add(&pending->n, n, __ATOMIC_RELAXED); /* the library's own queue orders it before the task */
}

/* After a task. Release: what it wrote; pairs with the acquire of who counts it last, and that with the post. */
static inline void peer_pending_done(struct peer_pending *pending)
{
    if (__atomic_sub_fetch(&pending->n, 1, __ATOMIC_ACQ_REL) == 0)
        sem_post(&pending->none);
}

static inline void peer_pending_wait(struct peer_pending *pending)
{
    if (__atomic_sub_fetch(&pending->n, 1, __ATOMIC_ACQ_REL) != 0)
        while (sem_wait(&pending->none) != 0)
            continue; /* EINTR */
    __atomic_store_n(&pending->n, 1, __ATOMIC_RELAXED); /* nothing is outstanding: nobody else looks */
}

static inline void peer_pending_release(struct peer_pending *pending)
{
    sem_destroy(&pending->none);
}

#endif
