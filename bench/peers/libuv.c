/* libuv's thread pool: uv_queue_work() from the thread of a loop, which learns of the end of each task in uv_run().
 * That is how it waits here too.
 *
 * The pool belongs to the process. Its size is read once, from UV_THREADPOOL_SIZE, before the first task; its threads
 * start with that and end with the process. So a second backend of another life cannot be made, and cells that time
 * creation again and again are none of libuv's. A loop is one thread's: so several threads cannot submit here. Stacks
 * are those of libuv: 8 MiB, as far as they are touched.
 */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct task {
    uv_work_t work; /* first: what libuv gives back */
    executor_fn *fn;
    void *arg;
};

static uv_loop_t loop;
static bool was_created;

static int create(const struct executor_options *options, void **state)
{
    char size[24];
    int error = was_created ? -ENOTSUP : peer_check_options(options, options->n_workers);
    if (error)
        return error;
    snprintf(size, sizeof size, "%zu", options->n_workers);
    error = setenv("UV_THREADPOOL_SIZE", size, 1) ? -errno : uv_loop_init(&loop);
    if (error)
        return error;
    was_created = true;
    *state = &loop;
    return 0;
}

static void run(uv_work_t *work)
{
    struct task *task = (struct task *)work;
    task->fn(task->arg);
}

static void end(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    struct task *task = malloc(sizeof *task);
    if (!task)
        return -ENOMEM;
    task->fn = fn;
    task->arg = arg;
    return uv_queue_work(state, &task->work, run, end);
}

struct call {
    uv_work_t work; /* first, as above */
    executor_value_fn *fn;
    void *arg;
    uint64_t result;
};

static void run_call(uv_work_t *work)
{
    struct call *call = (struct call *)work;
    call->result = call->fn(call->arg);
}

static int call(void *state, executor_value_fn *fn, void *arg, uint64_t *result)
{
    struct call call = { .fn = fn, .arg = arg };
    int error = uv_queue_work(state, &call.work, run_call, NULL);
    if (!error)
        error = uv_run(state, UV_RUN_DEFAULT);
    *result = call.result;
    return error;
}

static int wait_all(void *state)
{
    return uv_run(state, UV_RUN_DEFAULT);
}

static void destroy(void *state)
{
    uv_loop_close(state);
}

static const struct executor backend = {
    .name = "libuv", .summary = "libuv's thread pool, uv_queue_work() and uv_run()",
    .capabilities = EXECUTOR_HAS_WORKERS,
    .create = create, .submit = submit, .wait_all = wait_all, .destroy = destroy, .call = call,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
