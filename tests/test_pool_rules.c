/* Rules of the pool's inside that show in few places: see docs/pool.md. Each fails in tests/mutate_rules.py where the
 * rule is removed. */
#include "asleep.h"
#include "gate.h"
#include "syscall.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

static struct pool *pool;
static atomic_int n_runs;

static void run(void *arg)
{
    (void)arg;
    n_runs++;
}

static void await_workers(size_t n)
{
    while (gate_counters(pool).threads_alive > n)
        sched_yield();
}

/* This thread is about to wake a worker for a task, and does so when another one has run it. */
static _Thread_local bool is_slow;
static struct gate waking;

static void before_futex(int operation)
{
    if (operation == FUTEX_WAKE && is_slow) {
        sem_post(&waking.reached);
        while (n_runs == 0)
            sched_yield();
    }
}

static void *submit_slowly(void *arg)
{
    is_slow = true;
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    sem_post(&waking.reached); /* nobody slept yet */
    return arg;
}

static void await_idle(size_t n_workers)
{
    struct gate gate;

    gate_init(&gate);
    for (size_t i = 0; i < n_workers; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (size_t i = 0; i < n_workers; i++)
        gate_take(&gate.reached);
    for (size_t i = 0; i < n_workers; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    usleep(10 * 1000); /* all of them sleep */
}

/* A worker that leaves, because the pool shrinks, wakes another one for a task that it finds. On one CPU, where one
 * worker at a time searches: here it is one that has not heard of it yet. */
static void test_leaving_passes_on(void)
{
    cpu_set_t all, one;
    pthread_t thread;

    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    pool = gate_pool((struct pool_options){.n_workers = 3, .start_all = true, .strict = true});
    await_idle(3);
    n_runs = 0;
    gate_init(&waking);
    CHECK_EQ(pthread_create(&thread, NULL, submit_slowly, NULL), 0);
    gate_take(&waking.reached);
    CHECK_EQ(pool_resize(pool, 2, 0), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_runs, 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

static struct gate spawning;

/* Submits tasks that only its own worker can take, and waits. */
static void spawn(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        CHECK_EQ(pool_submit(pool, run, NULL), 0);
    gate_pass(&spawning);
}

static int n_dropped;

static void drop(pool_fn *fn, void *arg)
{
    (void)fn;
    (void)arg;
    if (n_dropped++ == 0) {
        gate_free(&spawning);
        while (n_runs == 0 && gate_counters(pool).threads_alive > 0)
            sched_yield();
    }
}

/* While a pool is being terminated its workers begin nothing of what is still to be dropped. */
static void test_terminated(void)
{
    int n_tasks = 3;

    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true, .dropped = drop});
    for (int i = 0; i < 5; i++) { /* then it is not the turn of other places */
        CHECK_EQ(pool_submit(pool, run, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
    }
    n_runs = n_dropped = 0;
    gate_init(&spawning);
    CHECK_EQ(pool_submit(pool, spawn, &n_tasks), 0);
    gate_take(&spawning.reached);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(n_dropped, n_tasks);
    CHECK_EQ(n_runs, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

enum { N_ORDERED = 100 };
static size_t order[N_ORDERED + 1];

static void note(void *number)
{
    order[n_runs++] = (size_t)number;
}

static void leave(void *arg)
{
    (void)arg;
    pthread_exit(NULL);
}

static void spawn_ordered(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < N_ORDERED; i++)
        CHECK_EQ(pool_submit(pool, note, (void *)i), 0);
}

/* What a task submits its worker runs the youngest first, but for a turn in 64; also if it took another's place. */
static void test_youngest_first(bool is_second)
{
    int n_in_order = 0;

    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    if (is_second)
        CHECK_EQ(pool_submit(pool, leave, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    n_runs = 0;
    CHECK_EQ(pool_submit(pool, spawn_ordered, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_runs, N_ORDERED);
    for (int i = 1; i < N_ORDERED; i++)
        n_in_order += order[i] + 1 == order[i - 1];
    CHECK(n_in_order >= N_ORDERED - 10);
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_int n_behind; /* tasks of a batch that ran between one and what it submitted */

static void note_behind(void *number)
{
    n_behind += n_runs - (int)(size_t)number;
}

static void spawn_one(void *arg)
{
    (void)arg;
    n_runs++;
    CHECK_EQ(pool_submit(pool, note_behind, (void *)(size_t)n_runs), 0);
}

/* What a task submits comes before what its worker has taken ahead, but for a turn in 64. */
static void test_own_before_claimed(void)
{
    struct gate gate;

    pool = gate_held(&gate, (struct pool_options){.n_workers = 1, .strict = true});
    n_runs = n_behind = 0;
    CHECK_EQ(pool_submit_many(pool, spawn_one, NULL, 0, N_ORDERED, NULL), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_runs, N_ORDERED);
    CHECK(n_behind < N_ORDERED);
    CHECK_EQ(pool_destroy(pool), 0);
}

static struct gate finalizing;

static void finalize(void *context, size_t index)
{
    (void)context;
    (void)index;
    gate_pass(&finalizing);
}

static void close_here(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_close(pool), 0);
    gate_pass(&spawning);
}

static void *wait_for_all(void *arg)
{
    gate_free(&spawning);
    CHECK_EQ(pool_wait(pool), 0);
    gate_free(&finalizing);
    return arg;
}

/* Who waits for all tasks does not wait for the finalizer of the worker that has ended the last one. */
static void test_quiet_before_finalizer(void)
{
    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true, .finalizer = finalize});
    gate_init(&spawning);
    gate_init(&finalizing);
    CHECK_EQ(pool_submit(pool, close_here, NULL), 0);
    gate_take(&spawning.reached);
    wait_for_all(NULL);
    CHECK_EQ(pool_destroy(pool), 0);
}

static struct gate other;
static atomic_int n_by_second;

static void note_worker(void *arg)
{
    (void)arg;
    n_by_second += pool_worker_index(pool) != (size_t)order[0];
}

static void spawn_late(void *arg)
{
    (void)arg;
    order[0] = pool_worker_index(pool);
    gate_pass(&spawning);
    CHECK_EQ(pool_submit(pool, note_worker, NULL), 0);
    gate_pass(&other);
}

static int shrink(void *arg, void *result)
{
    (void)arg;
    (void)result;
    gate_free(&spawning);
    gate_take(&other.reached);
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    return 0;
}

static int nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* A worker in excess takes no task any more after a part of a handle, whosever turn it is. */
static void test_no_turn_in_excess(void)
{
    for (int phase = 0; phase < 64; phase++) {
        const struct pool_calls calls = {.fn = nothing, .n_calls = (size_t)phase, .chunksize = 1};

        pool = gate_pool((struct pool_options){.n_workers = 2, .start_all = true, .strict = true});
        n_by_second = 0;
        gate_init(&spawning);
        gate_init(&other);
        CHECK_EQ(pool_submit(pool, spawn_late, NULL), 0);
        gate_take(&spawning.reached);
        CHECK_EQ(pool_map(pool, &calls, NULL), 0);
        CHECK_EQ(pool_apply(pool, shrink, NULL, NULL, NULL), 0);
        await_workers(1);
        gate_free(&other);
        CHECK_EQ(pool_wait(pool), 0);
        CHECK_EQ(n_by_second, 0);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

static int feed(void *source, void **arg)
{
    *arg = source;
    return 1;
}

/* Ranges of an iterator that is gone are counted as long as they are in the queue, and not longer: else tasks would be
 * overlooked that came later. On one CPU, where a worker that has found a task wakes the next. */
static void test_stale_iterator(void)
{
    const struct pool_feed feed_options = {.fn = nothing, .next = feed, .look_ahead = 8};
    struct pool_iterator *iterator = NULL;
    struct gate gate;
    cpu_set_t all, one;

    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    pool = gate_pool((struct pool_options){.n_workers = 2, .start_all = true, .strict = true});
    gate_init(&gate);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (int i = 0; i < 2; i++)
        gate_take(&gate.reached);
    CHECK_EQ(pool_imap(pool, &feed_options, &iterator), 0);
    pool_iterator_release(iterator);
    for (int i = 0; i < 2; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    await_idle(2);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, 2, NULL), 0);
    for (int i = 0; i < 2; i++)
        gate_take(&gate.reached);
    for (int i = 0; i < 2; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

static uint64_t n_created(void)
{
    return gate_counters(pool).threads_created;
}

static void shrink_and_leave(void *gate)
{
    gate_pass(gate);
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    pthread_exit(NULL);
}

static void close_and_leave(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_close(pool), 0);
    pthread_exit(NULL);
}

static void pass_and_leave(void *gate)
{
    gate_pass(gate);
    pthread_exit(NULL);
}

/* A worker that a task ends is replaced if there would be too few, and only then. */
static void test_who_is_replaced(void)
{
    struct gate first, second;

    n_runs = 0;
    pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    CHECK_EQ(pool_submit(pool, leave, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    while (n_created() < 2 || gate_counters(pool).threads_alive != 1)
        sched_yield();
    gate_hold(&first, pool);
    gate_init(&second);
    CHECK_EQ(pool_submit(pool, shrink_and_leave, &second), 0);
    gate_take(&second.reached);
    CHECK_EQ(n_created(), 3);
    CHECK_EQ(pool_submit(pool, run, NULL), 0); /* waits for the other worker */
    gate_free(&second);
    await_workers(1);
    CHECK_EQ(n_created(), 3);
    CHECK_EQ(pool_resize(pool, 2, 0), 0);
    while (n_runs == 0) /* by a new one: the other is not counted any more */
        sched_yield();
    CHECK_EQ(n_created(), 4);
    gate_free(&first);
    CHECK_EQ(pool_submit(pool, close_and_leave, NULL), 0);
    await_workers(0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(n_created(), 4);
    CHECK_EQ(pool_destroy(pool), 0);

    pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = 2, .strict = true});
    gate_hold(&first, pool);
    gate_init(&second);
    CHECK_EQ(pool_submit(pool, pass_and_leave, &second), 0);
    gate_take(&second.reached);
    CHECK_EQ(n_created(), 3); /* the scout */
    gate_free(&second);
    await_workers(2);
    CHECK_EQ(n_created(), 3);
    gate_free(&first);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Tasks that were accepted are run, though the pool is closed and its only worker ends. */
static void test_replaced_when_closed(void)
{
    struct gate gate;

    gate_init(&gate);
    n_runs = 0;
    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    CHECK_EQ(pool_submit(pool, pass_and_leave, &gate), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    CHECK_EQ(pool_close(pool), 0);
    gate_free(&gate);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(n_runs, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* As many workers as tasks are idle, and so none is started, though they wake each other; but for one more, one is. */
static void test_idle_are_enough(void)
{
    struct gate gate;
    cpu_set_t all, one;

    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    gate_init(&gate);
    pool = gate_pool((struct pool_options){.n_workers = 3, .strict = true});
    for (int n = 2; n <= 3; n++) {
        for (int i = 0; i < 3; i++) {
            await_idle(2);
            CHECK_EQ(n_created(), 2);
        }
        CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, (size_t)n, NULL), 0);
        for (int i = 0; i < n; i++)
            gate_take(&gate.reached);
        CHECK_EQ(n_created(), n);
        for (int i = 0; i < n; i++)
            gate_free(&gate);
        CHECK_EQ(pool_wait(pool), 0);
    }
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

static atomic_int n_prepared;
static int prepare_fails_at;
static struct gate *preparing;

static int prepare(void *context, size_t index)
{
    int n = ++n_prepared;

    (void)context;
    (void)index;
    if (n > 1 && preparing != NULL)
        gate_pass(preparing);
    return n == prepare_fails_at ? -EIO : 0;
}

static struct pool *prepared_pool(size_t n_workers, size_t max_workers)
{
    n_prepared = 0;
    return gate_pool((struct pool_options){.n_workers = n_workers, .max_workers = max_workers, .strict = true,
                                           .initializer = prepare});
}

/* Where the worker that was started for a task is not to be had, an elastic pool starts another one. */
static void test_refused_in_elastic_pool(void)
{
    struct gate first, second;

    prepare_fails_at = 2;
    pool = prepared_pool(2, 3);
    gate_hold(&first, pool);
    gate_init(&second);
    CHECK_EQ(pool_submit(pool, gate_pass, &second), 0);
    gate_take(&second.reached);
    gate_free(&second);
    gate_free(&first);
    CHECK_EQ(pool_destroy(pool), 0);
    prepare_fails_at = 0;
}

/* Whoever takes the place of one that a task has ended is counted once, though it needs two attempts. */
static void test_refused_replacement(void)
{
    struct gate gate;

    prepare_fails_at = 2;
    pool = prepared_pool(1, 1);
    CHECK_EQ(pool_submit(pool, leave, NULL), 0);
    while (n_created() < 3 || gate_counters(pool).threads_alive != 1)
        sched_yield();
    gate_hold(&gate, pool);
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    CHECK_EQ(n_created(), 3);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
    prepare_fails_at = 0;
}

static atomic_int waiting_thread;

/* Leaves once somebody waits for that. */
static void leave_awaited(void *arg)
{
    (void)arg;
    asleep_await(&waiting_thread);
    pthread_exit(NULL);
}

/* Who waits for all tasks does not wait until the worker that the last one has ended is replaced. */
static void test_quiet_before_replacement(void)
{
    struct gate gate;

    gate_init(&gate);
    preparing = &gate;
    pool = prepared_pool(1, 1);
    waiting_thread = asleep_self();
    CHECK_EQ(pool_submit(pool, leave_awaited, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
    preparing = NULL;
}

/* Workers that went to sleep while none was in excess look again when there are: one leaves, though the youngest is
 * busy. */
static void test_excess_of_sleepers(void)
{
    struct gate first, second, third;

    gate_init(&first);
    gate_init(&second);
    gate_init(&third);
    preparing = &third;
    pool = prepared_pool(1, 2);
    CHECK_EQ(pool_submit(pool, gate_pass, &first), 0);
    gate_take(&first.reached);
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    gate_take(&third.reached); /* a second worker is being prepared */
    gate_free(&first);
    CHECK_EQ(pool_wait(pool), 0);
    usleep(20 * 1000); /* the first one sleeps */
    gate_free(&third);
    usleep(20 * 1000); /* and so does the second */
    CHECK_EQ(pool_submit(pool, gate_pass, &second), 0);
    gate_take(&second.reached);
    await_workers(2); /* one of them and the scout */
    n_runs = 0;
    preparing = NULL;
    CHECK_EQ(pool_submit(pool, run, NULL), 0);
    while (n_runs == 0) /* by a new one, as nobody is idle any more */
        sched_yield();
    gate_free(&second);
    CHECK_EQ(pool_destroy(pool), 0);
    preparing = NULL;
}

int main(void)
{
    test_leaving_passes_on();
    test_terminated();
    test_youngest_first(false);
    test_youngest_first(true);
    test_own_before_claimed();
    test_quiet_before_finalizer();
    test_no_turn_in_excess();
    test_stale_iterator();
    test_who_is_replaced();
    test_replaced_when_closed();
    test_idle_are_enough();
    test_refused_in_elastic_pool();
    test_refused_replacement();
    test_quiet_before_replacement();
    test_excess_of_sleepers();
    return check_failures() != 0;
}
