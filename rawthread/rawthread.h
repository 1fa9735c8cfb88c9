/* One thread per task.
 *
 * A group runs each of its tasks on a new thread, which ends with it: nothing is queued and no thread is
 * used twice. What can be had cheaply is had: attributes are made once, stacks are small and guarded,
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
 * A group belongs to one thread: all calls on it come from the thread that created it, never from its tasks.
 * (Another thread may take it over where the two synchronise.) Groups are independent of each other. A group
 * is of no use in the child of a fork. Calls that return int return 0, or a negative errno and have then
 * started nothing.
 */
#ifndef RAWTHREAD_H
#define RAWTHREAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RAWTHREAD_STACK_BYTES = 64 << 10 }; /* default stack of a thread, the guard page included */

/* Threads that run tasks: made by rawthread_group_create(), ended by rawthread_group_destroy(). */
struct rawthread_group;

/* What a task does, on a thread of its own, which ends when it returns; it must return. arg is never looked
 * at and must live as long as the task needs it. */
typedef void rawthread_fn(void *arg);

/* All zero is a good default. rawthread_group_create() copies what it keeps. A thread exists from its
 * creation until it is joined, which is some time after its task has returned. */
struct rawthread_options {
    size_t stack_bytes;  /* of each thread, its guard page included; 0 = RAWTHREAD_STACK_BYTES */
    size_t max_alive;    /* while so many threads exist, submitting waits; 0 = no cap */
    size_t max_threads;  /* while so many threads exist, a creation is refused; 0 = no such limit */
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
 * -EINVAL  the mask whose turn it is holds no CPU that this process may run on, or stack_bytes is less than a
 *          thread needs on this system
 * -ENOMEM  no memory
 */
int rawthread_group_submit(struct rawthread_group *group, rawthread_fn *fn, void *arg);

/* Waits until every accepted task has returned, and joins every thread.
 *
 * Blocks. Everything that the tasks did happens before the return. Always returns 0.
 */
int rawthread_group_wait(struct rawthread_group *group);

/* Fills *counters. */
void rawthread_group_counters(const struct rawthread_group *group, struct rawthread_counters *counters);

/* Waits as rawthread_group_wait() does, and frees the group. group may be NULL. */
void rawthread_group_destroy(struct rawthread_group *group);

#ifdef __cplusplus
}
#endif

#endif
