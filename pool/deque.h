/* A deque of tasks: one thread owns it, any may take from it. Private to pool/. */
#ifndef POOL_DEQUE_H
#define POOL_DEQUE_H

#include "atomics.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POOL__DEQUE_ITEMS = 256 }; /* a power of two: one page of 4 KiB */

/* A task that nobody asks for a result: fn(arg). Or, if fn is NULL, arg is a handle with one part. */
struct pool__item {
    pool_fn *fn;
    void *arg;
};

/* All zero is an empty one. */
struct pool__deque {
    _Alignas(128) atomic_size_t bottom; /* where the owner puts the next; its alone to write */
    _Alignas(128) atomic_size_t top;    /* the oldest; only ever grows */
    _Alignas(128) struct {
        _Atomic(pool_fn *) fn;
        _Atomic(void *) arg;
    } items[POOL__DEQUE_ITEMS];
};

/* For the owner: puts an item in at the bottom; false if there is no room. What this thread did before happens before
 * the item is taken; and if this thread looks at something seq_cst afterwards, then whoever has changed that before it
 * looked at the deque sees the item or is seen. */
bool pool__deque_push(struct pool__deque *deque, struct pool__item item);

/* The same in two steps, for several items into a deque that its owner has found to be empty: each is put in behind
 * those added before, and then all can be taken. What this thread looks at afterwards may come before that: the items
 * have been elsewhere, where others have seen them. */
void pool__deque_add(struct pool__deque *deque, struct pool__item item, size_t n_added);
void pool__deque_show(struct pool__deque *deque, size_t n_added);

/* For the owner: takes the youngest item out; false if there is none. */
bool pool__deque_pop(struct pool__deque *deque, struct pool__item *item);

/* The same if that item is a handle. */
bool pool__deque_pop_handle(struct pool__deque *deque, const void *handle);

/* For any thread, the owner too: takes the oldest item out; false if there is none. */
bool pool__deque_steal(struct pool__deque *deque, struct pool__item *item);

/* How many items were taken out, but for those that the owner took while others were left. */
size_t pool__deque_gone(const struct pool__deque *deque);

/* How many items there are, at some moment during the call. */
size_t pool__deque_count(const struct pool__deque *deque);

#endif
