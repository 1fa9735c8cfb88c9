/* Every allocation and every creation of a thread is refused in turn: each call then returns the error that its
 * contract says and has done nothing, what was accepted runs, what was not does not, the pool works on, and
 * nothing is left behind. */
#include "check.h"
#include "gate.h"
#include "refuse_calls.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { N_JOBS = 600, N_CALLS = 3 }; /* more than two blocks of a queue hold */

static char untouched; /* what an *out holds that is not to be set */

/* What is handed over: N_CALLS calls of a map, else one. */
struct job {
    atomic_int n_runs[N_CALLS];
    atomic_int n_callbacks;
    struct pool_handle *handle;
    struct pool_arg arg; /* of a starmap */
    bool is_accepted;
};

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static int add_call(void *arg, void *result)
{
    (void)result;
    add_one(arg);
    return 0;
}

static int add_star(void *const *args, void *result)
{
    return add_call(args[0], result);
}

static void add_callback(void *context, void *result)
{
    (void)result;
    add_one(context);
}

static struct pool_calls calls_of(struct job *job)
{
    return (struct pool_calls){.fn = add_call, .args = job->n_runs, .arg_bytes = sizeof job->n_runs[0],
                               .n_calls = N_CALLS};
}

static struct pool_starcalls starcalls_of(struct job *job)
{
    job->arg = (struct pool_arg){job->n_runs, sizeof job->n_runs[0]};
    return (struct pool_starcalls){.fn = add_star, .args = &job->arg, .n_args = 1, .n_calls = N_CALLS};
}

static struct pool_counters counters_of(struct pool *pool)
{
    struct pool_counters counters;

    pool_get_counters(pool, &counters);
    return counters;
}

/* So many tasks at the same time and no fewer. */
static void check_works(struct pool *pool, int n_workers)
{
    struct gate gate;

    gate_init(&gate);
    for (int i = 0; i < n_workers; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    for (int i = 0; i < n_workers; i++)
        gate_take(&gate.reached);
    for (int i = 0; i < n_workers; i++)
        gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
}


/*
 * Threads
 */

static atomic_int n_initialized;

static int initialize(void *context, size_t index)
{
    (void)context;
    (void)index;
    n_initialized++;
    return 0;
}

static void finalize(void *context, size_t index)
{
    (void)context;
    (void)index;
    n_initialized--;
}

static void test_create(const void *options)
{
    struct pool *pool = (void *)&untouched;
    size_t n_workers = options != NULL ? ((const struct pool_options *)options)->n_workers : 0;
    int error, n_before = n_initialized;

    refuse_planned();
    error = pool_create(&pool, options);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    if (error != 0) {
        CHECK(pool == (void *)&untouched);
    } else {
        check_works(pool, n_workers != 0 ? (int)n_workers : 1);
        CHECK_EQ(pool_destroy(pool), 0);
    }
    CHECK_EQ(n_initialized, n_before);
}

struct sizes {
    size_t n_workers, max_workers;
};

static void test_resize(const void *arg)
{
    const struct sizes *to = arg;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true, .start_all = true,
                                                        .initializer = initialize, .finalizer = finalize});
    int error;

    refuse_planned();
    error = pool_resize(pool, to->n_workers, to->max_workers);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    if (error != 0) {
        CHECK_EQ(pool_n_workers(pool), 2);
        while (counters_of(pool).threads_alive > 2 + (to->max_workers > to->n_workers))
            sched_yield();
        check_works(pool, 2);
        CHECK_EQ(pool_resize(pool, to->n_workers, to->max_workers), 0);
    }
    CHECK_EQ(pool_n_workers(pool), to->n_workers);
    check_works(pool, (int)to->n_workers);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_initialized, 0);
}

/* Nobody is told that an elastic pool could not grow. It goes on with the workers that it has, and tries again. */
static void test_growth(const void *arg)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct gate gate;

    (void)arg;
    gate_hold(&gate, pool);
    CHECK_EQ(pool_resize(pool, 1, 4), 0); /* only now: a first worker that is slow to begin would be helped */
    refuse_planned();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pool_submit(pool, gate_pass, &gate), 0);
    while (refuse_n_refused == 0 && counters_of(pool).threads_created < 5)
        sched_yield();
    refuse_nothing();
    for (int i = 0; i < 3; i++)
        gate_take(&gate.reached);
    CHECK_EQ(counters_of(pool).threads_alive, 5);
    for (int i = 0; i < 4; i++)
        gate_free(&gate);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void leave(void *arg)
{
    add_one(arg);
    pthread_exit(NULL);
}

/* A worker that a task has ended is replaced, if need be later. */
static void test_replacement(const void *arg)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool_counters counters = {0};
    atomic_int n = 0;

    (void)arg;
    CHECK_EQ(pool_submit(pool, add_one, &n), 0);
    CHECK_EQ(pool_wait(pool), 0);
    refuse_planned();
    CHECK_EQ(pool_submit(pool, leave, &n), 0);
    CHECK_EQ(pool_submit(pool, add_one, &n), 0);
    while (refuse_n_refused == 0 && counters.threads_created < 2)
        pool_get_counters(pool, &counters);
    refuse_nothing();
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n, 3);
    check_works(pool, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_cpu_limits(const void *arg)
{
    struct pool_cpu_limits limits = {.n_usable = 77};
    int error;

    (void)arg;
    refuse_planned();
    error = pool_cpu_limits("", &limits);
    refuse_nothing();
    CHECK_EQ(error, refuse_taken());
    CHECK_EQ(limits.n_usable == 77, error != 0);
}


/*
 * Tasks
 */

static int submit(struct pool *pool, struct job *job)
{
    return pool_submit(pool, add_one, job->n_runs);
}

static int try_submit(struct pool *pool, struct job *job)
{
    return pool_try_submit(pool, add_one, job->n_runs);
}

static int timed_submit(struct pool *pool, struct job *job)
{
    return pool_timed_submit(pool, add_one, job->n_runs, POOL_FOREVER);
}

static int submit_or_run(struct pool *pool, struct job *job)
{
    return pool_submit_or_run(pool, add_one, job->n_runs);
}

static int submit_many(struct pool *pool, struct job *job)
{
    size_t n_accepted = 77;
    int error = pool_submit_many(pool, add_one, job->n_runs, sizeof job->n_runs[0], N_CALLS, &n_accepted);

    CHECK_EQ(n_accepted, error == 0 ? N_CALLS : 0);
    return error;
}

static int apply_async(struct pool *pool, struct job *job)
{
    const struct pool_callbacks callbacks = {.callback = add_callback, .context = &job->n_callbacks};

    return pool_apply_async(pool, add_call, job->n_runs, NULL, &callbacks, &job->handle);
}

static int map_async(struct pool *pool, struct job *job)
{
    const struct pool_callbacks callbacks = {.callback = add_callback, .context = &job->n_callbacks};
    const struct pool_calls calls = calls_of(job);

    return pool_map_async(pool, &calls, &callbacks, &job->handle);
}

static int starmap_async(struct pool *pool, struct job *job)
{
    const struct pool_callbacks callbacks = {.callback = add_callback, .context = &job->n_callbacks};
    const struct pool_starcalls calls = starcalls_of(job);

    return pool_starmap_async(pool, &calls, &callbacks, &job->handle);
}

struct kind {
    int (*hand_over)(struct pool *pool, struct job *job);
    int n_calls, n_queued;
    bool has_handle;
    size_t max_queued;
};

static const struct kind kinds[] = {
    {submit, 1, 1, false, 0},
    {submit, 1, 1, false, N_JOBS},
    {try_submit, 1, 1, false, N_JOBS},
    {timed_submit, 1, 1, false, N_JOBS},
    {submit_or_run, 1, 1, false, N_JOBS},
    {submit_many, N_CALLS, N_CALLS, false, 0},
    {submit_many, N_CALLS, N_CALLS, false, N_CALLS * N_JOBS},
    {apply_async, 1, 1, true, N_JOBS},
    {map_async, N_CALLS, 1, true, N_JOBS},
    {starmap_async, N_CALLS, 1, true, N_JOBS},
};

static void check_job(const struct kind *kind, struct job *job)
{
    for (int i = 0; i < N_CALLS; i++)
        CHECK_EQ(job->n_runs[i], job->is_accepted && i < kind->n_calls);
    CHECK_EQ(job->n_callbacks, job->is_accepted && kind->has_handle);
    if (!job->is_accepted || !kind->has_handle) {
        CHECK(job->handle == (void *)&untouched);
        return;
    }
    CHECK_EQ(pool_handle_get(job->handle, 0, NULL), 0);
    pool_handle_release(job->handle);
}

static void test_tasks(const void *arg)
{
    static struct job jobs[N_JOBS];
    const struct kind *kind = arg;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_queued = kind->max_queued});
    struct pool_counters counters;
    struct gate gate;
    size_t n_accepted = 0;

    memset(jobs, 0, sizeof jobs);
    gate_hold(&gate, pool);
    refuse_planned();
    for (int i = 0; i < N_JOBS; i++) {
        int error;

        jobs[i].handle = (void *)&untouched;
        error = kind->hand_over(pool, &jobs[i]);
        CHECK_EQ(error, refuse_taken());
        jobs[i].is_accepted = error == 0;
        n_accepted += jobs[i].is_accepted;
    }
    refuse_nothing();
    pool_get_counters(pool, &counters);
    CHECK_EQ(counters.n_queued, n_accepted * (size_t)kind->n_queued);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    for (int i = 0; i < N_JOBS; i++)
        check_job(kind, &jobs[i]);
    check_works(pool, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int apply(struct pool *pool, struct job *job, struct pool_error *error)
{
    return pool_apply(pool, add_call, job->n_runs, NULL, error);
}

static int map(struct pool *pool, struct job *job, struct pool_error *error)
{
    const struct pool_calls calls = calls_of(job);

    return pool_map(pool, &calls, error);
}

static int starmap(struct pool *pool, struct job *job, struct pool_error *error)
{
    const struct pool_starcalls calls = starcalls_of(job);

    return pool_starmap(pool, &calls, error);
}

typedef int run_fn(struct pool *pool, struct job *job, struct pool_error *error);

/* The calls that wait. */
struct run {
    run_fn *run;
    int n_calls;
    bool strict;
};

static const struct run runs[] = {
    {apply, 1, true}, {apply, 1, false}, {map, N_CALLS, true}, {map, N_CALLS, false},
    {starmap, N_CALLS, true}, {starmap, N_CALLS, false},
};

static void test_run(const void *arg)
{
    const struct run *run = arg;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = run->strict, .start_all = true});

    refuse_planned();
    for (int i = 0; i < 5; i++) {
        struct pool_error details = {.code = 77};
        struct job job = {0};
        int error = run->run(pool, &job, &details);

        CHECK_EQ(error, refuse_taken());
        CHECK_EQ(details.code, 0);
        for (int k = 0; k < N_CALLS; k++)
            CHECK_EQ(job.n_runs[k], error == 0 && k < run->n_calls);
    }
    refuse_nothing();
    check_works(pool, 2);
    CHECK_EQ(pool_destroy(pool), 0);
}

struct source {
    atomic_int n_runs[N_JOBS];
    int n_taken;
};

static int next_arg(void *arg, void **out)
{
    struct source *source = arg;

    if (source->n_taken == N_JOBS)
        return 0;
    *out = &source->n_runs[source->n_taken++];
    return 1;
}

static int add_and_tell(void *arg, void *result)
{
    *(void **)result = arg;
    return add_call(arg, NULL);
}

/* An argument that was taken from the source and finds no place in the queue fails as a task would. */
static void check_results(struct pool_iterator *iterator, struct source *source, bool is_ordered)
{
    bool seen[N_JOBS] = {false};
    int n_failed = 0;

    for (size_t i = 0; i < N_JOBS; i++) {
        size_t index = SIZE_MAX;
        struct pool_error error;
        void *result = NULL;
        int code = pool_iterator_next(iterator, POOL_FOREVER, &index, &result, &error);

        CHECK(code == 0 || code == -ENOMEM);
        CHECK_EQ(error.code, code);
        n_failed += code != 0;
        if (!CHECK(index < N_JOBS))
            return;
        if (is_ordered)
            CHECK_EQ(index, i);
        CHECK(!seen[index]);
        seen[index] = true;
        CHECK_EQ(source->n_runs[index], code == 0);
        CHECK(result == (code == 0 ? &source->n_runs[index] : NULL));
    }
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), -ENODATA);
    CHECK_EQ(n_failed, refuse_n_refused);
}

static void test_imap(const void *arg)
{
    static struct source source;
    bool is_ordered = *(const bool *)arg;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1});
    struct pool_feed feed = {.fn = add_and_tell, .next = next_arg, .source = &source,
                             .result_bytes = sizeof(void *), .look_ahead = N_JOBS - 20};
    struct pool_iterator *iterator = (void *)&untouched;
    struct gate gate;
    int error;

    memset(&source, 0, sizeof source);
    gate_hold(&gate, pool);
    refuse_planned();
    error = (is_ordered ? pool_imap : pool_imap_unordered)(pool, &feed, &iterator);
    gate_free(&gate);
    if (error != 0) {
        CHECK_EQ(error, refuse_taken());
        CHECK_EQ(source.n_taken, 0);
        CHECK(iterator == (void *)&untouched);
    } else {
        check_results(iterator, &source, is_ordered);
        pool_iterator_release(iterator);
    }
    refuse_nothing();
    check_works(pool, 1);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_several(const void *arg)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    struct pool_completions *completions = (void *)&untouched;
    struct pool_handle *handles[3] = {NULL};
    atomic_int n = 0;
    struct gate gate;
    size_t index = 77;
    int error;

    (void)arg;
    gate_hold(&gate, pool);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_apply_async(pool, add_call, &n, NULL, NULL, &handles[i]), 0);
    refuse_planned();
    error = pool_first_completed(handles, 3, 0, &index);
    CHECK_EQ(error, refuse_error != 0 ? -ENOMEM : -ETIMEDOUT);
    refuse_taken();
    error = pool_first_failed(handles, 3, 0, &index);
    CHECK_EQ(error, refuse_error != 0 ? -ENOMEM : -ETIMEDOUT);
    refuse_taken();
    CHECK_EQ(index, 77);
    error = pool_as_completed(handles, 3, &completions);
    CHECK_EQ(error, refuse_taken());
    refuse_nothing();
    gate_free(&gate);
    if (error == 0) {
        for (size_t i = 0; i < 2; i++) {
            CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), 0);
            CHECK_EQ(index, i);
        }
        pool_completions_release(completions);
    } else {
        CHECK(completions == (void *)&untouched);
    }
    for (int i = 0; i < 2; i++)
        pool_handle_release(handles[i]);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n, 2);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Shows that the calls are counted at all: at least so many in each. */
static void check_each(void (*test)(const void *), const void *arg, int n_min)
{
    CHECK(refuse_each(test, arg) >= n_min);
}

int main(void)
{
    static const bool orders[] = {true, false};
    static const struct sizes sizes[] = {{5, 0}, {2, 4}, {5, 8}};
    cpu_set_t cpus;
    const struct pool_options options[] = {
        {.n_workers = 3, .start_all = true},
        {.n_workers = 2, .start_all = true, .max_workers = 4, .name = "elastic"},
        {.n_workers = 3, .start_all = true, .cpusets = &cpus, .cpuset_bytes = sizeof cpus, .n_cpusets = 1},
        {.n_workers = 3, .start_all = true, .initializer = initialize, .finalizer = finalize},
    };

    sched_getaffinity(0, sizeof cpus, &cpus);
    check_each(test_create, NULL, 5);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        check_each(test_create, &options[i], 8);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_each(test_resize, &sizes[i], 3);
    check_each(test_growth, NULL, 6);
    check_each(test_replacement, NULL, 2);
    check_each(test_cpu_limits, NULL, 1);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        check_each(test_tasks, &kinds[i], kinds[i].has_handle ? 20 : 2);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        check_each(test_run, &runs[i], 1);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        check_each(test_imap, &orders[i], 4);
    check_each(test_several, NULL, 3);
    return check_failures() != 0;
}
