/* The scout of an elastic pool: a thread that starts workers while tasks wait because others block.
 *
 * It sleeps until a task is queued for which there is no idle worker, watches the workers for an interval, and if they
 * left CPUs idle starts as many workers as there are, at most one for each task that waits. So 2 workers become 64
 * in five intervals. If they kept the CPUs busy more workers would only get in each other's way: then it looks again
 * after twice the interval. But workers may be busy waiting for a task that is queued, or long tasks may hold up
 * short ones: so if no task has begun for STUCK_NS, one worker is started in any case.
 *
 * BUSY. The workers keep the CPUs busy if they used BUSY_PERCENT of them, or if so many of them could run now. The
 * first is the sum of the workers' own clocks. (The process's clock will not do: for threads that run on other CPUs
 * the kernel brings it up to date at its tick, every 1 to 10 ms, so that busy CPUs look idle for the length of an
 * interval.) The second is the state that the kernel shows in /proc: where other programs or a quota keep workers
 * from running they use little time, and yet do not block. It costs a file a worker, and so is asked only before
 * threads are started, which costs ten times as much.
 *
 * Surplus workers end by themselves: see stay_idle() in worker.c. A scout runs no tasks.
 *
 * Rejected: to start a worker whenever a task finds none idle, which makes a pool of the largest size out of
 * any burst of short tasks.
 */
#include "call.h"
#include "elastic.h"
#include "notice.h"
#include "seat.h"
#include "sleep.h"
#include "stock.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    INTERVAL_MIN_NS = 200 * 1000, /* some times what starting a thread takes */
    INTERVAL_MAX_NS = 10 * 1000 * 1000,
    STUCK_NS = 100 * 1000 * 1000,
    STUCK_LOOKS = 8, /* and at least so many looks: a machine that was paused is not stuck */
    BUSY_PERCENT = 75 /* of the CPUs that may be used: no room for another thread */
};

/* What the scout knows of the worker with the same index. */
struct watched {
    pid_t id; /* 0: there is none */
    clockid_t cpu_clock;
    int64_t cpu_ns; /* when it last looked */
};

struct scout {
    struct pool__worker thread; /* must be first: freed as a worker is */
    struct watched *watched;
    size_t n_watched;
    size_t n_starting; /* workers that have not begun, and so do not block */
    int64_t at_ns; /* of the last look */
    int64_t interval_ns;
    size_t n_begun; /* tasks, then */
    int64_t progress_ns; /* since when no task has begun */
    int n_looks;         /* since then */
};

/* Makes room for all workers. Returns false if there is no memory. The lock is held on entry and return. */
static bool make_room(struct scout *scout)
{
    struct pool *pool = scout->thread.pool;

    while (scout->n_watched < pool->n_indices) {
        size_t n = pool->n_indices;
        struct watched *watched;

        pool__unlock(pool);
        watched = realloc(scout->watched, n * sizeof watched[0]);
        if (watched != NULL) {
            memset(watched + scout->n_watched, 0, (n - scout->n_watched) * sizeof watched[0]);
            scout->watched = watched;
            scout->n_watched = n;
        }
        pool__lock(pool);
        if (watched == NULL)
            return false;
    }
    return true;
}

/* Notes who the workers are. The lock is held. */
static void note_workers(struct scout *scout)
{
    const struct pool *pool = scout->thread.pool;
    size_t n_begun = 0;

    for (size_t i = 0; i < scout->n_watched; i++) {
        const struct pool__worker *worker = i < pool->n_indices ? pool->workers[i] : NULL;
        pid_t id = worker != NULL ? worker->id : 0;
        struct watched *watched = &scout->watched[i];

        if (watched->id != id)
            *watched = (struct watched){.id = id, .cpu_clock = id != 0 ? worker->cpu_clock : 0};
        n_begun += id != 0;
    }
    scout->n_starting = pool->n_alive > n_begun ? pool->n_alive - n_begun : 0;
}

/* How much processor time the workers have used since the last look. */
static int64_t used_since(struct scout *scout)
{
    int64_t used_ns = 0;

    for (size_t i = 0; i < scout->n_watched; i++) {
        struct watched *watched = &scout->watched[i];
        struct timespec cpu;
        int64_t cpu_ns;

        if (watched->id == 0 || clock_gettime(watched->cpu_clock, &cpu) != 0)
            continue; /* it has ended */
        cpu_ns = (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
        used_ns += cpu_ns - watched->cpu_ns;
        watched->cpu_ns = cpu_ns;
    }
    return used_ns;
}

/* Whether the thread runs or waits for a CPU, as far as it can be seen: "<id> (<name>) <state> ..." */
static bool is_runnable(pid_t id)
{
    char text[64] = "";
    const char *end;
    int file;

    snprintf(text, sizeof text, "/proc/self/task/%d/stat", (int)id);
    file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    memset(text, 0, sizeof text);
    if (read(file, text, sizeof text - 1) <= 0)
        text[0] = '\0';
    close(file);
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' && end[2] == 'R';
}

static bool is_most(const struct scout *scout, int64_t part, int64_t of_each_cpu)
{
    return part * 100 > of_each_cpu * BUSY_PERCENT * (int64_t)scout->thread.pool->n_cpus;
}

static bool are_runnable(const struct scout *scout)
{
    int64_t n = (int64_t)scout->n_starting;

    for (size_t i = 0; i < scout->n_watched && !is_most(scout, n, 1); i++)
        n += scout->watched[i].id != 0 && is_runnable(scout->watched[i].id);
    return is_most(scout, n, 1);
}

/* Looks at the workers; whether they kept the CPUs busy since the last look. The lock is held on entry and return. */
static bool look(struct scout *scout)
{
    struct pool *pool = scout->thread.pool;
    int64_t before_ns = scout->at_ns, used_ns;

    if (!make_room(scout))
        return true; /* no memory for more workers either */
    note_workers(scout);
    pool__unlock(pool);
    scout->at_ns = pool__now_ns();
    used_ns = used_since(scout);
    pool__lock(pool);
    return is_most(scout, used_ns, scout->at_ns - before_ns);
}

/* Whether more workers could be of use. The lock is held. */
static bool is_saturated(const struct pool *pool)
{
    return pool->idle.first == NULL && pool->n_alive < pool->max_workers && pool__n_waiting(pool, 1) > 0;
}

/* The lock is held. */
static size_t count_begun(const struct pool *pool)
{
    /* [COUNT] relaxed: only whether it changes is of interest. */
    uint64_t n_helped = atomic_load_explicit(&pool->n_helped, memory_order_relaxed);

    return pool->n_begun_tasks + pool__begun(pool) + (size_t)n_helped + pool__nested(pool);
}

/* Begins to wait for a task to begin. The lock is held. */
static void note_progress(struct scout *scout)
{
    scout->n_begun = count_begun(scout->thread.pool);
    scout->progress_ns = pool__now_ns();
    scout->n_looks = 0;
}

/* Whether no task has begun for so long that something must be done. The lock is held. */
static bool is_stuck(struct scout *scout)
{
    if (scout->n_begun != count_begun(scout->thread.pool))
        note_progress(scout);
    return ++scout->n_looks > STUCK_LOOKS && pool__now_ns() - scout->progress_ns > STUCK_NS;
}

/* How many workers to start, where the pool has been saturated for an interval. The lock is held. */
static size_t choose_growth(const struct pool *pool, bool is_busy, bool is_stuck)
{
    size_t room = pool->max_workers - pool->n_alive;
    size_t growth = is_busy ? is_stuck : pool->n_alive;
    size_t n_coming = pool->n_alive - pool->n_ready + pool->n_searching; /* workers that are about to take a task */
    size_t n_waiting = pool__n_waiting(pool, growth + n_coming);

    n_waiting -= n_waiting < n_coming ? n_waiting : n_coming;
    if (growth > n_waiting)
        growth = n_waiting;
    return growth < room ? growth : room;
}

/* Starts workers if that is of use. The lock is held on entry and return. */
static bool grow(struct scout *scout, bool was_busy)
{
    struct pool *pool = scout->thread.pool;
    bool was_stuck = is_stuck(scout), has_grown;
    size_t growth;

    if (!was_busy) {
        pool__unlock(pool);
        was_busy = are_runnable(scout);
        pool__lock(pool);
    }
    growth = is_saturated(pool) ? choose_growth(pool, was_busy, was_stuck) : 0;
    pool__reserve(pool, growth);
    pool__unlock(pool);
    has_grown = growth > 0 && pool__start_reserved(pool, growth) == 0;
    pool__lock(pool);
    if (has_grown)
        note_progress(scout);
    return has_grown;
}

/* Watches the pool as long as it is saturated. The lock is held on entry and return. */
static void watch(struct scout *scout)
{
    struct pool *pool = scout->thread.pool;

    note_progress(scout);
    look(scout);
    while (is_saturated(pool)) {
        bool was_busy, has_grown;

        pool__sleep(pool, &pool->awaiting_interval, pool__deadline(scout->interval_ns));
        was_busy = look(scout);
        if (!is_saturated(pool))
            return;
        has_grown = grow(scout, was_busy);
        scout->interval_ns = has_grown ? INTERVAL_MIN_NS : scout->interval_ns * 2;
        if (scout->interval_ns > INTERVAL_MAX_NS)
            scout->interval_ns = INTERVAL_MAX_NS;
    }
}

static void *run_scout(void *arg)
{
    struct scout *scout = arg;
    struct pool *pool = scout->thread.pool;

    pool__begin(&scout->thread, pool->name);
    pool__lock(pool);
    for (;;) {
        pool->is_scout_free = true;
        pool__post_notices(pool); /* and then it looks: what is submitted without the lock is seen, or wakes it */
        if (is_saturated(pool)) {
            pool->is_scout_free = false;
            watch(scout);
        } else if (pool->closed) {
            break;
        } else {
            pool__sleep(pool, &pool->scout, POOL__NEVER);
        }
    }
    pool__unlock(pool);
    free(scout->watched);
    pool__leave(&scout->thread);
    return NULL;
}

int pool__start_scout(struct pool *pool)
{
    struct scout *scout;
    struct pool_cpu_limits limits;
    int error;

    if (pool->has_scout)
        return 0;
    error = pool_cpu_limits("", &limits);
    if (error != 0)
        return error;
    scout = aligned_alloc(_Alignof(struct scout), sizeof *scout);
    if (scout == NULL)
        return -ENOMEM;
    *scout = (struct scout){
        .thread = {.pool = pool, .index = SIZE_MAX},
        .interval_ns = INTERVAL_MIN_NS,
    };
    pool->n_cpus = limits.n_usable;
    error = pool__start_scout_thread(&scout->thread, run_scout);
    pool->has_scout = error == 0;
    return error;
}
