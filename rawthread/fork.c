/* A task that is split in two. */
#include "internal.h"
#include "rawthread.h"

#include <errno.h>
#include <pthread.h>

struct half {
    rawthread_fn *fn;
    void *arg;
};

static void *run_half(void *arg)
{
    struct half *half = arg;

    half->fn(half->arg);
    return NULL;
}

/* Not left by a cancellation: what the left half works on is on this stack. */
static void join_right(void *thread)
{
    int cancel_state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    pthread_join(*(pthread_t *)thread, NULL);
    pthread_setcancelstate(cancel_state, NULL);
}

int rawthread_fork(rawthread_fn *fn, void *left, void *right, size_t stack_bytes)
{
    struct half half = {fn, left};
    pthread_attr_t attr;
    pthread_t thread;
    int error;

    if (fn == NULL)
        return -EINVAL;
    error = -pthread_attr_init(&attr);
    if (error != 0)
        return error;
    error = -pthread_attr_setstacksize(&attr, stack_bytes != 0 ? stack_bytes : rawthread__stack_bytes());
    if (error == 0)
        error = -pthread_create(&thread, &attr, run_half, &half);
    pthread_attr_destroy(&attr);
    if (error != 0)
        return error;
    pthread_cleanup_push(join_right, &thread);
    fn(right);
    pthread_cleanup_pop(1);
    return 0;
}
