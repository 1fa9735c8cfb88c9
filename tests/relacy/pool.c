/* Whole pools: their workers are threads that relacy runs too. */
#include "handle.h"
#include "relacy/check.h"
#include "seat.h"
#include "state.h"

#include <errno.h>

enum { N_MAX = 4 };

static struct pool *pool, *bare;
static struct pool_handle *handle, *other_handle;
static int args[N_MAX], results[N_MAX];
static bool has_run[N_MAX], was_accepted[N_MAX];
static int n_callbacks;
static struct pool__parker done;
static atomic_int n_using; /* threads of the scenario */

static void begin(const struct pool_options *options, int n_threads)
{
    for (int i = 0; i < N_MAX; i++) {
        args[i] = results[i] = 0;
        has_run[i] = was_accepted[i] = false;
    }
    handle = other_handle = NULL;
    n_callbacks = 0;
    atomic_init(&done.state, 0);
    atomic_init(&n_using, n_threads);
    CHECK(pool_create(&pool, options) == 0);
}

/* The last of the threads ends the pool. What it needs of them it knows by n_using. */
static void leave(void)
{
    if (atomic_fetch_sub_explicit(&n_using, 1, memory_order_acq_rel) == 1)
        CHECK(pool_destroy(pool) == 0);
}

static void before(void)
{
    begin(&(struct pool_options){.n_workers = 1, .spin_ns = POOL_NO_SPIN}, 1);
}

static void before_strict(void)
{
    begin(&(struct pool_options){.n_workers = 1, .strict = true, .spin_ns = POOL_NO_SPIN}, 1);
}

static void before_two(void)
{
    begin(&(struct pool_options){.n_workers = 1, .strict = true, .spin_ns = POOL_NO_SPIN}, 2);
}

static void before_helpers(void)
{
    begin(&(struct pool_options){.n_workers = 1, .spin_ns = POOL_NO_SPIN}, 2);
}

static void before_workers(void)
{
    begin(&(struct pool_options){.n_workers = 2, .strict = true, .spin_ns = POOL_NO_SPIN}, 1);
}

static void before_spinning(void)
{
    begin(&(struct pool_options){.n_workers = 1, .strict = true, .spin_ns = 1}, 1);
}

static void run_task(void *arg)
{
    int *known = arg;

    CHECK(*known == known - args + 1);
    CHECK(!has_run[known - args]);
    has_run[known - args] = true;
}

static int submit(int index)
{
    args[index] = index + 1;
    return pool_submit(pool, run_task, &args[index]);
}

static void check_ran(int n)
{
    for (int i = 0; i < n; i++)
        CHECK(has_run[i]);
}

static void nothing(void)
{
}

/* A task wakes the worker, and pool_wait() knows what it did. */
static void thread_wait(int index)
{
    (void)index;
    check_pause();
    CHECK(submit(0) == 0);
    CHECK(pool_wait(pool) == 0);
    check_ran(1);
    CHECK(submit(1) == 0);
    CHECK(pool_wait(pool) == 0);
    check_ran(2);
    leave();
}

/* Two who submit, and the end of the pool waits for all. */
static void thread_submit(int index)
{
    check_pause();
    CHECK(submit(2 * index) == 0);
    check_pause();
    CHECK(submit(2 * index + 1) == 0);
    leave();
}

static void after_submit(void)
{
    check_ran(4);
}

static void run_and_post(void *arg)
{
    run_task(arg);
    pool__post(&done);
}

/* A task submits others and waits for each: the other worker takes them, which may be about to sleep. */
static void run_spawn(void *arg)
{
    (void)arg;
    for (int i = 1; i <= 2; i++) {
        check_pause();
        args[i] = i + 1;
        CHECK(pool_submit(pool, run_and_post, &args[i]) == 0);
        CHECK(pool__park(&done, POOL__NEVER));
        CHECK(has_run[i]);
    }
}

static void thread_spawn(int index)
{
    (void)index;
    CHECK(pool_submit(pool, run_spawn, NULL) == 0);
    CHECK(pool_wait(pool) == 0);
    CHECK(has_run[1] && has_run[2]);
    leave();
}

/* A task submits another one and ends: who waits waits for that too. */
static void run_child(void *arg)
{
    (void)arg;
    CHECK(submit(1) == 0);
}

static void thread_child(int index)
{
    (void)index;
    CHECK(pool_submit(pool, run_child, NULL) == 0);
    check_pause();
    CHECK(pool_wait(pool) == 0);
    CHECK(has_run[1]);
    leave();
}

/* What is accepted while another thread closes runs, and what is not does not. */
static void thread_close(int index)
{
    int error;

    if (index == 1) {
        CHECK(pool_close(pool) == 0);
        CHECK(submit(3) == -ESHUTDOWN);
    }
    for (int i = 0; i < 2 && index == 0; i++) {
        error = submit(i);
        CHECK(error == 0 || error == -ESHUTDOWN);
        was_accepted[i] = error == 0;
    }
    leave();
}

static void after_close(void)
{
    for (int i = 0; i < N_MAX; i++)
        CHECK(has_run[i] == was_accepted[i]);
}

static int call(void *arg, void *result)
{
    int *known = arg;

    CHECK(*known == known - args + 1);
    CHECK(!has_run[known - args]);
    has_run[known - args] = true;
    check_pause();
    *(int *)result = 10 * *known;
    return 0;
}

static void call_back(void *context, void *result)
{
    (void)context;
    CHECK(*(int *)result == 10);
    n_callbacks++;
}

static int apply(int index, const struct pool_callbacks *callbacks, struct pool_handle **out)
{
    args[index] = index + 1;
    return pool_apply_async(pool, call, &args[index], &results[index], callbacks, out);
}

/* A call: who waits helps, or the worker runs it. */
static void thread_apply(int index)
{
    (void)index;
    CHECK(apply(0, NULL, &handle) == 0);
    check_pause();
    CHECK(pool_handle_get(handle, POOL_FOREVER, NULL) == 0);
    CHECK(results[0] == 10);
    pool_handle_release(handle);
    leave();
}

/* A handle is freed by whoever is last, and its memory is soon another's. */
static void thread_reuse(int index)
{
    struct pool_handle *own;

    if (index == 1)
        check_pause();
    CHECK(apply(2 * index, NULL, &own) == 0);
    CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
    CHECK(results[2 * index] == 10 * (2 * index + 1));
    pool_handle_release(own);
    check_pause();
    CHECK(apply(2 * index + 1, NULL, &own) == 0);
    pool_handle_release(own);
    leave();
}

/* One makes its call itself, another waits until nothing runs. */
static void thread_quiet(int index)
{
    if (index == 0) {
        CHECK(apply(0, NULL, &handle) == 0);
        was_accepted[0] = true;
        CHECK(pool_handle_get(handle, POOL_FOREVER, NULL) == 0);
        CHECK(results[0] == 10);
        pool_handle_release(handle);
    } else {
        check_pause();
        CHECK(pool_wait(pool) == 0);
    }
    leave();
}

/* With a callback, and nobody helps. */
static void thread_callback(int index)
{
    const struct pool_callbacks callbacks = {.callback = call_back};

    (void)index;
    CHECK(apply(0, &callbacks, &handle) == 0);
    CHECK(pool_handle_wait(handle, POOL_FOREVER) == 0);
    CHECK(results[0] == 10 && n_callbacks == 1);
    pool_handle_release(handle);
    leave();
}

/* The user gives the handle back while its call runs: whoever is last frees it. */
static void thread_release(int index)
{
    (void)index;
    CHECK(apply(0, NULL, &handle) == 0);
    CHECK(apply(1, NULL, &other_handle) == 0);
    check_pause();
    pool_handle_release(handle);
    pool_handle_release(other_handle);
    CHECK(apply(2, NULL, NULL) == 0);
    CHECK(pool_wait(pool) == 0);
    check_ran(3);
    CHECK(results[0] == 10 && results[1] == 20 && results[2] == 30);
    leave();
}

/* One asks again and again, and releases what is ready. */
static void thread_ready(int index)
{
    (void)index;
    CHECK(apply(0, NULL, &handle) == 0);
    while (!pool_handle_ready(handle))
        check_yield();
    CHECK(results[0] == 10);
    pool_handle_release(handle);
    leave();
}

static _Atomic(struct pool_handle *) shared;
static atomic_bool has_seen;

static void before_shared(void)
{
    before_two();
    atomic_init(&shared, NULL);
    atomic_init(&has_seen, false);
}

/* One sleeps until it is ready, while another asks again and again. */
static void thread_shared(int index)
{
    struct pool_handle *own;

    if (index == 0) {
        CHECK(apply(0, NULL, &own) == 0);
        atomic_store_explicit(&shared, own, memory_order_release);
        CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
        while (!atomic_load_explicit(&has_seen, memory_order_acquire))
            check_yield();
        pool_handle_release(own);
    } else {
        while ((own = atomic_load_explicit(&shared, memory_order_acquire)) == NULL)
            check_yield();
        while (!pool_handle_ready(own))
            check_yield();
        CHECK(results[0] == 10);
        atomic_store_explicit(&has_seen, true, memory_order_release);
    }
    leave();
}

/* A task makes a call, and waits for it: the other worker may take it, and who waits for all comes after both. */
static void run_call(void *arg)
{
    struct pool_handle *own;

    (void)arg;
    CHECK(apply(0, NULL, &own) == 0);
    check_pause();
    CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
    CHECK(results[0] == 10);
    pool_handle_release(own);
}

static void thread_nested(int index)
{
    (void)index;
    CHECK(pool_submit(pool, run_call, NULL) == 0);
    CHECK(pool_wait(pool) == 0);
    CHECK(results[0] == 10);
    leave();
}

/* A task makes calls and ends: nobody keeps the first handle, a thread outside cancels and keeps the second. */
static void run_give(void *arg)
{
    struct pool_handle *own;

    (void)arg;
    CHECK(apply(0, NULL, NULL) == 0);
    CHECK(apply(1, NULL, &own) == 0);
    atomic_store_explicit(&shared, own, memory_order_release);
    check_pause();
}

static void before_given(void)
{
    before_workers();
    atomic_init(&shared, NULL);
}

static void thread_given(int index)
{
    struct pool_handle *own;
    int code;

    (void)index;
    CHECK(pool_submit(pool, run_give, NULL) == 0);
    while ((own = atomic_load_explicit(&shared, memory_order_acquire)) == NULL)
        check_yield();
    CHECK(pool_handle_cancel(own) == 0);
    code = pool_handle_get(own, POOL_FOREVER, NULL);
    CHECK(code == 0 ? results[1] == 20 : code == -ECANCELED);
    pool_handle_release(own);
    CHECK(pool_wait(pool) == 0);
    CHECK(results[0] == 10);
    leave();
}

/* The other way round: the worker begins with the oldest, which it ends when it takes the other one. */
static void run_give_first(void *arg)
{
    struct pool_handle *own;

    (void)arg;
    CHECK(apply(1, NULL, &own) == 0);
    CHECK(apply(0, NULL, NULL) == 0);
    atomic_store_explicit(&shared, own, memory_order_release);
}

static void thread_awaited(int index)
{
    struct pool_handle *own;

    (void)index;
    CHECK(pool_submit(pool, run_give_first, NULL) == 0);
    while ((own = atomic_load_explicit(&shared, memory_order_acquire)) == NULL)
        check_yield();
    CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
    CHECK(results[1] == 20);
    pool_handle_release(own);
    CHECK(pool_wait(pool) == 0);
    CHECK(results[0] == 10);
    leave();
}

static void before_awaited(void)
{
    before_strict();
    atomic_init(&shared, NULL);
}

/* Two run tasks while they wait: one of them ends the last task when the other one sleeps already. */
static void thread_guests(int index)
{
    CHECK(submit(index) == 0);
    check_pause();
    CHECK(pool_wait(pool) == 0);
    CHECK(has_run[index]);
    leave();
}

/* Parts of a map: the worker and who waits share them. */
static void thread_map(int index)
{
    const struct pool_calls calls = {.fn = call, .args = args, .arg_bytes = sizeof args[0], .results = results,
                                     .result_bytes = sizeof results[0], .n_calls = 3, .chunksize = 1};

    (void)index;
    for (int i = 0; i < 3; i++)
        args[i] = i + 1;
    CHECK(pool_map(pool, &calls, NULL) == 0);
    CHECK(results[0] == 10 && results[1] == 20 && results[2] == 30);
    leave();
}

/* Calls that threads outside leave in the seat that they visit, from the second on: they run them, or the worker
 * does. */
static void thread_visits(int index)
{
    for (int i = 0; i < 2; i++) {
        struct pool_handle *own;

        CHECK(apply(2 * index + i, NULL, &own) == 0);
        check_pause();
        CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
        CHECK(results[2 * index + i] == 10 * (2 * index + i + 1));
        pool_handle_release(own);
    }
    leave();
}

/* A worker runs what nobody waits for, though it may be about to sleep. */
static int call_and_post(void *arg, void *result)
{
    call(arg, result);
    pool__post(&done);
    return 0;
}

static void thread_forgotten(int index)
{
    struct pool_handle *own;

    (void)index;
    CHECK(apply(0, NULL, &own) == 0);
    CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
    pool_handle_release(own);
    check_pause();
    args[1] = 2;
    CHECK(pool_apply_async(pool, call_and_post, &args[1], &results[1], NULL, NULL) == 0);
    CHECK(pool__park(&done, POOL__NEVER));
    CHECK(has_run[1]);
    leave();
}

/* The same by threads that visit the same seat. */
static void before_same_seat(void)
{
    begin(&(struct pool_options){.n_workers = 1, .spin_ns = POOL_NO_SPIN}, 3);
    CHECK(apply(3, NULL, NULL) == 0); /* opens the seats */
}

static void thread_same_seat(int index)
{
    struct pool_handle *own;

    if (index == 1) {
        CHECK(pool_wait(pool) == 0);
    } else {
        CHECK(apply(index, NULL, &own) == 0);
        check_pause();
        pool_handle_release(own);
    }
    leave();
}

/* What is left in a visited seat while another thread closes, or terminates, runs, or is cancelled, or is refused. */
static bool terminates;
static atomic_bool has_joined;

static int call_in_time(void *arg, void *result)
{
    CHECK(!atomic_load_explicit(&has_joined, memory_order_seq_cst));
    return call(arg, result);
}

static void before_closed(void)
{
    begin(&(struct pool_options){.n_workers = 1, .spin_ns = POOL_NO_SPIN}, 2);
    CHECK(apply(3, NULL, NULL) == 0);
    terminates = false;
    atomic_init(&has_joined, false);
}

static void before_terminated(void)
{
    before_closed();
    terminates = true;
}

static void thread_closed(int index)
{
    struct pool_handle *own;
    int error;

    if (index == 1) {
        CHECK(pool__park(&done, POOL__NEVER));
        CHECK((terminates ? pool_terminate(pool) : pool_close(pool)) == 0);
        CHECK(pool_join(pool) == 0);
        atomic_store_explicit(&has_joined, true, memory_order_seq_cst);
    } else {
        CHECK(apply(0, NULL, &own) == 0); /* queued, with which there are handles for who visits */
        CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
        pool_handle_release(own);
        pool__post(&done);
        args[1] = 2;
        error = pool_apply_async(pool, call_in_time, &args[1], &results[1], NULL, NULL);
        CHECK(error == 0 || error == -ESHUTDOWN);
        was_accepted[1] = error == 0;
    }
    leave();
}

static void after_closed(void)
{
    CHECK(terminates || has_run[1] == was_accepted[1]);
}

/* A map that a task makes: its parts go from seat to seat. */
static void map_three(void *arg)
{
    const struct pool_calls calls = {.fn = call, .args = args, .arg_bytes = sizeof args[0], .results = results,
                                     .result_bytes = sizeof results[0], .n_calls = 3, .chunksize = 1};
    struct pool_handle *own;

    for (int i = 0; i < 3; i++)
        args[i] = i + 1;
    CHECK(pool_map_async(pool, &calls, NULL, &own) == 0);
    atomic_store_explicit((struct pool_handle *_Atomic *)arg, own, memory_order_release);
}

static void before_maps(void)
{
    begin(&(struct pool_options){.n_workers = 2, .strict = true, .start_all = true, .spin_ns = POOL_NO_SPIN}, 1);
    atomic_init(&shared, NULL);
    terminates = false;
}

static void before_terminated_maps(void)
{
    before_maps();
    terminates = true;
}

static void thread_maps(int index)
{
    struct pool_handle *own;

    (void)index;
    CHECK(pool_submit(pool, map_three, (void *)&shared) == 0);
    while ((own = atomic_load_explicit(&shared, memory_order_acquire)) == NULL)
        check_yield();
    if (terminates)
        CHECK(pool_terminate(pool) == 0);
    else
        CHECK(pool_handle_get(own, POOL_FOREVER, NULL) == 0);
    CHECK(terminates || (results[0] == 10 && results[1] == 20 && results[2] == 30));
    pool_handle_release(own);
    CHECK(pool_wait(pool) == 0);
    leave();
}

/* Two parts that wait for each other: both workers are called. */
static struct pool__parker meetings[2];

static int meet(void *arg, void *result)
{
    int index = *(int *)arg - 1;

    pool__post(&meetings[1 - index]);
    CHECK(pool__park(&meetings[index], POOL__NEVER));
    *(int *)result = 10 * (index + 1);
    return 0;
}

static void map_two(void *arg)
{
    const struct pool_calls calls = {.fn = meet, .args = args, .arg_bytes = sizeof args[0], .results = results,
                                     .result_bytes = sizeof results[0], .n_calls = 2, .chunksize = 1};

    (void)arg;
    args[0] = 1;
    args[1] = 2;
    CHECK(pool_map_async(pool, &calls, NULL, NULL) == 0);
}

static void before_meeting(void)
{
    before_maps();
    atomic_init(&meetings[0].state, 0);
    atomic_init(&meetings[1].state, 0);
}

static void thread_meeting(int index)
{
    (void)index;
    CHECK(pool_submit(pool, map_two, NULL) == 0);
    CHECK(pool_wait(pool) == 0);
    CHECK(results[0] == 10 && results[1] == 20);
    leave();
}

/* Whichever of two is first. */
static void thread_several(int index)
{
    struct pool_completions *completions;
    size_t first, second;

    (void)index;
    CHECK(apply(0, NULL, &handle) == 0);
    CHECK(apply(1, NULL, &other_handle) == 0);
    CHECK(pool_as_completed((struct pool_handle *[]){handle, other_handle}, 2, &completions) == 0);
    CHECK(pool_completions_next(completions, POOL_FOREVER, &first) == 0);
    CHECK(results[first] == 10 * (int)(first + 1));
    CHECK(pool_completions_next(completions, POOL_FOREVER, &second) == 0);
    CHECK(first + second == 1 && results[second] == 10 * (int)(second + 1));
    pool_completions_release(completions);
    pool_handle_release(handle);
    pool_handle_release(other_handle);
    leave();
}

/* Cancelled before it has begun, or not. */
static void thread_cancel(int index)
{
    int code;

    (void)index;
    CHECK(apply(0, NULL, &handle) == 0);
    CHECK(pool_handle_cancel(handle) == 0);
    code = pool_handle_get(handle, POOL_FOREVER, NULL);
    CHECK(has_run[0] ? code == 0 && results[0] == 10 : code == -ECANCELED);
    pool_handle_release(handle);
    leave();
}

/* A second block of seats, of which thieves learn without the lock. */
static void before_seats(void)
{
    bare = check_malloc(sizeof *bare);
    memset(bare, 0, sizeof *bare);
    CHECK(pool__new_seats(bare, 0) == 0);
    has_run[0] = false;
    args[0] = 0;
}

static void thread_seats(int index)
{
    struct pool__item item;

    if (index == 0) {
        CHECK(pool__new_seats(bare, 8) == 0);
        args[0] = 1;
        CHECK(pool__deque_push(&pool__seat(bare, 8)->spawned, (struct pool__item){run_task, args}));
    } else if (pool__n_loose(bare, 1) == 1 && pool__steal(bare, 8, &item)) {
        item.fn(item.arg);
    }
}

static void after_seats(void)
{
    pool__free_seats(bare);
    free(bare);
}

const struct scenario scenarios[] = {
    {"wait", 1, 1, 4000, 0, before, thread_wait, nothing},
    {"wait, strict", 1, 1, 4000, 0, before_strict, thread_wait, nothing},
    {"wait, spinning", 1, 1, 1000, 0, before_spinning, thread_wait, nothing},
    {"submit", 2, 1, 4000, 0, before_two, thread_submit, after_submit},
    {"spawn", 1, 2, 4000, 0, before_workers, thread_spawn, nothing},
    {"child", 1, 1, 4000, 0, before_strict, thread_child, nothing},
    {"close", 2, 1, 4000, 0, before_two, thread_close, after_close},
    {"quiet", 2, 1, 4000, 0, before_helpers, thread_quiet, nothing},
    {"reuse", 2, 1, 4000, 0, before_helpers, thread_reuse, after_submit},
    {"seats", 3, 0, 2000, 0, before_seats, thread_seats, after_seats},
    {"apply", 1, 1, 4000, 0, before, thread_apply, nothing},
    {"apply, strict", 1, 1, 4000, 0, before_strict, thread_apply, nothing},
    {"callback", 1, 1, 4000, 0, before_strict, thread_callback, nothing},
    {"release", 1, 1, 4000, 0, before_strict, thread_release, nothing},
    {"release with two workers", 1, 2, 4000, 0, before_workers, thread_release, nothing},
    {"ready", 1, 1, 4000, 0, before_strict, thread_ready, nothing},
    {"ready beside a sleeper", 2, 1, 4000, 0, before_shared, thread_shared, nothing},
    {"nested", 1, 2, 4000, 0, before_workers, thread_nested, nothing},
    {"nested, one worker", 1, 1, 2000, 0, before_strict, thread_nested, nothing},
    {"given away", 1, 2, 4000, 0, before_given, thread_given, nothing},
    {"given and awaited", 1, 1, 4000, 0, before_awaited, thread_awaited, nothing},
    {"guests", 2, 1, 4000, 0, before_helpers, thread_guests, nothing},
    {"map", 1, 1, 4000, 0, before, thread_map, nothing},
    {"map with two workers", 1, 2, 4000, 0, before_workers, thread_map, nothing},
    {"visits", 2, 1, 4000, 0, before_helpers, thread_visits, after_submit},
    {"visits, forgotten", 1, 1, 8000, 0, before, thread_forgotten, nothing},
    {"visits to one seat", 3, 1, 4000, 0, before_same_seat, thread_same_seat, nothing},
    {"visits and the end", 2, 1, 8000, 0, before_closed, thread_closed, after_closed},
    {"visits, terminated", 2, 1, 4000, 0, before_terminated, thread_closed, after_closed},
    {"meeting", 1, 2, 8000, 0, before_meeting, thread_meeting, nothing},
    {"map of a task", 1, 2, 4000, 0, before_maps, thread_maps, nothing},
    {"map of a task, terminated", 1, 2, 8000, 0, before_terminated_maps, thread_maps, nothing},
    {"several", 1, 2, 4000, 0, before_workers, thread_several, nothing},
    {"cancel", 1, 1, 4000, 0, before, thread_cancel, nothing},
    {0},
};
