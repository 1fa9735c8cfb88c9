/* Tasks come when the schedule says, whatever became of those before them.
 *
 * The caller is the generator. A task's sojourn counts from when it was meant to come, so that no delay is left out,
 * be it the generator's own or that of a submit which blocks or takes long and so keeps it; a task that is refused is
 * counted and not tried again. Nobody waits for a single task: it is over when it has stamped its end.
 *
 * The stamps of a task are written by the generator before it is submitted and by the task; they are read after
 * wait_all(), which orders them.
 */
#include "load/load.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "record/clock.h"

/* The time that the backend is given to come to rest before the first arrival. */
static const uint64_t rest_ns = 5000000;

static int bind_caller(const cpu_set_t *cpus)
{
    return sched_setaffinity(0, sizeof *cpus, cpus) != 0 ? -errno : 0;
}

int open_prepare(struct load_side *side)
{
    struct load_open *open = &side->open;
    size_t n = schedule_make(&open->schedule, NULL, 0);
    open->n_arrivals = side->n_tasks = n ? n : 1;
    open->arrivals_ns = calloc(open->n_arrivals, sizeof *open->arrivals_ns);
    open->stamps = malloc(open->n_arrivals * sizeof *open->stamps);
    if (!open->arrivals_ns || !open->stamps)
        return -ENOMEM;
    memset(open->stamps, 1, open->n_arrivals * sizeof *open->stamps); /* no page fault later */
    schedule_make(&open->schedule, open->arrivals_ns, open->n_arrivals);
    /* Threads that the backend binds to nothing are born where tasks belong. */
    return open->generator_cpu >= 0 && side->options.cpusets ? bind_caller(side->options.cpusets) : 0;
}

void open_release(struct load_side *side)
{
    free(side->open.arrivals_ns);
    free(side->open.stamps);
}

/* To a CPU of its own, once the backend's threads are there. */
static int take_place(struct load_side *side)
{
    cpu_set_t cpu;
    if (side->open.generator_cpu < 0)
        return 0;
    side->submitter_cpu = side->open.generator_cpu;
    CPU_ZERO(&cpu);
    CPU_SET((size_t)side->open.generator_cpu, &cpu);
    return bind_caller(&cpu);
}

static void await_arrival(const struct load_open *open, uint64_t due_ns)
{
    struct timespec due = { .tv_sec = (time_t)(due_ns / 1000000000u), .tv_nsec = (long)(due_ns % 1000000000u) };
    if (open->generator_cpu < 0)
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            ;
    while (clock_now_ns() < due_ns)
        ;
}

static void do_long(void *arg)
{
    struct load_open *open = arg;
    uint64_t end_ns = clock_now_ns() + open->long_ns;
    struct timespec end = { .tv_sec = (time_t)(end_ns / 1000000000u), .tv_nsec = (long)(end_ns % 1000000000u) };
    if (open->longs_wait)
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
            ;
    while (clock_now_ns() < end_ns)
        ;
    atomic_fetch_add_explicit(&open->n_longs_done, 1, memory_order_relaxed); /* a count, read after the last task */
}

/* Where the long tasks run: on the side's own backend, or on one thread each. */
struct longs {
    const struct executor *executor;
    void *backend;
};

static int begin_longs(struct load_side *side, struct longs *longs)
{
    struct load_open *open = &side->open;
    int error = 0;
    *longs = (struct longs){ side->executor, side->backend };
    if (open->longs == LONGS_APART) {
        longs->executor = executor_find("raw");
        error = longs->executor->create(&side->options, &longs->backend);
    }
    for (size_t i = 0; open->longs != LONGS_NONE && i < open->n_longs && !error; i++)
        error = longs->executor->submit(longs->backend, do_long, open);
    return error;
}

static int end_longs(const struct load_side *side, const struct longs *longs)
{
    int error = 0;
    if (side->open.longs == LONGS_APART && longs->backend) {
        error = longs->executor->wait_all(longs->backend);
        longs->executor->destroy(longs->backend);
    }
    if (!error && side->open.longs != LONGS_NONE && side->open.n_longs_done != side->open.n_longs)
        error = -EBADMSG;
    return error;
}

static bool is_refusal(int error)
{
    return error == -EAGAIN || error == -EDQUOT || error == -ENOMEM;
}

static bool is_counted(const struct load_open *open, uint64_t intended_ns)
{
    return intended_ns - open->start_ns >= open->schedule.duration_ns / 10;
}

static size_t bin_of(const struct load_open *open, uint64_t at_ns)
{
    return (size_t)((at_ns - open->start_ns) * OPEN_BINS / open->schedule.duration_ns);
}

/* Returns how many tasks were accepted. */
static size_t generate(struct load_side *side)
{
    struct load_open *open = &side->open;
    size_t n_accepted = 0;
    uint64_t free_ns = 0; /* when submits alone would let the caller go on, had it never been late by itself */
    for (size_t i = 0; i < open->n_arrivals && !side->error; i++) {
        struct stamps *stamps = &open->stamps[n_accepted];
        stamps->intended = open->start_ns + open->arrivals_ns[i];
        stamps->due = free_ns > stamps->intended ? free_ns : stamps->intended;
        await_arrival(open, stamps->intended);
        uint64_t due_ns = stamps->due, submitted_ns = stamps->submitted = clock_now_ns();
        int error = side->executor->submit(side->backend, load_task_open, stamps);
        free_ns = due_ns + clock_now_ns() - submitted_ns;
        open->offered[bin_of(open, stamps->intended)]++;
        open->n_offered += is_counted(open, stamps->intended);
        if (!error)
            n_accepted++;
        else if (is_refusal(error))
            open->n_refused += is_counted(open, stamps->intended);
        else
            side->error = error;
    }
    return n_accepted;
}

void open_account(struct load_open *open, struct recorder *recorder, const struct stamps *stamps, size_t n_tasks)
{
    double limit_ns = OPEN_IN_TIME * open->service_ns;
    for (size_t i = 0; i < n_tasks; i++) {
        struct stamps task = stamps[i];
        task.observed = task.ended;
        bool in_time = (double)(task.ended - task.intended) <= limit_ns;
        size_t bin = bin_of(open, task.ended);
        if (bin < OPEN_BINS) {
            open->done[bin]++;
            open->in_time[bin] += in_time;
        }
        if (!is_counted(open, task.intended))
            continue;
        recorder_add(recorder, &task);
        open->n_accepted++;
        open->n_in_time += in_time;
        open->n_done += bin < OPEN_BINS;
        open->queue_sum_ns += (double)(task.started - task.submitted);
        open->service_sum_ns += (double)(task.ended - task.started);
    }
}

int64_t open_iterate(struct load_side *side)
{
    struct load_open *open = &side->open;
    struct longs longs = { NULL, NULL };
    side->error = begin_longs(side, &longs);
    if (!side->error)
        side->error = take_place(side);
    open->start_ns = clock_now_ns() + rest_ns;
    size_t n_accepted = side->error ? 0 : generate(side);
    int waited = load_wait(side, n_accepted);
    int ended = end_longs(side, &longs);
    uint64_t end_ns = clock_now_ns();
    open_account(open, side->recorder, open->stamps, n_accepted);
    if (!side->error)
        side->error = waited ? waited : ended;
    return side->error ? -1 : (int64_t)(end_ns - open->start_ns);
}
