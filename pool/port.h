/* Where threads outside of a pool hand over single tasks without its lock. Private to pool/. */
#ifndef POOL_PORT_H
#define POOL_PORT_H

#include "atomics.h"
#include "deque.h"
#include "spare.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POOL__PORTS = 8 };

struct pool__port_block;

/* One first-in first-out queue in linked blocks: several threads may put in, and several take out. */
struct pool__port {
    _Alignas(128) atomic_bool is_putting; /* a thread: it has all down to n_put */
    struct pool__port_block *tail;
    uint32_t tail_at;
    atomic_size_t n_put;                  /* all of them can be taken */

    _Alignas(128) pthread_mutex_t taking; /* guards all down to the end; n_taken is read without it */
    struct pool__port_block *head;
    uint32_t head_at;
    atomic_size_t n_taken;
    struct pool__spares spares;
};

/* Of a port that is all zero. */
void pool__port_init(struct pool__port *port, atomic_size_t *n_kept);
void pool__port_release(struct pool__port *port);

/* Puts an item in. Returns 0; 1 if another thread is doing that, or if `stop`, looked at where no other can be, is not
 * 0; -ENOMEM. What this thread did before happens before the item is taken, and as in deque.h it comes before what
 * this thread looks at next. */
int pool__port_put(struct pool__port *port, struct pool__item item, const _Atomic(uint32_t) *stop, uint32_t mask);

/* Takes the oldest item out, and up to n_more for a deque that is empty, whose owner the caller is; false if there is
 * none. */
bool pool__port_take(struct pool__port *port, struct pool__item *item, struct pool__deque *deque, size_t n_more);

/* Waits until nobody is putting in: who begins after this sees what this thread did before. */
void pool__port_await(struct pool__port *port);

/* How many items there are, at some moment during the call. */
size_t pool__port_count(const struct pool__port *port);

#endif
