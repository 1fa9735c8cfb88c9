/* The pool's queue of tasks. Private to pool/. */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include "pool.h"
#include "spare.h"

#include <stdbool.h>
#include <stdint.h>

/* n_tasks tasks that are still to be taken: fn(arg), fn(arg + stride_bytes), ... Or, if fn is NULL, n_tasks
 * tickets, with each of which a worker may take a part of what arg points to, a struct pool_handle. */
struct pool__range {
    pool_fn *fn;
    uintptr_t arg; /* a number: a null pointer, too, may be stepped on by 0 */
    size_t stride_bytes;
    size_t n_tasks;
};

struct pool__block;

/* All zero but spares.n_kept is an empty queue. */
struct pool__queue {
    struct pool__block *head, *tail; /* both NULL, or a list from head to tail */
    uint32_t head_at, tail_at;       /* next range to take in head, next free slot in tail */
    size_t n_ranges;
    struct pool__spares spares;
};

/* Appends a range. Returns 0 or -ENOMEM. */
int pool__queue_push(struct pool__queue *queue, const struct pool__range *range);

/* The oldest range, which may be changed in place, or NULL. */
struct pool__range *pool__queue_front(struct pool__queue *queue);

/* Removes the oldest range. There is one. */
void pool__queue_drop(struct pool__queue *queue);

/* The youngest range, or NULL: also if there are others and it is the first of its block. And removes it. */
struct pool__range *pool__queue_back(struct pool__queue *queue);
void pool__queue_drop_back(struct pool__queue *queue);

/* Removes all ranges of which drop() is true; it is called once for each. */
void pool__queue_sweep(struct pool__queue *queue, bool (*drop)(const struct pool__range *range));

/* How many tasks are queued, counted up to n_max; count() tells how many a range stands for, and never 0. */
size_t pool__queue_count(const struct pool__queue *queue, size_t n_max,
                         size_t (*count)(const struct pool__range *range));

/* Frees the blocks, and forgets what is queued. */
void pool__queue_release(struct pool__queue *queue);

#endif
