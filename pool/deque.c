/* The deque of Chase and Lev, of fixed size: what does not fit goes to the pool's queue, so there is no array to be
 * replaced while thieves read it.
 *
 * The items are those from top to bottom - 1. Who takes an item is decided by the step of top, but for the owner
 * while more than one is left. The owner lowers bottom, then looks at top; a thief looks at top, then at bottom:
 * as both are sequentially consistent, of the two one sees the other where only one item is left, and both go
 * by top.
 *
 * A slot is written again only when top has passed its item, so a thief that has read half of the new item and half of
 * the old one does not take it: its step of top fails.
 *
 * There are no fences, which ThreadSanitizer would not see: the orderings are those of the operations.
 */
#include "deque.h"

enum { MASK = POOL__DEQUE_ITEMS - 1 };

static void put(struct pool__deque *deque, size_t at, struct pool__item item)
{
    /* [ITEM] relaxed: published by bottom, and read in vain where top has moved on. */
    atomic_store_explicit(&deque->items[at & MASK].fn, item.fn, memory_order_relaxed);
    atomic_store_explicit(&deque->items[at & MASK].arg, item.arg, memory_order_relaxed);
}

static struct pool__item get(struct pool__deque *deque, size_t at)
{
    struct pool__item item;

    /* [ITEM] relaxed: as above. */
    item.fn = atomic_load_explicit(&deque->items[at & MASK].fn, memory_order_relaxed);
    item.arg = atomic_load_explicit(&deque->items[at & MASK].arg, memory_order_relaxed);
    return item;
}

void pool__deque_add(struct pool__deque *deque, struct pool__item item, size_t n_added)
{
    /* [BOTTOM] relaxed: the owner's own. */
    put(deque, atomic_load_explicit(&deque->bottom, memory_order_relaxed) + n_added, item);
}

void pool__deque_show(struct pool__deque *deque, size_t n_added)
{
    /* [BOTTOM] release: publishes the items; pairs with pool__deque_steal(). Where they were before, and whoever looks
     * there and here, is ordered by the caller. The load is that of the owner's own. */
    atomic_store_explicit(&deque->bottom, atomic_load_explicit(&deque->bottom, memory_order_relaxed) + n_added,
                          memory_order_release);
}

bool pool__deque_push(struct pool__deque *deque, struct pool__item item)
{
    /* [BOTTOM] relaxed: the owner's own. */
    size_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed);

    /* [TOP] acquire: the slot is written after the thief has read it; pairs with the step in take_top(). */
    if (bottom - atomic_load_explicit(&deque->top, memory_order_acquire) >= POOL__DEQUE_ITEMS)
        return false;
    put(deque, bottom, item);
    /* [BOTTOM] seq_cst: publishes the item, and comes before what the owner looks at next: see deque.h. */
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_seq_cst);
    return true;
}

/* Takes the item at top, unless somebody else does. */
static bool take_top(struct pool__deque *deque, size_t top)
{
    /* [TOP] seq_cst: in one order with the looks at bottom; release: the slot has been read. */
    return atomic_compare_exchange_strong_explicit(&deque->top, &top, top + 1, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

bool pool__deque_pop(struct pool__deque *deque, struct pool__item *item)
{
    /* [BOTTOM] relaxed: the owner's own. */
    size_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed), top;
    bool is_taken = true;

    /* [TOP] relaxed: top only grows, so a deque that looks empty is. */
    if (bottom == atomic_load_explicit(&deque->top, memory_order_relaxed))
        return false;
    bottom--;
    /* [BOTTOM] seq_cst: before the look at top; pairs with the looks in pool__deque_steal(). */
    atomic_store_explicit(&deque->bottom, bottom, memory_order_seq_cst);
    /* [TOP] seq_cst: after the step of bottom. */
    top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    if (top < bottom) {
        *item = get(deque, bottom);
        return true;
    }
    if (top == bottom) {
        *item = get(deque, bottom);
        is_taken = take_top(deque, top);
    } else {
        is_taken = false;
    }
    /* [BOTTOM] release: as it was; a thief that reads it sees the items that were pushed. */
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_release);
    return is_taken;
}

bool pool__deque_pop_handle(struct pool__deque *deque, const void *handle)
{
    /* [BOTTOM] relaxed: the owner's own. */
    size_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed);
    struct pool__item item = get(deque, bottom - 1); /* the youngest, or one that is gone, and then pop fails */

    return item.fn == NULL && item.arg == handle && pool__deque_pop(deque, &item);
}

bool pool__deque_steal(struct pool__deque *deque, struct pool__item *item)
{
    for (;;) {
        /* [TOP] seq_cst: before the look at bottom. */
        size_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
        /* [BOTTOM] seq_cst: after the look at top; acquire: sees the item. */
        size_t bottom = atomic_load_explicit(&deque->bottom, memory_order_seq_cst);

        if (bottom == top || bottom + 1 == top)
            return false;
        *item = get(deque, top);
        if (take_top(deque, top))
            return true;
    }
}

size_t pool__deque_gone(const struct pool__deque *deque)
{
    /* [TOP] relaxed: a guess. */
    return atomic_load_explicit(&deque->top, memory_order_relaxed);
}

size_t pool__deque_count(const struct pool__deque *deque)
{
    /* [TOP], [BOTTOM] seq_cst: in one order with who pushes and looks whether somebody is idle. */
    size_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    size_t bottom = atomic_load_explicit(&deque->bottom, memory_order_seq_cst);

    return bottom + 1 == top ? 0 : bottom - top;
}
