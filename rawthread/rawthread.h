/* Threads: one to itself, and one per task.
 *
 * struct rawthread is a thread as Python's threading.Thread is one: a target with its argument, started once, joined,
 * asked after. It stands in the caller's own memory, so that an object can embed it and keep its state beside it:
 *
 *     struct service {
 *         struct rawthread thread;
 *         unsigned n_rounds;
 *     };
 *
 *     rawthread_init(&service.thread, run_service, &service, NULL);
 *     int error = rawthread_start(&service.thread);
 *     ...
 *     rawthread_ask_stop(&service.thread);
 *     rawthread_join(&service.thread);
 *     rawthread_release(&service.thread);
 *
 * It returns no result, and of its task nothing is known but whether it has ended: who needs more keeps it in the
 * object.
 *
 * struct rawthread_group runs each of its tasks on a new thread, which ends with it: nothing is queued and no thread
 * is used twice. What can be had cheaply is had: attributes are made once, stacks are small and guarded,
 * finished threads are joined in batches so that their stacks are still warm for the next ones, and the
 * bookkeeping of a thread is recycled.
 *
 *     struct rawthread_group *group;
 *     int error = rawthread_group_create(&group, NULL);
 *     ...
 *     rawthread_group_submit(group, task, argument);
 *     rawthread_group_wait(group);
 *     rawthread_group_destroy(group);
 *
 * Calls that return int return 0, or a negative errno and have then done nothing.
 */
#ifndef RAWTHREAD_H
#define RAWTHREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Constants of several calls. */
enum {
    RAWTHREAD_FOREVER = -1, /* for timeout_ns, as every negative number: no time-out */
    RAWTHREAD_NAME_BYTES = 16, /* a name with its 0, as the kernel keeps it; longer ones are cut */
    RAWTHREAD_STACK_BYTES = 64 << 10 /* stack of a thread of a group, the guard page included; more where a
                                        thread needs more */
};

/* What a thread does; it ends when this returns, or by pthread_exit(). arg is never looked at and must live as long as
 * it is needed. */
typedef void rawthread_fn(void *arg);


/*
 * One thread
 */

/* A thread: made by rawthread_init(), ended by rawthread_release(). Its fields are private. It must stay where it is
 * in between. */
struct rawthread {
    rawthread_fn *fn;
    void *arg;
    size_t stack_bytes;
    char name[RAWTHREAD_NAME_BYTES];
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    int state;
    bool stop;
    pid_t native_id;
    pid_t process;
    pthread_t thread;
};

/* All zero is a good default. */
struct rawthread_attr {
    const char *name;   /* of the thread, for people who look at it; NULL: that of its creator */
    size_t stack_bytes; /* its guard page included; 0 = the system's default */
};

/* Makes a thread that has not started: fn(arg) is what it will do.
 *
 * attr may be NULL, which is the same as all zero, and is copied.
 *
 * -EINVAL  fn is NULL
 * -ENOMEM  no memory
 */
int rawthread_init(struct rawthread *thread, rawthread_fn *fn, void *arg, const struct rawthread_attr *attr);

/* Starts it. What the caller did before happens before the thread. The thread inherits the caller's signal mask and
 * affinity mask. Who needs its work joins it: the end of main() ends the process and it. (Python waits for threads
 * that are not daemons.)
 *
 * On an error there is no thread and nothing is left behind; after -EAGAIN it may be started again.
 *
 * -EALREADY        it was started before: a new task is a new thread
 * -ENOTRECOVERABLE called in the child of a fork
 * -EAGAIN          the system refused a thread
 * -EINVAL          stack_bytes is less than a thread needs
 * -ENOMEM          no memory
 */
int rawthread_start(struct rawthread *thread);

/* Waits until it has ended. What it did happens before the return. May be called by several threads and again.
 *
 * -EINVAL          it was not started
 * -EDEADLK         called by the thread itself
 * -ENOTRECOVERABLE called in the child of a fork, where the thread does not exist
 */
int rawthread_join(struct rawthread *thread);

/* As rawthread_join(), for up to timeout_ns nanoseconds. (Python's says nothing of it: one has to ask is_alive().)
 *
 * -ETIMEDOUT  it has not been joined, by another thread neither
 */
int rawthread_timed_join(struct rawthread *thread, int64_t timeout_ns);

/* Whether it has been started and its function has not returned. False in the child of a fork. */
bool rawthread_is_alive(struct rawthread *thread);

/* Its name, "" if it has none of its own. Valid as long as the thread is. */
const char *rawthread_name(const struct rawthread *thread);

/* The kernel's id of it, which tools show: set once it has started, and kept when it has ended. 0 before, and in the
 * child of a fork. May wait for the moment that a thread takes to begin. */
pid_t rawthread_native_id(struct rawthread *thread);

/* Frees what rawthread_init() made. The memory is the caller's again. No other thread may be in a call with it: where
 * several join it, all of them have returned.
 *
 * -EBUSY           it was started and not joined
 * -ENOTRECOVERABLE called in the child of a fork
 */
int rawthread_release(struct rawthread *thread);

/* Starts a thread that nobody joins: fn(arg). Nothing has to be kept or freed for it; it ends with its function or with
 * the process. Errors are those of rawthread_init() and rawthread_start(). */
int rawthread_start_detached(rawthread_fn *fn, void *arg, const struct rawthread_attr *attr);


/*
 * A service: a thread that runs until it is asked to stop
 */

/* Asks it to stop, before or after its start; that is all: it ends when its function returns. Wakes it in
 * rawthread_sleep(). -ENOTRECOVERABLE in the child of a fork. */
int rawthread_ask_stop(struct rawthread *thread);

/* Whether it has been asked to stop. True in the child of a fork, and so is rawthread_sleep(). */
bool rawthread_stop_requested(struct rawthread *thread);

/* For the thread itself: sleeps for timeout_ns nanoseconds, or until it is asked to stop. Returns whether it was. */
bool rawthread_sleep(struct rawthread *thread, int64_t timeout_ns);


/*
 * One thread per task
 *
 * A group belongs to one thread: all calls on it come from the thread that created it, never from its tasks.
 * (Another thread may take it over where the two synchronise.) Groups are independent of each other. A group
 * is of no use in the child of a fork.
 */

/* Threads that run tasks: made by rawthread_group_create(), ended by rawthread_group_destroy(). */
struct rawthread_group;

/* All zero is a good default. rawthread_group_create() copies what it keeps. A thread exists from its
 * creation until it is joined, which is some time after its task has returned; one that is detached until it has
 * said that its task has returned. */
struct rawthread_options {
    size_t stack_bytes;  /* of each thread, its guard page included; 0 = RAWTHREAD_STACK_BYTES */
    bool untuned;        /* stack_bytes of 0 is then the system's default: what pthread_create() gives to who asks
                            for nothing */
    bool detached;       /* threads are detached: nobody joins them, and they may be about to end when
                            rawthread_group_wait() returns */
    size_t max_alive;    /* while so many threads exist, submitting waits; 0 = no cap */
    size_t max_threads;  /* while so many threads exist whose tasks have not returned, a creation is refused;
                            0 = no such limit */
    uint64_t retry_ns;   /* how long a refused creation is tried again, in nanoseconds; 0 = not at all */
    const void *cpusets; /* n_cpusets masks of cpuset_bytes bytes each, one after the other, as
                            sched_setaffinity(2) takes them; the thread created as number i, from 0, is
                            bound to mask i modulo n_cpusets. NULL = threads inherit the submitter's mask */
    size_t cpuset_bytes; /* more than 0 where cpusets is given */
    size_t n_cpusets;    /* more than 0 where cpusets is given, else 0 */
};

/* Since the group was created. */
struct rawthread_counters {
    uint64_t created; /* threads */
    uint64_t refused; /* creations that failed or that max_threads forbade, each attempt counted */
    uint64_t peak;    /* the most threads that existed at a time */
};

/* Creates a group without threads.
 *
 * options may be NULL, which is the same as all zero. *out is set on success only and is then owned by the
 * caller, who ends it with rawthread_group_destroy().
 *
 * -EINVAL  out is NULL, the three fields of cpusets contradict each other, or stack_bytes is less than any
 *          thread needs
 * -ENOMEM  no memory
 */
int rawthread_group_create(struct rawthread_group **out, const struct rawthread_options *options);

/* Runs fn(arg) once, on a thread that is created for it.
 *
 * Waits for a task only at max_alive, until one has returned and its thread is joined. May join finished
 * threads, and allocates when more threads exist than ever before. The thread inherits the caller's signal
 * mask. What the caller did before the call happens before the task.
 *
 * A creation that is refused, by the system or by max_threads, is tried again after joining what has
 * finished, with short sleeps, until retry_ns have passed. If it is still refused the task is not accepted:
 * it never runs, and never on the caller's thread.
 *
 * -EAGAIN  the system refused a thread
 * -EDQUOT  max_threads forbade it
 * -EINVAL  fn is NULL, the mask whose turn it is holds no CPU that this process may run on, or stack_bytes is less
 *          than a thread needs on this system
 * -ENOMEM  no memory
 */
int rawthread_group_submit(struct rawthread_group *group, rawthread_fn *fn, void *arg);

/* Waits until every accepted task has returned, and joins every thread that is not detached.
 *
 * Blocks. Everything that the tasks did happens before the return. Always returns 0.
 */
int rawthread_group_wait(struct rawthread_group *group);

/* Fills *counters. */
void rawthread_group_counters(const struct rawthread_group *group, struct rawthread_counters *counters);

/* Waits as rawthread_group_wait() does, and frees the group. group may be NULL. */
void rawthread_group_destroy(struct rawthread_group *group);


/*
 * A task that is split
 */

/* Runs fn(left) on a thread that is created for it and fn(right) meanwhile on the calling one, and returns once both
 * have returned. May be called by any thread, and by fn itself: so a task divides its work.
 *
 * stack_bytes is as in struct rawthread_options. What the caller did happens before both, what both did before the
 * return. If fn(right) ends its thread by pthread_exit(), that waits for fn(left).
 *
 * -EAGAIN  the system refused a thread
 * -EINVAL  fn is NULL, or stack_bytes is less than a thread needs
 * -ENOMEM  no memory
 */
int rawthread_fork(rawthread_fn *fn, void *left, void *right, size_t stack_bytes);

#ifdef __cplusplus
}
#endif

#endif
