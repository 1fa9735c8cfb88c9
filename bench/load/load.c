/* The side that this process measures, and what its tasks do around the workload.
 *
 * Ordering: everything in the side is written before tasks are submitted or after wait_all() returned; the
 * backend's own submit and wait order it. Only the tally, the gate and the window are touched in between.
 */
#include "load/load.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/clock.h"

const struct load load_table[] = {
    { "batch", "all tasks at once, wait for all", batch_iterate },
    { "inject", "one by one, by several threads at once, wait for all", inject_iterate },
    { "window", "a fixed number of tasks outstanding", window_iterate },
    { "gap", "one task at a time, after a pause", gap_iterate },
    { "idle", "all tasks at once, then none", idle_iterate },
    { "open", "at a rate, whatever becomes of the tasks", open_iterate },
    { "python", "all tasks of a script at once, wait for all, timed by CPython", python_iterate },
    { "idiom", "a whole program, with the creation and the end of its pool or threads", idiom_iterate },
    { NULL, NULL, NULL },
};

static struct load_side *current;

/* True on the threads that submit and wait: a task that finds it true ran inline. */
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
    tally_add(&side->tally, value, side->submitter_cpu, is_caller);
}

static inline uint64_t do_task(struct load_side *side, uint64_t index)
{
    uint64_t value = side->workload->run(side->workload_state, index);
    count_task(side, value);
    return value;
}

/* In the cells of the CPUs that there are, which is quick; in all of them if that does not do. */
uint64_t load_count_run(struct load_side *side, uint64_t n_expected)
{
    uint64_t n_run = tally_sum_of(&side->tally, side->n_cpus).n_run;
    return n_run == n_expected ? n_run : tally_sum(&side->tally).n_run;
}

/* Keeps what the first wait left open: it may be done by the time that somebody asks. */
static int look_after_wait(struct load_side *side)
{
    uint64_t n_run = load_count_run(side, side->n_submitted);
    if (n_run == side->n_submitted || side->n_expected)
        return 0;
    side->n_found = n_run;
    side->n_expected = side->n_submitted;
    return -EBADMSG;
}

int load_wait(struct load_side *side, uint64_t n_accepted)
{
    int error = side->executor->wait_all(side->backend);
    side->n_submitted += n_accepted;
    return error || !side->looks_often ? error : look_after_wait(side);
}

int load_check(struct load_side *side, char *reason, size_t reason_bytes)
{
    if (load_is_program(side))
        return idiom_check(side, reason, reason_bytes);
    if (look_after_wait(side) == 0 && !side->n_expected) {
        if (!side->gets || side->result_sum == tally_sum(&side->tally).value_sum)
            return 0;
        snprintf(reason, reason_bytes, "the results are not those of the tasks");
        return -EBADMSG;
    }
    snprintf(reason, reason_bytes, "ran %llu of %llu tasks by the end of the wait for them",
             (unsigned long long)side->n_found, (unsigned long long)side->n_expected);
    return -EBADMSG;
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

uint64_t load_task_valued(void *arg)
{
    return do_task(current, task_number(current, arg));
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

/* Others have the CPU before each look: who is to post may need it. */
void load_await(struct load_side *side)
{
    uint64_t until_ns = side->options.spin_ns ? clock_now_ns() + side->options.spin_ns : 0;
    while (until_ns && clock_now_ns() < until_ns) {
        sched_yield();
        if (sem_trywait(&side->window) == 0)
            return;
    }
    while (sem_wait(&side->window) != 0 && errno == EINTR)
        ;
}

void load_mark_submitter(void)
{
    is_caller = true;
}

int load_create_backend(struct load_side *side)
{
    if (side->options.max_queued && !(side->executor->capabilities & EXECUTOR_BOUNDED))
        return -ENOTSUP;
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
    tally_begin(&side->tally);
    load_mark_submitter();
    side->submitter_cpu = -1;
    side->n_cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
    int error = side->load->iterate == open_iterate ? open_prepare(side)
        : side->load->iterate == inject_iterate ? inject_prepare(side) : 0;
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
    inject_release(side);
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
    side->forgotten = tally_sum_of(&side->tally, side->n_cpus);
    idiom_forget(side);
}

double load_same_cpu(const struct load_side *side)
{
    struct tally_sum sum = tally_sum_of(&side->tally, side->n_cpus);
    uint64_t n_run = sum.n_run - side->forgotten.n_run, n_same_cpu = sum.n_same_cpu - side->forgotten.n_same_cpu;
    return side->submitter_cpu < 0 || n_run == 0 ? NAN : (double)n_same_cpu / (double)n_run;
}
