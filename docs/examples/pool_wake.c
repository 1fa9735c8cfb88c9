/* A task that sits in the kernel cannot ask pool_stop_requested(). It waits for its own file and for an eventfd, which
 * becomes ready when the program wants its tasks to end.
 *
 * Prints:
 *     woken
 */
#include <pool.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct reader {
    int file, stop;
};

static int read_one(void *arg, void *result)
{
    struct reader *reader = arg;
    struct pollfd files[] = {{.fd = reader->file, .events = POLLIN}, {.fd = reader->stop, .events = POLLIN}};

    if (poll(files, 2, -1) < 0)
        return -errno;
    if (files[1].revents != 0)
        return -ECANCELED;
    return read(reader->file, result, 1) == 1 ? 0 : -EIO;
}

int main(void)
{
    const uint64_t one = 1;
    struct reader reader;
    struct pool *pool;
    struct pool_handle *handle;
    int pipe_ends[2];
    char byte;

    if (pipe(pipe_ends) != 0 || (reader.stop = eventfd(0, EFD_CLOEXEC)) < 0 || pool_create(&pool, NULL) != 0)
        return 1;
    reader.file = pipe_ends[0]; /* nobody writes to it */
    if (pool_apply_async(pool, read_one, &reader, &byte, NULL, &handle) != 0)
        return 1;
    if (write(reader.stop, &one, sizeof one) != sizeof one) /* it stays ready, for all tasks that look */
        return 1;
    pool_terminate(pool);
    if (pool_handle_get(handle, 10 * 1000 * 1000 * INT64_C(1000), NULL) == -ECANCELED)
        printf("woken\n");
    pool_handle_release(handle);
    return pool_destroy(pool) != 0;
}
