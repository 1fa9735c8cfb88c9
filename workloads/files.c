/* The file that read-warm and read-cold read.
 *
 * It is made under another name, which only one process can create, and renamed when it is whole; so who finds it finds
 * all of it. A file that was left behind by a process that died in between is in nobody's way.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { WORD_BYTES = sizeof(uint64_t), N_PROBES = 3, CHUNK_BLOCKS = 256, RESERVE_BYTES = 256 << 20 };

static uint64_t word_at(uint64_t seed, uint64_t block, uint64_t word)
{
    return workload_mix((block * (FILES_BLOCK_BYTES / WORD_BYTES) + word) ^ seed);
}

/* The words of a block that count: its ends, and one that differs from task to task. */
static void choose_probes(uint64_t index, uint64_t probes[N_PROBES])
{
    const uint64_t n_words = FILES_BLOCK_BYTES / WORD_BYTES;

    probes[0] = 0;
    probes[1] = n_words - 1;
    probes[2] = workload_mix(~index) % n_words;
}

uint64_t files__block_of(const struct files *files, uint64_t index)
{
    return workload_mix(index ^ files->seed) % files->n_blocks;
}

uint64_t files__value(const struct files *files, uint64_t index)
{
    uint64_t probes[N_PROBES], block = files__block_of(files, index), value = workload_mix(index);

    choose_probes(index, probes);
    for (int i = 0; i < N_PROBES; i++)
        value += word_at(files->seed, block, probes[i]);
    return value;
}

int files__load(const struct files *files, uint64_t block, unsigned char *buffer)
{
    ssize_t n;

    do
        n = pread(files->fd, buffer, FILES_BLOCK_BYTES, (off_t)(block * FILES_BLOCK_BYTES));
    while (n < 0 && errno == EINTR);
    return n == FILES_BLOCK_BYTES ? 0 : n < 0 ? errno : ENODATA;
}

uint64_t files__read(struct files *files, uint64_t index, unsigned char *buffer)
{
    uint64_t probes[N_PROBES], word, value = workload_mix(index);
    int none = 0, error = files__load(files, files__block_of(files, index), buffer);

    if (error) {
        /* relaxed: read after the last task has been waited for */
        atomic_compare_exchange_strong_explicit(&files->error, &none, error, memory_order_relaxed,
                                                memory_order_relaxed);
        return ~value;
    }
    choose_probes(index, probes);
    for (int i = 0; i < N_PROBES; i++) {
        memcpy(&word, buffer + probes[i] * WORD_BYTES, WORD_BYTES);
        value += word;
    }
    return value;
}

static bool write_all(int fd, const unsigned char *data, size_t n_left)
{
    while (n_left > 0) {
        ssize_t n = write(fd, data, n_left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        n_left -= (size_t)n;
    }
    return true;
}

/* All blocks, and they are on the device. Returns 0 or an errno. */
static int write_blocks(int fd, uint64_t n_blocks, uint64_t seed)
{
    uint64_t *chunk = malloc((size_t)CHUNK_BLOCKS * FILES_BLOCK_BYTES);
    int error = chunk ? 0 : ENOMEM;

    for (uint64_t block = 0; block < n_blocks && !error; block += CHUNK_BLOCKS) {
        uint64_t n = n_blocks - block < CHUNK_BLOCKS ? n_blocks - block : CHUNK_BLOCKS;

        for (uint64_t i = 0; i < n * (FILES_BLOCK_BYTES / WORD_BYTES); i++)
            chunk[i] = word_at(seed, block, i);
        error = write_all(fd, (unsigned char *)chunk, n * FILES_BLOCK_BYTES) ? 0 : errno;
    }
    free(chunk);
    return error ? error : fsync(fd) ? errno : 0;
}

int files__check_room(const struct workload_config *config, uint64_t n_bytes)
{
    const uint64_t mib = 1 << 20;
    struct statvfs room;
    uint64_t n_free;

    if (statvfs(config->scratch_dir, &room))
        return 0;
    n_free = (uint64_t)room.f_bavail * room.f_frsize;
    if (n_free >= n_bytes + RESERVE_BYTES)
        return 0;
    snprintf(config->reason, config->reason_bytes, "needs %" PRIu64 " MiB on the disk of the scratch folder, where %"
             PRIu64 " are free and the last %" PRIu64 " are left alone: choose another with --scratch",
             (n_bytes + mib - 1) / mib, n_free / mib, RESERVE_BYTES / mib);
    return -EDQUOT;
}

/* Returns 0 or an errno. */
static int make_file(const char *path, uint64_t n_blocks, uint64_t seed)
{
    char temporary[FILES_PATH_BYTES + 8];
    int fd, error;

    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return errno;
    error = write_blocks(fd, n_blocks, seed);
    close(fd);
    if (!error && rename(temporary, path))
        error = errno;
    if (error)
        unlink(temporary);
    return error;
}

int files__fail(const struct workload_config *config, int error, const char *verb)
{
    char text[64];

    snprintf(text, sizeof(text), "cannot %s a file in the scratch folder", verb);
    return workload__fail(config, error, text);
}

int files__open(const struct workload_config *config, uint64_t size_bytes, struct files *files)
{
    char path[FILES_PATH_BYTES];
    uint64_t n_blocks = size_bytes / FILES_BLOCK_BYTES;
    void *map;
    int error, n = snprintf(path, sizeof(path), "%s/read-%" PRIu64 "-%" PRIu64, config->scratch_dir, size_bytes,
                            config->seed);

    if ((size_t)n >= sizeof(path))
        return files__fail(config, ENAMETOOLONG, "make");
    *files = (struct files){ .fd = open(path, O_RDONLY | O_CLOEXEC), .n_blocks = n_blocks, .seed = config->seed };
    atomic_init(&files->error, 0);
    if (files->fd < 0 && errno == ENOENT) {
        error = files__check_room(config, size_bytes);
        if (error)
            return error;
        error = make_file(path, n_blocks, config->seed);
        if (error)
            return files__fail(config, error, "write");
        files->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (files->fd < 0)
        return files__fail(config, errno, "open");
    map = mmap(NULL, n_blocks * FILES_BLOCK_BYTES, PROT_READ, MAP_SHARED, files->fd, 0);
    if (map == MAP_FAILED) {
        error = errno;
        close(files->fd);
        return files__fail(config, error, "map");
    }
    files->map = map;
    posix_fadvise(files->fd, 0, 0, POSIX_FADV_RANDOM); /* no block is read before it is asked for */
    return 0;
}

void files__close(struct files *files)
{
    munmap((void *)files->map, files->n_blocks * FILES_BLOCK_BYTES);
    close(files->fd);
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* A block lies within one page. */
bool files__is_cached(const struct files *files, uint64_t block)
{
    size_t offset = block * FILES_BLOCK_BYTES / page_bytes() * page_bytes();
    unsigned char residency = 0;

    return mincore((unsigned char *)files->map + offset, 1, &residency) == 0 && (residency & 1);
}

uint64_t files__count_cached(const struct files *files)
{
    uint64_t n = 0;

    for (uint64_t block = 0; block < files->n_blocks; block++)
        n += files__is_cached(files, block);
    return n;
}

void files__drop(const struct files *files, uint64_t offset, uint64_t n_bytes)
{
    posix_fadvise(files->fd, (off_t)offset, (off_t)n_bytes, POSIX_FADV_DONTNEED);
}

bool files__is_memory(const char *folder)
{
    struct statfs file_system;

    return statfs(folder, &file_system) == 0
           && (file_system.f_type == TMPFS_MAGIC || file_system.f_type == RAMFS_MAGIC);
}

int files__refuse_memory(const struct workload_config *config)
{
    snprintf(config->reason, config->reason_bytes, "the scratch folder is in memory, where nothing waits for a device: "
             "choose one on a disk with --scratch");
    return -ENOTSUP;
}
