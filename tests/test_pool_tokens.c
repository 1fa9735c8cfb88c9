/* A wake-up for room in a bounded queue is a token: whoever gets one uses it or passes it on. And nobody who is inside
 * a task of the pool waits for room, on whichever thread it is. What fails here hangs. */
#include "asleep.h"
#include "gate.h"
#include "refuse_calls.h"

#include <errno.h>
#include <pthread.h>

static atomic_int n_run;

static void count(void *arg)
{
    (void)arg;
    n_run++;
}

static int call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    n_run++;
    return 0;
}

static int star_call(void *const *args, void *result)
{
    return call(args[0], result);
}

/* A pool of one worker that is held, with a full queue of one. */
static struct pool *filled(struct gate *gate)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = 1, .strict = true});

    n_run = 0;
    gate_hold(gate, pool);
    CHECK_EQ(pool_submit(pool, count, NULL), 0);
    return pool;
}

struct submitter {
    struct pool *pool;
    int (*submit)(struct pool *pool);
    atomic_int id;
    int error;
    pthread_t thread;
};

static void *run_submitter(void *arg)
{
    struct submitter *submitter = arg;

    submitter->id = asleep_self();
    submitter->error = submitter->submit(submitter->pool);
    return NULL;
}

static void start(struct submitter *submitter, struct pool *pool, int (*submit)(struct pool *pool))
{
    *submitter = (struct submitter){.pool = pool, .submit = submit};
    CHECK_EQ(pthread_create(&submitter->thread, NULL, run_submitter, submitter), 0);
}

static int submit(struct pool *pool)
{
    return pool_submit(pool, count, NULL);
}

static int submit_timed(struct pool *pool)
{
    return pool_timed_submit(pool, count, NULL, INT64_MAX);
}

static int submit_call(struct pool *pool)
{
    return pool_apply_async(pool, call, NULL, NULL, NULL, NULL);
}

static int submit_none(struct pool *pool)
{
    const struct pool_calls calls = {.fn = call};
    struct pool_handle *handle;
    int error = pool_map_async(pool, &calls, NULL, &handle);

    if (error == 0)
        CHECK(pool_handle_ready(handle));
    pool_handle_release(error == 0 ? handle : NULL);
    return error;
}

static int submit_star_none(struct pool *pool)
{
    static struct pool_arg arg;
    const struct pool_starcalls calls = {.fn = star_call, .args = &arg, .n_args = 1};

    return pool_starmap(pool, &calls, NULL);
}

static int submit_many_none(struct pool *pool)
{
    return pool_submit_many(pool, count, NULL, 0, 0, NULL);
}

/* What queues nothing waits for no room. */
static void test_nothing(int (*submit_nothing)(struct pool *pool))
{
    struct gate gate;
    struct pool *pool = filled(&gate);
    struct submitter submitter;

    CHECK_EQ(submit_nothing(pool), 0);
    start(&submitter, pool, submit);
    asleep_await(&submitter.id);
    CHECK_EQ(submit_nothing(pool), 0);
    gate_free(&gate);
    pthread_join(submitter.thread, NULL);
    CHECK_EQ(submitter.error, 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, 2);
}

/* The first who waits gets the token, and then no memory. The second gets the place. */
static void test_pass_on(int (*submit_second)(struct pool *pool))
{
    struct gate gate;
    struct pool *pool = filled(&gate);
    struct submitter first, second;

    start(&first, pool, submit_call);
    asleep_await(&first.id);
    start(&second, pool, submit_second);
    asleep_await(&second.id);
    refuse_calls(0, 1000);
    gate_free(&gate);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    refuse_nothing();
    CHECK_EQ(second.error, 0);
    CHECK(first.error == -ENOMEM || first.error == 0); /* 0 if it has not slept */
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, 2 + (first.error == 0));
}

/* Who gives up in time leaves nothing behind. */
static void test_timed_out(void)
{
    struct gate gate;
    struct pool *pool = filled(&gate);
    struct submitter submitter;

    CHECK_EQ(pool_timed_submit(pool, count, NULL, 1000 * 1000), -ETIMEDOUT);
    start(&submitter, pool, submit);
    asleep_await(&submitter.id);
    CHECK_EQ(pool_timed_submit(pool, count, NULL, 1000 * 1000), -ETIMEDOUT);
    gate_free(&gate);
    pthread_join(submitter.thread, NULL);
    CHECK_EQ(submitter.error, 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, 2);
}

/* Many at once, of every kind, at a bound of one: none is left asleep. */
enum { N_THREADS = 6, N_TIMES = 300 };

static int submit_in_short(struct pool *pool)
{
    return pool_timed_submit(pool, count, NULL, 20 * 1000);
}

static int submit_and_cancel(struct pool *pool)
{
    struct pool_handle *handle;
    int error = pool_apply_async(pool, call, NULL, NULL, NULL, &handle);

    if (error != 0)
        return error;
    CHECK_EQ(pool_handle_cancel(handle), 0);
    pool_handle_release(handle);
    return 0;
}

static int submit_three(struct pool *pool)
{
    return pool_submit_many(pool, count, NULL, 0, 3, NULL);
}

static int submit_all_kinds(struct pool *pool)
{
    static int (*const kinds[])(struct pool *pool) = {
        submit, submit_call, submit_none, submit_in_short, submit_and_cancel, submit_three,
    };
    static atomic_int n_started;
    unsigned next = (unsigned)n_started++;

    for (int i = 0; i < N_TIMES; i++) {
        int error;

        next = next * 1103515245 + 12345;
        error = kinds[(next >> 16) % (sizeof kinds / sizeof *kinds)](pool);
        CHECK(error == 0 || error == -ETIMEDOUT);
    }
    return 0;
}

static void test_many(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .max_queued = 1, .strict = true});
    struct submitter submitters[N_THREADS];
    struct pool_counters counters;

    for (int i = 0; i < N_THREADS; i++)
        start(&submitters[i], pool, submit_all_kinds);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(submitters[i].thread, NULL);
    CHECK_EQ(pool_wait(pool), 0);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.n_queued, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* A task that a thread outside the pool runs, while it helps, submits to a full queue; the only worker waits for it. */
struct meeting {
    struct pool *pool;
    struct pool_handle *handle;
    int (*submit)(struct pool *pool);
    sem_t begun, full;
};

static int submit_when_full(void *arg, void *result)
{
    struct meeting *meeting = arg;

    (void)result;
    sem_post(&meeting->begun);
    gate_take(&meeting->full);
    return meeting->submit(meeting->pool);
}

static void fill_and_wait(void *arg)
{
    struct meeting *meeting = arg;

    gate_take(&meeting->begun);
    CHECK_EQ(pool_try_submit(meeting->pool, count, NULL), 0);
    sem_post(&meeting->full);
    CHECK_EQ(pool_handle_wait(meeting->handle, POOL_FOREVER), 0);
}

static void test_helper(int (*submit_kind)(struct pool *pool), int n_tasks)
{
    struct meeting meeting = {.pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = 1}),
                              .submit = submit_kind};
    struct pool_counters counters;

    n_run = 0;
    sem_init(&meeting.begun, 0, 0);
    sem_init(&meeting.full, 0, 0);
    CHECK_EQ(pool_submit(meeting.pool, fill_and_wait, &meeting), 0);
    do
        pool_get_counters(meeting.pool, &counters);
    while (counters.n_queued > 0);
    CHECK_EQ(pool_apply_async(meeting.pool, submit_when_full, &meeting, NULL, NULL, &meeting.handle), 0);
    CHECK_EQ(pool_handle_get(meeting.handle, POOL_FOREVER, NULL), 0);
    CHECK_EQ(pool_destroy(meeting.pool), 0);
    pool_handle_release(meeting.handle);
    CHECK_EQ(n_run, 1 + n_tasks);
}

/* A callback of a strict pool, on a thread that may run no tasks: a worker may wait for it, so it goes over the
 * bound. */
static void fill_in_callback(void *arg, const struct pool_error *error)
{
    struct pool *pool = arg;

    CHECK_EQ(error->code, -ECANCELED);
    CHECK_EQ(pool_try_submit(pool, count, NULL), 0);
    CHECK_EQ(pool_try_submit(pool, count, NULL), -EAGAIN);
    CHECK_EQ(pool_submit(pool, count, NULL), 0);
    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, NULL, NULL), 0);
}

static void test_callback(void)
{
    struct gate gate;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = 1, .strict = true});
    const struct pool_callbacks callbacks = {.error_callback = fill_in_callback, .context = pool};
    struct pool_counters counters;
    struct pool_handle *handle;

    n_run = 0;
    gate_hold(&gate, pool);
    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pool_handle_cancel(handle), 0); /* makes room, and calls back */
    pool_handle_release(handle);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.n_queued, 3);
    CHECK_EQ(n_run, 0);
    gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_run, 3);
}

int main(void)
{
    test_nothing(submit_none);
    test_nothing(submit_star_none);
    test_nothing(submit_many_none);
    test_pass_on(submit);
    test_pass_on(submit_timed);
    test_timed_out();
    test_many();
    test_helper(submit, 1);
    test_helper(submit_call, 1);
    test_helper(submit_three, 3);
    test_callback();
    return check_failures() != 0;
}
