/* Emptied blocks that are kept to be filled again: those of a pool's queue and ports. Private to pool/. */
#ifndef POOL_SPARE_H
#define POOL_SPARE_H

#include "atomics.h"

#include <stddef.h>

/* So many in all that share a counter: with one in use 256 KiB. */
enum { POOL__SPARE_MAX = 63 };

/* What a block begins with. */
struct pool__link {
    struct pool__link *next;
};

/* All zero but n_kept is empty. The list is guarded as what it belongs to; the counter is shared. */
struct pool__spares {
    struct pool__link *first;
    atomic_size_t *n_kept;
};

/* One of them, or NULL. */
void *pool__take_spare(struct pool__spares *spares);

/* Keeps the block, or frees it if there are enough. */
void pool__keep_spare(struct pool__spares *spares, struct pool__link *block);

/* Frees a list of blocks. */
void pool__free_blocks(struct pool__link *block);

#endif
