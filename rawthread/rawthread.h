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
 * Calls that return int return 0, or a negative errno and have then done nothing, where nothing else is said.
 *
 * CANCELLATION. rawthread_join(), rawthread_timed_join(), rawthread_sleep() and rawthread_group_wait() are
 * cancellation points where they wait: a thread that is cancelled there (pthread_cancel(3)) leaves all as it was, and
 * another call can wait again. In every other call a request is put off until the call has returned; in
 * rawthread_fork() until fn(left) has, while fn(right) can be cancelled as any code of its thread. No call may be made
 * with the asynchronous type. A function that is cancelled has returned, for all that is said here.
 *
 * END OF THE PROCESS. The return of main() ends it, as exit() does, and with it every thread, wherever that is, those
 * of groups too: only who joins or waits before knows that a task was done. Where main() ends by pthread_exit()
 * instead, the process goes on until its last thread has ended.
 *
 * SPINNING. Waking a thread that sleeps can take longer than the task that it waits for. With spin_ns in its options
 * rawthread_join(), rawthread_timed_join(), rawthread_group_submit(), rawthread_group_wait() and
 * rawthread_group_destroy() spend processor time before each sleep in which they wait for a thread: they look for its
 * end again and again, and let others have their CPU before each look. A spin ends with the time-out of its call. Who
 * may run on one CPU only never spins. By default nobody does.
 *
 * SIGNALS. A thread inherits the signal mask of the thread that starts it, and hands it down to the programs that it
 * starts: one whose signals are blocked starts a program that cannot be interrupted, unless the mask is set
 * between, by posix_spawnattr_setsigmask(3) or before exec.
 *
 * FORK. What the calls do in the child stands with each. The child is known by its process id: not if that is its
 * parent's, as the first process of another namespace can have it.
 *
 * COSTS. Each call takes a number of steps that does not depend on how many threads and objects there are, where
 * nothing else is said.
 */
#ifndef POOLBENCH_RAWTHREAD_H
#define POOLBENCH_RAWTHREAD_H

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
    RAWTHREAD_FOREVER = -1, /* for timeout_ns, as every negative number, and all over 68 years: no time-out */
    RAWTHREAD_NAME_BYTES = 16, /* a name with its 0, as the kernel keeps it; longer ones are cut, between two
                                  characters of UTF-8 */
    RAWTHREAD_STACK_BYTES = 64 << 10 /* stack of a thread of a group; more where a thread needs more */
};

/* What a thread does; it ends when this returns, by pthread_exit(), which counts as its return, or when it is
 * cancelled. It is not left by longjmp() or by a C++ exception, and does not detach its thread. arg is never looked at
 * and must live as long as it is needed. */
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
    uint64_t spin_ns;
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
    const char *name;   /* of the thread, for people who look at it; NULL or "": that of its creator */
    size_t stack_bytes; /* as pthread_attr_setstacksize(3) takes it: the guard page is part of it with glibc, and
                           comes on top with musl; 0 = the system's default */
    uint64_t spin_ns;   /* how long those who join it look for its end before they sleep, in nanoseconds; 0 = not at
                           all */
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
 * affinity mask. Who needs its work joins it before the end of main(). (Python waits for threads that are not daemons.)
 *
 * On an error there is no thread and nothing is left behind; after -EAGAIN and -ENOMEM it may be started again.
 *
 * -EALREADY        it was started before: a new task is a new thread
 * -ENOTRECOVERABLE called in the child of a fork
 * -EAGAIN          the system refused a thread
 * -EINVAL          stack_bytes is less than a thread needs
 * -ENOMEM          no memory
 */
int rawthread_start(struct rawthread *thread);

/* Waits until it has ended, its thread-specific destructors included. What it did happens before the return. May be
 * called by several threads and again; each change wakes all of those that wait, so it costs steps for each.
 *
 * -EINVAL          it was not started
 * -EDEADLK         called by the thread itself, by its thread-specific destructors too
 * -ENOTRECOVERABLE called in the child of a fork, where the thread does not exist
 */
int rawthread_join(struct rawthread *thread);

/* As rawthread_join(), for up to timeout_ns nanoseconds; 0 waits for nothing. (Python's says nothing of it: one has to
 * ask is_alive().)
 *
 * -ETIMEDOUT  it has not been joined, by another thread neither. (Where it is not alive, its thread-specific
 *             destructors still run.)
 */
int rawthread_timed_join(struct rawthread *thread, int64_t timeout_ns);

/* Whether it has been started and its function has not returned. False in its thread-specific destructors, and in the
 * child of a fork. */
bool rawthread_is_alive(struct rawthread *thread);

/* Its name as attr gave it, cut; "" if it has none of its own. Valid until rawthread_release(). */
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

/* Starts a thread that nobody joins: fn(arg). Nothing has to be kept or freed for it; it ends with its function or
 * with the process: at the end of main() nobody waits for it. attr is as for rawthread_init(), and what the thread
 * inherits as for rawthread_start(). May be called in the child of a fork.
 *
 * -EAGAIN  the system refused a thread
 * -EINVAL  fn is NULL, or stack_bytes is less than a thread needs
 * -ENOMEM  no memory
 */
int rawthread_start_detached(rawthread_fn *fn, void *arg, const struct rawthread_attr *attr);


/*
 * A service: a thread that runs until it is asked to stop
 */

/* Asks it to stop, before or after its start; that is all: it ends when its function returns. Wakes it in
 * rawthread_sleep(), and those who join it, who go on waiting.
 *
 * -ENOTRECOVERABLE called in the child of a fork
 */
int rawthread_ask_stop(struct rawthread *thread);

/* Whether it has been asked to stop. True in the child of a fork, and so is rawthread_sleep(). */
bool rawthread_stop_requested(struct rawthread *thread);

/* For the thread itself: sleeps for timeout_ns nanoseconds, 0 not at all, or until it is asked to stop. Returns
 * whether it was. */
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
 * said that its task has returned, after which its thread-specific destructors may still run. */
struct rawthread_options {
    size_t stack_bytes;  /* of each thread, as in struct rawthread_attr; 0 = RAWTHREAD_STACK_BYTES */
    bool untuned;        /* stack_bytes of 0 is then the system's default: what pthread_create() gives to who asks
                            for nothing */
    bool detached;       /* threads are detached: nobody joins them, and they may be about to end when
                            rawthread_group_wait() returns */
    size_t max_alive;    /* while so many threads exist, submitting waits; 0 = no cap */
    size_t max_threads;  /* while so many threads exist whose tasks have not returned, a creation is refused;
                            0 = no such limit */
    uint64_t retry_ns;   /* how long a refused creation is tried again, in nanoseconds; 0 = not at all */
    uint64_t spin_ns;    /* how long whoever waits for a thread looks for its end before it sleeps, in nanoseconds; 0 =
                            not at all */
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

/* Creates a group without threads, in a number of steps that grows with n_cpusets.
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
 * Waits for a task only at max_alive, until one has returned and its thread is joined. May join threads whose tasks
 * have returned, and then waits for their thread-specific destructors; it allocates when more threads exist than ever
 * before. The thread inherits the caller's signal mask. What the caller did before the call happens before the task.
 * Each thread is joined once, and looked at by no other call: a call takes steps for those it joins, which may be all
 * that have finished, and on average for one.
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

/* Waits until every accepted task has returned, and joins every thread that is not detached: a few steps for each that
 * exists.
 *
 * Blocks. Everything that the tasks did happens before the return. Always returns 0. Where the caller is cancelled the
 * tasks go on: if they work on its stack, its clean-up handler destroys the group.
 */
int rawthread_group_wait(struct rawthread_group *group);

/* Fills *counters. */
void rawthread_group_counters(const struct rawthread_group *group, struct rawthread_counters *counters);

/* Waits as rawthread_group_wait() does, but is no cancellation point, and frees the group, with a step for each 72
 * threads of the peak. group may be NULL. */
void rawthread_group_destroy(struct rawthread_group *group);


/*
 * A task that is split
 */

/* Runs fn(left) on a thread that is created for it and fn(right) meanwhile on the calling one, and returns once both
 * have returned. May be called by any thread, and by fn itself: so a task divides its work.
 *
 * stack_bytes is as in struct rawthread_options. What the caller did happens before both, what both did before the
 * return. If fn(right) ends its thread by pthread_exit() or is cancelled, that waits for fn(left).
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
