/* Random blocks of a real file: in the page cache (read-warm), or on the device (read-cold).
 *
 * Whether they are is never taken for granted: mincore(2) says it of each block that read-cold is about to read, after
 * it was dropped. Cold means cold to this kernel: what a host or a disk keeps is not seen.
 */
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of cold reads one in so many may have come from the cache, out of which a block is dropped up to so many times. */
enum { WARM_ONE_IN = 100, DROPS_MAX = 3 };

struct reader {
    struct files files;
    atomic_uint_fast64_t n_warm; /* reads of read-cold that were not */
};

static const struct workload_parameter warm_parameters[] = {
    { "size_bytes", "size of the file", 16 << 20, 1 << 16, 1 << 30 },
    { NULL, NULL, 0, 0, 0 },
};

static const struct workload_parameter cold_parameters[] = {
    { "size_bytes", "size of the file", 128 << 20, 1 << 16, UINT64_C(1) << 36 },
    { NULL, NULL, 0, 0, 0 },
};

static int open_reader(const struct workload_config *config, struct reader **out)
{
    struct reader *reader = malloc(sizeof(*reader));
    int error;

    if (!reader)
        return workload__fail(config, ENOMEM, "cannot set up the reader");
    atomic_init(&reader->n_warm, 0);
    error = files__open(config, config->values[0], &reader->files);
    if (error)
        free(reader);
    else
        *out = reader;
    return error;
}

static void teardown(void *state)
{
    struct reader *reader = state;

    files__close(&reader->files);
    free(reader);
}

/* Reads what the cache does not have. */
static int load_missing(const struct files *files)
{
    unsigned char buffer[FILES_BLOCK_BYTES];
    int error = 0;

    for (uint64_t block = 0; block < files->n_blocks && !error; block++)
        if (!files__is_cached(files, block))
            error = files__load(files, block, buffer);
    return error;
}

/* The kernel may take back a block while others come: where it keeps on doing so, there is no room for all. */
enum { PASSES_MAX = 5 };

static int warm_setup(const struct workload_config *config, void **state)
{
    struct reader *reader;
    uint64_t n_cached = 0;
    int error = open_reader(config, &reader);

    if (error)
        return error;
    for (int pass = 0; pass < PASSES_MAX && n_cached < reader->files.n_blocks && !error; pass++) {
        error = load_missing(&reader->files);
        n_cached = files__count_cached(&reader->files);
    }
    if (error) {
        teardown(reader);
        return files__fail(config, error, "read");
    }
    if (n_cached < reader->files.n_blocks) {
        snprintf(config->reason, config->reason_bytes, "the page cache keeps %" PRIu64 " of %" PRIu64 " blocks: "
                 "more free memory is needed", n_cached, reader->files.n_blocks);
        teardown(reader);
        return -ENOMEM;
    }
    *state = reader;
    return 0;
}

static int cold_setup(const struct workload_config *config, void **state)
{
    struct reader *reader;
    uint64_t n_cached;
    int error;

    if (files__is_memory(config->scratch_dir))
        return files__refuse_memory(config);
    error = open_reader(config, &reader);
    if (error)
        return error;
    files__drop(&reader->files, 0, 0);
    n_cached = files__count_cached(&reader->files);
    if (n_cached > reader->files.n_blocks / WARM_ONE_IN) {
        snprintf(config->reason, config->reason_bytes, "%" PRIu64 " of %" PRIu64 " blocks stay in the page cache: "
                 "choose a folder on another file system with --scratch", n_cached, reader->files.n_blocks);
        teardown(reader);
        return -ENOTSUP;
    }
    *state = reader;
    return 0;
}

static uint64_t warm_run(void *state, uint64_t index)
{
    struct reader *reader = state;
    unsigned char buffer[FILES_BLOCK_BYTES];

    return files__read(&reader->files, index, buffer);
}

static uint64_t cold_run(void *state, uint64_t index)
{
    struct reader *reader = state;
    uint64_t block = files__block_of(&reader->files, index);
    unsigned char buffer[FILES_BLOCK_BYTES];

    /* The kernel keeps a page that another CPU holds for a moment. */
    for (int i = 0; i < DROPS_MAX; i++) {
        files__drop(&reader->files, block * FILES_BLOCK_BYTES, FILES_BLOCK_BYTES);
        if (!files__is_cached(&reader->files, block))
            return files__read(&reader->files, index, buffer);
    }
    /* relaxed: a count, read after the last task has been waited for */
    atomic_fetch_add_explicit(&reader->n_warm, 1, memory_order_relaxed);
    return files__read(&reader->files, index, buffer);
}

static int check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    struct reader *reader = state;
    uint64_t sum = 0, n_warm = atomic_load_explicit(&reader->n_warm, memory_order_relaxed);
    int error = atomic_load_explicit(&reader->files.error, memory_order_relaxed);

    if (error) {
        snprintf(reason, reason_bytes, "cannot read the file in the scratch folder: %s",
                 error == ENODATA ? "it has become shorter" : strerror(error));
        return -EBADMSG;
    }
    if (n_warm > tally->n_submitted / WARM_ONE_IN) {
        snprintf(reason, reason_bytes, "%" PRIu64 " of %" PRIu64 " cold reads came from the page cache", n_warm,
                 tally->n_submitted);
        return -EBADMSG;
    }
    for (uint64_t index = 0; index < tally->n_submitted; index++)
        sum += files__value(&reader->files, index);
    return workload__check(tally, sum, reason, reason_bytes);
}

const struct workload workload_read_warm = {
    .name = "read-warm",
    .kind = WORKLOAD_IO,
    .summary = "random blocks of a file that is in the page cache",
    .parameters = warm_parameters,
    .setup = warm_setup,
    .run = warm_run,
    .check = check,
    .teardown = teardown,
};

const struct workload workload_read_cold = {
    .name = "read-cold",
    .kind = WORKLOAD_IO,
    .summary = "random blocks of a file that is not in the page cache",
    .parameters = cold_parameters,
    .setup = cold_setup,
    .run = cold_run,
    .check = check,
    .teardown = teardown,
};
