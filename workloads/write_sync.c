/* A write that is on the device before the task ends: pwrite and fdatasync. The device may do them one after the other,
 * or several at once for all who wait, whoever asks. In memory there is nothing to wait for: a file system there is
 * refused.
 *
 * Tasks write in turn to the places of one file, which is allocated and on the device beforehand, so that only data is
 * written. The file has no name. In the end each place holds the whole block of one task.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACES_MAX = 256, FILE_MAX_BYTES = 16 << 20, WORD_BYTES = sizeof(uint64_t), BLOCK_MAX_BYTES = 16384 };

struct writer {
    int fd;
    uint64_t block_bytes, n_places, seed;
    atomic_int error; /* the first one */
};

static const struct workload_parameter write_parameters[] = {
    { "size_bytes", "what a task writes, rounded up to a multiple of 8", 4096, 64, BLOCK_MAX_BYTES },
    { NULL, NULL, 0, 0, 0 },
};

/* The first word is the index, the others follow from it. */
static void fill(const struct writer *writer, uint64_t *block, uint64_t index)
{
    block[0] = index;
    for (uint64_t i = 1; i < writer->block_bytes / WORD_BYTES; i++)
        block[i] = workload_mix((index ^ writer->seed) + i);
}

/* Returns 0 or an errno. */
static int write_block(const struct writer *writer, const void *block, uint64_t place)
{
    ssize_t n;

    do
        n = pwrite(writer->fd, block, writer->block_bytes, (off_t)(place * writer->block_bytes));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)writer->block_bytes ? 0 : n < 0 ? errno : ENOSPC;
}

/* All places, once. Returns 0 or an errno. */
static int allocate(const struct writer *writer)
{
    uint64_t block[BLOCK_MAX_BYTES / WORD_BYTES];

    for (uint64_t place = 0; place < writer->n_places; place++) {
        int error;

        fill(writer, block, place);
        error = write_block(writer, block, place);
        if (error)
            return error;
    }
    return fsync(writer->fd) ? errno : 0;
}

static int open_file(const struct workload_config *config)
{
    char path[FILES_PATH_BYTES];
    int fd, n = snprintf(path, sizeof(path), "%s/write-XXXXXX", config->scratch_dir);

    if ((size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(path);
    return fd;
}

static int write_setup(const struct workload_config *config, void **state)
{
    struct writer *writer = malloc(sizeof(*writer));
    int error;

    if (!writer)
        return workload__fail(config, ENOMEM, "cannot set up write-sync");
    if (files__is_memory(config->scratch_dir)) {
        free(writer);
        return files__refuse_memory(config);
    }
    writer->block_bytes = (config->values[0] + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
    writer->n_places = FILE_MAX_BYTES / writer->block_bytes < PLACES_MAX ? FILE_MAX_BYTES / writer->block_bytes
                                                                        : PLACES_MAX;
    writer->seed = config->seed;
    atomic_init(&writer->error, 0);
    error = files__check_room(config, writer->n_places * writer->block_bytes);
    if (error) {
        free(writer);
        return error;
    }
    writer->fd = open_file(config);
    error = writer->fd < 0 ? -writer->fd : allocate(writer);
    if (error) {
        if (writer->fd >= 0)
            close(writer->fd);
        free(writer);
        return files__fail(config, error, "write");
    }
    *state = writer;
    return 0;
}

static uint64_t write_run(void *state, uint64_t index)
{
    struct writer *writer = state;
    uint64_t block[BLOCK_MAX_BYTES / WORD_BYTES], value = workload_mix(index ^ writer->seed);
    int error, none = 0;

    fill(writer, block, index);
    error = write_block(writer, block, index % writer->n_places);
    if (!error && fdatasync(writer->fd))
        error = errno;
    if (!error)
        return value;
    /* relaxed: read after the last task has been waited for */
    atomic_compare_exchange_strong_explicit(&writer->error, &none, error, memory_order_relaxed, memory_order_relaxed);
    return ~value;
}

static bool is_whole(const struct writer *writer, uint64_t place)
{
    uint64_t block[BLOCK_MAX_BYTES / WORD_BYTES], expected[BLOCK_MAX_BYTES / WORD_BYTES];

    ssize_t n = pread(writer->fd, block, writer->block_bytes, (off_t)(place * writer->block_bytes));

    if (n < (ssize_t)writer->block_bytes)
        return false;
    fill(writer, expected, block[0]);
    return block[0] % writer->n_places == place && memcmp(block, expected, writer->block_bytes) == 0;
}

static int write_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    struct writer *writer = state;
    int error = atomic_load_explicit(&writer->error, memory_order_relaxed);

    if (error) {
        snprintf(reason, reason_bytes, "cannot write to the file in the scratch folder: %s", strerror(error));
        return -EBADMSG;
    }
    for (uint64_t place = 0; place < writer->n_places; place++)
        if (!is_whole(writer, place)) {
            snprintf(reason, reason_bytes, "place %" PRIu64 " of the file does not hold the block of a task", place);
            return -EBADMSG;
        }
    return workload__check(tally, workload__mix_sum(tally->n_submitted, writer->seed), reason, reason_bytes);
}

static void write_teardown(void *state)
{
    struct writer *writer = state;

    close(writer->fd);
    free(writer);
}

const struct workload workload_write_sync = {
    .name = "write-sync",
    .kind = WORKLOAD_IO,
    .summary = "a write that is on the device when it ends",
    .parameters = write_parameters,
    .setup = write_setup,
    .run = write_run,
    .check = write_check,
    .teardown = write_teardown,
};
