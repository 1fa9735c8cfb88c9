/* The harness's view of a backend: a small struct of functions, chosen once per cell.
 *
 * An adapter only translates these calls into those of the library it measures. All calls come from one
 * thread, the caller, which is outside the backend; tasks run on threads of the backend (serial apart). Where the
 * backend says EXECUTOR_SHARED, submit alone also comes from other threads outside the backend, at the same time.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void executor_fn(void *arg);
typedef uint64_t executor_value_fn(void *arg); /* returns its result */

enum executor_capability {
    EXECUTOR_HAS_WORKERS = 1 << 0, /* n_workers means something: a size, or a cap */
    EXECUTOR_INLINE = 1 << 1,      /* tasks run on the caller's own thread, by definition */
    EXECUTOR_HELPS = 1 << 2,       /* the caller's own thread may run tasks while it waits: no verdicts */
    EXECUTOR_ELSEWHERE = 1 << 3,   /* tasks run in other processes, whose processor time is not this one's */
    EXECUTOR_SHARED = 1 << 4,      /* several threads may submit at once */
    EXECUTOR_BOUNDED = 1 << 5,     /* max_queued is obeyed: submit waits for room */
};

struct executor_options {
    size_t n_workers;       /* threads of a pool, or the most threads alive; at least 1 where it counts */
    size_t stack_bytes;     /* of each thread; the same for all backends */
    size_t max_threads;     /* the machine's reserve starts here: creation stops, 0 = no such limit */
    uint64_t retry_ns;      /* how long a refused creation is reaped for and tried again; 0 = never */
    const void *cpusets;    /* n_cpusets masks of cpuset_bytes bytes as sched_setaffinity(2) takes them; */
    size_t cpuset_bytes;    /* thread i is bound to set i modulo n_cpusets. NULL: threads inherit the */
    size_t n_cpusets;       /* caller's mask */
    char *reason;           /* where whatever fails may write one line, lower case, which says more than its errno; */
    size_t reason_bytes;    /* as long as the backend lives. 0: nowhere */
    size_t max_queued;      /* so many tasks wait at most; 0: any number. Only for backends with EXECUTOR_BOUNDED */
    uint64_t spin_ns;       /* the spin budget: a thread that waits looks for so long for what it waits for before it
                               sleeps, where the backend can be told; 0 = it sleeps at once */
};

/* The spin budget where a cell has no other: about what waking a thread takes that sleeps on an idle CPU of a virtual
 * machine, so that looking costs at most as much again as sleeping at once. That of the pool by default. */
enum { EXECUTOR_SPIN_NS = 50 * 1000 };

/* Since create(). */
struct executor_counters {
    uint64_t threads_created;
    uint64_t threads_refused; /* creations that failed or that the reserve forbade, each attempt counted */
    uint64_t threads_peak;    /* most threads that were created and not yet joined */
};

struct executor {
    const char *name;
    const char *summary; /* one line */
    unsigned capabilities;

    /* All or nothing. Returns 0 or a negative errno: -EAGAIN where a thread was refused. */
    int (*create)(const struct executor_options *options, void **state);

    /* Runs fn(arg) once, some time after this call began. Blocks only where the backend's own nature
     * is to block (raw-capped at its cap, serial). Returns 0, or a negative errno with the task not
     * accepted: -EAGAIN where a thread was refused, -EDQUOT where max_threads forbade it, -ENOTSUP where the
     * backend takes no task that comes alone. */
    int (*submit)(void *state, executor_fn *fn, void *arg);

    /* NULL: submit is called for each. Runs fn once for each of args, args + stride, ... n_tasks in all. On error
     * *n_accepted tells how many were accepted, in order from the first; the errno is that of the first refused. */
    int (*submit_many)(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted);

    /* Returns once every accepted task has returned. What they wrote is visible to the caller. */
    int (*wait_all)(void *state);

    /* NULL: nothing is known of its threads. */
    void (*counters)(void *state, struct executor_counters *counters);

    /* Only with no task outstanding. Joins every thread. */
    void (*destroy)(void *state);

    /* NULL where the backend has no tasks of tasks. Called by a task: runs fn(left) as a task of its own and fn(right)
     * meanwhile on the calling thread, and returns once both have returned. Returns 0, or a negative errno and has run
     * neither. */
    int (*fork)(void *state, executor_fn *fn, void *left, void *right);

    /* NULL: submit_many and wait_all. The backend's own way to call one function for all elements of an array, in
     * chunks that it chooses. Runs fn once for each of args, args + stride, ... n_tasks in all, and returns once all
     * have returned: 0, or a negative errno and has run none. */
    int (*map)(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks);

    /* NULL where tasks have no result that can be waited for. The backend's own way to submit one task with a result
     * and get that: *result is what fn(arg) returned. Returns 0, or a negative errno and has not run it. */
    int (*call)(void *state, executor_value_fn *fn, void *arg, uint64_t *result);
};

#ifdef __cplusplus
extern "C" {
#endif

/* For the harness. The i-th of all backends, those that are built in first; NULL: there are no more. */
const struct executor *executor_at(size_t i);

/* The backend of that name, or NULL. */
const struct executor *executor_find(const char *name);

/* Adds a plugin's, which must live as long as this process. Returns 0 or -ENOSPC. */
int executor_add(const struct executor *executor);
bool executor_is_added(const struct executor *executor);

#ifdef __cplusplus
}
#endif

#endif
