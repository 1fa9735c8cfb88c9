/* Loose tasks: those that are not in the queue, but in ports and seats. Private to pool/. Without the lock, but where
 * seats are made. */
#ifndef POOL_SEAT_H
#define POOL_SEAT_H

#include "state.h"

struct pool__port *pool__own_port(struct pool *pool); /* this thread's. There are some */
/* From the ports, that one first; and more for that seat, whose `claimed` is empty. */
bool pool__take_port(struct pool *pool, size_t first, struct pool__item *item, struct pool__seat *ahead);
bool pool__has_port_tasks(const struct pool *pool);

struct pool__seat *pool__seat(const struct pool *pool, size_t index);
size_t pool__count_seats(const struct pool *pool);
void pool__open_guest_seats(struct pool *pool); /* before the first of them is used. With the lock */
/* Has one of the first seats for this thread outside: to visit, always the same one; for a guest, any. NULL: another
 * thread has it, there are none yet, or the pool is closed. A visitor takes no lock before it ends the visit. */
struct pool__seat *pool__visit(struct pool *pool);
void pool__end_visit(struct pool *pool);
struct pool__seat *pool__sit_down(struct pool *pool, size_t *index); /* with the lock, as the next */
void pool__stand_up(struct pool *pool, size_t index);
void pool__await_visits(struct pool *pool); /* who comes after this sees what this thread did before. With the lock */
/* Whether this thread may visit with something that is to begin after what it has put into its port. */
bool pool__is_port_empty(struct pool *pool);
bool pool__is_visited_empty(struct pool *pool); /* and the other way round */
int pool__new_seats(struct pool *pool, size_t index); /* down to this one; 0 or -ENOMEM. With the lock */
void pool__free_seats(struct pool *pool);
bool pool__steal(struct pool *pool, size_t first, struct pool__item *item); /* from that seat, then from the others */
bool pool__steal_others(struct pool *pool, size_t own, struct pool__item *item); /* but that one and those visited */
/* From the first seats, visited or not: that one first. */
bool pool__steal_guests(struct pool *pool, size_t first, struct pool__item *item);
/* Whether something has been in one of the first seats since the look before the last one, in seen[], as far as looks
 * tell: after a change the first look only notes it. */
bool pool__is_left(const struct pool *pool, struct pool__seen seen[POOL__GUESTS]);

size_t pool__n_loose(const struct pool *pool, size_t n_max); /* tasks in both, counted up to n_max */
bool pool__has_loose(const struct pool *pool);              /* the same but for seats that are visited */
size_t pool__begun(const struct pool *pool);                /* tasks that were taken out of them */
size_t pool__nested(const struct pool *pool);               /* calls that workers made while they waited for them */

/* Where others find the rest of a handle of which the seat's owner has taken a part. */
static inline struct pool__deque *pool__place_of_rest(struct pool__seat *seat, const struct pool_handle *handle)
{
    return handle->is_ordered ? &seat->claimed : &seat->spawned;
}

/* Adds to a counter that this thread alone writes. */
static inline void pool__add(atomic_size_t *counter, size_t n)
{
    /* [COUNT] relaxed: this thread's own, and published with what is counted; pairs with the loads in quiet.c. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

#endif
