/* The scout of an elastic pool: a thread that starts workers while tasks wait because others block.
 *
 * It sleeps until a task is queued for which there is no idle worker, looks how much processor time the process
 * takes in the next interval, and if the CPUs were not busy starts as many workers as there are, at most one
 * for each task that waits. So 2 workers become 64 in five intervals. If the CPUs were busy more workers would
 * only get in each other's way: then it looks again after twice the interval. But tasks may wait for each
 * other and something else keep the CPUs busy: so if none has begun for STUCK_NS, one worker is started
 * in any case.
 *
 * Surplus workers end by themselves: see stay_idle() in worker.c. A scout runs no tasks.
 *
 * Rejected: to start a worker whenever a task finds none idle, which makes a pool of the largest size out of
 * any burst of short tasks; to look at the state of each worker in /proc, which costs a file per worker.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
    INTERVAL_MIN_NS = 200 * 1000, /* some times what starting a thread takes */
    INTERVAL_MAX_NS = 10 * 1000 * 1000,
    STUCK_NS = 100 * 1000 * 1000,
    BUSY_PERCENT = 75 /* of the CPUs that may be used: no room for another thread */
};

/* What the scout saw when it last looked. */
struct look {
    int64_t at_ns, cpu_ns;
};

static struct look look(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct look){pool__now_ns(), (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec};
}

/* Where the queue's oldest task is. The lock is held. */
struct front {
    const struct pool__range *range;
    size_t n_tasks;
};

static struct front look_at_front(struct pool *pool)
{
    const struct pool__range *range = pool__queue_front(&pool->queue);

    return (struct front){range, range != NULL ? range->n_tasks : 0};
}

static bool were_cpus_busy(const struct pool *pool, const struct look *since)
{
    struct look now = look();

    return (now.cpu_ns - since->cpu_ns) * 100 > (now.at_ns - since->at_ns) * BUSY_PERCENT * (int64_t)pool->n_cpus;
}

/* Whether more workers could be of use. The lock is held. */
static bool is_saturated(const struct pool *pool)
{
    return pool->queue.n_ranges > pool->n_stale && pool->idle == NULL && pool->n_alive < pool->max_workers;
}

/* Whether another task is the oldest than in *front, which then becomes it: so the workers have not all been
 * blocked. The lock is held. */
static bool has_moved(struct pool *pool, struct front *front)
{
    struct front now = look_at_front(pool);
    bool moved = now.range != front->range || now.n_tasks != front->n_tasks;

    *front = now;
    return moved;
}

/* How many workers to start, where the pool has been saturated for an interval. The lock is held. */
static size_t choose_growth(const struct pool *pool, bool was_busy, bool is_stuck)
{
    size_t room = pool->max_workers - pool->n_alive;
    size_t growth = was_busy ? is_stuck : pool->n_alive;
    size_t n_waiting = pool__queue_count(&pool->queue, growth);

    if (growth > n_waiting)
        growth = n_waiting;
    return growth < room ? growth : room;
}

/* Watches the pool as long as it is saturated. The lock is held. */
static void watch(struct pool *pool, int64_t *interval_ns)
{
    struct front front = look_at_front(pool);
    int64_t progress_ns = pool__now_ns();

    while (is_saturated(pool)) {
        struct look since = look();
        size_t growth;
        bool was_busy, has_grown;

        pool__sleep(pool, &pool->awaiting_interval, pool__deadline(*interval_ns));
        if (!is_saturated(pool))
            return;
        was_busy = were_cpus_busy(pool, &since);
        if (has_moved(pool, &front))
            progress_ns = since.at_ns;
        growth = choose_growth(pool, was_busy, pool__now_ns() - progress_ns > STUCK_NS);
        pool__reserve(pool, growth);
        pool__unlock(pool);
        has_grown = growth > 0 && pool__start_reserved(pool, growth) == 0;
        pool__lock(pool);
        if (has_grown)
            progress_ns = pool__now_ns();
        *interval_ns = has_grown ? INTERVAL_MIN_NS : *interval_ns * 2;
        if (*interval_ns > INTERVAL_MAX_NS)
            *interval_ns = INTERVAL_MAX_NS;
    }
}

static void *run_scout(void *arg)
{
    struct pool__worker *scout = arg;
    struct pool *pool = scout->pool;
    int64_t interval_ns = INTERVAL_MIN_NS;

    pool__begin(scout, pool->name);
    pool__lock(pool);
    for (;;) {
        watch(pool, &interval_ns);
        if (pool->closed)
            break;
        pool__sleep(pool, &pool->scout, POOL__NEVER);
    }
    pool__unlock(pool);
    pool__leave(scout);
    return NULL;
}

int pool__start_scout(struct pool *pool)
{
    struct pool__worker *scout;
    struct pool_cpu_limits limits;
    int error;

    if (pool->has_scout)
        return 0;
    error = pool_cpu_limits("", &limits);
    if (error != 0)
        return error;
    scout = pool__new_worker(pool);
    if (scout == NULL)
        return -ENOMEM;
    pool->n_cpus = limits.n_usable;
    error = pool__start_scout_thread(scout, run_scout);
    pool->has_scout = error == 0;
    return error;
}
