/* A queue with one end for those who put in and one for those who take out, which meet only in two counters.
 *
 * The items are those from n_taken to n_put - 1, in blocks from head to tail; there is always one block. Who puts in
 * writes the item, and where a block is full the next one and the link to it, before n_put; who takes out reads n_put
 * before. So neither reads what the other is about to write, and there is no lock for both.
 *
 * Who puts in never waits: where another is at it, the caller has another way. Blocks that are emptied go to the spare
 * ones, from which they are taken under the same lock once in a block's length.
 */
#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { N_ITEMS = 255 }; /* a block is then one page of 4 KiB with malloc's header */

struct pool__port_block {
    struct pool__link link; /* must be first */
    struct pool__item items[N_ITEMS];
};

void pool__port_init(struct pool__port *port, atomic_size_t *n_kept)
{
    port->spares.n_kept = n_kept;
    pthread_mutex_init(&port->taking, NULL);
}

void pool__port_release(struct pool__port *port)
{
    pool__free_blocks((struct pool__link *)port->head);
    pool__free_blocks(port->spares.first);
    pthread_mutex_destroy(&port->taking);
}

/* Makes room behind the tail. */
static bool add_block(struct pool__port *port)
{
    struct pool__port_block *block;

    pthread_mutex_lock(&port->taking);
    block = pool__take_spare(&port->spares);
    pthread_mutex_unlock(&port->taking);
    if (block == NULL)
        block = malloc(sizeof *block);
    if (block == NULL)
        return false;
    block->link.next = NULL;
    if (port->tail != NULL)
        port->tail->link.next = &block->link;
    else
        port->head = block; /* nobody looks at it before the first item */
    port->tail = block;
    port->tail_at = 0;
    return true;
}

/* Nobody but who puts in looks at the blocks of an empty port: so it begins anew in its block, which is warm, and is in
 * as many blocks as the last time that it was so long. */
static void rewind_empty(struct pool__port *port)
{
    /* [TAKEN] acquire: the items have been read; pairs with release in pool__port_take(). The other load is that of who
     * alone writes it. */
    if (port->tail_at > 0 && atomic_load_explicit(&port->n_taken, memory_order_acquire) ==
                                 atomic_load_explicit(&port->n_put, memory_order_relaxed))
        port->head_at = port->tail_at = 0;
}

/* There is room. */
static void append_item(struct pool__port *port, struct pool__item item)
{
    port->tail->items[port->tail_at++] = item;
    /* [PUT] seq_cst: comes before what the caller looks at next; release: publishes the item and its block; pairs with
     * pool__port_count(). The load is that of who alone writes it. */
    atomic_store_explicit(&port->n_put, atomic_load_explicit(&port->n_put, memory_order_relaxed) + 1,
                          memory_order_seq_cst);
}

int pool__port_put(struct pool__port *port, struct pool__item item, const _Atomic(uint32_t) *stop, uint32_t mask)
{
    bool has_room = true;
    int error = 0;

    /* [PUTTING] acquire: sees what the one before has put in; pairs with the store below. */
    if (atomic_exchange_explicit(&port->is_putting, true, memory_order_acquire))
        return 1;
    /* [NOTICES] relaxed: ordered by is_putting, see pool__port_await(). */
    if (atomic_load_explicit(stop, memory_order_relaxed) & mask) {
        error = 1;
    } else {
        rewind_empty(port);
        if (port->tail == NULL || port->tail_at == N_ITEMS)
            has_room = add_block(port);
        if (has_room)
            append_item(port, item);
        else
            error = -ENOMEM;
    }
    /* [PUTTING] release: for the next one. */
    atomic_store_explicit(&port->is_putting, false, memory_order_release);
    return error;
}

void pool__port_await(struct pool__port *port)
{
    const struct timespec pause = {0, 10 * 1000};

    /* [PUTTING] acquire: what was put in is seen. */
    while (atomic_exchange_explicit(&port->is_putting, true, memory_order_acquire))
        nanosleep(&pause, NULL);
    /* [PUTTING] release: who puts in afterwards sees what is stopped. */
    atomic_store_explicit(&port->is_putting, false, memory_order_release);
}

size_t pool__port_count(const struct pool__port *port)
{
    /* [TAKEN], [PUT] seq_cst: in one order with who puts in and then looks whether somebody is idle; acquire: sees the
     * items. n_taken first: it never passes n_put. */
    size_t n_taken = atomic_load_explicit(&port->n_taken, memory_order_seq_cst);
    size_t n_put = atomic_load_explicit(&port->n_put, memory_order_seq_cst);

    return n_put - n_taken;
}

/* The oldest item; there is one. */
static struct pool__item take_out(struct pool__port *port)
{
    struct pool__port_block *block = port->head;

    if (port->head_at == N_ITEMS) {
        port->head = (struct pool__port_block *)block->link.next;
        port->head_at = 0;
        pool__keep_spare(&port->spares, &block->link);
        block = port->head;
    }
    return block->items[port->head_at++];
}

bool pool__port_take(struct pool__port *port, struct pool__item *item, struct pool__deque *deque, size_t n_more)
{
    size_t n_items, n_taken;

    if (pool__port_count(port) == 0)
        return false;
    pthread_mutex_lock(&port->taking);
    n_items = pool__port_count(port);
    /* [TAKEN] relaxed: written under the lock. */
    n_taken = atomic_load_explicit(&port->n_taken, memory_order_relaxed);
    if (n_items > 0) {
        *item = take_out(port);
        if (n_more > n_items / 2)
            n_more = n_items / 2;
        for (size_t i = 0; i < n_more; i++)
            pool__deque_add(deque, take_out(port), i);
        if (n_more > 0)
            pool__deque_show(deque, n_more);
        /* [TAKEN] release: the items have been read; pairs with the load in pool__port_count(). */
        atomic_store_explicit(&port->n_taken, n_taken + 1 + n_more, memory_order_release);
    }
    pthread_mutex_unlock(&port->taking);
    return n_items > 0;
}
