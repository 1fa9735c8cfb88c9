/* The pool's lock, and sleeping until something that it guards has changed: see WAKING in internal.h. */
#include "internal.h"

/* About what waking a thread takes that sleeps on an idle CPU. A task that comes while its worker spins is begun ten
 * times sooner, and its submitter makes no system call. One worker at a time does it, the one that would be
 * woken next, and none where there is a single CPU: so an idle pool costs this once. */
enum { SPIN_NS = 10 * 1000 };

void pool__unlock(struct pool *pool)
{
    struct pool__sleeper *sleeper = pool->wakes;
    size_t n_starts = pool->n_starts;

    pool->wakes = NULL;
    pool->n_starts = 0;
    pthread_mutex_unlock(&pool->lock);
    while (sleeper != NULL) {
        struct pool__sleeper *next = sleeper->next; /* gone, or in another list, once it is posted */

        pool__post(&sleeper->parker);
        sleeper = next;
    }
    if (n_starts > 0)
        pool__start_called(pool, n_starts);
}

size_t pool__wake(struct pool *pool, struct pool__sleeper **list, size_t n_max)
{
    size_t n_woken = 0;

    for (; n_woken < n_max && *list != NULL; n_woken++) {
        struct pool__sleeper *sleeper = *list;

        *list = sleeper->next;
        sleeper->next = pool->wakes;
        pool->wakes = sleeper;
    }
    return n_woken;
}

/* Removes the sleeper from the list. Returns false if it is not there. */
static bool remove_sleeper(struct pool__sleeper **list, const struct pool__sleeper *sleeper)
{
    while (*list != NULL && *list != sleeper)
        list = &(*list)->next;
    if (*list == NULL)
        return false;
    *list = sleeper->next;
    return true;
}

/* Sleeps in the list, where the sleeper is already, at the end of a critical section. */
static bool sleep_in(struct pool *pool, struct pool__sleeper **list, struct pool__sleeper *sleeper,
                     int64_t deadline_ns)
{
    bool woken = pool__park(&sleeper->parker, deadline_ns);

    pool__lock(pool);
    if (woken || remove_sleeper(list, sleeper))
        return woken;
    return pool__park(&sleeper->parker, POOL__NEVER); /* it is being woken: the post is under way */
}

bool pool__sleep(struct pool *pool, struct pool__sleeper **list, int64_t deadline_ns)
{
    struct pool__sleeper self = {0};
    struct pool__sleeper **end = list;

    if (deadline_ns == POOL__LOOK)
        return false;
    while (*end != NULL)
        end = &(*end)->next;
    *end = &self;
    pool__unlock(pool);
    return sleep_in(pool, list, &self, deadline_ns);
}

/* Waits for a moment without sleeping, if no other worker does. */
static void spin(struct pool *pool, struct pool__sleeper *sleeper)
{
    /* [SPIN] relaxed: orders nothing; pairs with the store below. */
    if (!pool->may_spin || atomic_exchange_explicit(&pool->is_spinning, true, memory_order_relaxed))
        return;
    pool__spin(&sleeper->parker, SPIN_NS);
    /* [SPIN] relaxed: orders nothing; pairs with the exchange above. */
    atomic_store_explicit(&pool->is_spinning, false, memory_order_relaxed);
}

bool pool__sleep_idle(struct pool *pool, struct pool__sleeper *sleeper, int64_t deadline_ns)
{
    sleeper->next = pool->idle;
    pool->idle = sleeper;
    pool__unlock(pool);
    spin(pool, sleeper);
    return sleep_in(pool, &pool->idle, sleeper, deadline_ns);
}
