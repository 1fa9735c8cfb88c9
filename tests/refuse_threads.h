/* Puts a pthread_create() before the real one that can be told to fail, and counts threads that are created
 * and not yet joined. For tests of one source file, in which one thread at a time creates or joins. */
#ifndef REFUSE_THREADS_H
#define REFUSE_THREADS_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int refuse_n_tried, refuse_n_created, refuse_n_joined, refuse_peak;
static atomic_int refuse_first, refuse_n;
static void (*refuse_before)(void); /* called before each refusal, NULL: none */

typedef int refuse_create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int refuse_join_fn(pthread_t, void **);
typedef int refuse_timedjoin_fn(pthread_t, void **, const struct timespec *);

/* A sanitizer that is linked in has its own pthread_create() under these names. */
__attribute__((weak)) refuse_create_fn __interceptor_pthread_create;
__attribute__((weak)) refuse_join_fn __interceptor_pthread_join;
__attribute__((weak)) refuse_timedjoin_fn __interceptor_pthread_timedjoin_np;

/* Let n creations succeed from now on, then refuse n_refused. */
static inline void refuse_threads(int n, int n_refused)
{
    refuse_n_tried = 0;
    refuse_first = n;
    refuse_n = n_refused;
}

static inline int refuse_n_unjoined(void)
{
    return refuse_n_created - refuse_n_joined;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    refuse_create_fn *create = __interceptor_pthread_create;
    int index = refuse_n_tried++, error;

    if (index >= refuse_first && index < refuse_first + refuse_n) {
        if (refuse_before != NULL)
            refuse_before();
        return EAGAIN;
    }
    if (create == NULL)
        *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    error = create(thread, attr, fn, arg);
    refuse_n_created += error == 0;
    if (refuse_n_unjoined() > refuse_peak)
        refuse_peak = refuse_n_unjoined();
    return error;
}

int pthread_join(pthread_t thread, void **result)
{
    refuse_join_fn *join = __interceptor_pthread_join;
    int error;

    if (join == NULL)
        *(void **)&join = dlsym(RTLD_NEXT, "pthread_join");
    error = join(thread, result);
    refuse_n_joined += error == 0;
    return error;
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *deadline)
{
    refuse_timedjoin_fn *join = __interceptor_pthread_timedjoin_np;
    int error;

    if (join == NULL)
        *(void **)&join = dlsym(RTLD_NEXT, "pthread_timedjoin_np");
    error = join(thread, result, deadline);
    refuse_n_joined += error == 0;
    return error;
}

#endif
