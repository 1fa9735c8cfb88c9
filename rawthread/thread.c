/* A thread in the caller's memory.
 *
 * States follow each other: NEW, STARTED (at its start), RUNNING (it has begun and its native id is known), ENDED (its
 * function has returned; its thread-specific destructors run, then it ends), JOINING (one of those who wait joins it),
 * JOINED. A join that is cancelled or comes to its deadline goes back from JOINING to ENDED. The lock guards
 * them, and each change is broadcast. The thread's last access is its unlock after ENDED; the memory may be
 * reused after JOINED, which is set after pthread_join().
 *
 * Cancellation points are reached with a clean-up handler for what is held there: sleep_until() the lock, join_ended()
 * the state.
 *
 * In the child of a fork the lock may be held by a thread that is not there: so the process is looked at first,
 * which is written before the thread exists.
 */
#include "rawthread.h"

#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum state { NEW, STARTED, RUNNING, ENDED, JOINING, JOINED };

static const int64_t SECOND_NS = 1000 * 1000 * 1000;
static const int64_t JOIN_SLICE_NS = 100 * 1000 * 1000; /* see join_until() */

/* Whose function the calling thread runs: it is known also while thread-specific destructors run. */
static _Thread_local struct rawthread *current;

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
    /* [STATE] relaxed: pairs with the look in is_awaited(), after which the lock is taken. */
    __atomic_store_n(&thread->state, state, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&thread->changed);
}

static void unlock(void *lock)
{
    pthread_mutex_unlock(lock);
}

/* Sleeps until something has changed, or until the deadline: then false. The lock is held on entry and return. */
static bool sleep_until(struct rawthread *thread, const struct timespec *deadline)
{
    int error;

    pthread_cleanup_push(unlock, &thread->lock);
    error = deadline == NULL ? pthread_cond_wait(&thread->changed, &thread->lock)
                             : pthread_cond_timedwait(&thread->changed, &thread->lock, deadline);
    pthread_cleanup_pop(0);
    return error != ETIMEDOUT;
}

static void now_and(clockid_t clock, int64_t ns, struct timespec *time)
{
    clock_gettime(clock, time);
    ns += time->tv_nsec;
    time->tv_sec += ns / SECOND_NS;
    time->tv_nsec = ns % SECOND_NS;
}

/* When a time-out ends that begins now; NULL if it does not, which is how one of 68 years is taken too. */
static const struct timespec *deadline_of(int64_t timeout_ns, struct timespec *deadline)
{
    if (timeout_ns < 0 || timeout_ns / SECOND_NS > INT32_MAX)
        return NULL;
    now_and(CLOCK_MONOTONIC, timeout_ns, deadline);
    return deadline;
}

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* As much of a name as there is room for, without part of a character of UTF-8 at its end. */
static void copy_name(char to[RAWTHREAD_NAME_BYTES], const char *name)
{
    size_t n = name != NULL ? strnlen(name, RAWTHREAD_NAME_BYTES) : 0;

    if (n == RAWTHREAD_NAME_BYTES) {
        n--;
        for (int i = 0; i < 3 && is_inside_character(name[n]); i++)
            n--;
    }
    memset(to, 0, RAWTHREAD_NAME_BYTES);
    if (n > 0)
        memcpy(to, name, n);
}

int rawthread_init(struct rawthread *thread, rawthread_fn *fn, void *arg, const struct rawthread_attr *attr)
{
    pthread_condattr_t condattr;
    int error;

    if (fn == NULL)
        return -EINVAL;
    if (current == thread) /* only in the child of a fork, where the memory is free */
        current = NULL;
    memset(thread, 0, sizeof *thread);
    thread->fn = fn;
    thread->arg = arg;
    thread->process = getpid();
    if (attr != NULL) {
        thread->stack_bytes = attr->stack_bytes;
        thread->spin_ns = attr->spin_ns;
        copy_name(thread->name, attr->name);
    }
    pthread_condattr_init(&condattr);
    pthread_condattr_setclock(&condattr, CLOCK_MONOTONIC);
    error = -pthread_cond_init(&thread->changed, &condattr);
    pthread_condattr_destroy(&condattr);
    if (error == 0)
        pthread_mutex_init(&thread->lock, NULL);
    return error;
}

/* Its function has returned; also, joining it has not come to its end. */
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

    current = thread;
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

/* Whether it neither can be joined nor has been. */
static bool is_awaited(const struct rawthread *thread)
{
    /* [STATE] relaxed: within the lock, or a guess that is checked there; pairs with the store in set_state(). */
    int state = __atomic_load_n(&thread->state, __ATOMIC_RELAXED);

    return state < ENDED || state == JOINING;
}

/* Spins without the lock, which the thread takes to end. */
static void spin(struct rawthread *thread, uint64_t until_ns)
{
    pthread_mutex_unlock(&thread->lock);
    while (rawthread__spins(until_ns))
        if (!is_awaited(thread) && pthread_mutex_trylock(&thread->lock) == 0)
            return;
    pthread_mutex_lock(&thread->lock);
}

/* Waits until the thread can be joined or has been; false at the deadline. The lock is held on entry and return. */
static bool await_end(struct rawthread *thread, uint64_t spin_until_ns, const struct timespec *deadline)
{
    if (is_awaited(thread) && spin_until_ns != 0)
        spin(thread, spin_until_ns);
    while (is_awaited(thread))
        if (!sleep_until(thread, deadline) && is_awaited(thread))
            return false;
    return true;
}

/* pthread_join() up to a deadline. Libc's own time-out is by the clock that people set: so it is short, and where it
 * ended is asked of the other clock. */
static int join_until(pthread_t thread, const struct timespec *deadline)
{
    struct timespec until;
    int64_t left_ns;
    int error;

    if (deadline == NULL)
        return -pthread_join(thread, NULL);
    do {
        clock_gettime(CLOCK_MONOTONIC, &until);
        left_ns = (deadline->tv_sec - until.tv_sec) * SECOND_NS + deadline->tv_nsec - until.tv_nsec;
        now_and(CLOCK_REALTIME, left_ns < 0 ? 0 : left_ns < JOIN_SLICE_NS ? left_ns : JOIN_SLICE_NS, &until);
        error = pthread_timedjoin_np(thread, NULL, &until);
    } while (error == ETIMEDOUT && left_ns > 0);
    return -error;
}

/* Joins a thread in the state JOINING, its lock not held. Without success another may join it. */
static int join_ended(struct rawthread *thread, uint64_t until_ns, const struct timespec *deadline)
{
    int error;

    pthread_cleanup_push(end, thread);
    error = rawthread__spin_join(thread->thread, until_ns) ? 0 : join_until(thread->thread, deadline);
    pthread_cleanup_pop(error != 0);
    return error;
}

int rawthread_timed_join(struct rawthread *thread, int64_t timeout_ns)
{
    struct timespec until;
    const struct timespec *deadline = deadline_of(timeout_ns, &until);
    uint64_t spin_until_ns;
    int error = 0;

    if (is_inherited(thread))
        return -ENOTRECOVERABLE;
    spin_until_ns = rawthread__spin_until(timeout_ns < 0 || thread->spin_ns < (uint64_t)timeout_ns
                                              ? thread->spin_ns : (uint64_t)timeout_ns);
    pthread_mutex_lock(&thread->lock);
    if (thread->state == NEW)
        error = -EINVAL;
    else if (thread == current)
        error = -EDEADLK;
    else if (!await_end(thread, spin_until_ns, deadline))
        error = -ETIMEDOUT;
    if (error == 0 && thread->state == ENDED) {
        set_state(thread, JOINING);
        pthread_mutex_unlock(&thread->lock);
        error = join_ended(thread, spin_until_ns, deadline);
        pthread_mutex_lock(&thread->lock);
        if (error == 0)
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
    int cancel_state;

    if (is_inherited(thread))
        return 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    pthread_mutex_lock(&thread->lock);
    while (thread->state == STARTED)
        sleep_until(thread, NULL);
    native_id = thread->native_id;
    pthread_mutex_unlock(&thread->lock);
    pthread_setcancelstate(cancel_state, NULL);
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
    copy_name(parting->name, attr->name);
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
