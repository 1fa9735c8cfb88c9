/* Tasks with results: each has one result and one callback, told before its handle is ready and never changed
 * afterwards, and each call runs once or was cancelled, whatever meets what: waiting with and without time-out,
 * cancelling, several handles, early releases, nested calls, and the pool's end, which the handles outlive. */
#include "stress_pool.h"

enum { N_PRODUCERS = 3, N_JOBS = 150, N_CALLS_MAX = 7, N_HELD = 12, TIMEOUT_MAX_NS = 200 * 1000 };

/* One call of a job. It fails with `code`, or sets its result. */
struct call {
    struct job *job;
    int code;
    atomic_int n_runs;
};

struct job {
    struct stress_pool *stress;
    uint64_t random;
    struct call calls[N_CALLS_MAX];
    size_t n_calls;
    int results[N_CALLS_MAX], codes[N_CALLS_MAX];
    struct pool_arg arg;           /* of a starmap */
    struct pool_handle *handle;
    bool is_accepted;
    atomic_bool was_cancelled;     /* somebody was about to, or has */
    atomic_int n_callbacks;
    int told;                      /* the code in the callback */
};

/* Who hands over, and holds up to N_HELD handles, which another thread may cancel meanwhile. */
struct producer {
    struct stress_pool *stress;
    uint64_t random;
    struct job jobs[N_JOBS], nested[N_JOBS];
    pthread_mutex_t lock; /* over held, for whoever is not the producer, and for the producer to change it */
    struct job *held[N_HELD];
};

struct canceller {
    uint64_t random;
    atomic_bool is_over;
};

static struct stress_pool stress;
static struct producer producers[N_PRODUCERS];

static int run(void *arg, void *result);

static int run_star(void *const *args, void *result)
{
    return run(args[0], result);
}

static struct pool_calls calls_of(struct job *job)
{
    return (struct pool_calls){.fn = run, .args = job->calls, .arg_bytes = sizeof job->calls[0],
                               .results = job->results, .result_bytes = sizeof job->results[0],
                               .codes = job->codes, .n_calls = job->n_calls, .chunksize = job->random % 3};
}

static struct pool_starcalls starcalls_of(struct job *job)
{
    job->arg = (struct pool_arg){job->calls, sizeof job->calls[0]};
    return (struct pool_starcalls){.fn = run_star, .args = &job->arg, .n_args = 1,
                                   .results = job->results, .result_bytes = sizeof job->results[0],
                                   .codes = job->codes, .n_calls = job->n_calls, .chunksize = job->random % 3};
}

/* How the job ended agrees with what its calls did. */
static void check_ended(struct job *job, int code)
{
    int first = 0;

    for (size_t i = 0; i < job->n_calls; i++) {
        bool was_skipped = job->n_calls > 1 ? job->codes[i] == -ECANCELED : code == -ECANCELED;
        int expected = was_skipped ? -ECANCELED : job->calls[i].code;

        CHECK(!was_skipped || job->was_cancelled || (job->stress->ending == STRESS_TERMINATED &&
                                                     job->stress->is_closing));
        CHECK_EQ(job->calls[i].n_runs, !was_skipped);
        if (job->n_calls > 1)
            CHECK_EQ(job->codes[i], expected);
        CHECK_EQ(job->results[i], expected == 0 ? (int)i + 1 : 0);
        if (first == 0)
            first = expected;
    }
    CHECK_EQ(code, first);
}

/* Calls that wait for themselves: in a task, and so perhaps within others. */
static void run_nested(struct job *job)
{
    struct pool *pool = job->stress->pool;
    const struct pool_calls calls = calls_of(job);
    const struct pool_starcalls starcalls = starcalls_of(job);
    struct pool_error error;
    int code = job->n_calls == 1  ? pool_apply(pool, run, job->calls, job->results, &error)
               : job->random % 2 ? pool_map(pool, &calls, &error)
                                 : pool_starmap(pool, &starcalls, &error);

    job->is_accepted = code == 0 || error.code != 0;
    if (job->is_accepted)
        check_ended(job, code);
    else
        CHECK(stress_is_shut(job->stress, code));
}

static struct job *nested_of(struct job *job)
{
    for (int i = 0; i < N_PRODUCERS; i++)
        if (job >= producers[i].jobs && job < producers[i].jobs + N_JOBS)
            return &producers[i].nested[job - producers[i].jobs];
    return NULL;
}

static int run(void *arg, void *result)
{
    struct call *call = arg;
    struct job *job = call->job, *nested = nested_of(job);
    uint64_t random = job->random + (uint64_t)(call - job->calls);

    stress_enter(job->stress);
    call->n_runs++;
    stress_dawdle(&random);
    if (call == job->calls && nested != NULL && stress_one_in(&random, 3))
        run_nested(nested);
    if (pool_stop_requested())
        CHECK(job->was_cancelled || job->stress->is_closing);
    if (call->code == 0)
        *(int *)result = (int)(call - job->calls) + 1;
    stress_leave(job->stress);
    return call->code;
}

static void tell_success(void *context, void *result)
{
    struct job *job = context;

    CHECK(result == job->results);
    job->n_callbacks++;
    job->told = 0;
}

static void tell_failure(void *context, const struct pool_error *error)
{
    struct job *job = context;

    CHECK(error->code != 0);
    job->n_callbacks++;
    job->told = error->code;
}

static void hand_over(struct job *job, bool is_asked)
{
    const struct pool_callbacks callbacks = {tell_success, tell_failure, job};
    const struct pool_calls calls = calls_of(job);
    const struct pool_starcalls starcalls = starcalls_of(job);
    struct pool_handle **out = is_asked ? &job->handle : NULL;
    struct pool *pool = job->stress->pool;
    int error = job->n_calls == 1  ? pool_apply_async(pool, run, job->calls, job->results, &callbacks, out)
                : job->random % 2 ? pool_map_async(pool, &calls, &callbacks, out)
                                  : pool_starmap_async(pool, &starcalls, &callbacks, out);

    job->is_accepted = error == 0;
    CHECK(error == 0 || stress_is_shut(job->stress, error));
    CHECK((job->handle != NULL) == (is_asked && error == 0));
}

static void check_ready(struct job *job)
{
    int code = pool_handle_get(job->handle, 0, NULL);

    CHECK(pool_handle_ready(job->handle));
    CHECK_EQ(pool_handle_successful(job->handle), code == 0);
    CHECK_EQ(job->n_callbacks, 1);
    CHECK_EQ(job->told, code);
    check_ended(job, code);
}

static void cancel(struct job *job)
{
    job->was_cancelled = true;
    CHECK_EQ(pool_handle_cancel(job->handle), 0);
}

/* Lists the held handles. */
static void list(struct producer *producer, struct pool_handle **handles)
{
    for (int i = 0; i < N_HELD; i++)
        handles[i] = producer->held[i] != NULL ? producer->held[i]->handle : NULL;
}

static void check_first(struct producer *producer, int64_t timeout_ns)
{
    struct pool_handle *handles[N_HELD];
    size_t index = SIZE_MAX;
    int error;

    list(producer, handles);
    error = pool_first_completed(handles, N_HELD, timeout_ns, &index);
    CHECK(error == 0 || error == -ENOENT || (error == -ETIMEDOUT && timeout_ns >= 0));
    if (error == 0 && CHECK(index < N_HELD && handles[index] != NULL))
        check_ready(producer->held[index]);
    error = pool_first_failed(handles, N_HELD, timeout_ns, &index);
    CHECK(error == 0 || error == -ENOENT || (error == -ETIMEDOUT && timeout_ns >= 0));
    if (error == 0 && index < N_HELD && CHECK(handles[index] != NULL))
        CHECK_EQ(pool_handle_successful(handles[index]), 0);
}

/* Each of the held ones comes once, or the time is over. */
static void check_completions(struct producer *producer, int64_t timeout_ns)
{
    struct pool_handle *handles[N_HELD];
    struct pool_completions *completions;
    bool seen[N_HELD] = {false};
    size_t index;
    int error;

    list(producer, handles);
    if (!CHECK_EQ(pool_as_completed(handles, N_HELD, &completions), 0))
        return;
    while ((error = pool_completions_next(completions, timeout_ns, &index)) == 0) {
        if (!CHECK(index < N_HELD && handles[index] != NULL && !seen[index]))
            break;
        seen[index] = true;
        check_ready(producer->held[index]);
    }
    CHECK(error == -ENOENT || (error == -ETIMEDOUT && timeout_ns >= 0));
    for (int i = 0; i < N_HELD && error == -ENOENT; i++)
        CHECK_EQ(seen[i], handles[i] != NULL);
    pool_completions_release(completions);
}

/* Lets go of a held handle, ready or not. */
static void put_down(struct producer *producer, int at)
{
    struct job *job = producer->held[at];

    pthread_mutex_lock(&producer->lock);
    producer->held[at] = NULL;
    pthread_mutex_unlock(&producer->lock);
    pool_handle_release(job->handle);
}

/* Something is done with what is held, of which one is then put down. */
static void settle(struct producer *producer, int at)
{
    struct job *job = producer->held[at];
    bool waits = stress_one_in(&producer->random, 2);
    int64_t timeout_ns = waits ? POOL_FOREVER : (int64_t)stress_below(&producer->random, TIMEOUT_MAX_NS);
    int error = 0;

    switch (stress_below(&producer->random, 6)) {
    case 0:
        check_first(producer, timeout_ns);
        break;
    case 1:
        check_completions(producer, timeout_ns);
        break;
    case 2:
        cancel(job);
        error = pool_handle_wait(job->handle, timeout_ns);
        break;
    case 3:
        break;
    default:
        error = pool_handle_wait(job->handle, timeout_ns);
    }
    CHECK(error == 0 || (error == -ETIMEDOUT && !waits));
    if (pool_handle_ready(job->handle))
        check_ready(job);
    put_down(producer, at);
}

static void *produce(void *arg)
{
    struct producer *producer = arg;

    for (size_t i = 0; i < N_JOBS; i++) {
        struct job *job = &producer->jobs[i];
        int at = (int)stress_below(&producer->random, N_HELD);

        hand_over(job, !stress_one_in(&producer->random, 8));
        if (job->handle != NULL && producer->held[at] != NULL)
            settle(producer, at);
        pthread_mutex_lock(&producer->lock);
        if (job->handle != NULL)
            producer->held[at] = job;
        pthread_mutex_unlock(&producer->lock);
        stress_dawdle(&producer->random);
    }
    return NULL;
}

/* Goes on while the pool is destroyed and when it is no more. */
static void *cancel_some(void *arg)
{
    struct canceller *self = arg;

    while (!self->is_over) {
        struct producer *producer = &producers[stress_below(&self->random, N_PRODUCERS)];
        size_t at = stress_below(&self->random, N_HELD);

        pthread_mutex_lock(&producer->lock);
        if (producer->held[at] != NULL && stress_one_in(&self->random, 2))
            cancel(producer->held[at]);
        else if (producer->held[at] != NULL)
            pool_handle_wait(producer->held[at]->handle, 1 + (int64_t)stress_below(&self->random, 50 * 1000));
        pthread_mutex_unlock(&producer->lock);
        stress_sleep((int64_t)stress_below(&self->random, 200 * 1000));
    }
    return NULL;
}

static void init_job(struct job *job, uint64_t *random)
{
    job->stress = &stress;
    job->random = stress_random(random);
    job->n_calls = stress_one_in(random, 2) ? 1 : 2 + stress_below(random, N_CALLS_MAX - 1);
    for (size_t i = 0; i < job->n_calls; i++)
        job->calls[i] = (struct call){.job = job, .code = stress_one_in(random, 8) ? 100 + (int)i : 0};
}

static void init_producer(struct producer *producer, uint64_t seed)
{
    memset(producer, 0, sizeof *producer);
    producer->stress = &stress;
    producer->random = seed;
    pthread_mutex_init(&producer->lock, NULL);
    for (size_t i = 0; i < N_JOBS; i++) {
        init_job(&producer->jobs[i], &producer->random);
        init_job(&producer->nested[i], &producer->random);
    }
}

/* The pool is no more: whatever is still held is ready, and nothing else happened since to the others. */
static void check_producer(struct producer *producer)
{
    for (int i = 0; i < N_HELD; i++) {
        if (producer->held[i] != NULL) {
            check_ready(producer->held[i]);
            put_down(producer, i);
        }
    }
    for (size_t i = 0; i < N_JOBS; i++) {
        CHECK_EQ(producer->jobs[i].n_callbacks, producer->jobs[i].is_accepted);
        if (producer->jobs[i].is_accepted)
            check_ended(&producer->jobs[i], producer->jobs[i].told);
        else
            CHECK_EQ(producer->jobs[i].calls[0].n_runs, 0);
    }
    pthread_mutex_destroy(&producer->lock);
}

static void run_round(uint64_t seed)
{
    uint64_t random = seed;
    struct canceller canceller = {.random = stress_random(&random)};
    pthread_t threads[N_PRODUCERS], canceller_thread;

    for (int i = 0; i < N_PRODUCERS; i++)
        init_producer(&producers[i], stress_random(&random));
    stress_open(&stress, &random, NULL);
    stress_thread(&canceller_thread, cancel_some, &canceller);
    for (int i = 0; i < N_PRODUCERS; i++)
        stress_thread(&threads[i], produce, &producers[i]);
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    stress_close(&stress, &random);
    canceller.is_over = true;
    pthread_join(canceller_thread, NULL);
    for (int i = 0; i < N_PRODUCERS; i++)
        check_producer(&producers[i]);
}

int main(void)
{
    return stress_run(run_round);
}
