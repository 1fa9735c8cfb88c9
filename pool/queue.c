/* A first-in first-out queue of ranges of tasks in linked blocks.
 *
 * A slot holds a range, so that a batch takes as little room as a single task: 32 bytes on a 64-bit machine.
 * Blocks that are emptied are kept, up to POOL__SPARE_MAX, so that a queue which stays about as long as it was
 * allocates nothing; a queue that becomes empty starts again in the block that it is in, which is warm.
 *
 * Invariant: the queue is empty if and only if it has no block yet, or head is tail and head_at == tail_at
 * == 0. Locking: none; the caller holds the pool's lock.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

enum { N_SLOTS = 127 }; /* a block is then one page of 4 KiB with malloc's header */

struct pool__block {
    struct pool__link link; /* must be first */
    struct pool__range slots[N_SLOTS];
};

static struct pool__block *next_of(const struct pool__block *block)
{
    return (struct pool__block *)block->link.next;
}

static struct pool__block *new_block(struct pool__queue *queue)
{
    struct pool__block *block = pool__take_spare(&queue->spares);

    if (block == NULL)
        block = malloc(sizeof *block);
    if (block != NULL)
        block->link.next = NULL;
    return block;
}

static void recycle_blocks(struct pool__queue *queue, struct pool__block *block)
{
    while (block != NULL) {
        struct pool__block *next = next_of(block);

        pool__keep_spare(&queue->spares, &block->link);
        block = next;
    }
}

int pool__queue_push(struct pool__queue *queue, const struct pool__range *range)
{
    if (queue->tail == NULL || queue->tail_at == N_SLOTS) {
        struct pool__block *block = new_block(queue);

        if (block == NULL)
            return -ENOMEM;
        if (queue->tail == NULL)
            queue->head = block;
        else
            queue->tail->link.next = &block->link;
        queue->tail = block;
        queue->tail_at = 0;
    }
    queue->tail->slots[queue->tail_at++] = *range;
    queue->n_ranges++;
    return 0;
}

struct pool__range *pool__queue_front(struct pool__queue *queue)
{
    return queue->n_ranges > 0 ? &queue->head->slots[queue->head_at] : NULL;
}

void pool__queue_drop(struct pool__queue *queue)
{
    struct pool__block *block = queue->head;

    queue->n_ranges--;
    queue->head_at++;
    if (queue->n_ranges == 0) {
        queue->head_at = queue->tail_at = 0;
    } else if (queue->head_at == N_SLOTS) {
        queue->head = next_of(block);
        queue->head_at = 0;
        pool__keep_spare(&queue->spares, &block->link);
    }
}

struct pool__range *pool__queue_back(struct pool__queue *queue)
{
    return queue->n_ranges == 1 || queue->tail_at > 1 ? &queue->tail->slots[queue->tail_at - 1] : NULL;
}

void pool__queue_drop_back(struct pool__queue *queue)
{
    queue->n_ranges--;
    queue->tail_at--;
    if (queue->n_ranges == 0)
        queue->head_at = queue->tail_at = 0;
}

void pool__queue_sweep(struct pool__queue *queue, bool (*drop)(const struct pool__range *range))
{
    struct pool__block *from = queue->head, *to = queue->head;
    uint32_t from_at = queue->head_at, to_at = queue->head_at;
    size_t n_ranges = queue->n_ranges;

    if (n_ranges == 0)
        return;
    for (size_t i = 0; i < n_ranges; i++) {
        if (from_at == N_SLOTS) {
            from = next_of(from);
            from_at = 0;
        }
        if (drop(&from->slots[from_at])) {
            queue->n_ranges--;
        } else {
            if (to_at == N_SLOTS) {
                to = next_of(to);
                to_at = 0;
            }
            to->slots[to_at++] = from->slots[from_at];
        }
        from_at++;
    }
    recycle_blocks(queue, next_of(to));
    to->link.next = NULL;
    queue->tail = to;
    queue->tail_at = to_at;
    if (queue->n_ranges == 0)
        queue->head_at = queue->tail_at = 0;
}

size_t pool__queue_count(const struct pool__queue *queue, size_t n_max,
                         size_t (*count)(const struct pool__range *range))
{
    const struct pool__block *block = queue->head;
    size_t at = queue->head_at, n_tasks = 0;

    for (size_t i = 0; i < queue->n_ranges && n_tasks < n_max; i++) {
        size_t more, most = n_max - n_tasks;

        if (at == N_SLOTS) {
            block = next_of(block);
            at = 0;
        }
        more = count(&block->slots[at++]);
        n_tasks += more < most ? more : most;
    }
    return n_tasks;
}

void pool__queue_release(struct pool__queue *queue)
{
    pool__free_blocks((struct pool__link *)queue->head);
    pool__free_blocks(queue->spares.first);
    *queue = (struct pool__queue){0};
}
