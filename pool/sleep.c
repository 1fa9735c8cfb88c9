/* Sleeping until something that the lock guards has changed, and giving up the lock: see sleep.h. */
#include "notice.h"
#include "seat.h"
#include "sleep.h"

void pool__unlock(struct pool *pool)
{
    struct pool__sleeper *sleeper = pool->wakes;
    size_t n_starts = pool->n_starts;

    pool__post_notices(pool);
    pool->wakes = NULL;
    pool->n_starts = 0;
    pthread_mutex_unlock(&pool->lock);
    while (sleeper != NULL) {
        struct pool__sleeper *next = sleeper->next; /* gone, or in another list, once it is posted */

        pool__post(&sleeper->parker);
        sleeper = next;
    }
    if (n_starts > 0)
        pool->start_called(pool, n_starts);
}

static void put_first(struct pool__sleepers *list, struct pool__sleeper *sleeper)
{
    *(list->first != NULL ? &list->first->prev : &list->last) = sleeper;
    sleeper->next = list->first;
    sleeper->prev = NULL;
    list->first = sleeper;
    sleeper->is_listed = true;
}

static void put_last(struct pool__sleepers *list, struct pool__sleeper *sleeper)
{
    *(list->last != NULL ? &list->last->next : &list->first) = sleeper;
    sleeper->next = NULL;
    sleeper->prev = list->last;
    list->last = sleeper;
    sleeper->is_listed = true;
}

static void unlink_sleeper(struct pool__sleepers *list, struct pool__sleeper *sleeper)
{
    *(sleeper->prev != NULL ? &sleeper->prev->next : &list->first) = sleeper->next;
    *(sleeper->next != NULL ? &sleeper->next->prev : &list->last) = sleeper->prev;
    sleeper->is_listed = false;
}

size_t pool__wake(struct pool *pool, struct pool__sleepers *list, size_t n_max)
{
    size_t n_woken = 0;

    for (; n_woken < n_max && list->first != NULL; n_woken++) {
        struct pool__sleeper *sleeper = list->first;

        unlink_sleeper(list, sleeper);
        sleeper->next = pool->wakes;
        pool->wakes = sleeper;
    }
    return n_woken;
}

size_t pool__wake_idle(struct pool *pool, size_t n_max)
{
    size_t n_woken = 0;

    for (; n_woken < n_max && pool->idle.first != NULL; n_woken++) {
        ((struct pool__worker *)pool->idle.first)->is_searching = true;
        pool__wake(pool, &pool->idle, 1);
    }
    pool->n_searching += n_woken;
    pool->n_idle -= n_woken;
    return n_woken;
}

/* Takes it out of the list, unless it was woken. */
static bool stop_sleep(struct pool__sleepers *list, struct pool__sleeper *sleeper)
{
    if (!sleeper->is_listed)
        return pool__park(&sleeper->parker, POOL__NEVER); /* it is being woken: the post is under way */
    unlink_sleeper(list, sleeper);
    return false;
}

/* Sleeps in the list, where the sleeper is already, at the end of a critical section. */
static bool sleep_in(struct pool *pool, struct pool__sleepers *list, struct pool__sleeper *sleeper,
                     int64_t deadline_ns)
{
    bool woken = pool__park(&sleeper->parker, deadline_ns);

    pool__lock(pool);
    return woken || stop_sleep(list, sleeper);
}

/* Looks for a token for up to spin_ns before it sleeps. */
static bool sleep_after(struct pool *pool, struct pool__sleepers *list, int64_t deadline_ns, int64_t spin_ns)
{
    struct pool__sleeper sleeper = {0};

    if (deadline_ns == POOL__LOOK)
        return false;
    put_last(list, &sleeper);
    pool__unlock(pool);
    if (spin_ns > 0)
        pool__spin(pool__has_token, &sleeper.parker, spin_ns);
    return sleep_in(pool, list, &sleeper, deadline_ns);
}

bool pool__sleep(struct pool *pool, struct pool__sleepers *list, int64_t deadline_ns)
{
    return sleep_after(pool, list, deadline_ns, 0);
}

int64_t pool__spin_ns(const struct pool *pool, int64_t deadline_ns)
{
    int64_t left_ns;

    if (pool->spin_ns == 0 || deadline_ns == POOL__NEVER)
        return pool->spin_ns;
    if (deadline_ns == POOL__LOOK)
        return 0;
    left_ns = deadline_ns - pool__now_ns();
    return left_ns < pool->spin_ns ? left_ns : pool->spin_ns;
}

bool pool__await(struct pool *pool, struct pool__sleepers *list, int64_t deadline_ns)
{
    return sleep_after(pool, list, deadline_ns, pool__spin_ns(pool, deadline_ns));
}

bool pool__sleep_idle(struct pool *pool, struct pool__sleeper *sleeper, int64_t deadline_ns)
{
    bool was_woken;

    put_first(&pool->idle, sleeper);
    pool->n_idle++;
    pool__unlock(pool);
    if (pool__n_loose(pool, 1) > 0) { /* put there before anybody saw that this worker is idle */
        pool__lock(pool);
        pool->n_idle -= !stop_sleep(&pool->idle, sleeper);
        return true;
    }
    was_woken = sleep_in(pool, &pool->idle, sleeper, deadline_ns);
    pool->n_idle -= !was_woken;
    return was_woken;
}
