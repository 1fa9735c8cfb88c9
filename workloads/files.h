/* What the workloads on files share: one file of blocks in the scratch folder, whose content follows from its place and
 * the seed. It is written once a run, by the first process that needs it, and found there by the others. */
#ifndef WORKLOADS_FILES_H
#define WORKLOADS_FILES_H

#include "internal.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { FILES_BLOCK_BYTES = 4096, FILES_PATH_BYTES = 4096 };

struct files {
    int fd;
    const unsigned char *map; /* of the whole file: to ask mincore(2), never read */
    uint64_t n_blocks, seed;
    atomic_int error; /* the first errno of files__read(), ENODATA where the file has become too short */
};

/* Opens the file of size_bytes, and writes it if it is not there. Returns 0, or a negative errno with a reason. */
int files__open(const struct workload_config *config, uint64_t size_bytes, struct files *files);
void files__close(struct files *files);

/* Which block a task reads, and what it then returns: something of all parts of the block. */
uint64_t files__block_of(const struct files *files, uint64_t index);
uint64_t files__value(const struct files *files, uint64_t index);

/* Reads that block into the buffer of FILES_BLOCK_BYTES. Returns the same value, or another on an error. */
uint64_t files__read(struct files *files, uint64_t index, unsigned char *buffer);

/* Reads a block for its own sake. Returns 0 or an errno. */
int files__load(const struct files *files, uint64_t block, unsigned char *buffer);

/* Whether that block, or all blocks, are in the page cache. */
bool files__is_cached(const struct files *files, uint64_t block);
uint64_t files__count_cached(const struct files *files);

/* Asks the kernel to drop n_bytes from offset, 0 bytes: to the end. It need not. */
void files__drop(const struct files *files, uint64_t offset, uint64_t n_bytes);

/* Whether the scratch folder has no device below it: what lies in memory can never be cold, and is never written. */
bool files__is_memory(const char *folder);

/* Whether so many bytes may be written there: the last 256 MiB of a file system are left alone. Returns 0, or -EDQUOT
 * with a reason. */
int files__check_room(const struct workload_config *config, uint64_t n_bytes);

/* How setup() fails: because the folder is in memory, and because it cannot make, write, open or map a file there. Both
 * return a negative errno. No reason says where the folder is: runs are published. */
int files__refuse_memory(const struct workload_config *config);
int files__fail(const struct workload_config *config, int error, const char *verb);

#endif
