/* A child gets an error from each call on a pool that it inherited, busy or idle, and no hang. */
#include "gate.h"

#include <errno.h>
#include <sched.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Neither ThreadSanitizer nor qemu-user lets the child of a process with threads start threads. */
#if defined(__has_feature)
#define HAS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER true
#else
#define HAS_THREAD_SANITIZER false
#endif

enum { N_FORKS = 50 };

static atomic_bool is_over;
static atomic_int n_run;

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void *keep_busy(void *arg)
{
    while (!atomic_load(&is_over)) {
        CHECK_EQ(pool_submit(arg, add_one, &n_run), 0);
        CHECK_EQ(pool_wait(arg), 0);
    }
    return NULL;
}

static void use_own_pool(void)
{
    struct pool_options options = {.n_workers = 2};
    struct pool *pool = NULL;
    atomic_int n = 0;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        return;
    CHECK_EQ(pool_submit_many(pool, add_one, &n, 0, 100, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n, 100);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int return_nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int return_star(void *const *args, void *result)
{
    (void)args;
    (void)result;
    return 0;
}

static int next_none(void *source, void **arg)
{
    (void)source;
    *arg = NULL;
    return 0;
}

static int obey(void *gate, void *result)
{
    (void)result;
    sem_post(&((struct gate *)gate)->reached);
    while (!pool_stop_requested())
        sched_yield();
    return 0;
}

/* A handle from before the fork keeps none of the child's own from being cancelled. */
static void cancel_both(struct pool_handle *inherited)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool_handle *handles[2] = {inherited};
    struct gate gate;

    gate_init(&gate);
    CHECK_EQ(pool_apply_async(pool, obey, &gate, NULL, NULL, &handles[1]), 0);
    gate_take(&gate.reached);
    CHECK_EQ(pool_cancel_all(handles, 2), -ENOTRECOVERABLE);
    CHECK_EQ(pool_handle_wait(handles[1], POOL_FOREVER), 0);
    pool_handle_release(handles[1]);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* What was made before the fork: a handle that is ready, one that is not, an iterator, completions of the second. */
static struct {
    struct gate gates[2];
    struct pool_handle *ready, *unready;
    struct pool_iterator *iterator;
    struct pool_completions *completions;
} before;

static void make_before(struct pool *pool)
{
    const struct pool_feed feed = {.fn = return_nothing, .next = next_none};

    for (int i = 0; i < 2; i++) {
        gate_init(&before.gates[i]);
        CHECK_EQ(pool_apply_async(pool, gate_call, &before.gates[i], NULL, NULL, i == 0 ? &before.unready : NULL), 0);
    }
    for (int i = 0; i < 2; i++) /* both workers are there: sanitizers cannot start threads and fork at once */
        gate_take(&before.gates[i].reached);
    CHECK_EQ(pool_imap(pool, &feed, &before.iterator), 0);
    CHECK_EQ(pool_as_completed(&before.unready, 1, &before.completions), 0);
    gate_free(&before.gates[1]);
    CHECK_EQ(pool_apply_async(pool, return_nothing, NULL, NULL, NULL, &before.ready), 0);
    CHECK_EQ(pool_handle_wait(before.ready, POOL_FOREVER), 0);
}

static void release_before(void)
{
    gate_free(&before.gates[0]);
    CHECK_EQ(pool_handle_wait(before.unready, POOL_FOREVER), 0);
    pool_completions_release(before.completions);
    pool_iterator_release(before.iterator);
    pool_handle_release(before.ready);
    pool_handle_release(before.unready);
}

/* Handles and iterators: what had ended can be read, the rest is an error. */
static void use_inherited_handles(void)
{
    struct pool_handle *handles[] = {before.unready};
    struct pool_completions *completions;
    size_t index;

    CHECK(pool_handle_ready(before.ready));
    CHECK_EQ(pool_handle_get(before.ready, POOL_FOREVER, NULL), 0);
    CHECK_EQ(pool_handle_cancel(before.ready), 0);
    CHECK_EQ(pool_cancel_all(&before.ready, 1), 0);
    CHECK_EQ(pool_first_completed(&before.ready, 1, POOL_FOREVER, &index), 0);
    CHECK(!pool_handle_ready(before.unready));
    CHECK_EQ(pool_handle_successful(before.unready), -ENOTRECOVERABLE);
    CHECK_EQ(pool_handle_wait(before.unready, POOL_FOREVER), -ENOTRECOVERABLE);
    CHECK_EQ(pool_handle_get(before.unready, 1000, NULL), -ENOTRECOVERABLE);
    CHECK_EQ(pool_handle_cancel(before.unready), -ENOTRECOVERABLE);
    CHECK_EQ(pool_cancel_all(handles, 1), -ENOTRECOVERABLE);
    CHECK_EQ(pool_first_completed(handles, 1, POOL_FOREVER, &index), -ENOTRECOVERABLE);
    CHECK_EQ(pool_first_failed(handles, 1, POOL_FOREVER, &index), -ENOTRECOVERABLE);
    CHECK_EQ(pool_as_completed(handles, 1, &completions), -ENOTRECOVERABLE);
    CHECK_EQ(pool_completions_next(before.completions, POOL_FOREVER, &index), -ENOTRECOVERABLE);
    CHECK_EQ(pool_iterator_next(before.iterator, POOL_FOREVER, NULL, NULL, NULL), -ENOTRECOVERABLE);
    pool_completions_release(before.completions);
    pool_iterator_release(before.iterator);
}

static void use_inherited(struct pool *pool)
{
    const struct pool_calls calls = {.fn = return_nothing, .n_calls = 3};
    const struct pool_arg arg = {NULL, 0};
    const struct pool_starcalls star = {.fn = return_star, .args = &arg, .n_args = 1, .n_calls = 3};
    const struct pool_starcalls no_args = {.fn = return_star, .args = &arg, .n_calls = 3};
    const struct pool_feed feed = {.fn = return_nothing, .next = next_none};
    struct pool_handle *handle;
    struct pool_iterator *iterator;
    struct pool_counters counters = {.n_queued = 7};
    struct pool_cpu_limits limits;
    size_t n_accepted = 77;

    CHECK_EQ(pool_submit(pool, add_one, &n_run), -ENOTRECOVERABLE);
    CHECK_EQ(pool_submit_many(pool, add_one, &n_run, 0, 9, &n_accepted), -ENOTRECOVERABLE);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_wait(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_close(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_join(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_destroy(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_n_workers(pool), 2);
    CHECK_EQ(pool_try_submit(pool, add_one, &n_run), -ENOTRECOVERABLE);
    CHECK_EQ(pool_timed_submit(pool, add_one, &n_run, 5), -ENOTRECOVERABLE);
    CHECK_EQ(pool_submit_or_run(pool, add_one, &n_run), -ENOTRECOVERABLE);
    CHECK_EQ(pool_apply(pool, return_nothing, NULL, NULL, NULL), -ENOTRECOVERABLE);
    CHECK_EQ(pool_apply_async(pool, return_nothing, NULL, NULL, NULL, &handle), -ENOTRECOVERABLE);
    CHECK_EQ(pool_map(pool, &calls, NULL), -ENOTRECOVERABLE);
    CHECK_EQ(pool_map_async(pool, &calls, NULL, &handle), -ENOTRECOVERABLE);
    CHECK_EQ(pool_starmap(pool, &star, NULL), -ENOTRECOVERABLE);
    CHECK_EQ(pool_starmap_async(pool, &star, NULL, &handle), -ENOTRECOVERABLE);
    CHECK_EQ(pool_starmap(pool, &no_args, NULL), -ENOTRECOVERABLE);
    CHECK_EQ(pool_starmap_async(pool, &no_args, NULL, &handle), -ENOTRECOVERABLE);
    CHECK_EQ(pool_imap(pool, &feed, &iterator), -ENOTRECOVERABLE);
    CHECK_EQ(pool_imap_unordered(pool, &feed, &iterator), -ENOTRECOVERABLE);
    CHECK_EQ(pool_resize(pool, 5, 0), -ENOTRECOVERABLE);
    CHECK_EQ(pool_terminate(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_timed_join(pool, 0), -ENOTRECOVERABLE);
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.n_queued, 7);
    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    CHECK(pool_worker_index(pool) == SIZE_MAX);
}

static bool child_may_start_threads(void)
{
    const char *wrap = getenv("POOLBENCH_WRAP");

    return !HAS_THREAD_SANITIZER && (wrap == NULL || strstr(wrap, "qemu") == NULL);
}

static void fork_and_use(struct pool *pool, bool has_handles)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        alarm(20); /* a hang ends the child */
        use_inherited(pool);
        if (has_handles)
            use_inherited_handles();
        if (has_handles && child_may_start_threads()) {
            cancel_both(before.unready);
            use_own_pool();
        }
        if (has_handles)
            pool_handle_release(before.unready);
        _exit(check_failures() != 0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

static void test_busy(struct pool *pool)
{
    pthread_t busy;

    pthread_create(&busy, NULL, keep_busy, pool);
    for (int i = 0; i < N_FORKS && check_failures() == 0; i++)
        fork_and_use(pool, false);
    atomic_store(&is_over, true);
    pthread_join(busy, NULL);
}

/* The child of a task is no worker either. */
static void fork_inside(void *pool)
{
    fork_and_use(pool, false);
}

int main(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});

    make_before(pool);
    fork_and_use(pool, true);
    release_before();
    CHECK_EQ(pool_submit(pool, fork_inside, pool), 0);
    CHECK_EQ(pool_wait(pool), 0);
    test_busy(pool);
    CHECK_EQ(pool_wait(pool), 0); /* the parent's pool is none the worse */
    use_own_pool();
    CHECK_EQ(pool_destroy(pool), 0);
    return check_failures() != 0;
}
