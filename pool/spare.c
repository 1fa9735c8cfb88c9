/* Blocks that are kept: lists of their own under one count. */
#include "spare.h"

#include <stdlib.h>

void *pool__take_spare(struct pool__spares *spares)
{
    struct pool__link *block = spares->first;

    if (block != NULL) {
        spares->first = block->next;
        /* [SPARE] relaxed: a number that orders nothing. */
        atomic_fetch_sub_explicit(spares->n_kept, 1, memory_order_relaxed);
    }
    return block;
}

void pool__keep_spare(struct pool__spares *spares, struct pool__link *block)
{
    /* [SPARE] relaxed: as above. */
    if (atomic_fetch_add_explicit(spares->n_kept, 1, memory_order_relaxed) < POOL__SPARE_MAX) {
        block->next = spares->first;
        spares->first = block;
        return;
    }
    /* [SPARE] relaxed: as above. */
    atomic_fetch_sub_explicit(spares->n_kept, 1, memory_order_relaxed);
    free(block);
}

void pool__free_blocks(struct pool__link *block)
{
    while (block != NULL) {
        struct pool__link *next = block->next;

        free(block);
        block = next;
    }
}
