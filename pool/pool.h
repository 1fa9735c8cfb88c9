/* A reusable pool of threads.
 *
 * A pool starts its workers once and keeps them. Tasks are queued, and each runs once. A pool with one worker, and
 * nobody outside who helps, begins those that one thread outside of it hands over in that order; nothing is promised
 * between threads, nor for what tasks hand over, but that each has its turn. A worker without a task sleeps and costs
 * no CPU time; where there is more than one CPU, one of them looks for the next task for a moment before it sleeps:
 * see spin_ns.
 *
 *     struct pool *pool;
 *     int error = pool_create(&pool, NULL);
 *     ...
 *     pool_submit(pool, task, argument);
 *     pool_wait(pool);
 *     pool_destroy(pool);
 *
 * The calls follow Python's multiprocessing.pool.ThreadPool; where they differ, they say so.
 *
 * ERRORS. Calls that return int return 0, or a negative errno and have then done nothing, where nothing else
 * is said. A task that fails returns a code of its own, which is not 0, and can add a message with
 * pool_fail(). Calls that deliver results return that code as it is, with the details in a struct pool_error;
 * where the call itself failed, code is 0 there.
 *
 * THREADS. Any thread may make any call at any time, tasks included, where nothing else is said. Pools are
 * independent of each other. What a thread did before it handed a task over happens before the task; what
 * the task did happens before the end of every call that reports its end.
 *
 * HELP. Only workers run tasks of a strict pool. In a pool that is not strict, a thread that waits without a time-out
 * for a handle, a map or an iterator runs those of its tasks that no worker has begun, and pool_wait() runs whatever is
 * queued. Nobody but workers and pool_wait() runs what pool_submit() and its like have queued. A worker that waits in a
 * task for others of its pool helps in a strict one too: so tasks may hand over tasks and wait for them, even with one
 * worker. A wait with a time-out never runs a task. Tasks that ran on another thread than a worker that
 * had nothing else to do are counted: see pool_get_counters(). A thread that helps begins its own tasks before what
 * was queued earlier; and where it took calls of an iterator, calls that are fed later may take their place in the
 * queue.
 *
 * USER'S FUNCTIONS. Only a task, and the source of an iterator, may end its thread by pthread_exit(), which on a thread
 * that helps is that thread; all other functions that the pool calls return. None is left by longjmp() or by a C++
 * exception. A task leaves its thread as it found it: no lock held, the signal mask and the affinity as they were, and
 * not detached.
 *
 * CANCELLATION. No call is a cancellation point, those that block neither: a thread that is cancelled in one goes
 * on until the call has returned. Workers are never cancelled; callbacks, dropped() and undelivered() run with
 * cancellation disabled. A task or a source that runs on a thread of yours may be cancelled there, which is the same
 * as pthread_exit() in it. Asynchronous cancellation (PTHREAD_CANCEL_ASYNCHRONOUS) must not be enabled in any call.
 *
 * COSTS. Each call takes the same time however many tasks are queued and however many threads wait, where nothing else
 * is said: O(1), some of them on average over many calls (amortized). Functions of the user's are extra. So
 * is waking: one step for each thread that the call wakes.
 *
 * PROGRAMS. A worker blocks all signals, and a program that a task starts inherits that: SIGTERM would not end it. So
 * give it an empty mask (posix_spawnattr_setsigmask(), or pthread_sigmask() between fork and exec), or where
 * that is out of reach, as with system(), create the pool with keep_signals: docs/examples/pool_programs.c. Tasks that
 * are queued or run when main() returns or exit() is called end with the process, at any point (as with
 * Python's ThreadPool; ThreadPoolExecutor runs them first): destroy the pool before, by a scope or with atexit(), as
 * docs/examples/pool_at_exit.c does.
 *
 * FORK. The child has no workers. There every call that returns int returns -ENOTRECOVERABLE for a pool that
 * was created before the fork, its iterators, and its handles but those that were ready. A child of vfork() or of
 * a bare clone(2) must not use one at all, and a task that forks must end its child by _exit() or exec.
 */
#ifndef POOLBENCH_POOL_H
#define POOLBENCH_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One pool: made by pool_create(), ended by pool_destroy(). */
struct pool;

/* What becomes of one task or one map (Python's AsyncResult): made by the calls that end in _async, ended by
 * pool_handle_release(). */
struct pool_handle;

/* Results one at a time: made by pool_imap() and pool_imap_unordered(), ended by pool_iterator_release(). */
struct pool_iterator;

/* Handles in order of their completion: made by pool_as_completed(), ended by pool_completions_release(). */
struct pool_completions;

/* Constants of several calls. */
enum {
    POOL_NO_SPIN = -1,        /* for spin_ns, as every negative number: nobody looks before sleeping */
    POOL_FOREVER = -1,        /* for timeout_ns, as every negative number: no time-out */
    POOL_MESSAGE_BYTES = 96,  /* longest message of an error, its 0 included; longer ones are cut */
    POOL_ARGS_MAX = 8         /* most arguments of a task of pool_starmap() */
};

/* Why a task failed. Calls that fill one take NULL too; on success they set it to code 0 and no message. */
struct pool_error {
    int code;     /* as the task returned it; -ECANCELED: cancelled, never began or not all of it, no message */
    size_t index; /* in a map or an iterator: which task, from 0; else 0 */
    char message[POOL_MESSAGE_BYTES]; /* as pool_fail() made it; "" if there is none */
};

/* A task that nobody asks for a result. pthread_exit() counts as its return, and the pool starts another worker in the
 * place of one that ends so; cancellation is disabled on workers. The pool never looks at what
 * arg points to; it must live as long as the task needs it. */
typedef void pool_fn(void *arg);

/* A task with a result. It returns 0, or on failure a code of its own. It may write its result to *result,
 * which is where the caller said, and must live until the task has ended. pthread_exit() counts as the return
 * of -EOWNERDEAD; those of its chunk that have not been called then end with -ECANCELED. */
typedef int pool_call_fn(void *arg, void *result);

/* A task with several arguments: args has as many as struct pool_starcalls says. */
typedef int pool_star_fn(void *const *args, void *result);


/*
 * Creating a pool
 */

/* All zero is a good default. pool_create() copies what it keeps. */
struct pool_options {
    size_t n_workers;    /* 0 = n_usable of pool_cpu_limits(): the CPUs that this process may use */
    size_t max_workers;  /* more than n_workers makes the pool elastic: while tasks wait and the workers leave CPUs
                            idle, because tasks block, it starts more workers up to this number, at most
                            one for each task that waits. While the workers keep the CPUs busy (they use or could
                            use three quarters of them) it starts none; but one in any case
                            when no task has begun for 100 milliseconds, in which tasks may be waiting for one
                            that is queued. Those above n_workers end when they have had nothing to do for a
                            second. 0 = n_workers */
    size_t max_queued;   /* bound of the queue, kept exactly: so many tasks wait and have not begun. A map counts
                            as one task until the last part of it has begun, an iterator is bounded by
                            its own look-ahead and does not count. 0 = no bound */
    bool strict;         /* no task ever runs on a thread outside the pool: see HELP above, and
                            pool_submit_or_run(), which an outside thread may not call then */
    bool start_all;      /* all n_workers are started at creation and by pool_resize(), as Python does. If not, the
                            first one is, and another whenever a task is queued that finds none idle, by the
                            thread that queues it: one that the system refuses then is counted, and tried
                            again with a later task */
    bool keep_signals;   /* workers have the signal mask that the creating thread has in pool_create(), for programs
                            that tasks start; signals of the process may then interrupt tasks. If not, they
                            block all signals but those that a fault of their own raises (SIGSEGV and its
                            like), so that signals reach the application's threads */
    int64_t spin_ns;     /* how long a worker without a task, one at a time, and whoever waits for a handle, an iterator
                            or the pool look for what they wait for before they sleep, in nanoseconds; 0 =
                            50,000, POOL_NO_SPIN = not at all, as where the creating thread may use one CPU only */
    size_t stack_bytes;  /* of each worker; 0 = the system's default */
    const char *name;    /* workers are called <name>-<index>, name cut to fit 15 bytes; NULL = "pool" */
    const void *cpusets; /* n_cpusets masks of cpuset_bytes bytes each, one after the other, as
                            sched_setaffinity(2) takes them; worker i is bound to mask i modulo n_cpusets.
                            NULL = workers inherit the mask of the thread that starts them */
    size_t cpuset_bytes; /* more than 0 where cpusets is given */
    size_t n_cpusets;    /* more than 0 where cpusets is given, else 0 */

    /* Called on each worker before its first task and after its last, with context and the worker's index
     * (see pool_worker_index()). Where tasks rely on it the pool should be strict: it is not called on other
     * threads, which may help. initializer returns 0, or a negative errno: that worker then ends without
     * finalizer. Python starts such a worker again and again; here pool_create() and pool_resize() return
     * the error of workers that they start, for whose initializers they wait; a worker that a task or an
     * elastic pool asked for is done without, and tried again later. Neither may call pool_resize() or wait for
     * the pool. Either may be NULL. */
    int (*initializer)(void *context, size_t index);
    void (*finalizer)(void *context, size_t index);
    void *context;

    /* Called for each task of pool_submit() and its like that pool_terminate() drops, on the thread that
     * terminates, so that what arg owns can be freed. It must not wait for the pool. May be NULL. */
    void (*dropped)(pool_fn *fn, void *arg);
};

/* Creates a pool and starts its first worker, or all of them (see start_all), or nothing.
 *
 * options may be NULL, which is the same as all zero. *out is set on success only and is then owned by the
 * caller, who ends it with pool_destroy(). Takes time in the number of threads that it starts.
 *
 * -EINVAL     out is NULL, max_workers is less than n_workers or than what 0 stands for there, the three fields of
 *             cpusets contradict each other, a mask holds no CPU that this process may run on, or stack_bytes is less
 *             than a thread needs or more than there can be
 * -EAGAIN     the system refused a thread
 * -ENOMEM     no memory
 * other       as an initializer returned it
 */
int pool_create(struct pool **out, const struct pool_options *options);

/* Changes the number of workers, and up to how many an elastic pool may go (max_workers as in struct
 * pool_options: 0 = n_workers).
 *
 * New workers are started as tasks need them, or with start_all at once: all of them, or none and nothing changes.
 * Workers in excess end after the task that they run; this is not waited for. Takes time in the number of workers,
 * before or after.
 *
 * -EINVAL     n_workers is 0, or more than a max_workers that is not 0
 * -ESHUTDOWN  the pool is closed
 * -EAGAIN     the system refused a thread
 * -ENOMEM     no memory for it, or for so many workers anywhere
 * other       as an initializer returned it
 */
int pool_resize(struct pool *pool, size_t n_workers, size_t max_workers);

/* The number of workers that were asked for at creation or by the last pool_resize(). */
size_t pool_n_workers(const struct pool *pool);

/* The index of the calling worker in this pool, the lowest that no live worker has when it starts. It may be
 * max_workers or more: workers that a smaller size or pthread_exit() makes superfluous have theirs until they have
 * left. SIZE_MAX on a thread that is no worker of this pool. */
size_t pool_worker_index(const struct pool *pool);

/* What a pool did since its creation. */
struct pool_counters {
    uint64_t threads_created; /* workers, and the one thread that watches over an elastic pool */
    uint64_t threads_refused; /* creations that failed, and initializers */
    size_t threads_peak;      /* most threads that had been started and not ended, at a time */
    size_t threads_alive;     /* now */
    size_t n_queued;          /* now, as max_queued counts */
    uint64_t tasks_helped;    /* tasks that ran on a thread outside the pool that submitted or awaited them */
    uint64_t tasks_nested;    /* tasks that ran on a worker that waited or submitted in another task */
    uint64_t tasks_dropped;   /* tasks of pool_submit() and its like that pool_terminate() dropped */
};

/* Fills *counters. Does nothing in the child of a fork. */
void pool_get_counters(struct pool *pool, struct pool_counters *counters);


/*
 * Submitting: fire and forget
 */

/* Queues one task: fn(arg) is called once, on a worker or where pool_wait() helps.
 *
 * Never waits for a task, unless the queue is at its bound: then it blocks until there is room. A worker of this
 * pool, and a thread that runs one of its tasks or callbacks, does not block but runs the task at once itself, because
 * waiting for room could be waiting for itself; beyond a nesting of 32, and in a callback on a thread that may not
 * run tasks, it goes over the bound. Allocates only when the queue is longer than it has lately been; of what
 * the queue has taken up 256 KiB at most are kept once it is shorter, beside 4 KiB for each of up to eight CPUs.
 *
 * -EINVAL     fn is NULL
 * -ESHUTDOWN  the pool is closed, or was while this call waited for room
 * -ENOMEM     no memory for a longer queue
 * -EOVERFLOW  more unfinished tasks than a size_t counts
 */
int pool_submit(struct pool *pool, pool_fn *fn, void *arg);

/* As pool_submit(), but never blocks and never runs the task.
 *
 * -EAGAIN     the queue is at its bound
 */
int pool_try_submit(struct pool *pool, pool_fn *fn, void *arg);

/* As pool_submit(), but waits up to timeout_ns nanoseconds for room and never runs the task, on a worker too: the last
 * one to do so without a time-out waits for itself.
 *
 * -ETIMEDOUT  the queue was at its bound for so long
 */
int pool_timed_submit(struct pool *pool, pool_fn *fn, void *arg, int64_t timeout_ns);

/* As pool_submit(), but where the queue is at its bound the caller runs the task before the call returns; beyond a
 * nesting of 32 it goes over the bound as well.
 *
 * -EPERM      the pool is strict and the caller is not one of its workers
 */
int pool_submit_or_run(struct pool *pool, pool_fn *fn, void *arg);

/* Queues n_tasks tasks at once: fn is called once for each of args, args + stride_bytes, args + 2 *
 * stride_bytes and so on, in this order and perhaps several at a time, as if each was submitted by itself
 * but cheaper.
 *
 * args is an array of n_tasks elements of stride_bytes bytes (any pointer if stride_bytes is 0, when all
 * tasks get the same argument). n_accepted may be NULL; else *n_accepted is set in every case, to how many
 * tasks were accepted, counted from the first: all on success; on error none, or in a pool with a bound as many
 * as there had been room for. Takes the same time for any number of tasks, unless the queue is at its bound. Errors are
 * those of pool_submit().
 */
int pool_submit_many(struct pool *pool, pool_fn *fn, void *args, size_t stride_bytes, size_t n_tasks,
                     size_t *n_accepted);

/* Waits until no task is queued or running: tasks of all kinds.
 *
 * Blocks. Tasks that are submitted in the meantime, by tasks too, are waited for as long as the pool has not once
 * been without any.
 *
 * -EDEADLK    called on a worker, or in a task or a callback, of this pool, which would wait for itself
 */
int pool_wait(struct pool *pool);


/*
 * Within a task
 */

/* Returns code, and keeps a message for it as printf() would print it: `return pool_fail(-EIO, "cannot read
 * '%s'", path);` in a task with a result. Elsewhere there is nobody to read the message, which is dropped. */
int pool_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether the task that this thread runs has been asked to stop, by pool_handle_cancel(), by the release of its
 * iterator or by pool_terminate(). A task that takes long asks now and then, and returns early. One that sits in the
 * kernel cannot ask: give it something to wait for beside its own, which you make ready before you terminate or
 * cancel, as an eventfd in the poll() of docs/examples/pool_wake.c. */
bool pool_stop_requested(void);


/*
 * One task with a result
 */

/* Called when a task or a map has ended, before its handle is ready: on the thread that ran the last part of it,
 * or if it was cancelled perhaps on the one that cancelled, terminated or waited for it. No lock is held: those of
 * several tasks may run at the same time. (Python calls all of them on one thread, one after the other.) They may make
 * any call but those that would wait for themselves, which give -EDEADLK. What ends in callbacks that are nested 32
 * deep, as where each cancels the next task, has its own callback and is ready when one of them returns or waits. */
struct pool_callbacks {
    void (*callback)(void *context, void *result);                              /* on success; NULL = none */
    void (*error_callback)(void *context, const struct pool_error *error);     /* on failure; NULL = none */
    void *context;
};

/* Runs fn(arg, result), waits for it and returns what it returned.
 *
 * Errors are those of pool_apply_async() and pool_handle_get(), those of
 * the call itself told apart by error->code of 0.
 */
int pool_apply(struct pool *pool, pool_call_fn *fn, void *arg, void *result, struct pool_error *error);

/* Queues fn(arg, result), whose end *out tells of.
 *
 * callbacks may be NULL and is copied. out may be NULL if nobody will ask; else *out is set on success only and
 * is then owned by the caller, who ends it with pool_handle_release(), before or after the task has ended,
 * before or after pool_destroy(). Blocks only where the queue is at its bound, as pool_submit() does. Of the memory
 * of handles that were released 1 MiB at most is kept, beside that of blocks of 15 in which another is in use.
 * Errors are those of pool_submit().
 */
int pool_apply_async(struct pool *pool, pool_call_fn *fn, void *arg, void *result,
                     const struct pool_callbacks *callbacks, struct pool_handle **out);

/* Whether the task or map has ended: done, failed or cancelled. False in the child of a fork if it had not. */
bool pool_handle_ready(const struct pool_handle *handle);

/* Whether it ended without error: 1 yes, 0 no.
 *
 * -EAGAIN     it is not ready (Python raises ValueError); in an `if` that is true as well, so compare with 1
 */
int pool_handle_successful(const struct pool_handle *handle);

/* Waits until the handle is ready, up to timeout_ns nanoseconds (0 = only looks, POOL_FOREVER = as long as it
 * takes).
 *
 * -ETIMEDOUT  it is not ready
 * -EDEADLK    called in the very task, which would wait for itself
 */
int pool_handle_wait(struct pool_handle *handle, int64_t timeout_ns);

/* Waits as pool_handle_wait() does, and delivers how it ended: 0, with the result where the caller said; else
 * the task's own code, or -ECANCELED if it was cancelled. Of a map whose tasks failed it is the first by index (in
 * Python the first in time). May be called again. */
int pool_handle_get(struct pool_handle *handle, int64_t timeout_ns, struct pool_error *error);

/* Cancels what has not begun, and asks what runs to stop (see pool_stop_requested()).
 *
 * Does not wait, and returns 0 whether or not there was anything to cancel: pool_handle_get() tells, by -ECANCELED.
 * (cancel() in Python's concurrent.futures returns it, and never touches what runs.) A task that never began ends as
 * cancelled at once, a map as soon as the parts of it that run
 * have ended. The result of a task that began is what the task makes it. Cancelling what has ended does
 * nothing. Takes time in the number of calls only where a map has codes, each of which is set.
 */
int pool_handle_cancel(struct pool_handle *handle);

/* Gives the handle up; its task still runs and its callbacks are still called. Does not block. handle may be
 * NULL. Only once, and not while another thread is in a call with it. */
void pool_handle_release(struct pool_handle *handle);


/*
 * Several handles
 *
 * handles is an array of n_handles handles, perhaps of several pools; entries that are NULL are passed over.
 * timeout_ns is as in pool_handle_wait(). These calls take time in n_handles, pool_completions_next() does not.
 */

/* Waits until one of the handles is ready. *index is set to which: of those that were ready at the call the first
 * by index, else the first to become it.
 *
 * -ENOENT     no handle at all
 * -ETIMEDOUT  none is ready
 * -EDEADLK    called in one of the tasks
 * -ENOMEM     no memory
 */
int pool_first_completed(struct pool_handle *const *handles, size_t n_handles, int64_t timeout_ns, size_t *index);

/* Waits until one of the handles has failed, or all are ready. *index is set to which failed, or to n_handles if
 * none did. To be cancelled is to fail (in Python's concurrent.futures it is not). Errors are those of
 * pool_first_completed(). */
int pool_first_failed(struct pool_handle *const *handles, size_t n_handles, int64_t timeout_ns, size_t *index);

/* Cancels all of the handles, as pool_handle_cancel() does each; an error of one keeps it from no other. */
int pool_cancel_all(struct pool_handle *const *handles, size_t n_handles);

/* Begins to look at the handles in order of their completion.
 *
 * *out is set on success only and is then owned by the caller, who ends it with pool_completions_release(),
 * before any of the handles is released. handles itself is not kept.
 *
 * -ENOMEM     no memory
 */
int pool_as_completed(struct pool_handle *const *handles, size_t n_handles, struct pool_completions **out);

/* Waits for the next handle to become ready, and sets *index to which. One thread at a time. Each entry comes
 * once (a handle that was given twice comes twice, in Python once): first those that were ready at the start, by index,
 * then the others as they become it.
 *
 * -ENOENT     there are no more
 * -ETIMEDOUT  none is ready
 * -EDEADLK    called in one of the tasks
 */
int pool_completions_next(struct pool_completions *completions, int64_t timeout_ns, size_t *index);

/* Ends it; the handles stay as they are. Does not block. completions may be NULL. */
void pool_completions_release(struct pool_completions *completions);


/*
 * One function over an array
 */

/* n_calls calls fn(args + i * arg_bytes, results + i * result_bytes). The arrays must live until all have ended. */
struct pool_calls {
    pool_call_fn *fn;
    void *args;          /* n_calls elements of arg_bytes bytes; arg_bytes of 0: the same for all */
    size_t arg_bytes;
    void *results;       /* n_calls elements of result_bytes bytes; NULL = fn gets NULL */
    size_t result_bytes;
    int *codes;          /* n_calls elements: set to what each returned, -ECANCELED if it never ran; NULL = none */
    size_t n_calls;
    size_t chunksize;    /* calls that are handed to a worker together; 0 = chosen as Python does, so that each
                            worker gets four chunks: n_calls / (4 * n_workers), rounded up */
};

/* One argument of each of n_calls tasks: base + i * stride_bytes. A stride of 0: the same for all. */
struct pool_arg {
    void *base;
    size_t stride_bytes;
};

/* The same with several arguments: fn gets args[0].base + i * args[0].stride_bytes, args[1].base + ... args must
 * live as the arrays do. (Python takes one sequence of tuples; here each argument has an array of its own.) */
struct pool_starcalls {
    pool_star_fn *fn;
    const struct pool_arg *args;
    size_t n_args;       /* 1 to POOL_ARGS_MAX */
    void *results;       /* as in struct pool_calls, down to chunksize */
    size_t result_bytes;
    int *codes;
    size_t n_calls;
    size_t chunksize;
};

/* Makes all calls, waits for them, and returns 0 or the code of the first by index that failed (Python raises the first
 * in time).
 *
 * All calls are made, those after a failed one too (Python leaves out the rest of a chunk), unless one ends its
 * thread: see pool_call_fn. If it is the thread that waits here the calls that have not begun are cancelled, and
 * those that have are waited for. error->index is
 * the one that failed. Results are in the order of the arguments. The chunks are queued as one task. Errors of the call
 * itself, error->code being 0, are those of pool_map_async().
 */
int pool_map(struct pool *pool, const struct pool_calls *calls, struct pool_error *error);

/* Queues all calls. *calls is copied. callbacks and out are as in pool_apply_async(); result in the callback is
 * calls->results. A map of 0 calls is ready at once, and waits for no room. Takes the same time for any number of
 * calls. Errors are those of pool_submit(). */
int pool_map_async(struct pool *pool, const struct pool_calls *calls, const struct pool_callbacks *callbacks,
                   struct pool_handle **out);

/* pool_map() with several arguments.
 *
 * -EINVAL     n_args is 0 or more than POOL_ARGS_MAX
 */
int pool_starmap(struct pool *pool, const struct pool_starcalls *calls, struct pool_error *error);

/* pool_map_async() with several arguments.
 *
 * -EINVAL     n_args is 0 or more than POOL_ARGS_MAX
 */
int pool_starmap_async(struct pool *pool, const struct pool_starcalls *calls,
                       const struct pool_callbacks *callbacks, struct pool_handle **out);


/*
 * Results one at a time
 */

/* Calls that are fed lazily: fn is called once for each argument that next() gives. */
struct pool_feed {
    pool_call_fn *fn;
    int (*next)(void *source, void **arg); /* returns 1 with *arg set to the next argument, or 0 if there are no more,
                                              or a negative code if it cannot tell, with pool_fail() or
                                              without. After 0 and a code it is not called again; the code is
                                              delivered by pool_iterator_next() as that of the next argument's
                                              task. Called in pool_imap() and pool_iterator_next() only,
                                              on their thread (Python feeds on a thread of its own and reads
                                              everything ahead) */
    void *source;
    size_t result_bytes; /* of each result, kept by the iterator until it is delivered; 0 = fn gets NULL */
    size_t look_ahead;   /* so many arguments are taken ahead of what has been delivered; 0 = twice the workers */
    size_t chunksize;    /* up to so many calls are handed to a worker together; 0 = 1, as in Python */

    /* Both may be NULL. dropped is called once for each argument that next() gave and whose call never begins, on
     * the thread that drops it: in pool_terminate(), pool_iterator_release(), the call that could not queue it,
     * pool_iterator_next() in a terminated pool, or at the end of a thread that a call before it in its chunk has
     * ended. So what arg owns can be freed. undelivered is called once for each call that succeeded and whose result
     * nobody got, in pool_iterator_release(), with where the result is; so what that owns can be freed. Neither may
     * wait for the pool. */
    void (*dropped)(void *source, void *arg);
    void (*undelivered)(void *source, void *arg, void *result);
};

/* Begins to feed look_ahead tasks; results come in order of the arguments.
 *
 * *feed is copied. *out is set on success only and is then owned by the caller, who ends it with
 * pool_iterator_release().
 *
 * -EINVAL     fn or next is NULL
 * -ESHUTDOWN  the pool is closed
 * -ENOMEM     no memory
 */
int pool_imap(struct pool *pool, const struct pool_feed *feed, struct pool_iterator **out);

/* As pool_imap(), but results come in order of completion. */
int pool_imap_unordered(struct pool *pool, const struct pool_feed *feed, struct pool_iterator **out);

/* Waits for the next result, copies it to result, and feeds the next task. One thread at a time. Where next() ends
 * its thread the result that was copied counts as delivered.
 *
 * result has room for result_bytes bytes. *index is set to the number of the argument, from 0. index, result and
 * error may be NULL. Returns 0, or the code of the task, -ECANCELED if it was dropped by pool_terminate() or fed
 * after pool_close(), -ENOMEM if there was no memory to queue it; the others still come. timeout_ns is as
 * in pool_handle_wait().
 *
 * With error->code being 0:
 *
 * -ENODATA    there are no more (Python raises StopIteration)
 * -ETIMEDOUT  the next is not ready; nothing is lost
 * -ESHUTDOWN  all that had been fed is delivered, and the pool was closed before the source's end (Python's
 *             iterator goes on)
 * -EDEADLK    called in one of its own tasks
 */
int pool_iterator_next(struct pool_iterator *iterator, int64_t timeout_ns, size_t *index, void *result,
                       struct pool_error *error);

/* Ends it: drops what has not begun, asks what runs to stop, waits for that, and frees. Takes time in look_ahead. Not
 * in one of its own tasks. iterator may be NULL. In the child of a fork it does nothing. */
void pool_iterator_release(struct pool_iterator *iterator);


/*
 * Ending a pool
 */

/* Closes the pool: from now on no task is accepted; those that were are still run.
 *
 * Does not block. Takes time in the number of threads that it wakes: idle workers, and who waits for room.
 * Closing a closed pool does nothing and is no error.
 */
int pool_close(struct pool *pool);

/* Closes the pool, drops what is queued and asks what runs to stop (see pool_stop_requested()).
 *
 * Does not wait for running tasks, nor for another thread that is terminating the pool. A task that never returns
 * keeps its worker, and pool_join() waits for it for ever. Handles whose task never began are cancelled, with their
 * error callbacks; tasks of pool_submit() are handed to the option dropped. Takes time in what is dropped: handles,
 * their codes, and submitted tasks where dropped is given. (Python's also kills nothing, whatever its name says.)
 */
int pool_terminate(struct pool *pool);

/* Waits until a closed pool has run all its tasks, those on helping threads and their callbacks too, and its workers
 * have ended.
 *
 * Blocks. Everything that tasks and finalizers did happens before the return. May be called by several
 * threads and again.
 *
 * -EINVAL     the pool is not closed
 * -EDEADLK    called on a worker, or in a task or a callback, of this pool, which would wait for itself
 */
int pool_join(struct pool *pool);

/* As pool_join(), for up to timeout_ns nanoseconds, and as long as the workers' thread-specific destructors take.
 *
 * -ETIMEDOUT  workers or tasks are still running
 */
int pool_timed_join(struct pool *pool, int64_t timeout_ns);

/* Closes the pool, joins it, and frees it. Every accepted task has run when it returns, or was dropped by
 * pool_terminate().
 *
 * Blocks. The caller sees to it that no other thread is in a call on this pool or makes one from here on;
 * tasks that are still running may, and get -ESHUTDOWN from pool_submit(). Handles may outlive the pool,
 * iterators may not. pool may be NULL. On an error, in the child of a fork too, the pool is left as it is and
 * nothing is freed.
 *
 * -EDEADLK    called on a worker, or in a task or a callback, of this pool, which would wait for itself
 */
int pool_destroy(struct pool *pool);

/* A pool that ends with the scope of its variable, which must be initialised, NULL will do:
 *
 *     POOL_CLOSED_BY_SCOPE struct pool *pool = NULL;
 *
 * POOL_CLOSED_BY_SCOPE runs everything that was accepted: pool_destroy(). POOL_TERMINATED_BY_SCOPE first drops
 * what has not begun: pool_terminate(). So does Python's `with`, but it does not wait for what runs; here the memory
 * of a pool ends with its scope, and so its tasks must. */
#define POOL_CLOSED_BY_SCOPE __attribute__((cleanup(pool_end_closed)))
#define POOL_TERMINATED_BY_SCOPE __attribute__((cleanup(pool_end_terminated)))

/* Calls pool_destroy(*pool). */
void pool_end_closed(struct pool **pool);

/* Calls pool_terminate(*pool) and pool_destroy(*pool). */
void pool_end_terminated(struct pool **pool);


/*
 * CPUs
 */

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
