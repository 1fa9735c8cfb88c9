/* GLib's GThreadPool, exclusive: its threads are its own and are all started when it is created. A task is one
 * pointer, pushed into a queue under a lock. The function is the pool's, not the task's; so tasks of another function
 * wait until those of the last one have ended.
 *
 * It has no wait for its tasks: they are counted. It takes no stack size, and its end does not join its threads.
 */
#include "peer.h"

#include <glib.h>
#include <stdlib.h>

struct glib {
    GThreadPool *pool;
    executor_fn *fn; /* of all tasks that are outstanding */
    struct peer_pending pending;
};

static void run(gpointer arg, gpointer state)
{
    struct glib *glib = state;
    glib->fn(arg);
    peer_pending_done(&glib->pending);
}

static int create(const struct executor_options *options, void **state)
{
    int error = peer_check_options(options, options->n_workers);
    struct glib *glib = error ? NULL : calloc(1, sizeof *glib);
    if (!glib)
        return error ? error : -ENOMEM;
    g_thread_pool_set_max_unused_threads(0); /* none is left over from a pool before: each start is a cold one */
    peer_pending_init(&glib->pending);
    glib->pool = g_thread_pool_new(run, glib, (gint)options->n_workers, TRUE, NULL);
    if (!glib->pool) {
        free(glib);
        return -EAGAIN;
    }
    *state = glib;
    return 0;
}

static int wait_all(void *state)
{
    struct glib *glib = state;
    peer_pending_wait(&glib->pending);
    return 0;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    struct glib *glib = state;
    if (fn != glib->fn) {
        peer_pending_wait(&glib->pending);
        glib->fn = fn;
    }
    peer_pending_add(&glib->pending, 1);
    g_thread_pool_push(glib->pool, arg, NULL); /* fails only where a thread is to be started, and none is */
    return 0;
}

static void destroy(void *state)
{
    struct glib *glib = state;
    g_thread_pool_free(glib->pool, FALSE, TRUE);
    peer_pending_release(&glib->pending);
    free(glib);
}

static const struct executor backend = {
    .name = "glib", .summary = "GLib's GThreadPool, exclusive", .capabilities = EXECUTOR_HAS_WORKERS,
    .create = create, .submit = submit, .wait_all = wait_all, .destroy = destroy,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
