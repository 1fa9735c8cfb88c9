/* A reusable pool of threads.
 *
 * A pool starts its workers once and keeps them. Tasks are queued without bound, taken in the order of their
 * submission, and each runs once, on one worker. A worker without a task sleeps and costs no CPU time.
 *
 *     struct pool *pool;
 *     int error = pool_create(&pool, NULL);
 *     ...
 *     pool_submit(pool, task, argument);
 *     pool_wait(pool);
 *     pool_destroy(pool);
 *
 * Calls that return int return 0, or a negative errno and have then done nothing. Any thread may make any
 * call on a pool at any time, tasks included, where nothing else is said. Pools are independent of each
 * other.
 *
 * After fork() the child has no workers. There every call that returns int returns -ENOTRECOVERABLE for a
 * pool that was created before the fork. A child of vfork() or of a bare clone(2) must not use one at all,
 * and a task that forks must end its child by _exit() or exec.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One pool: made by pool_create(), ended by pool_destroy(). */
struct pool;

/* What a task does. It runs on a worker and must return: no pthread_exit(), no longjmp() out of it, no
 * cancellation. The pool never looks at what arg points to; it must live as long as the task needs it. */
typedef void pool_fn(void *arg);

/* All zero is a good default. pool_create() copies what it keeps. */
struct pool_options {
    size_t n_workers;    /* 0 = n_usable of pool_cpu_limits(): the CPUs that this process may use */
    size_t stack_bytes;  /* of each worker; 0 = the system's default */
    const char *name;    /* workers are called <name>-<index>, name cut to fit 15 bytes; NULL = "pool" */
    const void *cpusets; /* n_cpusets masks of cpuset_bytes bytes each, one after the other, as
                            sched_setaffinity(2) takes them; worker i is bound to mask i modulo n_cpusets.
                            NULL = workers inherit the mask of the thread that creates the pool */
    size_t cpuset_bytes; /* more than 0 where cpusets is given */
    size_t n_cpusets;    /* more than 0 where cpusets is given, else 0 */
};

/* Creates a pool and starts all its workers, or nothing.
 *
 * options may be NULL, which is the same as all zero. *out is set on success only and is then owned by the
 * caller, who ends it with pool_destroy(). Workers block all signals but those that a fault of their own
 * raises (SIGSEGV and its like), so that signals reach the application's threads.
 *
 * -EINVAL     out is NULL, the three fields of cpusets contradict each other, a mask holds no CPU that this
 *             process may run on, or stack_bytes is less than a thread needs
 * -EAGAIN     the system refused a thread
 * -ENOMEM     no memory
 */
int pool_create(struct pool **out, const struct pool_options *options);

/* The number of workers, the same from creation to destruction. */
size_t pool_n_workers(const struct pool *pool);

/* Queues one task: fn(arg) is called once, on a worker, after this call began.
 *
 * Never waits for a task and never runs one. Allocates only when the queue is longer than it has lately been.
 * What this thread did before the call happens before the task.
 *
 * -ESHUTDOWN  the pool is closed
 * -ENOMEM     no memory for a longer queue
 * -EOVERFLOW  more unfinished tasks than a size_t counts
 */
int pool_submit(struct pool *pool, pool_fn *fn, void *arg);

/* Queues n_tasks tasks at once: fn is called once for each of args, args + stride_bytes, args + 2 *
 * stride_bytes and so on, in this order and perhaps several at a time, as if each was submitted by itself
 * but cheaper.
 *
 * args is an array of n_tasks elements of stride_bytes bytes (any pointer if stride_bytes is 0, when all
 * tasks get the same argument). n_accepted may be NULL; else *n_accepted is set in every case, to how many
 * tasks were accepted, counted from the first: all on success, none on error. Errors are those of
 * pool_submit().
 */
int pool_submit_many(struct pool *pool, pool_fn *fn, void *args, size_t stride_bytes, size_t n_tasks,
                     size_t *n_accepted);

/* Waits until no task is queued or running.
 *
 * Blocks, and runs no task itself. Tasks that are submitted in the meantime, by tasks too, are waited for as
 * long as the pool has not once been without any. Everything that the finished tasks did happens before the
 * return.
 *
 * -EDEADLK    called by a worker of this pool, which would wait for itself
 */
int pool_wait(struct pool *pool);

/* Closes the pool: from now on no task is accepted; those that were are still run.
 *
 * Does not block. Closing a closed pool does nothing and is no error.
 */
int pool_close(struct pool *pool);

/* Waits until a closed pool has run all its tasks and its workers have ended.
 *
 * Blocks. Everything that the tasks did happens before the return. May be called by several threads and
 * again.
 *
 * -EINVAL     the pool is not closed
 * -EDEADLK    called by a worker of this pool, which would wait for itself
 */
int pool_join(struct pool *pool);

/* Closes the pool, joins it, and frees it. Every accepted task has run when it returns.
 *
 * Blocks. The caller sees to it that no other thread is in a call on this pool or makes one from here on;
 * tasks that are still running may, and get -ESHUTDOWN from pool_submit(). pool may be NULL. On an error, in
 * the child of a fork too, the pool is left as it is and nothing is freed.
 *
 * -EDEADLK    called by a worker of this pool, which would wait for itself
 */
int pool_destroy(struct pool *pool);

/* How many CPUs the calling thread may use, and why. */
struct pool_cpu_limits {
    size_t n_affinity; /* CPUs in the affinity mask */
    double quota_cpus; /* CPU time that the control groups grant, in CPUs; 0 = no quota is known */
    size_t n_usable;   /* n_affinity, or the quota rounded up where that is less; at least 1 */
};

/* Finds out how many CPUs can be used, with the affinity mask and the quotas of control groups, version 1
 * and 2.
 *
 * The quota is the least one of the process's group and of all groups above it that can be seen. Where /proc
 * or the groups cannot be read there is no quota. root is put before the names of all files that are read,
 * "" for the real machine; below another root the mask is Cpus_allowed_list of <root>/proc/self/status.
 * Allocates, frees what it allocates, and may be called by any thread, in the child of a fork too.
 *
 * -EINVAL     root or out is NULL
 * -ENOENT     below another root there is no Cpus_allowed_list that can be read
 * -ENOMEM     no memory
 */
int pool_cpu_limits(const char *root, struct pool_cpu_limits *out);

#ifdef __cplusplus
}
#endif

#endif
