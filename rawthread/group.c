/* One thread per task, with as little around pthread_create() as can be.
 *
 * A thread has a record, from a slab, that is in the list of live records from before its creation until
 * after its join; the list belongs to the submitter and is in order of creation. Its last act is to push its
 * record on the group's stack of finished ones, which the submitter takes as a whole: no record is ever
 * popped alone, so none can come back while someone looks at it. After that push the thread may still post
 * the group's semaphore, and it is still running; so record and group are reused or freed only after its
 * join.
 *
 * Invariant between calls, and in every wait: n_alive is the length of the list, and every record on the stack is in
 * the list. Locking: none. Submitter and threads share the stack, and where they are counted the semaphore, whose
 * value is the number of records that were pushed and not yet joined (a thread between the two acts left out).
 *
 * Reaping: every REAP_BATCH submissions join what has finished. Joining at each submission was slower, since
 * it often meets a thread that has said that it finishes and has not ended yet; never joining before the wait
 * is slower still, since no stack comes back to libc's cache. From 4 to 64 it made no difference. 64 KiB
 * stacks let that cache, 40 MiB in glibc, hold hundreds; smaller ones gained nothing. An affinity mask in the
 * attributes costs a handshake with the new thread, so there is none where none is asked for; libcs without
 * such an attribute let the thread inherit the mask of the submitter, who takes it for that moment.
 *
 * Cancellation is disabled in every call, but for the one wait of rawthread_group_wait(): see await_finished().
 *
 * A detached thread cannot be joined: there too the semaphore counts who has finished, and its post is the last
 * that such a thread does with the group.
 */
#include "rawthread.h"

#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    REAP_BATCH = 16,          /* see above */
    SLAB_RECORDS = 72,        /* a slab is then about one page */
    RETRY_MIN_NS = 20 * 1000, /* pauses between attempts, doubled each time */
    RETRY_MAX_NS = 1000 * 1000
};

struct record {
    pthread_t thread;
    rawthread_fn *fn;
    void *arg;
    struct rawthread_group *group;
    bool is_joined; /* before its turn: it is on the stack, and reap() does the rest */
    struct record *prev, *next;   /* in the list of live ones; next also in that of free ones */
    struct record *next_finished; /* below it on the stack */
};

struct slab {
    struct slab *next;
    struct record records[SLAB_RECORDS];
};

/* Owned by the submitter. */
struct rawthread_group {
    struct rawthread_options options;
    pthread_attr_t *attrs; /* one per CPU set, or one */
    size_t n_attrs;
    struct record live; /* head of a ring: live.next is the oldest */
    size_t n_alive;
    size_t n_until_reap; /* submissions before finished threads are joined again */
    struct record *free;
    struct slab *slabs;
    struct rawthread_counters counters;
    sem_t n_finished; /* used if is_counting() */

    _Alignas(128) _Atomic(struct record *) finished; /* written by every thread */
};

/* Joins a thread that is counted nowhere. */
static void join(const struct rawthread_group *group, pthread_t thread)
{
    if (!rawthread__spin_join(thread, rawthread__spin_until(group->options.spin_ns)))
        pthread_join(thread, NULL);
}

/* Takes one from the semaphore. */
static void take_finished(struct rawthread_group *group)
{
    uint64_t until_ns;

    if (sem_trywait(&group->n_finished) == 0)
        return;
    until_ns = rawthread__spin_until(group->options.spin_ns);
    while (rawthread__spins(until_ns))
        if (sem_trywait(&group->n_finished) == 0)
            return;
    while (sem_wait(&group->n_finished) != 0)
        continue; /* EINTR */
}

/* Whether finished threads are counted: to wait for one at the cap, and for what cannot be joined. */
static bool is_counting(const struct rawthread_group *group)
{
    return group->options.max_alive != 0 || group->options.detached;
}

static struct record *take_record(struct rawthread_group *group)
{
    struct record *record = group->free;

    if (record == NULL) {
        struct slab *slab = malloc(sizeof *slab);

        if (slab == NULL)
            return NULL;
        slab->next = group->slabs;
        group->slabs = slab;
        for (size_t i = 0; i < SLAB_RECORDS; i++) {
            slab->records[i].next = record;
            record = &slab->records[i];
        }
    }
    group->free = record->next;
    return record;
}

static void put_record(struct rawthread_group *group, struct record *record)
{
    record->next = group->free;
    group->free = record;
}

/* The last that a task's thread does, also if that ends by pthread_exit(). */
static void finish(void *arg)
{
    struct record *record = arg;
    struct rawthread_group *group = record->group;
    bool is_counted = is_counting(group);

    /* [FINISH] relaxed: only a guess for the exchange below, which checks it. */
    record->next_finished = atomic_load_explicit(&group->finished, memory_order_relaxed);
    /* [FINISH] release: publishes next_finished; pairs with acquire in reap(). Relaxed on failure: a guess */
    while (!atomic_compare_exchange_weak_explicit(&group->finished, &record->next_finished, record,
                                                  memory_order_release, memory_order_relaxed))
        continue;
    if (is_counted)
        sem_post(&group->n_finished);
}

static void *run_task(void *arg)
{
    struct record *record = arg;

    pthread_cleanup_push(finish, record);
    record->fn(record->arg);
    pthread_cleanup_pop(1);
    return NULL;
}

/* Joins a thread, or if it is detached sees to it that it is done with group and record, and recycles the record. */
static void join_thread(struct rawthread_group *group, struct record *record)
{
    if (!group->options.detached && !record->is_joined)
        join(group, record->thread);
    if (is_counting(group))
        take_finished(group); /* posted before the thread ended, or about to be */
    record->prev->next = record->next;
    record->next->prev = record->prev;
    put_record(group, record);
    group->n_alive--;
}

/* Joins the threads that have finished. Returns whether there were any. */
static bool reap(struct rawthread_group *group)
{
    /* [FINISH] acquire: sees next_finished of all that were pushed; pairs with release in run_task(). */
    struct record *record = atomic_exchange_explicit(&group->finished, NULL, memory_order_acquire);
    bool any = record != NULL;

    while (record != NULL) {
        struct record *next = record->next_finished;

        join_thread(group, record);
        record = next;
    }
    group->n_until_reap = REAP_BATCH;
    return any;
}

/* Waits until there is a finished thread for reap(). The calling thread can be cancelled here, if its own state lets
 * it, and nowhere else: nothing is changed then. */
static void await_finished(struct rawthread_group *group, int cancel_state)
{
    struct record *oldest = group->live.next;
    bool is_counted = is_counting(group);

    pthread_setcancelstate(cancel_state, NULL);
    if (is_counted)
        take_finished(group);
    else
        join(group, oldest->thread);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (is_counted)
        sem_post(&group->n_finished); /* for join_thread() to take */
    else
        oldest->is_joined = true;
}

/* Waits until no more than n_max threads exist. Cancellation is disabled, but for the wait itself. */
static void wait_until_alive(struct rawthread_group *group, size_t n_max, int cancel_state)
{
    while (group->n_alive > n_max) {
        await_finished(group, cancel_state);
        reap(group);
    }
}

static int refuse(struct rawthread_group *group, int error)
{
    group->counters.refused++;
    return error;
}

/* Creates a thread that is bound to the CPU set whose turn it is. */
static int create_bound(struct rawthread_group *group, pthread_t *thread, struct record *record)
{
    pthread_attr_t *attr = &group->attrs[group->counters.created % group->n_attrs];
#ifdef __GLIBC__
    return -pthread_create(thread, attr, run_task, record);
#else
    const struct rawthread_options *options = &group->options;
    size_t set = options->cpusets != NULL ? group->counters.created % options->n_cpusets : 0;
    cpu_set_t own;
    int error = 0;

    if (options->cpusets == NULL)
        return -pthread_create(thread, attr, run_task, record);
    if (sched_getaffinity(0, sizeof own, &own) != 0 ||
        sched_setaffinity(0, options->cpuset_bytes,
                          (const void *)((const char *)options->cpusets + set * options->cpuset_bytes)) != 0)
        return -errno;
    error = -pthread_create(thread, attr, run_task, record);
    sched_setaffinity(0, sizeof own, &own);
    return error;
#endif
}

/* Tries once to create the record's thread. */
static int start_thread(struct rawthread_group *group, struct record *record)
{
    size_t max_threads = group->options.max_threads;
    struct rawthread_counters *counters = &group->counters;
    int error;

    if (max_threads != 0 && group->n_alive >= max_threads && !reap(group))
        return refuse(group, -EDQUOT);
    error = create_bound(group, &record->thread, record);
    if (error != 0)
        return refuse(group, error);
    record->prev = group->live.prev;
    record->next = &group->live;
    record->prev->next = record->next->prev = record;
    counters->created++;
    if (++group->n_alive > counters->peak)
        counters->peak = group->n_alive;
    return 0;
}

static bool is_refusal(int error)
{
    return error == -EAGAIN || error == -EDQUOT;
}

static int start_with_retry(struct rawthread_group *group, struct record *record)
{
    struct timespec pause = {0, RETRY_MIN_NS};
    uint64_t began_ns;
    int error = start_thread(group, record);

    if (!is_refusal(error) || group->options.retry_ns == 0)
        return error;
    began_ns = rawthread__now_ns();
    do {
        if (!reap(group)) {
            nanosleep(&pause, NULL);
            if (pause.tv_nsec < RETRY_MAX_NS)
                pause.tv_nsec *= 2;
        }
        error = start_thread(group, record);
    } while (is_refusal(error) && rawthread__now_ns() - began_ns < group->options.retry_ns);
    return error;
}

/* Sets what the options ask for, with a CPU set where libc has a place for it. */
static int set_attr(pthread_attr_t *attr, const struct rawthread_options *options, size_t index)
{
    size_t stack_bytes = options->stack_bytes;
    int error = 0;

    if (stack_bytes == 0 && !options->untuned)
        stack_bytes = rawthread__stack_bytes();
    if (stack_bytes != 0)
        error = -pthread_attr_setstacksize(attr, stack_bytes);
    if (error == 0 && options->detached)
        error = -pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
#ifdef __GLIBC__
    if (error == 0 && options->cpusets != NULL)
        error = -pthread_attr_setaffinity_np(
            attr, options->cpuset_bytes,
            (const void *)((const char *)options->cpusets + index * options->cpuset_bytes));
#else
    (void)index;
#endif
    return error;
}

/* Makes the attributes; on an error those before n_attrs exist. */
static int make_attrs(struct rawthread_group *group)
{
    const struct rawthread_options *options = &group->options;
    size_t n = options->cpusets != NULL ? options->n_cpusets : 1;

    group->attrs = calloc(n, sizeof *group->attrs);
    if (group->attrs == NULL)
        return -ENOMEM;
    while (group->n_attrs < n) {
        size_t index = group->n_attrs;
        pthread_attr_t *attr = &group->attrs[index];
        int error = -pthread_attr_init(attr);

        if (error != 0)
            return error;
        group->n_attrs++;
        error = set_attr(attr, options, index);
        if (error != 0)
            return error;
    }
    return 0;
}

static int copy_cpusets(struct rawthread_options *options)
{
    const void *cpusets = options->cpusets;
    void *copy;

    if (cpusets == NULL)
        return 0;
    copy = calloc(options->n_cpusets, options->cpuset_bytes);
    options->cpusets = copy;
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, cpusets, options->n_cpusets * options->cpuset_bytes);
    return 0;
}

static bool are_cpusets_valid(const struct rawthread_options *options)
{
    if (options->cpusets == NULL)
        return options->n_cpusets == 0;
    return options->n_cpusets > 0 && options->cpuset_bytes > 0;
}

int rawthread_group_create(struct rawthread_group **out, const struct rawthread_options *options)
{
    static const struct rawthread_options defaults;
    struct rawthread_group *group;
    int error;

    if (options == NULL)
        options = &defaults;
    if (out == NULL || !are_cpusets_valid(options))
        return -EINVAL;
    group = aligned_alloc(_Alignof(struct rawthread_group), sizeof *group);
    if (group == NULL)
        return -ENOMEM;
    *group = (struct rawthread_group){.options = *options, .n_until_reap = REAP_BATCH};
    group->live.prev = group->live.next = &group->live;
    sem_init(&group->n_finished, 0, 0);
    error = copy_cpusets(&group->options);
    if (error == 0)
        error = make_attrs(group);
    if (error != 0) {
        rawthread_group_destroy(group);
        return error;
    }
    *out = group;
    return 0;
}

static int submit(struct rawthread_group *group, rawthread_fn *fn, void *arg)
{
    struct record *record;
    int error;

    if (--group->n_until_reap == 0)
        reap(group);
    if (group->options.max_alive != 0)
        wait_until_alive(group, group->options.max_alive - 1, PTHREAD_CANCEL_DISABLE);
    record = take_record(group);
    if (record == NULL)
        return -ENOMEM;
    record->fn = fn;
    record->arg = arg;
    record->group = group;
    record->is_joined = false;
    error = start_with_retry(group, record);
    if (error != 0)
        put_record(group, record);
    return error;
}

int rawthread_group_submit(struct rawthread_group *group, rawthread_fn *fn, void *arg)
{
    int cancel_state, error;

    if (fn == NULL)
        return -EINVAL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    error = submit(group, fn, arg);
    pthread_setcancelstate(cancel_state, NULL);
    return error;
}

int rawthread_group_wait(struct rawthread_group *group)
{
    int cancel_state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    wait_until_alive(group, 0, cancel_state);
    pthread_setcancelstate(cancel_state, NULL);
    return 0;
}

void rawthread_group_counters(const struct rawthread_group *group, struct rawthread_counters *counters)
{
    *counters = group->counters;
}

void rawthread_group_destroy(struct rawthread_group *group)
{
    int cancel_state;

    if (group == NULL)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    rawthread_group_wait(group);
    pthread_setcancelstate(cancel_state, NULL);
    for (size_t i = 0; i < group->n_attrs; i++)
        pthread_attr_destroy(&group->attrs[i]);
    free(group->attrs);
    free((void *)group->options.cpusets);
    while (group->slabs != NULL) {
        struct slab *next = group->slabs->next;

        free(group->slabs);
        group->slabs = next;
    }
    sem_destroy(&group->n_finished);
    free(group);
}
