/* What processes reach that share nothing but the work: one to each CPU, bound to it, each with an equal part of the
 * tasks. There is no queue, no lock and no allocator in common, so no library of threads can be much faster with
 * tasks of equal length. It is no contestant: it shows what the machine has to give.
 *
 * The processes are forked at creation and see, as the parent does, what lies in memory that the harness shares; what a
 * workload writes elsewhere is their own. In each a single thread waits for its part. They end with their parent.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/backends.h"

/* One process, in memory that both sides see. The semaphores order all else. */
struct part {
    _Alignas(128) sem_t begin, end;
    executor_fn *fn; /* NULL: no more */
    char *args;
    size_t stride_bytes, n_tasks;
    pid_t pid;
    int error, bind_error; /* of its start; of its binding alone */
};

struct processes {
    struct part *parts;
    size_t n_parts;
};

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* EINTR */
}

static void *serve(void *arg)
{
    struct part *part = arg;
    for (;;) {
        await(&part->begin);
        if (!part->fn)
            return NULL;
        for (size_t i = 0; i < part->n_tasks; i++)
            part->fn(part->args + i * part->stride_bytes);
        sem_post(&part->end);
    }
}

/* Whether this process may run on that CPU alone: a kernel may take a mask and ignore it. */
static bool is_bound_to(const cpu_set_t *one)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) == 0 && CPU_EQUAL(&mask, one);
}

/* The n-th CPU of the mask, from the beginning again if there are fewer. */
static int bind_to(size_t n)
{
    cpu_set_t mask, one;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0)
        return -errno;
    CPU_ZERO(&one);
    n %= (size_t)CPU_COUNT(&mask);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &mask) && n-- == 0) {
            CPU_SET(cpu, &one);
            if (sched_setaffinity(0, sizeof one, &one) != 0)
                return -errno;
            break;
        }
    return is_bound_to(&one) ? 0 : -ENOTSUP;
}

/* A thread of its own runs the tasks: the one that forks is the harness's caller. It says first whether it could start
 * as it is meant to. */
static _Noreturn void be_process(struct part *part, size_t n, pid_t parent)
{
    pthread_t thread;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    part->bind_error = bind_to(n);
    if (!part->bind_error)
        part->error = -pthread_create(&thread, NULL, serve, part);
    sem_post(&part->end);
    if (part->bind_error || part->error)
        _exit(1);
    pthread_join(thread, NULL);
    _exit(0);
}

static void destroy(void *state)
{
    struct processes *processes = state;
    for (size_t i = 0; i < processes->n_parts; i++) {
        processes->parts[i].fn = NULL;
        sem_post(&processes->parts[i].begin);
        waitpid(processes->parts[i].pid, NULL, 0);
    }
    munmap(processes->parts, processes->n_parts * sizeof *processes->parts);
    free(processes);
}

/* Ends this process as one of its processes has ended, so that the reason is the true one. */
static _Noreturn void end_like(int status)
{
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void await_end(struct part *part)
{
    struct timespec soon;
    int status;
    do {
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec++;
        if (sem_timedwait(&part->end, &soon) == 0)
            return;
    } while (waitpid(part->pid, &status, WNOHANG) != part->pid);
    end_like(status);
}

/* Once all have begun: none that is not bound passes for one that is. A system that does not bind is a limit and no
 * failure, whichever way it refuses: a filter of system calls, a mask that is ignored, CPUs that no mask here holds. */
static int await_start(struct processes *processes, const struct executor_options *options)
{
    int error = 0, bind_error = 0;
    for (size_t i = 0; i < processes->n_parts; i++) {
        await_end(&processes->parts[i]);
        error = error ? error : processes->parts[i].error;
        bind_error = bind_error ? bind_error : processes->parts[i].bind_error;
    }
    if (bind_error && options->reason_bytes > 0)
        snprintf(options->reason, options->reason_bytes, "cannot bind a process to its CPU: %s", strerror(-bind_error));
    return bind_error ? -ENOTSUP : error;
}

static int create(const struct executor_options *options, void **state)
{
    struct processes *processes = calloc(1, sizeof *processes);
    pid_t parent = getpid();
    void *parts = mmap(NULL, options->n_workers * sizeof(struct part), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!processes || parts == MAP_FAILED) {
        free(processes);
        return -ENOMEM;
    }
    processes->parts = parts;
    for (size_t i = 0; i < options->n_workers; i++) {
        struct part *part = &processes->parts[i];
        sem_init(&part->begin, 1, 0);
        sem_init(&part->end, 1, 0);
        pid_t pid = fork();
        if (pid == 0) /* writes no pid: both see the same memory */
            be_process(part, i, parent);
        part->pid = pid;
        if (pid < 0) {
            destroy(processes);
            return -EAGAIN;
        }
        processes->n_parts++;
    }
    int error = await_start(processes, options);
    if (error) {
        destroy(processes);
        return error;
    }
    *state = processes;
    return 0;
}

static void hand_over(struct part *part, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks)
{
    part->fn = fn;
    part->args = args;
    part->stride_bytes = stride_bytes;
    part->n_tasks = n_tasks;
    sem_post(&part->begin);
}

static int wait_all(void *state)
{
    struct processes *processes = state;
    for (size_t i = 0; i < processes->n_parts; i++)
        if (processes->parts[i].n_tasks > 0) {
            await_end(&processes->parts[i]);
            processes->parts[i].n_tasks = 0;
        }
    return 0;
}

static int submit_many(void *state, executor_fn *fn, char *args, size_t stride_bytes, size_t n_tasks,
                       size_t *n_accepted)
{
    struct processes *processes = state;
    size_t n = processes->n_parts, first = 0;
    wait_all(state); /* one batch at a time */
    for (size_t i = 0; i < n; i++) {
        size_t n_share = n_tasks / n + (i < n_tasks % n);
        if (n_share > 0)
            hand_over(&processes->parts[i], fn, args + first * stride_bytes, stride_bytes, n_share);
        first += n_share;
    }
    *n_accepted = n_tasks;
    return 0;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    size_t n_accepted;
    return submit_many(state, fn, arg, 0, 1, &n_accepted);
}

static void counters(void *state, struct executor_counters *counters)
{
    (void)state;
    *counters = (struct executor_counters){ 0 };
}

const struct executor processes_executor = {
    "processes", "a process bound to each CPU, with an equal part of the tasks: what the machine has to give",
    EXECUTOR_HAS_WORKERS | EXECUTOR_ELSEWHERE, create, submit, submit_many, wait_all, counters, destroy, NULL, NULL,
    NULL,
};
