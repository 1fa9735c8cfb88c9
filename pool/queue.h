/* The pool's queue of tasks. Private to pool/. */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include "pool.h"

#include <stdbool.h>
#include <stdint.h>

/* n_tasks tasks that are still to be taken: fn(arg), fn(arg + stride_bytes), ... */
struct pool__range {
    pool_fn *fn;
    uintptr_t arg; /* a number: a null pointer, too, may be stepped on by 0 */
    size_t stride_bytes;
    size_t n_tasks;
};

struct pool__block;

/* All zero is an empty queue. */
struct pool__queue {
    struct pool__block *head, *tail; /* both NULL, or a list from head to tail */
    size_t head_at, tail_at;         /* next range to take in head, next free slot in tail */
    struct pool__block *spare;       /* emptied blocks that are kept */
    size_t n_spare;
};

/* Appends a range of at least one task. Returns 0 or -ENOMEM. */
int pool__queue_push(struct pool__queue *queue, const struct pool__range *range);

/* Takes the oldest task. Returns false if there is none. */
bool pool__queue_take(struct pool__queue *queue, pool_fn **fn, void **arg);

/* Frees the blocks. Tasks that are still queued are dropped. */
void pool__queue_release(struct pool__queue *queue);

#endif
