/* pthreadpool, the pool below XNNPACK: parallel loops over a range and nothing else. N threads are N - 1 of its own
 * and the caller, who takes part and waits; the range is split evenly, and who is done takes from the others.
 *
 * It has no queue: a task that comes alone is refused, and so are cells that hand over one at a time. Threads spin for
 * a while before they sleep. It takes no stack size.
 */
#include "peer.h"

#include <pthreadpool.h>

struct loop {
    executor_fn *fn;
    char *args;
    size_t stride_bytes;
};

static void run(void *context, size_t i)
{
    const struct loop *loop = context;
    loop->fn(loop->args + i * loop->stride_bytes);
}

static int create(const struct executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    if (error)
        return error;
    *state = pthreadpool_create(options->n_workers);
    return *state ? 0 : -EAGAIN;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    (void)fn;
    (void)arg;
    return -ENOTSUP;
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    struct loop loop = { fn, args, stride_bytes };
    pthreadpool_parallelize_1d(state, run, &loop, n_tasks, 0);
    *n_accepted = n_tasks;
    return 0;
}

static int wait_all(void *state)
{
    (void)state;
    return 0;
}

static void destroy(void *state)
{
    pthreadpool_destroy(state);
}

static const struct executor backend = {
    .name = "pthreadpool", .summary = "pthreadpool, loops alone; the caller takes part",
    .capabilities = EXECUTOR_HAS_WORKERS | EXECUTOR_HELPS,
    .create = create, .submit = submit, .submit_many = submit_many, .wait_all = wait_all, .destroy = destroy,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
