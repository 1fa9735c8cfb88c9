/* Blocks of different sizes, allocated, written, read and freed: fresh threads pay for an arena of the allocator and
 * its caches, threads that are kept have them.
 *
 * The first word of a block is written and read back; the rest of it is the allocator's business.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

enum { BLOCKS_MAX = 512, SIZE_MIN_BYTES = 16 };

struct alloc {
    size_t n_blocks;
    uint64_t most_bytes, n_doublings, seed;
};

enum { BLOCKS, SIZE_BYTES };

static const struct workload_parameter alloc_parameters[] = {
    [BLOCKS] = { "blocks", "blocks that a task has at the same time", 64, 1, BLOCKS_MAX },
    [SIZE_BYTES] = { "size_bytes", "size of the largest block, most are much smaller", 16384, 64, 1 << 24 },
    { NULL, NULL, 0, 0, 0 },
};

static int alloc_setup(const struct workload_config *config, void **state)
{
    struct alloc *alloc = malloc(sizeof(*alloc));

    if (!alloc)
        return workload__fail(config, ENOMEM, "cannot set up alloc");
    *alloc = (struct alloc){ .n_blocks = config->values[BLOCKS], .most_bytes = config->values[SIZE_BYTES],
                             .seed = config->seed };
    while ((uint64_t)SIZE_MIN_BYTES << alloc->n_doublings < alloc->most_bytes)
        alloc->n_doublings++;
    *state = alloc;
    return 0;
}

static uint64_t word_of(const struct alloc *alloc, uint64_t index, size_t block)
{
    return workload_mix((index * BLOCKS_MAX + block) ^ alloc->seed);
}

/* Every order of magnitude is as likely as any other. */
static size_t size_of(const struct alloc *alloc, uint64_t word)
{
    uint64_t bytes = (uint64_t)SIZE_MIN_BYTES << word % alloc->n_doublings;

    bytes += (word >> 32) % bytes;
    return bytes < alloc->most_bytes ? bytes : alloc->most_bytes;
}

/* Frees those of odd numbers last, so that the allocator has holes to fill. A block that is refused makes the sum
 * wrong. */
static uint64_t alloc_run(void *state, uint64_t index)
{
    const struct alloc *alloc = state;
    uint64_t *blocks[BLOCKS_MAX], sum = 0;

    for (size_t i = 0; i < alloc->n_blocks; i++) {
        uint64_t word = word_of(alloc, index, i);

        blocks[i] = malloc(size_of(alloc, word));
        if (blocks[i])
            *blocks[i] = word;
    }
    for (size_t parity = 0; parity < 2; parity++)
        for (size_t i = parity; i < alloc->n_blocks; i += 2) {
            sum += blocks[i] ? *(volatile uint64_t *)blocks[i] : 0;
            free(blocks[i]);
        }
    return sum;
}

static int alloc_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct alloc *alloc = state;
    uint64_t sum = 0;

    for (uint64_t index = 0; index < tally->n_submitted; index++)
        for (size_t i = 0; i < alloc->n_blocks; i++)
            sum += word_of(alloc, index, i);
    return workload__check(tally, sum, reason, reason_bytes);
}

const struct workload workload_alloc = {
    .name = "alloc",
    .kind = WORKLOAD_CPU,
    .summary = "blocks of memory allocated and freed",
    .parameters = alloc_parameters,
    .setup = alloc_setup,
    .run = alloc_run,
    .check = alloc_check,
    .teardown = free,
};
