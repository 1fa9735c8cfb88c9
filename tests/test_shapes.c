/* Shapes of a pool's inside, side by side: how tasks get from who submits them to who runs them, and how who waits for
 * them waits. The test: each shape runs each task once. With a number of rounds, `build/tests/test_shapes 15`, it
 * measures: all shapes in turns, in reversed order in every second round, with two workers that never sleep in the
 * first table. The pool is made of ports and deques; see docs/pool.md. */
#include "check.h"
#include "park.h"
#include "port.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_WORKERS = 2,
    N_SUBMITTERS_MAX = 2,
    N_INJECTED = 100 * 1000,
    BRANCHES = 10,
    LEVELS = 5,
    N_SPAWNED = 11111 + 100000, /* 1 + 10 + 100 + ... + 100,000 */
    N_SOME = 3000,              /* in the test */
    RING_ITEMS = 1 << 18,
    TAKEN_MAX = 32,
    ROUNDS_MAX = 1000,
    PLACES = N_WORKERS + N_SUBMITTERS_MAX,
    SPIN_NS = 10 * 1000
};

/* Which thread this is: a worker, or one behind them that submits. */
static _Thread_local size_t place;

static _Alignas(128) atomic_size_t n_run[PLACES][16]; /* a line for each thread */
static atomic_bool is_over, may_begin;

/* One lock, one ring. */
static pthread_mutex_t lock;
static struct pool__item ring[RING_ITEMS];
static size_t ring_begin, ring_end;

static void lock_submit(struct pool__item item)
{
    pthread_mutex_lock(&lock);
    ring[ring_end++ % RING_ITEMS] = item;
    pthread_mutex_unlock(&lock);
}

/* Up to n_max, but not more than a fair share. */
static size_t lock_take(struct pool__item *items, size_t n_max)
{
    size_t n, n_fair;

    pthread_mutex_lock(&lock);
    n = ring_end - ring_begin;
    n_fair = (n + 2 * N_WORKERS - 1) / (2 * N_WORKERS);
    if (n > n_max)
        n = n_max;
    if (n > n_fair)
        n = n_fair;
    for (size_t i = 0; i < n; i++)
        items[i] = ring[ring_begin++ % RING_ITEMS];
    pthread_mutex_unlock(&lock);
    return n;
}

static size_t lock_take_1(struct pool__item *items)
{
    return lock_take(items, 1);
}

static size_t lock_take_8(struct pool__item *items)
{
    return lock_take(items, 8);
}

static size_t lock_take_32(struct pool__item *items)
{
    return lock_take(items, 32);
}

/* A bounded ring for any number of threads, each slot with the number of its turn. */
static struct {
    _Alignas(16) atomic_size_t turn;
    struct pool__item item;
} slots[RING_ITEMS];
static _Alignas(128) atomic_size_t slots_begin;
static _Alignas(128) atomic_size_t slots_end;

static void slots_submit(struct pool__item item)
{
    size_t at = atomic_fetch_add_explicit(&slots_end, 1, memory_order_relaxed);

    while (atomic_load_explicit(&slots[at % RING_ITEMS].turn, memory_order_acquire) != 2 * (at / RING_ITEMS))
        sched_yield();
    slots[at % RING_ITEMS].item = item;
    atomic_store_explicit(&slots[at % RING_ITEMS].turn, 2 * (at / RING_ITEMS) + 1, memory_order_release);
}

static size_t slots_take(struct pool__item *items)
{
    size_t at = atomic_load_explicit(&slots_begin, memory_order_relaxed);

    do {
        if (atomic_load_explicit(&slots[at % RING_ITEMS].turn, memory_order_acquire) != 2 * (at / RING_ITEMS) + 1)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&slots_begin, &at, at + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    *items = slots[at % RING_ITEMS].item;
    atomic_store_explicit(&slots[at % RING_ITEMS].turn, 2 * (at / RING_ITEMS + 1), memory_order_release);
    return 1;
}

/* A stack for each worker, in turns, which it takes as a whole into a deque of its own; others take from that. */
static struct inbox {
    _Alignas(128) _Atomic(struct link *) top;
    struct pool__deque own;
} inboxes[N_WORKERS];

struct link {
    struct link *next;
    struct pool__item item;
};

static struct link links[PLACES][RING_ITEMS / 2];
static size_t n_links[PLACES][16];

static void inbox_submit(struct pool__item item)
{
    size_t at = n_links[place][0]++;
    struct link *link = &links[place][at % (RING_ITEMS / 2)];
    struct inbox *inbox = &inboxes[at % N_WORKERS];

    if (place < N_WORKERS && pool__deque_push(&inboxes[place].own, item))
        return;
    link->item = item;
    link->next = atomic_load_explicit(&inbox->top, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&inbox->top, &link->next, link, memory_order_release,
                                                  memory_order_relaxed))
        continue;
}

/* What does not fit into the deque goes back, the order being of no interest here. */
static void open_inbox(struct inbox *inbox, struct inbox *from)
{
    struct link *link = atomic_load_explicit(&from->top, memory_order_relaxed) == NULL
                            ? NULL : atomic_exchange_explicit(&from->top, NULL, memory_order_acquire);

    while (link != NULL && pool__deque_push(&inbox->own, link->item))
        link = link->next;
    while (link != NULL) {
        struct link *next = link->next;

        link->next = atomic_load_explicit(&from->top, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&from->top, &link->next, link, memory_order_release,
                                                      memory_order_relaxed))
            continue;
        link = next;
    }
}

static size_t inbox_take(struct pool__item *items)
{
    struct inbox *own = &inboxes[place % N_WORKERS];

    for (size_t i = 0; i < N_WORKERS; i++) {
        struct inbox *inbox = &inboxes[(place + i) % N_WORKERS];

        if (i == 0 ? pool__deque_pop(&own->own, items) : pool__deque_steal(&inbox->own, items))
            return 1;
        open_inbox(own, inbox);
        if (pool__deque_pop(&own->own, items))
            return 1;
    }
    return 0;
}

/* As the pool does: a port for each thread outside, and two deques for each worker. */
static struct pool__port ports[N_SUBMITTERS_MAX];
static struct pool__deque spawned[N_WORKERS], claimed[N_WORKERS];
static const _Atomic(uint32_t) no_notices;
static atomic_size_t n_spares;

static void ports_submit(struct pool__item item)
{
    if (place >= N_WORKERS)
        while (pool__port_put(&ports[place - N_WORKERS], item, &no_notices, 0) != 0)
            continue;
    else if (!pool__deque_push(&spawned[place], item))
        lock_submit(item);
}

static size_t ports_take(struct pool__item *items)
{
    if (pool__deque_pop(&spawned[place], items) || pool__deque_steal(&claimed[place], items))
        return 1;
    for (size_t i = 0; i < N_SUBMITTERS_MAX; i++)
        if (pool__port_take(&ports[i], items, &claimed[place], TAKEN_MAX - 1))
            return 1;
    for (size_t i = 1; i < N_WORKERS; i++)
        if (pool__deque_steal(&claimed[(place + i) % N_WORKERS], items) ||
            pool__deque_steal(&spawned[(place + i) % N_WORKERS], items))
            return 1;
    return lock_take(items, 8);
}

static const struct shape {
    const char *name;
    void (*submit)(struct pool__item);
    size_t (*take)(struct pool__item *); /* up to TAKEN_MAX; how many */
} shapes[] = {
    {"one lock, one task a hold", lock_submit, lock_take_1},
    {"one lock, up to 8 tasks", lock_submit, lock_take_8},
    {"one lock, up to 32 tasks", lock_submit, lock_take_32},
    {"one ring without a lock", slots_submit, slots_take},
    {"an inbox for each worker", inbox_submit, inbox_take},
    {"ports and deques: the pool", ports_submit, ports_take},
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes, N_CASES = 4 };

static const struct shape *shape;

static void note(void *arg)
{
    atomic_size_t *n = &n_run[place][0];

    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
    (void)arg;
}

static void branch(void *levels)
{
    note(NULL);
    for (int i = 0; i < BRANCHES && levels != NULL; i++)
        shape->submit((struct pool__item){branch, (void *)((uintptr_t)levels - 1)});
}

static size_t count_run(void)
{
    size_t n = 0;

    for (size_t i = 0; i < PLACES; i++)
        n += atomic_load_explicit(&n_run[i][0], memory_order_relaxed);
    return n;
}

static void *be_worker(void *number)
{
    struct pool__item items[TAKEN_MAX];

    place = (size_t)number;
    while (!may_begin)
        sched_yield();
    for (size_t n_failed = 0; !is_over;) {
        size_t n = shape->take(items);

        for (size_t i = 0; i < n; i++)
            items[i].fn(items[i].arg);
        n_failed = n > 0 ? 0 : n_failed + 1;
        if (n_failed % 64 == 63)
            sched_yield(); /* who submits may wait for this CPU */
    }
    return NULL;
}

static size_t n_tasks; /* of each thread that submits */

static void *submit_tasks(void *number)
{
    place = N_WORKERS + (size_t)number;
    for (size_t i = 0; i < n_tasks; i++)
        shape->submit((struct pool__item){note, NULL});
    return NULL;
}

/* The cases: one thread outside, all tasks before the first is taken, two threads outside, tasks of tasks. Returns
 * nanoseconds a task. */
static double run(const struct shape *which, int which_case, size_t n)
{
    size_t n_submitters = which_case == 2 ? 2 : 1, n_all = which_case == 3 ? N_SPAWNED : n * n_submitters;
    pthread_t workers[N_WORKERS], submitter;
    int64_t begin_ns;

    shape = which;
    n_tasks = n;
    is_over = may_begin = false;
    memset((void *)n_run, 0, sizeof n_run);
    for (size_t i = 0; i < N_WORKERS; i++)
        pthread_create(&workers[i], NULL, be_worker, (void *)i);
    may_begin = which_case != 1;
    begin_ns = pool__now_ns();
    if (n_submitters == 2)
        pthread_create(&submitter, NULL, submit_tasks, (void *)1);
    place = N_WORKERS;
    if (which_case == 3)
        shape->submit((struct pool__item){branch, (void *)(uintptr_t)LEVELS});
    else
        submit_tasks((void *)0);
    may_begin = true;
    while (count_run() < n_all)
        sched_yield();
    begin_ns = pool__now_ns() - begin_ns;
    is_over = true;
    if (n_submitters == 2)
        pthread_join(submitter, NULL);
    for (size_t i = 0; i < N_WORKERS; i++)
        pthread_join(workers[i], NULL);
    CHECK_EQ(count_run(), n_all);
    return (double)begin_ns / (double)n_all;
}

/* How who hands a task over and waits for it, and who runs it, wait for each other. */
enum waiting { SLEEP, YIELD_AND_PAUSE, PAUSE, N_WAITINGS };

static struct pool__parker asked, answered;
static enum waiting waiting;

static bool has_token(void *parker, bool looks_far)
{
    return pool__has_token(parker, looks_far);
}

static void await_token(struct pool__parker *parker)
{
    int64_t until_ns = pool__now_ns() + SPIN_NS;

    if (waiting == YIELD_AND_PAUSE)
        pool__spin(has_token, parker, SPIN_NS);
    else if (waiting == PAUSE)
        while (!pool__has_token(parker, false) && pool__now_ns() < until_ns)
            continue;
    pool__park(parker, POOL__NEVER);
}

static void *answer(void *arg)
{
    for (size_t i = 0; i < n_tasks; i++) {
        await_token(&asked);
        pool__post(&answered);
    }
    return arg;
}

/* Nanoseconds there and back. */
static double hand_over(enum waiting how, size_t n)
{
    pthread_t worker;
    int64_t begin_ns;

    waiting = how;
    n_tasks = n;
    pthread_create(&worker, NULL, answer, NULL);
    begin_ns = pool__now_ns();
    for (size_t i = 0; i < n; i++) {
        pool__post(&asked);
        await_token(&answered);
    }
    begin_ns = pool__now_ns() - begin_ns;
    pthread_join(worker, NULL);
    return (double)begin_ns / (double)n;
}

/* The caller queues a task and then runs it itself, while a worker sleeps: with and without a wake for it. */
static atomic_bool has_ended;

static void *sleep_again(void *arg)
{
    while (!has_ended)
        pool__park(&asked, POOL__NEVER);
    return arg;
}

static double run_own(bool wakes, size_t n)
{
    struct pool__item item;
    pthread_t worker;
    int64_t begin_ns;

    has_ended = false;
    pthread_create(&worker, NULL, sleep_again, NULL);
    begin_ns = pool__now_ns();
    for (size_t i = 0; i < n; i++) {
        lock_submit((struct pool__item){note, NULL});
        if (wakes)
            pool__post(&asked);
        if (lock_take(&item, 1) == 1)
            item.fn(item.arg);
    }
    begin_ns = pool__now_ns() - begin_ns;
    has_ended = true;
    pool__post(&asked);
    pthread_join(worker, NULL);
    while (pool__park(&asked, POOL__LOOK))
        continue;
    return (double)begin_ns / (double)n;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_of(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    printf(" | %.0f [%.0f, %.0f]", values[n / 2], values[n / 4], values[3 * n / 4]);
}

static void measure_shapes(int n_rounds)
{
    static double ns[N_SHAPES][N_CASES][ROUNDS_MAX];

    for (int round = 0; round < n_rounds; round++)
        for (size_t i = 0; i < N_SHAPES; i++)
            for (int j = 0; j < N_CASES; j++) {
                size_t at = round % 2 == 0 ? i : N_SHAPES - 1 - i;

                ns[at][j][round] = run(&shapes[at], j, N_INJECTED);
            }
    puts("| shape, ns a task [quartiles] | one outside | queued first | two outside | tasks of tasks |\n"
         "|---|---|---|---|---|");
    for (size_t i = 0; i < N_SHAPES; i++) {
        printf("| %s", shapes[i].name);
        for (int j = 0; j < N_CASES; j++)
            print_of(ns[i][j], n_rounds);
        puts(" |");
    }
}

static void measure_waiting(int n_rounds)
{
    static const char *const names[N_WAITINGS] = {"sleep at once", "look for 10 us, yielding now and then",
                                                  "look for 10 us, not yielding"};
    static double ns[N_WAITINGS][ROUNDS_MAX], own[2][ROUNDS_MAX];

    for (int round = 0; round < n_rounds; round++) {
        for (int i = 0; i < N_WAITINGS; i++)
            ns[i][round] = hand_over((enum waiting)i, 5000);
        for (int i = 0; i < 2; i++)
            own[i][round] = run_own(i != 0, 5000);
    }
    puts("\n| what is changed | ns [quartiles] |\n|---|---|");
    for (int i = 0; i < N_WAITINGS; i++) {
        printf("| hand-over there and back, both sides %s", names[i]);
        print_of(ns[i], n_rounds);
        puts(" |");
    }
    for (int i = 0; i < 2; i++) {
        printf("| a task that its submitter runs at once, %s", i != 0 ? "with a wake" : "without a wake");
        print_of(own[i], n_rounds);
        puts(" |");
    }
}

int main(int argc, char **argv)
{
    int n_rounds = argc > 1 ? atoi(argv[1]) : 0;

    pthread_mutex_init(&lock, NULL);
    for (size_t i = 0; i < N_SUBMITTERS_MAX; i++)
        pool__port_init(&ports[i], &n_spares);
    for (size_t i = 0; i < N_SHAPES; i++)
        for (int j = 0; j < N_CASES; j++)
            CHECK(run(&shapes[i], j, N_SOME) > 0);
    for (int i = 0; i < N_WAITINGS; i++)
        CHECK(hand_over((enum waiting)i, 100) > 0);
    CHECK(run_own(false, 100) > 0 && run_own(true, 100) > 0);
    if (n_rounds > 0 && n_rounds <= ROUNDS_MAX) {
        measure_shapes(n_rounds);
        measure_waiting(n_rounds);
    }
    for (size_t i = 0; i < N_SUBMITTERS_MAX; i++)
        pool__port_release(&ports[i]);
    return check_failures() != 0;
}
