/* A thread in the caller's memory.
 *
 * States follow each other: NEW, STARTED (at its start), RUNNING (it has begun and its native id is known), ENDED (its
 * function has returned; it is about to end), JOINING (one of those who wait joins it), JOINED. The lock guards
 * them, and each change is broadcast. The thread's last access is its unlock after ENDED; the memory may be
 * reused after JOINED, which is set after pthread_join().
 *
 * In the child of a fork the lock may be held by a thread that is not there: so the process is looked at first,
 * which is written before the thread exists.
 */
#include "rawthread.h"

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum state { NEW, STARTED, RUNNING, ENDED, JOINING, JOINED };

static const int64_t SECOND_NS = 1000 * 1000 * 1000;

size_t rawthread__stack_bytes(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);

    return least > RAWTHREAD_STACK_BYTES ? (size_t)least : RAWTHREAD_STACK_BYTES;
}

static bool is_inherited(const struct rawthread *thread)
{
    return thread->process != getpid();
}

static void set_state(struct rawthread *thread, enum state state)
{
    thread->state = state;
    pthread_cond_broadcast(&thread->changed);
}

/* Sleeps until something has changed, or until the deadline: then false. The lock is held on entry and return. */
static bool sleep_until(struct rawthread *thread, const struct timespec *deadline)
{
    if (deadline == NULL)
        return pthread_cond_wait(&thread->changed, &thread->lock) == 0;
    return pthread_cond_timedwait(&thread->changed, &thread->lock, deadline) != ETIMEDOUT;
}

/* When a time-out ends that begins now; NULL if it does not. */
static const struct timespec *deadline_of(int64_t timeout_ns, struct timespec *deadline)
{
    int64_t seconds = timeout_ns / SECOND_NS, nanoseconds = timeout_ns % SECOND_NS;

    clock_gettime(CLOCK_MONOTONIC, deadline);
    if (timeout_ns < 0 || seconds > INT32_MAX)
        return NULL;
    nanoseconds += deadline->tv_nsec;
    deadline->tv_sec += seconds + nanoseconds / SECOND_NS;
    deadline->tv_nsec = nanoseconds % SECOND_NS;
    return deadline;
}

int rawthread_init(struct rawthread *thread, rawthread_fn *fn, void *arg, const struct rawthread_attr *attr)
{
    pthread_condattr_t condattr;
    int error;

    if (fn == NULL)
        return -EINVAL;
    memset(thread, 0, sizeof *thread);
    thread->fn = fn;
    thread->arg = arg;
    thread->process = getpid();
    if (attr != NULL) {
        thread->stack_bytes = attr->stack_bytes;
        snprintf(thread->name, sizeof thread->name, "%s", attr->name != NULL ? attr->name : "");
    }
    pthread_condattr_init(&condattr);
    pthread_condattr_setclock(&condattr, CLOCK_MONOTONIC);
    error = -pthread_cond_init(&thread->changed, &condattr);
    pthread_condattr_destroy(&condattr);
    if (error == 0)
        pthread_mutex_init(&thread->lock, NULL);
    return error;
}

static void end(void *arg)
{
    struct rawthread *thread = arg;

    pthread_mutex_lock(&thread->lock);
    set_state(thread, ENDED);
    pthread_mutex_unlock(&thread->lock);
}

static void set_own_name(const char *name)
{
    if (name[0] != '\0')
        pthread_setname_np(pthread_self(), name);
}

static void *run(void *arg)
{
    struct rawthread *thread = arg;

    set_own_name(thread->name);
    pthread_mutex_lock(&thread->lock);
    thread->native_id = gettid();
    thread->thread = pthread_self();
    set_state(thread, RUNNING);
    pthread_mutex_unlock(&thread->lock);
    pthread_cleanup_push(end, thread);
    thread->fn(thread->arg);
    pthread_cleanup_pop(1);
    return NULL;
}

static int create(pthread_t *id, size_t stack_bytes, int detach_state, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    int error = -pthread_attr_init(&attr);

    if (error != 0)
        return error;
    if (stack_bytes != 0)
        error = -pthread_attr_setstacksize(&attr, stack_bytes);
    if (error == 0)
        error = -pthread_attr_setdetachstate(&attr, detach_state);
    if (error == 0)
        error = -pthread_create(id, &attr, fn, arg);
    pthread_attr_destroy(&attr);
    return error;
}

int rawthread_start(struct rawthread *thread)
{
    pthread_t id;
    int error = -EALREADY;

    if (is_inherited(thread))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&thread->lock);
    if (thread->state == NEW) {
        error = create(&id, thread->stack_bytes, PTHREAD_CREATE_JOINABLE, run, thread);
        if (error == 0)
            set_state(thread, STARTED);
    }
    pthread_mutex_unlock(&thread->lock);
    return error;
}

int rawthread_join(struct rawthread *thread)
{
    return rawthread_timed_join(thread, RAWTHREAD_FOREVER);
}

/* Waits until the thread can be joined or has been; false at the deadline. The lock is held on entry and return. */
static bool await_end(struct rawthread *thread, const struct timespec *deadline)
{
    while (thread->state < ENDED || thread->state == JOINING)
        if (!sleep_until(thread, deadline) && (thread->state < ENDED || thread->state == JOINING))
            return false;
    return true;
}

int rawthread_timed_join(struct rawthread *thread, int64_t timeout_ns)
{
    struct timespec until;
    const struct timespec *deadline = deadline_of(timeout_ns, &until);
    int error = 0;

    if (is_inherited(thread))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&thread->lock);
    if (thread->state == NEW)
        error = -EINVAL;
    else if (thread->state == RUNNING && pthread_equal(thread->thread, pthread_self()))
        error = -EDEADLK;
    else if (!await_end(thread, deadline))
        error = -ETIMEDOUT;
    if (error == 0 && thread->state == ENDED) {
        set_state(thread, JOINING);
        pthread_mutex_unlock(&thread->lock);
        pthread_join(thread->thread, NULL);
        pthread_mutex_lock(&thread->lock);
        set_state(thread, JOINED);
    }
    pthread_mutex_unlock(&thread->lock);
    return error;
}

bool rawthread_is_alive(struct rawthread *thread)
{
    bool is_alive;

    if (is_inherited(thread))
        return false;
    pthread_mutex_lock(&thread->lock);
    is_alive = thread->state == STARTED || thread->state == RUNNING;
    pthread_mutex_unlock(&thread->lock);
    return is_alive;
}

const char *rawthread_name(const struct rawthread *thread)
{
    return thread->name;
}

pid_t rawthread_native_id(struct rawthread *thread)
{
    pid_t native_id;

    if (is_inherited(thread))
        return 0;
    pthread_mutex_lock(&thread->lock);
    while (thread->state == STARTED)
        sleep_until(thread, NULL);
    native_id = thread->native_id;
    pthread_mutex_unlock(&thread->lock);
    return native_id;
}

int rawthread_release(struct rawthread *thread)
{
    bool is_over;

    if (is_inherited(thread))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&thread->lock);
    is_over = thread->state == NEW || thread->state == JOINED;
    pthread_mutex_unlock(&thread->lock);
    if (!is_over)
        return -EBUSY;
    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->lock);
    return 0;
}

/* What a detached thread takes with it. */
struct parting {
    rawthread_fn *fn;
    void *arg;
    char name[RAWTHREAD_NAME_BYTES];
};

static void *run_detached(void *arg)
{
    struct parting parting = *(struct parting *)arg;

    free(arg);
    set_own_name(parting.name);
    parting.fn(parting.arg);
    return NULL;
}

int rawthread_start_detached(rawthread_fn *fn, void *arg, const struct rawthread_attr *attr)
{
    static const struct rawthread_attr defaults;
    struct parting *parting;
    pthread_t id;
    int error;

    if (attr == NULL)
        attr = &defaults;
    if (fn == NULL)
        return -EINVAL;
    parting = malloc(sizeof *parting);
    if (parting == NULL)
        return -ENOMEM;
    *parting = (struct parting){.fn = fn, .arg = arg};
    snprintf(parting->name, sizeof parting->name, "%s", attr->name != NULL ? attr->name : "");
    error = create(&id, attr->stack_bytes, PTHREAD_CREATE_DETACHED, run_detached, parting);
    if (error != 0)
        free(parting);
    return error;
}

int rawthread_ask_stop(struct rawthread *thread)
{
    if (is_inherited(thread))
        return -ENOTRECOVERABLE;
    pthread_mutex_lock(&thread->lock);
    thread->stop = true;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    return 0;
}

bool rawthread_stop_requested(struct rawthread *thread)
{
    return rawthread_sleep(thread, 0);
}

bool rawthread_sleep(struct rawthread *thread, int64_t timeout_ns)
{
    struct timespec until;
    const struct timespec *deadline = deadline_of(timeout_ns, &until);
    bool stop;

    if (is_inherited(thread))
        return true;
    pthread_mutex_lock(&thread->lock);
    while (!thread->stop && timeout_ns != 0 && sleep_until(thread, deadline))
        continue;
    stop = thread->stop;
    pthread_mutex_unlock(&thread->lock);
    return stop;
}
