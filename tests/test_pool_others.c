/* Known bugs of other pools: wake-ups that were lost. docs/pool.md says what went wrong there and why it cannot here.
 *
 * Nobody but the worker that is to be woken can run the task that is waited for, so a lost wake-up is a hang. */
#include "others.h"

#include <errno.h>
#include <pthread.h>

enum { N_PARTNERS = 2, N_TIMED = 8, N_FEW = 3 };

static atomic_int n_run; /* in this round */
static atomic_int n_met; /* tasks that wait until all are there */
static int n_to_meet;

static void note(void *arg)
{
    (void)arg;
    n_run++;
}

static int note_call(void *arg, void *result)
{
    (void)result;
    note(arg);
    return 0;
}

static void meet(void *arg)
{
    (void)arg;
    n_met++;
    others_await(&n_met, n_to_meet);
    n_run++;
}

static int meet_call(void *arg, void *result)
{
    (void)result;
    meet(arg);
    return 0;
}

static void begin_meeting(size_t n)
{
    n_run = n_met = 0;
    n_to_meet = (int)n;
}

/* Threads that do their part of each round when the main thread has begun it. */
static struct partner {
    pthread_t thread;
    void (*act)(struct others *others);
    struct others *others;
    atomic_int n_begun, n_ended;
} partners[N_PARTNERS];

static void *be_partner(void *arg)
{
    struct partner *partner = arg;

    for (int n = 1;; n++) {
        others_await(&partner->n_begun, n);
        if (partner->act == NULL)
            return NULL;
        partner->act(partner->others);
        partner->n_ended = n;
    }
}

static void begin_partner(struct partner *partner, void (*act)(struct others *), struct others *others)
{
    partner->act = act;
    partner->others = others;
    partner->n_begun++;
}

static void await_partner(struct partner *partner)
{
    others_await(&partner->n_ended, partner->n_begun);
}

/* While the partners' rounds are few there is none to burn CPU time. */
static void run_with_partners(const char *test, int kind, void (*round)(struct others *))
{
    for (int i = 0; i < N_PARTNERS; i++) {
        partners[i].n_begun = partners[i].n_ended = 0;
        stress_thread(&partners[i].thread, be_partner, &partners[i]);
    }
    others_run(test, kind, round);
    for (int i = 0; i < N_PARTNERS; i++) {
        begin_partner(&partners[i], NULL, NULL);
        pthread_join(partners[i].thread, NULL);
    }
}

/* oneTBB #2136: who notifies looked whether somebody sleeps before its own write was to be seen, and the sleeper did
 * not see the write. Here: each task begins, though its worker was about to sleep. */
static void submit_one(struct others *others)
{
    n_run = 0;
    others_delay(&others->random);
    CHECK_EQ(pool_submit(others->pool, note, NULL), 0);
    others_await(&n_run, 1);
}

/* Ends about when somebody begins to wait for it. */
static int end_soon(void *random, void *result)
{
    (void)result;
    n_met++;
    others_await(&n_run, 1);
    others_delay(random);
    return 0;
}

/* The same where the waiter is not a worker: for a handle, ... */
static void wait_for_handle(struct others *others)
{
    uint64_t random = stress_random(&others->random);
    struct pool_handle *handle;

    n_run = n_met = 0;
    CHECK_EQ(pool_apply_async(others->pool, end_soon, &random, NULL, NULL, &handle), 0);
    others_await(&n_met, 1);
    n_run = 1;
    others_delay(&others->random);
    CHECK_EQ(pool_handle_wait(handle, POOL_FOREVER), 0);
    pool_handle_release(handle);
}

static void apply(struct others *others)
{
    CHECK_EQ(pool_apply(others->pool, note_call, NULL, NULL, NULL), 0);
}

/* ... and for the end of what another thread runs. */
static void wait_for_helper(struct others *others)
{
    begin_partner(&partners[0], apply, others);
    others_delay(&others->random);
    CHECK_EQ(pool_wait(others->pool), 0);
    await_partner(&partners[0]);
}

static void test_onetbb_2136(void)
{
    others_run(__func__, 0, submit_one);
    others_run(__func__, 0, wait_for_handle);
    run_with_partners(__func__, OTHERS_HELPING, wait_for_helper);
}

/* .NET #121887: a task was queued, nobody came for it until another one was queued, and its creator waited for it.
 * Here: a task's task begins while its creator does nothing but wait for it. */
static void ask(void *arg)
{
    struct others *others = arg;

    for (int i = 0; i < 20; i++) {
        n_run = 0;
        others_delay(&others->random);
        CHECK_EQ(pool_submit(others->pool, note, NULL), 0);
        others_await(&n_run, 1);
    }
    n_met++;
}

static void ask_in_task(struct others *others)
{
    n_met = 0;
    CHECK_EQ(pool_submit(others->pool, ask, others), 0);
    others_await(&n_met, 1);
}

static void test_dotnet_121887(void)
{
    others_run(__func__, OTHERS_SEVERAL, ask_in_task);
}

/* .NET #128606: a thief that had met another one took a queue for empty that was not, and nobody looked again. Here:
 * of a task's tasks, which wait for each other, each is taken, however many thieves meet. */
static void spread(void *arg)
{
    struct others *others = arg;
    int n = (int)others->n_workers - 1;

    begin_meeting((size_t)n);
    for (int i = 0; i < n; i++)
        CHECK_EQ(pool_submit(others->pool, meet, NULL), 0);
    others_await(&n_run, n);
    n_run++;
}

static void spread_in_task(struct others *others)
{
    n_run = 0;
    CHECK_EQ(pool_submit(others->pool, spread, others), 0);
    others_await(&n_run, (int)others->n_workers);
}

static void test_dotnet_128606(void)
{
    others_run(__func__, OTHERS_SEVERAL | OTHERS_UNBOUNDED, spread_in_task);
}

/* onnxruntime #23098: once workers looked for less long before they slept, a parallel loop waited for one that had gone
 * to sleep. Here: all calls of a map run at the same time, however long workers look. */
static void map_meeting(struct others *others)
{
    const struct pool_calls calls = {.fn = meet_call, .n_calls = others->n_workers, .chunksize = 1};

    begin_meeting(others->n_workers);
    others_delay(&others->random);
    CHECK_EQ(pool_map(others->pool, &calls, NULL), 0);
}

static void test_onnxruntime_23098(void)
{
    others_run(__func__, 0, map_meeting);
}

/* libuv #493: only who found the queue empty woke a worker. Here: tasks that wait for each other all run, submitted one
 * by one or at once. */
static void submit_meeting(struct others *others)
{
    size_t n = others->n_workers;

    begin_meeting(n);
    others_delay(&others->random);
    if (stress_one_in(&others->random, 3))
        CHECK_EQ(pool_submit_many(others->pool, meet, NULL, 0, n, NULL), 0);
    else
        for (size_t i = 0; i < n; i++)
            CHECK_EQ(pool_submit(others->pool, meet, NULL), 0);
    others_await(&n_run, (int)n);
}

static void test_libuv_493(void)
{
    others_run(__func__, 0, submit_meeting);
}

/* tokio #4383 and #1788: who submitted saw a worker that was searching, which had looked there already. Here: the same
 * for two who submit tasks that wait for each other. */
static void submit_half(struct others *others)
{
    CHECK_EQ(pool_submit(others->pool, meet, NULL), 0);
}

static void submit_halves(struct others *others)
{
    begin_meeting(2);
    begin_partner(&partners[0], submit_half, others);
    others_delay(&others->random);
    submit_half(others);
    others_await(&n_run, 2);
    await_partner(&partners[0]);
}

static void test_tokio_4383(void)
{
    run_with_partners(__func__, OTHERS_SEVERAL, submit_halves);
}

/* rayon #992: the last look before a worker slept left out one of the places where tasks wait. Here: a task begins, in
 * whichever way it was handed over. */
static void pass_on(void *arg)
{
    struct others *others = arg;

    CHECK_EQ(pool_submit(others->pool, note, NULL), 0);
}

static int next_one(void *source, void **arg)
{
    *arg = NULL;
    return (*(int *)source)-- > 0;
}

static void feed_one(struct others *others)
{
    int n_left = 1;
    const struct pool_feed feed = {.fn = note_call, .next = next_one, .source = &n_left};
    struct pool_iterator *iterator;

    CHECK_EQ(pool_imap(others->pool, &feed, &iterator), 0);
    others_await(&n_run, 1);
    pool_iterator_release(iterator);
}

static void hand_over(struct others *others)
{
    const struct pool_calls calls = {.fn = note_call, .n_calls = 1};
    struct pool *pool = others->pool;
    int error = 0;

    n_run = 0;
    others_delay(&others->random);
    switch (stress_below(&others->random, 6)) {
    case 0: error = pool_submit(pool, note, NULL); break;
    case 1: error = pool_submit(pool, pass_on, others); break;
    case 2: error = pool_submit_many(pool, note, NULL, 0, 1, NULL); break;
    case 3: error = pool_apply_async(pool, note_call, NULL, NULL, NULL, NULL); break;
    case 4: error = pool_map_async(pool, &calls, NULL, NULL); break;
    default: feed_one(others); break;
    }
    CHECK_EQ(error, 0);
    others_await(&n_run, 1);
}

static void test_rayon_992(void)
{
    others_run(__func__, 0, hand_over);
}

/* glibc 25847: a thread that came later, or had given up, took the wake-up of one that slept. Here: who waits for room
 * gets it, though others give up waiting at the moment at which they are woken. */
static void submit_few(struct others *others)
{
    for (int i = 0; i < N_TIMED; i++)
        CHECK_EQ(pool_submit(others->pool, note, NULL), 0);
}

static void give_up(struct others *others)
{
    int n_accepted = N_PARTNERS * N_TIMED;

    n_run = 0;
    for (int i = 0; i < N_PARTNERS; i++)
        begin_partner(&partners[i], submit_few, others);
    for (int i = 0; i < N_TIMED; i++) {
        int64_t timeout_ns = (int64_t)stress_below(&others->random, 20000);
        int error = pool_timed_submit(others->pool, note, NULL, timeout_ns);

        CHECK(error == 0 || error == -ETIMEDOUT);
        n_accepted += error == 0;
    }
    for (int i = 0; i < N_PARTNERS; i++)
        await_partner(&partners[i]);
    others_await(&n_run, n_accepted);
    CHECK_EQ(n_run, n_accepted);
}

static void test_glibc_25847(void)
{
    run_with_partners(__func__, OTHERS_BOUNDED, give_up);
}

/* POCO #5213: the call to end woke those that slept, and not the one that was about to. Here: a pool ends at whatever
 * moment it is closed, and has run what it accepted. */
static void begin_and_end(struct others *others)
{
    struct others other = *others;
    int n = (int)stress_below(&others->random, 3);

    n_run = 0;
    other.is_stalled = false;
    others_open(&other, 0);
    for (int i = 0; i < n; i++)
        CHECK_EQ(pool_submit(other.pool, note, NULL), 0);
    others_delay(&others->random);
    CHECK_EQ(pool_destroy(other.pool), 0);
    CHECK_EQ(n_run, n);
}

static void test_poco_5213(void)
{
    others_run(__func__, 0, begin_and_end);
}

/* onnxruntime #891: several threads waited for the same end, and one of them was told. Here: all are. */
static struct pool_handle *shared;

static void wait_for_pool(struct others *others)
{
    CHECK_EQ(pool_wait(others->pool), 0);
}

static void wait_for_shared(struct others *others)
{
    (void)others;
    CHECK_EQ(pool_handle_wait(shared, POOL_FOREVER), 0);
}

static int dawdle(void *arg, void *result)
{
    (void)result;
    stress_sleep((int64_t)stress_below(arg, OTHERS_STALL_NS));
    return 0;
}

static void wait_together(struct others *others)
{
    void (*wait)(struct others *) = stress_one_in(&others->random, 2) ? wait_for_pool : wait_for_shared;
    uint64_t random = stress_random(&others->random);

    CHECK_EQ(pool_apply_async(others->pool, dawdle, &random, NULL, NULL, &shared), 0);
    for (int i = 0; i < N_PARTNERS; i++)
        begin_partner(&partners[i], wait, others);
    wait(others);
    for (int i = 0; i < N_PARTNERS; i++)
        await_partner(&partners[i]);
    CHECK_EQ(pool_handle_wait(shared, POOL_FOREVER), 0);
    pool_handle_release(shared);
}

static void test_onnxruntime_891(void)
{
    run_with_partners(__func__, 0, wait_together);
}

/* libretro-common #208: who waited for all tasks did not wait for those that no worker had begun. Here: all have
 * run. */
static void wait_at_once(struct others *others)
{
    int n = 1 + (int)stress_below(&others->random, N_FEW);

    n_run = 0;
    others_delay(&others->random);
    for (int i = 0; i < n; i++)
        CHECK_EQ(pool_submit(others->pool, note, NULL), 0);
    CHECK_EQ(pool_wait(others->pool), 0);
    CHECK_EQ(n_run, n);
}

static void test_libretro_208(void)
{
    others_run(__func__, 0, wait_at_once);
}

/* tokio #8372: workers that were woken for something else than a task were counted as idle twice, and then none was
 * woken. Here: that happens when the size changes, and afterwards as many tasks run at once as were asked for. */
static void change_size(struct others *others)
{
    size_t n = 1 + stress_below(&others->random, others->n_workers);

    CHECK_EQ(pool_resize(others->pool, n, 0), 0);
    for (size_t i = stress_below(&others->random, 8); i > 0; i--)
        submit_one(others);
    CHECK_EQ(pool_resize(others->pool, others->n_workers, 0), 0);
    submit_meeting(others);
}

static void test_tokio_8372(void)
{
    others_run(__func__, OTHERS_SEVERAL, change_size);
}

int main(void)
{
    others_begin();
    test_onetbb_2136();
    test_dotnet_121887();
    test_dotnet_128606();
    test_onnxruntime_23098();
    test_libuv_493();
    test_tokio_4383();
    test_rayon_992();
    test_glibc_25847();
    test_poco_5213();
    test_onnxruntime_891();
    test_libretro_208();
    test_tokio_8372();
    return check_failures() != 0;
}
