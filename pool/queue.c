/* A first-in first-out queue of tasks in linked blocks.
 *
 * A slot holds a range of tasks, so that a batch takes as little room as a single task: 32 bytes on a 64-bit
 * machine. Blocks that are emptied are kept, up to N_SPARE_MAX, so that a queue which stays about as long as
 * it was allocates nothing; a queue that becomes empty starts again in the block that it is in, which is
 * warm.
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

static void free_blocks(struct pool__block *block)
{
    while (block != NULL) {
        struct pool__block *next = block->next;

        free(block);
        block = next;
    }
}

static void drop_head_slot(struct pool__queue *queue)
{
    struct pool__block *block = queue->head;

    queue->head_at++;
    if (block == queue->tail) {
        if (queue->head_at == queue->tail_at)
            queue->head_at = queue->tail_at = 0;
    } else if (queue->head_at == N_SLOTS) {
        queue->head = block->next;
        queue->head_at = 0;
        recycle_block(queue, block);
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
    return 0;
}

bool pool__queue_take(struct pool__queue *queue, pool_fn **fn, void **arg)
{
    struct pool__range *range;

    if (queue->head == queue->tail && queue->head_at == queue->tail_at)
        return false;
    range = &queue->head->slots[queue->head_at];
    *fn = range->fn;
    *arg = (void *)range->arg;
    if (--range->n_tasks > 0)
        range->arg += range->stride_bytes;
    else
        drop_head_slot(queue);
    return true;
}

void pool__queue_release(struct pool__queue *queue)
{
    free_blocks(queue->head);
    free_blocks(queue->spare);
}
