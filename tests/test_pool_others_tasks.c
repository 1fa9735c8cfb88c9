/* Known bugs of other pools: tasks that were lost or ran twice, pools that waited for themselves, and memory that
 * was gone when somebody was woken. docs/pool.md says what went wrong there and why it cannot here. */
#include "asleep.h"
#include "deque.h"
#include "gate.h"
#include "others.h"
#include "syscall.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

enum {
    N_WAITERS = 2,
    N_WAITS = 5,
    STACK_BYTES = 2 * 1024 * 1024,
    GONE_LOOKS = 1000, /* of 2 ms: then it is not seen that a waiter goes */
    N_ITEMS = 20000,
    N_THIEVES = 2,
    N_CHILDREN = 2 * POOL__DEQUE_ITEMS + 7,
    N_SUMS = 3,
    DEPTH = 3
};

static const int64_t BRIEF_NS = 2 * 1000 * 1000;


/*
 * The deque
 */

static atomic_uchar n_runs[N_ITEMS]; /* of each item */

static void run_item(void *arg)
{
    (*(atomic_uchar *)arg)++;
}

static struct pool__item item_of(size_t i)
{
    return (struct pool__item){run_item, &n_runs[i]};
}

static void check_all_once(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!CHECK_EQ(n_runs[i], 1))
            return;
}

/* Le, Pop, Cohen, Zappa Nardelli (2013): to take from a deque that is new made its unsigned index less than 0, and the
 * deque look full. Here: an empty one gives nothing, in whatever way it became empty, and then what was put in. */
static void test_chase_lev_underflow(void)
{
    static struct pool__deque deque;
    struct pool__item item;

    memset(&deque, 0, sizeof deque);
    for (int i = 0; i < 3 * POOL__DEQUE_ITEMS; i++) {
        CHECK(!pool__deque_pop(&deque, &item));
        CHECK(!pool__deque_steal(&deque, &item));
        CHECK_EQ(pool__deque_count(&deque), 0);
        CHECK(pool__deque_push(&deque, item_of((size_t)i)));
        CHECK_EQ(pool__deque_count(&deque), 1);
        CHECK((i % 2 == 0 ? pool__deque_pop : pool__deque_steal)(&deque, &item));
        CHECK(item.arg == &n_runs[i]);
    }
}

/* The same paper: who put in went on in an array that another had replaced by a larger one. Here: there is one array, a
 * full deque takes no more, and ... */
static void test_chase_lev_full(void)
{
    static struct pool__deque deque;
    struct pool__item item;

    memset(&deque, 0, sizeof deque);
    for (size_t begin = 0; begin < 3 * POOL__DEQUE_ITEMS; begin += 100) {
        for (size_t i = 0; i < POOL__DEQUE_ITEMS; i++)
            CHECK(pool__deque_push(&deque, item_of(i)));
        CHECK(!pool__deque_push(&deque, item_of(POOL__DEQUE_ITEMS)));
        CHECK_EQ(pool__deque_count(&deque), POOL__DEQUE_ITEMS);
        for (size_t i = 0; i < POOL__DEQUE_ITEMS; i++) {
            CHECK(pool__deque_steal(&deque, &item));
            CHECK(item.arg == &n_runs[i]);
        }
        for (int i = 0; i < 100; i++) /* so that the next time begins elsewhere */
            CHECK(pool__deque_push(&deque, item) && pool__deque_pop(&deque, &item));
        CHECK(pool__deque_push(&deque, item) && pool__deque_steal(&deque, &item));
    }
}

static atomic_int n_ran;

static void count(void *arg)
{
    run_item(arg);
    n_ran++;
}

static void submit_children(void *arg)
{
    for (size_t i = 0; i < N_CHILDREN; i++)
        CHECK_EQ(pool_submit(arg, count, &n_runs[i]), 0);
}

/* ... each of more tasks than it has room for runs once, while others take them. */
static void overflow(struct others *others)
{
    memset(n_runs, 0, sizeof n_runs);
    n_ran = 0;
    CHECK_EQ(pool_submit(others->pool, submit_children, others->pool), 0);
    others_await(&n_ran, N_CHILDREN);
    check_all_once(N_CHILDREN);
}

static void test_chase_lev_resize(void)
{
    test_chase_lev_full();
    others_run(__func__, 0, overflow);
}

/* crossbeam #726 (CVE-2021-32810): a thief was slow between reading an item and taking it; others were taken twice, or
 * never. Here: each item is taken once, though owner and thieves are stalled anywhere and slots are used again. */
static struct pool__deque contended;
static atomic_bool is_all_put;

static void *steal(void *arg)
{
    struct pool__item item;

    others_ids[(size_t)(uintptr_t)arg] = (int)syscall(SYS_gettid);
    while (!is_all_put || pool__deque_count(&contended) > 0)
        if (pool__deque_steal(&contended, &item))
            item.fn(item.arg);
    others_ids[(size_t)(uintptr_t)arg] = 0;
    return NULL;
}

static void put_and_pop(uint64_t *random)
{
    struct pool__item item;

    for (size_t i = 0; i < N_ITEMS;) {
        size_t n_pops = stress_below(random, 4);

        for (size_t n = 1 + stress_below(random, stress_one_in(random, 50) ? 600 : 5); n > 0 && i < N_ITEMS; n--)
            i += pool__deque_push(&contended, item_of(i));
        for (; n_pops > 0; n_pops--)
            if (pool__deque_pop(&contended, &item))
                item.fn(item.arg);
    }
    while (pool__deque_pop(&contended, &item))
        item.fn(item.arg);
}

static void contend(uint64_t random)
{
    uint64_t stalling_random = stress_random(&random);
    pthread_t thieves[N_THIEVES], stalling;

    memset(n_runs, 0, sizeof n_runs);
    is_all_put = others_is_over = false;
    stress_thread(&stalling, others_stall_all, &stalling_random);
    for (size_t i = 0; i < N_THIEVES; i++)
        stress_thread(&thieves[i], steal, (void *)i);
    put_and_pop(&random);
    is_all_put = true;
    for (size_t i = 0; i < N_THIEVES; i++)
        pthread_join(thieves[i], NULL);
    others_is_over = true;
    pthread_join(stalling, NULL);
    check_all_once(N_ITEMS);
}

static void test_crossbeam_726(void)
{
    int64_t end_ms = others_now_ms() + 20 * OTHERS_MS;

    others_test = __func__;
    alarm(STRESS_HANG_SECONDS);
    for (uint64_t seed = others_seed; check_failures() == 0 && others_now_ms() < end_ms; seed++)
        contend(seed);
    alarm(0);
}


/*
 * Memory of who is woken
 */

static int note_call(void *arg, void *result)
{
    (void)result;
    *(int *)arg += 1;
    return 0;
}

/* glibc 12674: a semaphore was still looked at when who had waited for it had freed it. Here: a handle may be released
 * as soon as it is ready, its memory given to another one, and the pool destroyed before the handle is released. */
static void release_at_once(struct others *others)
{
    struct others other = *others;
    struct pool_handle *handles[2];
    int n = 0;

    other.is_stalled = false;
    if (stress_one_in(&others->random, 20))
        others_open(&other, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pool_apply_async(other.pool, note_call, &n, NULL, NULL, &handles[0]), 0);
        others_delay(&others->random);
        if (stress_one_in(&others->random, 2))
            CHECK_EQ(pool_handle_wait(handles[0], POOL_FOREVER), 0);
        while (!pool_handle_ready(handles[0]))
            sched_yield();
        CHECK_EQ(n, 2 * i + 1);
        pool_handle_release(handles[0]);
        CHECK_EQ(pool_apply_async(other.pool, note_call, &n, NULL, NULL, &handles[1]), 0);
        CHECK_EQ(pool_handle_wait(handles[1], POOL_FOREVER), 0);
        CHECK_EQ(n, 2 * i + 2);
        if (i == 1 && other.pool != others->pool)
            CHECK_EQ(pool_destroy(other.pool), 0);
        pool_handle_release(handles[1]);
    }
}

static void test_completed_handle_freed_before_wake(void)
{
    others_run(__func__, 0, release_at_once);
}

/* A thread whose stack goes with it. */
struct waiter {
    pthread_t thread;
    atomic_int id; /* the kernel's */
    void *stack;
    struct pool_handle *handle;
    atomic_bool is_back;
};

static struct waiter waiters[N_WAITERS];
static atomic_bool is_armed, is_gone;

static void interrupt(int number)
{
    (void)number;
}

/* The first wake-up takes until who is woken has gone: a signal has it look by itself. */
static void before_futex(int operation)
{
    if (operation != FUTEX_WAKE || !atomic_exchange(&is_armed, false))
        return;
    for (int i = 0; i < N_WAITERS; i++)
        syscall(SYS_tgkill, getpid(), waiters[i].id, SIGUSR2);
    for (int i = 0; i < GONE_LOOKS && !is_gone; i++)
        stress_sleep(BRIEF_NS);
}

static void *wait_for_handle(void *arg)
{
    struct waiter *waiter = arg;

    waiter->id = (int)syscall(SYS_gettid);
    CHECK_EQ(pool_handle_wait(waiter->handle, POOL_FOREVER), 0);
    waiter->is_back = true;
    return NULL;
}

static void begin_waiter(struct waiter *waiter, struct pool_handle *handle)
{
    pthread_attr_t attr;

    waiter->id = 0;
    waiter->handle = handle;
    waiter->is_back = false;
    waiter->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(waiter->stack != MAP_FAILED))
        exit(1);
    pthread_attr_init(&attr);
    CHECK_EQ(pthread_attr_setstack(&attr, waiter->stack, STACK_BYTES), 0);
    if (!CHECK_EQ(pthread_create(&waiter->thread, &attr, wait_for_handle, waiter), 0))
        exit(1);
    pthread_attr_destroy(&attr);
}

/* Sees off that of the waiters which comes back first, or the other one. */
static void end_waiter(bool has_ended[N_WAITERS])
{
    size_t i = 0;

    while (has_ended[i] || !waiters[i].is_back) {
        i = (i + 1) % N_WAITERS;
        sched_yield();
    }
    pthread_join(waiters[i].thread, NULL);
    munmap(waiters[i].stack, STACK_BYTES);
    has_ended[i] = true;
}

/* rayon #740: who wakes looked at the latch again when the thread that waited had gone on, and the latch with it.
 * Here: the stack on which a thread slept is gone before the call that wakes it, and the next waiter is woken all
 * the same. */
static void wake_who_is_gone(struct pool *pool)
{
    bool has_ended[N_WAITERS] = {false};
    struct pool_handle *handle;
    struct gate gate;

    gate_init(&gate);
    CHECK_EQ(pool_apply_async(pool, gate_call, &gate, NULL, NULL, &handle), 0);
    gate_take(&gate.reached);
    for (int i = 0; i < N_WAITERS; i++) {
        begin_waiter(&waiters[i], handle);
        asleep_await(&waiters[i].id);
    }
    is_gone = false;
    is_armed = true;
    gate_free(&gate);
    end_waiter(has_ended);
    is_gone = true;
    end_waiter(has_ended);
    is_armed = false;
    pool_handle_release(handle);
    CHECK_EQ(pool_wait(pool), 0);
}

static void test_rayon_740(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true, .spin_ns = POOL_NO_SPIN});

    signal(SIGUSR2, interrupt);
    others_test = __func__;
    alarm(STRESS_HANG_SECONDS);
    for (int i = 0; i < N_WAITS; i++)
        wake_who_is_gone(pool);
    alarm(0);
    CHECK_EQ(pool_destroy(pool), 0);
}


/*
 * Pools that wait for themselves
 */

static struct pool *the_pool;

static int sum_below(void *arg, void *result)
{
    int depth = *(int *)arg, depths[N_SUMS], sums[N_SUMS] = {0};
    const struct pool_calls calls = {.fn = sum_below, .args = depths, .arg_bytes = sizeof *depths, .results = sums,
                                     .result_bytes = sizeof *sums, .n_calls = N_SUMS, .chunksize = 1};

    *(int *)result = 1;
    if (depth == 0)
        return 0;
    for (int i = 0; i < N_SUMS; i++)
        depths[i] = depth - 1;
    CHECK_EQ(pool_map(the_pool, &calls, NULL), 0);
    for (int i = 0; i < N_SUMS; i++)
        *(int *)result += sums[i];
    return 0;
}

/* BS::thread_pool #95, onnxruntime #1784: all workers waited in tasks for tasks that were queued. Here: a map in a
 * task of a map runs, with one worker as with many, in every shape of pool. */
static void map_in_map(struct others *others)
{
    int depth = DEPTH, sum = 0;

    the_pool = others->pool;
    CHECK_EQ(pool_apply(the_pool, sum_below, &depth, &sum, NULL), 0);
    CHECK_EQ(sum, 40);
}

static void test_map_inside_tasks(void)
{
    others_run(__func__, 0, map_in_map);
    others_run(__func__, OTHERS_HELPING, map_in_map);
}

/* TileDB #1994: who waited in a task ran another one meanwhile, which wanted the lock that the first one held. Here:
 * who waits runs what it waits for and nothing else. */
static pthread_mutex_t held;
static atomic_int n_held;

static int nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static void wait_with_lock(void *arg)
{
    const struct pool_calls calls = {.fn = nothing, .n_calls = N_SUMS, .chunksize = 1};
    struct pool_handle *handle;

    if (!CHECK_EQ(pthread_mutex_lock(&held), 0)) { /* EDEADLK: within another one */
        n_held++;
        return;
    }
    CHECK_EQ(pool_map(arg, &calls, NULL), 0);
    CHECK_EQ(pool_apply_async(arg, nothing, NULL, NULL, NULL, &handle), 0);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
    CHECK_EQ(pthread_mutex_unlock(&held), 0);
    n_held++;
}

static void lock_in_tasks(struct others *others)
{
    n_held = 0;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pool_submit(others->pool, wait_with_lock, others->pool), 0);
    others_await(&n_held, 3);
}

static void test_tiledb_1994(void)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&held, &attr);
    pthread_mutexattr_destroy(&attr);
    others_run(__func__, 0, lock_in_tasks);
    others_run(__func__, OTHERS_HELPING, lock_in_tasks);
}

/* folly #1864, GDAL #6389: a task waited for room in the queue, which no worker was left to make. Here: tasks submit
 * more than there is room for, in all ways that wait, and all run. */
struct tree {
    struct pool *pool;
    int depth;
};

static struct tree trees[DEPTH + 1];

static void grow(void *arg)
{
    const struct tree *tree = arg, *below = tree - 1;
    int n = 0;

    n_ran++;
    if (tree->depth == 0)
        return;
    CHECK_EQ(pool_submit(tree->pool, grow, (void *)below), 0);
    CHECK_EQ(pool_submit_many(tree->pool, grow, (void *)below, 0, 2, NULL), 0);
    CHECK_EQ(pool_apply(tree->pool, note_call, &n, NULL, NULL), 0);
    CHECK_EQ(n, 1);
}

static void fill_from_tasks(struct others *others)
{
    n_ran = 0;
    for (int i = 0; i <= DEPTH; i++)
        trees[i] = (struct tree){others->pool, i};
    CHECK_EQ(pool_submit(others->pool, grow, &trees[DEPTH]), 0);
    CHECK_EQ(pool_wait(others->pool), 0);
    CHECK_EQ(n_ran, 40);
}

static void test_bounded_worker(void)
{
    others_run(__func__, OTHERS_BOUNDED, fill_from_tasks);
    others_run(__func__, OTHERS_BOUNDED | OTHERS_HELPING, fill_from_tasks);
}

/* C-Thread-Pool #88: whether workers go on was one variable for all pools. Here: a pool that ends, or is created, ends
 * no other and begins no other anew. */
static void add(void *arg)
{
    (*(atomic_int *)arg)++;
}

static void end_another(struct others *others)
{
    struct others other = *others;
    atomic_int n = 0;

    other.is_stalled = false;
    others_open(&other, 0);
    CHECK_EQ(pool_submit(others->pool, add, &n), 0);
    CHECK_EQ(pool_submit(other.pool, add, &n), 0);
    CHECK_EQ(pool_close(other.pool), 0);
    CHECK_EQ(pool_submit(others->pool, add, &n), 0);
    CHECK_EQ(pool_submit(other.pool, add, &n), -ESHUTDOWN);
    CHECK_EQ(pool_destroy(other.pool), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pool_submit(others->pool, add, &n), 0);
        CHECK_EQ(pool_wait(others->pool), 0);
    }
    CHECK_EQ(n, 5);
}

static void test_c_thread_pool_88(void)
{
    others_run(__func__, 0, end_another);
}

int main(void)
{
    others_begin();
    test_chase_lev_underflow();
    test_chase_lev_resize();
    test_crossbeam_726();
    test_completed_handle_freed_before_wake();
    test_rayon_740();
    test_map_inside_tasks();
    test_tiledb_1994();
    test_bounded_worker();
    test_c_thread_pool_88();
    return check_failures() != 0;
}
