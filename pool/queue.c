/* A first-in first-out queue of ranges of tasks in linked blocks.
 *
 * A slot holds a range, so that a batch takes as little room as a single task: 32 bytes on a 64-bit machine.
 * Blocks that are emptied are kept, up to N_SPARE_MAX, so that a queue which stays about as long as it was
 * allocates nothing; a queue that becomes empty starts again in the block that it is in, which is warm.
 *
 * Invariant: the queue is empty if and only if it has no block yet, or head is tail and head_at == tail_at
 * == 0. Locking: none; the caller holds the pool's lock.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

enum {
    N_SLOTS = 127,   /* a block is then one page of 4 KiB with malloc's header */
    N_SPARE_MAX = 64 /* 256 KiB a pool */
};

struct pool__block {
    struct pool__block *next;
    struct pool__range slots[N_SLOTS];
};

static struct pool__block *new_block(struct pool__queue *queue)
{
    struct pool__block *block = queue->spare;

    if (block != NULL) {
        queue->spare = block->next;
        queue->n_spare--;
    } else {
        block = malloc(sizeof *block);
    }
    if (block != NULL)
        block->next = NULL;
    return block;
}

static void recycle_block(struct pool__queue *queue, struct pool__block *block)
{
    if (queue->n_spare == N_SPARE_MAX) {
        free(block);
        return;
    }
    block->next = queue->spare;
    queue->spare = block;
    queue->n_spare++;
}

static void recycle_blocks(struct pool__queue *queue, struct pool__block *block)
{
    while (block != NULL) {
        struct pool__block *next = block->next;

        recycle_block(queue, block);
        block = next;
    }
}

static void free_blocks(struct pool__block *block)
{
    while (block != NULL) {
        struct pool__block *next = block->next;

        free(block);
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
            queue->tail->next = block;
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
        queue->head = block->next;
        queue->head_at = 0;
        recycle_block(queue, block);
    }
}

void pool__queue_sweep(struct pool__queue *queue, bool (*drop)(const struct pool__range *range))
{
    struct pool__block *from = queue->head, *to = queue->head;
    size_t from_at = queue->head_at, to_at = queue->head_at, n_ranges = queue->n_ranges;

    if (n_ranges == 0)
        return;
    for (size_t i = 0; i < n_ranges; i++) {
        if (from_at == N_SLOTS) {
            from = from->next;
            from_at = 0;
        }
        if (drop(&from->slots[from_at])) {
            queue->n_ranges--;
        } else {
            if (to_at == N_SLOTS) {
                to = to->next;
                to_at = 0;
            }
            to->slots[to_at++] = from->slots[from_at];
        }
        from_at++;
    }
    recycle_blocks(queue, to->next);
    to->next = NULL;
    queue->tail = to;
    queue->tail_at = to_at;
    if (queue->n_ranges == 0)
        queue->head_at = queue->tail_at = 0;
}

size_t pool__queue_count(const struct pool__queue *queue, size_t n_max)
{
    const struct pool__block *block = queue->head;
    size_t at = queue->head_at, n_tasks = 0;

    for (size_t i = 0; i < queue->n_ranges && n_tasks < n_max; i++) {
        if (at == N_SLOTS) {
            block = block->next;
            at = 0;
        }
        n_tasks += block->slots[at++].n_tasks;
    }
    return n_tasks;
}

void pool__queue_release(struct pool__queue *queue)
{
    free_blocks(queue->head);
    free_blocks(queue->spare);
    *queue = (struct pool__queue){0};
}
