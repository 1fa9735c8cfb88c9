/* Loose tasks: those that are not in the queue, because nobody has to hold the pool's lock for them.
 *
 * A single task that a thread outside submits goes to one of the ports, always the same one for a thread. A worker
 * takes several tasks at a time from there and from the queue (`claimed`), and what it submits itself stays with it
 * (`spawned`). From both any other worker may take. Pools with a bound do none of that: their count is exact.
 *
 * The first seats are for threads outside. A guest has one for as long as it runs tasks, and it is as a worker's then.
 * A visitor has one for a moment: it leaves a call there that it is likely to run itself, and so others leave it alone
 * for a while.
 *
 * ORDER. What one thread outside submits is taken in that order: it puts a task into its port, or a call into the seat
 * that it visits, only while the other one and the queue are empty; both come before the queue, and what a worker has
 * claimed before all of them. So the rest of a map that a worker has taken from such a seat is there, too.
 *
 * The seats are in blocks that never move: the first has N_FIRST seats, each other twice as many as the one before.
 */
#include "frame.h"
#include "seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_FIRST = 8 };

/* Which block a seat is in, and where. */
static size_t block_of(size_t index, size_t *at)
{
    size_t block = 0, n_seats = N_FIRST;

    while (index >= n_seats) {
        index -= n_seats;
        n_seats *= 2;
        block++;
    }
    *at = index;
    return block;
}

struct pool__seat *pool__seat(const struct pool *pool, size_t index)
{
    size_t at, block = block_of(index, &at);

    /* [SEATS] acquire: sees the block as it was made; pairs with the store in pool__new_seats(). */
    return atomic_load_explicit(&pool->seats[block], memory_order_acquire) + at;
}

/* There are some for all indices below the number, and the number is that of the highest index yet and one. */
int pool__new_seats(struct pool *pool, size_t index)
{
    size_t at, block = block_of(index, &at), n_seats = (size_t)N_FIRST << block;

    /* [SEATS] relaxed: written under the lock. */
    if (atomic_load_explicit(&pool->seats[block], memory_order_relaxed) == NULL) {
        struct pool__seat *seats = aligned_alloc(_Alignof(struct pool__seat), n_seats * sizeof *seats);

        if (seats == NULL)
            return -ENOMEM;
        memset(seats, 0, n_seats * sizeof *seats);
        /* [SEATS] release: publishes the block; pairs with acquire in pool__seat(). */
        atomic_store_explicit(&pool->seats[block], seats, memory_order_release);
    }
    /* [SEATS] relaxed: written under the lock. */
    if (atomic_load_explicit(&pool->n_seats, memory_order_relaxed) <= index)
        /* [SEATS] release: the blocks are there; pairs with acquire in count_seats(). */
        atomic_store_explicit(&pool->n_seats, index + 1, memory_order_release);
    return 0;
}

void pool__free_seats(struct pool *pool)
{
    for (size_t i = 0; i < POOL__SEAT_BLOCKS; i++)
        free(atomic_load_explicit(&pool->seats[i], memory_order_relaxed)); /* [SEATS] relaxed: nobody is left */
}

/* Nothing was ever in those below it. */
static size_t first_seat(const struct pool *pool)
{
    /* [SEATS] relaxed: who holds the lock after they were opened sees it. Who has given it up before that has posted
     * notices, and who puts something in sees them: it has the lock, or takes a handle out of a seat, which was put
     * there after that by who had the seat. Pairs with pool__open_guest_seats(). */
    return atomic_load_explicit(&pool->first_seat, memory_order_relaxed);
}

void pool__open_guest_seats(struct pool *pool)
{
    /* [SEATS] relaxed: see first_seat(). */
    atomic_store_explicit(&pool->first_seat, 0, memory_order_relaxed);
}

size_t pool__count_seats(const struct pool *pool)
{
    /* [SEATS] acquire: the blocks are there; pairs with release in pool__new_seats(). */
    return atomic_load_explicit(&pool->n_seats, memory_order_acquire);
}

static bool steal_from(struct pool__seat *seat, struct pool__item *item)
{
    return pool__deque_steal(&seat->claimed, item) || pool__deque_steal(&seat->spawned, item);
}

/* Whether others may take from the seat as soon as something is in it: not if a thread visits that is likely to take
 * it out again. */
static bool is_shared(const struct pool *pool, size_t index)
{
    return index >= POOL__GUESTS ||
           /* [USE] relaxed: a guess. */
           atomic_load_explicit(&pool->first_seats[index].use, memory_order_relaxed) == POOL__SAT;
}

/* None below it is so. */
static size_t first_shared(const struct pool *pool)
{
    /* [GUESTS] relaxed: a guess. Who looks out does not touch what visitors write for nothing. */
    return atomic_load_explicit(&pool->n_guests, memory_order_relaxed) > 0 ? first_seat(pool) : POOL__GUESTS;
}

static bool steal_between(struct pool *pool, size_t begin, size_t end, struct pool__item *item)
{
    for (size_t i = begin; i < end; i++)
        if (is_shared(pool, i) && steal_from(pool__seat(pool, i), item))
            return true;
    return false;
}

bool pool__steal_others(struct pool *pool, size_t own, struct pool__item *item)
{
    size_t n_seats = pool__count_seats(pool);

    return steal_between(pool, own + 1, n_seats, item) ||
           steal_between(pool, first_shared(pool), own < n_seats ? own : n_seats, item);
}

bool pool__steal(struct pool *pool, size_t first, struct pool__item *item)
{
    return (first < pool__count_seats(pool) && steal_from(pool__seat(pool, first), item)) ||
           pool__steal_others(pool, first, item);
}

bool pool__steal_guests(struct pool *pool, size_t first, struct pool__item *item)
{
    size_t n_seats = pool__count_seats(pool), begin = first_seat(pool);

    for (size_t i = 0; i < POOL__GUESTS; i++) {
        size_t index = (first + i) % POOL__GUESTS;

        if (index >= begin && index < n_seats && !is_shared(pool, index) && steal_from(pool__seat(pool, index), item))
            return true;
    }
    return false;
}

/* Where something has gone since, a visitor is at work, and then no more than that is looked at: each line of memory
 * that is takes the visitor as long to get back as it needs for half of a short call. */
bool pool__is_left(const struct pool *pool, struct pool__seen seen[POOL__GUESTS])
{
    size_t n_seats = pool__count_seats(pool);
    bool is_left = false;

    for (size_t i = first_seat(pool); i < POOL__GUESTS && i < n_seats; i++) {
        const struct pool__deque *deque = &pool__seat(pool, i)->spawned;
        size_t n_gone = pool__deque_gone(deque);
        bool was_filled = seen[i].is_filled && seen[i].n_gone == n_gone;

        seen[i].is_filled = seen[i].n_gone == n_gone && pool__deque_count(deque) > 0;
        seen[i].n_gone = n_gone;
        is_left |= was_filled && seen[i].is_filled;
    }
    return is_left;
}

static atomic_uint n_threads; /* that have used a port or visited a seat, in any pool */
static _Thread_local unsigned number; /* of this thread among them, from 1 */

static unsigned own_number(void)
{
    if (number == 0)
        /* [COUNT] relaxed: orders nothing. */
        number = atomic_fetch_add_explicit(&n_threads, 1, memory_order_relaxed) + 1;
    return number;
}

struct pool__port *pool__own_port(struct pool *pool)
{
    return &pool->ports[own_number() % pool->n_ports];
}

/* Whether threads outside may use the first seats. */
static bool are_open(const struct pool *pool)
{
    return first_seat(pool) == 0 && pool__count_seats(pool) > 0;
}

static bool use(struct pool *pool, size_t index, uint32_t use)
{
    uint32_t unused = POOL__UNUSED;

    /* [USE] acquire: sees what the one before did; pairs with end_use(). Relaxed on failure: nothing is done. */
    return atomic_compare_exchange_strong_explicit(&pool->first_seats[index].use, &unused, use, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void end_use(struct pool *pool, size_t index)
{
    /* [USE] release: for the next one. */
    atomic_store_explicit(&pool->first_seats[index].use, POOL__UNUSED, memory_order_release);
}

static size_t index_to_visit(void)
{
    return own_number() % POOL__GUESTS;
}

struct pool__seat *pool__visit(struct pool *pool)
{
    size_t index = index_to_visit();

    if (pool->n_ports == 0 || !are_open(pool) || !use(pool, index, POOL__VISITED))
        return NULL;
    /* [NOTICES] relaxed: ordered by the use, see pool__await_visits(). */
    if (!(atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__CLOSED))
        return pool__seat(pool, index);
    end_use(pool, index);
    return NULL;
}

void pool__end_visit(struct pool *pool)
{
    end_use(pool, index_to_visit());
}

struct pool__seat *pool__sit_down(struct pool *pool, size_t *index)
{
    if (pool->n_ports == 0 || pool__count_seats(pool) == 0)
        return NULL;
    pool__open_guest_seats(pool);
    for (*index = 0; *index < POOL__GUESTS; ++*index)
        if (use(pool, *index, POOL__SAT)) {
            pool__add(&pool->n_guests, 1); /* [GUESTS] relaxed: see first_shared() */
            return pool__seat(pool, *index);
        }
    return NULL;
}

void pool__stand_up(struct pool *pool, size_t index)
{
    pool__add(&pool->n_guests, (size_t)-1); /* [GUESTS] relaxed: see first_shared() */
    end_use(pool, index);
}

void pool__await_visits(struct pool *pool)
{
    const struct timespec pause = {0, 10 * 1000};

    for (size_t i = 0; i < POOL__GUESTS; i++) {
        /* [USE] relaxed: who sits is no visitor, and what it puts in is answered: see submit.c. */
        while (atomic_load_explicit(&pool->first_seats[i].use, memory_order_relaxed) != POOL__SAT) {
            if (use(pool, i, POOL__VISITED)) {
                end_use(pool, i);
                break;
            }
            nanosleep(&pause, NULL);
        }
    }
}

bool pool__is_port_empty(struct pool *pool)
{
    return pool__port_count(pool__own_port(pool)) == 0;
}

bool pool__is_visited_empty(struct pool *pool)
{
    return first_seat(pool) > 0 || pool__count_seats(pool) == 0 ||
           pool__deque_count(&pool__seat(pool, index_to_visit())->spawned) == 0;
}

bool pool__take_port(struct pool *pool, size_t first, struct pool__item *item, struct pool__seat *ahead)
{
    struct pool__deque *claimed = ahead != NULL ? &ahead->claimed : NULL;

    for (size_t i = 0; i < pool->n_ports; i++)
        if (pool__port_take(&pool->ports[(first + i) % pool->n_ports], item, claimed,
                            claimed != NULL ? POOL__AHEAD_MAX : 0))
            return true;
    return false;
}

bool pool__has_port_tasks(const struct pool *pool)
{
    for (size_t i = 0; i < pool->n_ports; i++)
        if (pool__port_count(&pool->ports[i]) > 0)
            return true;
    return false;
}

static bool is_empty(const struct pool__seat *seat)
{
    return pool__deque_count(&seat->claimed) + pool__deque_count(&seat->spawned) == 0;
}

bool pool__has_loose(const struct pool *pool)
{
    size_t n_seats = pool__count_seats(pool);

    for (size_t i = first_shared(pool); i < n_seats; i++)
        if (is_shared(pool, i) && !is_empty(pool__seat(pool, i)))
            return true;
    return pool__has_port_tasks(pool);
}

size_t pool__n_loose(const struct pool *pool, size_t n_max)
{
    size_t n_seats = pool__count_seats(pool), n_tasks = 0;

    for (size_t i = 0; i < pool->n_ports && n_tasks < n_max; i++)
        n_tasks += pool__port_count(&pool->ports[i]);

    for (size_t i = first_seat(pool); i < n_seats && n_tasks < n_max; i++) {
        const struct pool__seat *seat = pool__seat(pool, i);

        n_tasks += pool__deque_count(&seat->claimed) + pool__deque_count(&seat->spawned);
    }
    return n_tasks < n_max ? n_tasks : n_max;
}

size_t pool__begun(const struct pool *pool)
{
    size_t n_seats = pool__count_seats(pool), n_begun = 0;

    for (size_t i = 0; i < n_seats; i++)
        /* [COUNT] relaxed: only whether it changes is of interest. */
        n_begun += atomic_load_explicit(&pool__seat(pool, i)->n_begun, memory_order_relaxed);
    return n_begun;
}

size_t pool__nested(const struct pool *pool)
{
    size_t n_seats = pool__count_seats(pool), n_nested = 0;

    for (size_t i = 0; i < n_seats; i++)
        /* [COUNT] relaxed: orders nothing. */
        n_nested += atomic_load_explicit(&pool__seat(pool, i)->n_nested, memory_order_relaxed);
    return n_nested;
}
