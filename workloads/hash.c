/* Each task hashes the whole of one buffer that all of them read: work that reads memory, from the cache
 * that the size fits in. The buffer is filled once and never written again.
 *
 * The value of a task is workload_mix(index) + digest, so that the check needs one digest for all of them,
 * and one task with a wrong digest makes the sum wrong for certain.
 */
#include "hash.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_FACTOR UINT64_C(0x9fb21c651e98df25) /* odd: every step is a bijection of the hash */

enum { CACHE_LINE_BYTES = 128, WORD_BYTES = sizeof(uint64_t) };

struct hash {
    unsigned char *data;
    size_t size_bytes;
    uint64_t seed;
};

static const struct workload_parameter hash_parameters[] = {
    { "size_bytes", "size of the buffer that a task hashes", 16384, 64, UINT64_C(1) << 30 },
    { NULL, NULL, 0, 0, 0 },
};

uint64_t hash__digest(const unsigned char *data, size_t size_bytes, uint64_t start)
{
    uint64_t h = start ^ size_bytes, word;

    __asm__ volatile("" : "+r"(data) : : "memory"); /* the compiler knows no digest of this memory yet */
    for (; size_bytes >= WORD_BYTES; data += WORD_BYTES, size_bytes -= WORD_BYTES) {
        memcpy(&word, data, WORD_BYTES);
        h = (h ^ word) * HASH_FACTOR;
    }
    word = 0;
    memcpy(&word, data, size_bytes);
    return workload_mix((h ^ word) * HASH_FACTOR);
}

static uint64_t digest(const struct hash *hash)
{
    return hash__digest(hash->data, hash->size_bytes, hash->seed);
}

static void fill(struct hash *hash)
{
    for (size_t at = 0; at < hash->size_bytes; at += WORD_BYTES) {
        uint64_t word = workload_mix(hash->seed + at);
        size_t n_left = hash->size_bytes - at;

        memcpy(hash->data + at, &word, n_left < WORD_BYTES ? n_left : WORD_BYTES);
    }
}

static int hash_setup(const struct workload_config *config, void **state)
{
    struct hash *hash = malloc(sizeof(*hash));
    void *data = NULL;
    int error = hash ? posix_memalign(&data, CACHE_LINE_BYTES, config->values[0]) : ENOMEM;

    if (error) {
        free(hash);
        return workload__fail(config, error, "cannot allocate the buffer to hash");
    }
    *hash = (struct hash){ .data = data, .size_bytes = config->values[0], .seed = config->seed };
    fill(hash);
    *state = hash;
    return 0;
}

static uint64_t hash_run(void *state, uint64_t index)
{
    return workload_mix(index) + digest(state);
}

static int hash_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    uint64_t n = tally->n_submitted;

    return workload__check(tally, workload__mix_sum(n, 0) + n * digest(state), reason, reason_bytes);
}

static void hash_teardown(void *state)
{
    struct hash *hash = state;

    free(hash->data);
    free(hash);
}

const struct workload workload_hash = {
    .name = "hash",
    .kind = WORKLOAD_CPU,
    .summary = "hashing of a buffer that all tasks read",
    .parameters = hash_parameters,
    .setup = hash_setup,
    .run = hash_run,
    .check = hash_check,
    .teardown = hash_teardown,
};
