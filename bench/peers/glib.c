/* GLib's GThreadPool, exclusive: its threads are its own and are all started when it is created. A task is one
 * pointer, pushed into a queue under a lock. The function is the pool's, not the task's; so tasks of another function
 * wait until those of the last one have ended, and of the threads that submit at once the first changes it.
 *
 * It has no wait for its tasks: they are counted. It takes no stack size, and its end does not join its threads.
 */
#include "peer.h"

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct glib {
    GThreadPool *pool;
    executor_fn *_Atomic fn; /* of all tasks that are outstanding */
    pthread_mutex_t changing;
    struct peer_pending pending;
};

static void run(gpointer arg, gpointer state)
{
    struct glib *glib = state;
    /* Relaxed: the queue orders it before the task. */
    atomic_load_explicit(&glib->fn, memory_order_relaxed)(arg);
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
    pthread_mutex_init(&glib->changing, NULL);
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

static void change(struct glib *glib, executor_fn *fn)
{
    pthread_mutex_lock(&glib->changing);
    if (fn != atomic_load_explicit(&glib->fn, memory_order_relaxed)) {
        peer_pending_wait(&glib->pending);
        atomic_store_explicit(&glib->fn, fn, memory_order_release);
    }
    pthread_mutex_unlock(&glib->changing);
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    struct glib *glib = state;
    /* Acquire: nobody counts a task before the wait in change() has ended; pairs with its release. */
    if (fn != atomic_load_explicit(&glib->fn, memory_order_acquire))
        change(glib, fn);
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
    .name = "glib", .summary = "GLib's GThreadPool, exclusive",
    .capabilities = EXECUTOR_HAS_WORKERS | EXECUTOR_SHARED,
    .create = create, .submit = submit, .wait_all = wait_all, .destroy = destroy,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
