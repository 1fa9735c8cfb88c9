/* The side that this process measures, and what its tasks do around the workload.
 *
 * Ordering: everything in the side is written before tasks are submitted or after wait_all() returned; the
 * backend's own submit and wait order it. Only the tally, the gate and the window are touched in between.
 */
#include "load/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/clock.h"

const struct load load_table[] = {
    { "batch", "all tasks at once, wait for all", batch_iterate },
    { "window", "a fixed number of tasks outstanding", window_iterate },
    { "gap", "one task at a time, after a pause", gap_iterate },
    { "idle", "all tasks at once, then none", idle_iterate },
    { "open", "at a rate, whatever becomes of the tasks", open_iterate },
    { "python", "all tasks of a script at once, wait for all, timed by CPython", python_iterate },
    { "idiom", "a whole program, with the creation and the end of its pool or threads", idiom_iterate },
    { NULL, NULL, NULL },
};

static struct load_side *current;

/* True on the one thread that submits and waits: a task that finds it true ran inline. */
static _Thread_local bool is_caller;

const struct load *load_find(const char *name)
{
    for (const struct load *load = load_table; load->name; load++)
        if (strcmp(load->name, name) == 0)
            return load;
    return NULL;
}

bool load_is_program(const struct load_side *side)
{
    return side->load && side->load->iterate == idiom_iterate;
}

static inline void count_task(struct load_side *side, uint64_t value)
{
    tally_add(&side->tally, value);
    if (is_caller)
        tally_add_inline(&side->tally);
}

static inline void do_task(struct load_side *side, uint64_t index)
{
    count_task(side, side->workload->run(side->workload_state, index));
}

void load_count_task(struct load_side *side, uint64_t value)
{
    count_task(side, value);
}

static inline uint64_t task_number(const struct load_side *side, const void *arg)
{
    return side->n_submitted + (uint64_t)((const char *)arg - side->args);
}

void load_task(void *arg)
{
    do_task(current, task_number(current, arg));
}

/* A thread that runs its first task is one more. */
void load_task_counted(void *arg)
{
    static _Thread_local bool was_seen;
    /* Relaxed: a count, read after the last task. */
    if (!was_seen)
        atomic_fetch_add_explicit(&current->n_threads_seen, 1, memory_order_relaxed);
    was_seen = true;
    do_task(current, task_number(current, arg));
}

static inline void do_chunk(struct load_side *side, const void *arg)
{
    uint64_t first = (uint64_t)((const char *)arg - side->args), end = first + side->n_chunk;
    for (uint64_t i = first; i < end && i < side->n_tasks; i++)
        do_task(side, side->n_submitted + i);
}

/* The number is part of the code, so that no compiler makes one function of all. */
#define KIND(number) \
    static void task_kind_##number(void *arg) \
    { \
        __asm__ volatile("" : : "i"(number)); \
        do_chunk(current, arg); \
    }
KIND(0) KIND(1) KIND(2) KIND(3) KIND(4) KIND(5) KIND(6) KIND(7)

executor_fn *const load_task_kinds[LOAD_KINDS] = {
    task_kind_0, task_kind_1, task_kind_2, task_kind_3, task_kind_4, task_kind_5, task_kind_6, task_kind_7,
};

/* The submitting thread opens the gate, so it cannot wait there. */
void load_task_gated(void *arg)
{
    /* Relaxed: only whether the count still moves is asked. */
    atomic_fetch_add_explicit(&current->n_arrived, 1, memory_order_relaxed);
    if (is_caller) {
        current->spilled = true;
    } else {
        pthread_rwlock_rdlock(&current->gate);
        pthread_rwlock_unlock(&current->gate);
    }
    do_task(current, task_number(current, arg));
}

void load_task_window(void *arg)
{
    do_task(current, task_number(current, arg));
    sem_post(&current->window);
}

void load_task_stamped(void *arg)
{
    struct stamps *stamps = arg;
    stamps->started = clock_now_ns();
    do_task(current, current->n_submitted);
    stamps->ended = clock_now_ns();
    sem_post(&current->window);
}

void load_task_open(void *arg)
{
    struct stamps *stamps = arg;
    stamps->started = clock_now_ns();
    do_task(current, current->n_submitted + (uint64_t)(stamps - current->open.stamps));
    stamps->ended = clock_now_ns();
}

/* Where the backend is refused a thread, which its counters tell, both halves run on this one. */
static void run_both(void *context, void (*fn)(void *arg), void *left, void *right)
{
    (void)context;
    if (current->executor->fork(current->backend, fn, left, right) != 0) {
        fn(left);
        fn(right);
    }
}

const struct workload_fork load_fork = { .both = run_both };

void load_await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

int load_create_backend(struct load_side *side)
{
    return side->executor->create(&side->options, &side->backend);
}

void load_destroy_backend(struct load_side *side)
{
    struct executor_counters now = { 0 };
    if (side->executor->counters)
        side->executor->counters(side->backend, &now);
    side->counters.threads_created += now.threads_created;
    side->counters.threads_refused += now.threads_refused;
    if (now.threads_peak > side->counters.threads_peak)
        side->counters.threads_peak = now.threads_peak;
    side->executor->destroy(side->backend);
    side->backend = NULL;
}

int load_start(struct load_side *side)
{
    current = side;
    is_caller = true;
    int error = side->load->iterate == open_iterate ? open_prepare(side) : 0;
    if (error)
        return error;
    /* In throughput mode only the addresses count: the memory is never touched. */
    side->args = malloc(side->n_tasks);
    side->recorder = side->stamped ? calloc(1, sizeof *side->recorder) : NULL;
    if (!side->args || (side->stamped && !side->recorder))
        return -ENOMEM;
    pthread_rwlock_init(&side->gate, NULL);
    sem_init(&side->window, 0, side->load->iterate == window_iterate ? (unsigned)side->n_inflight : 0);
    if (load_is_program(side))
        return idiom_start(side);
    return side->life == LIFE_WARM ? load_create_backend(side) : 0;
}

void load_stop(struct load_side *side)
{
    sem_destroy(&side->window);
    pthread_rwlock_destroy(&side->gate);
    open_release(side);
    free(side->recorder);
    free(side->args);
    idiom_stop(side);
}

void load_forget(struct load_side *side)
{
    if (side->recorder)
        memset(side->recorder, 0, sizeof *side->recorder);
    side->spun_ns = side->idle_ns = side->idle_cpu_ns = 0;
    side->elsewhere_cpu_ns = 0;
    idiom_forget(side);
}
