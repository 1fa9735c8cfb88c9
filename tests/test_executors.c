/* Every backend keeps the promises of executor.h, and every load drives it as its name says. */
#include "backends/executor.h"
#include "check.h"
#include "load/load.h"
#include "pool.h"
#include "record/clock.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_TASKS = 500, N_WORKERS = 3, CAP = 3, QUOTA = 4 };

/* What a task leaves: plain fields, so that the order must come from wait_all(). */
struct mark {
    int n_run;
    pthread_t thread;
};

static void leave_mark(void *arg)
{
    struct mark *mark = arg;
    mark->n_run++;
    mark->thread = pthread_self();
}

static struct executor_options usual_options(void)
{
    return (struct executor_options){ .n_workers = N_WORKERS, .stack_bytes = 64 << 10, .retry_ns = 1000000000 };
}

static void check_marks(const struct executor *executor, const struct mark *marks, int n_each)
{
    for (size_t i = 0; i < N_TASKS; i++) {
        CHECK_EQ(marks[i].n_run, n_each);
        bool was_inline = pthread_equal(marks[i].thread, pthread_self());
        CHECK(executor->capabilities & EXECUTOR_HELPS || was_inline == !!(executor->capabilities & EXECUTOR_INLINE));
    }
}

/* As a user of a pool that refuses what it has no room for would. */
static int submit_again(const struct executor *executor, void *state, struct mark *mark)
{
    int error;
    while ((error = executor->submit(state, leave_mark, mark)) == -EAGAIN && strcmp(executor->name, "pool-reject") == 0)
        sched_yield();
    return error;
}

static int submit_all(const struct executor *executor, void *state, struct mark *marks, size_t *n_accepted)
{
    if (executor->submit_many)
        return executor->submit_many(state, leave_mark, (char *)marks, sizeof *marks, N_TASKS, n_accepted);
    int error = 0;
    for (*n_accepted = 0; *n_accepted < N_TASKS && !error; *n_accepted += !error)
        error = submit_again(executor, state, &marks[*n_accepted]);
    return error;
}

static void check_counters(const struct executor *executor, void *state, uint64_t n_tasks)
{
    struct executor_counters counters;
    executor->counters(state, &counters);
    CHECK_EQ(counters.threads_refused, 0);
    if (executor->capabilities & EXECUTOR_INLINE) {
        CHECK_EQ(counters.threads_created, 0);
        CHECK_EQ(counters.threads_peak, 0);
    } else if (strncmp(executor->name, "raw", 3) == 0) {
        CHECK_EQ(counters.threads_created, n_tasks);
        CHECK(counters.threads_peak >= 1);
    } else if (strcmp(executor->name, "pool-elastic") == 0) {
        CHECK(counters.threads_created >= 2 && counters.threads_peak <= N_WORKERS + 1); /* the scout */
    } else {
        CHECK_EQ(counters.threads_created, N_WORKERS);
        CHECK_EQ(counters.threads_peak, N_WORKERS);
    }
    if (strcmp(executor->name, "raw-capped") == 0)
        CHECK(counters.threads_peak <= CAP);
}

static void test_each_task_once(const struct executor *executor)
{
    struct executor_options options = usual_options();
    struct mark *marks = calloc(N_TASKS, sizeof *marks);
    size_t n_accepted = 0;
    void *state = NULL;
    if (!CHECK_EQ(executor->create(&options, &state), 0))
        return;
    CHECK(state != NULL);
    for (size_t i = 0; i < N_TASKS; i++)
        CHECK_EQ(submit_again(executor, state, &marks[i]), 0);
    CHECK_EQ(executor->wait_all(state), 0);
    check_marks(executor, marks, 1);
    CHECK_EQ(submit_all(executor, state, marks, &n_accepted), 0);
    CHECK_EQ(n_accepted, N_TASKS);
    CHECK_EQ(executor->wait_all(state), 0);
    check_marks(executor, marks, 2);
    CHECK_EQ(executor->wait_all(state), 0); /* with nothing to wait for */
    check_counters(executor, state, 2 * N_TASKS);
    executor->destroy(state);
    free(marks);
}

static void test_capabilities(const struct executor *executor)
{
    bool sized = strncmp(executor->name, "pool", 4) == 0 || strcmp(executor->name, "raw-capped") == 0;
    CHECK(executor_find(executor->name) == executor);
    CHECK(executor->summary[0] != '\0');
    CHECK_EQ((executor->capabilities & EXECUTOR_HAS_WORKERS) != 0, sized);
    CHECK_EQ((executor->capabilities & EXECUTOR_INLINE) != 0, strcmp(executor->name, "serial") == 0);
}

/* Tasks that stay alive until they are let go. */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
static atomic_int n_passed;

static void pass_gate(void *arg)
{
    (void)arg;
    pthread_rwlock_rdlock(&gate);
    pthread_rwlock_unlock(&gate);
    n_passed++;
}

/* The reserve of threads: a pool that is larger is not made; raw threads stop there, and what was accepted runs. */
static void test_quota(const struct executor *executor)
{
    struct executor_options options = usual_options();
    struct executor_counters counters;
    char args[2 * QUOTA];
    size_t n_accepted = 0;
    void *state = NULL;
    options.max_threads = QUOTA;
    options.n_workers = 2 * QUOTA;
    options.retry_ns = 0;
    n_passed = 0;
    if (executor->capabilities & EXECUTOR_INLINE)
        return;
    if (strncmp(executor->name, "pool", 4) == 0) {
        CHECK_EQ(executor->create(&options, &state), -EDQUOT);
        CHECK(state == NULL);
        return;
    }
    CHECK_EQ(executor->create(&options, &state), 0);
    pthread_rwlock_wrlock(&gate);
    CHECK_EQ(executor->submit_many(state, pass_gate, args, 1, sizeof args, &n_accepted), -EDQUOT);
    CHECK_EQ(n_accepted, QUOTA);
    CHECK_EQ(executor->submit(state, pass_gate, args), -EDQUOT);
    pthread_rwlock_unlock(&gate);
    CHECK_EQ(executor->wait_all(state), 0);
    CHECK_EQ(n_passed, QUOTA);
    executor->counters(state, &counters);
    CHECK_EQ(counters.threads_created, QUOTA);
    CHECK_EQ(counters.threads_peak, QUOTA);
    CHECK(counters.threads_refused >= 2);
    executor->destroy(state);
}

/* A workload that watches: how many run at once, how often each task ran, what the load had submitted. */
static struct watch {
    atomic_int n_running, most_running, n_run[4 * N_TASKS];
    atomic_int n_before_gate;
    struct load_side *side;
    uint64_t n_held;
} watch;

static uint64_t watch_run(void *state, uint64_t index)
{
    int n = atomic_fetch_add(&watch.n_running, 1) + 1, most = atomic_load(&watch.most_running);
    while (n > most && !atomic_compare_exchange_weak(&watch.most_running, &most, n))
        ;
    (void)state;
    if (index < sizeof watch.n_run / sizeof *watch.n_run)
        watch.n_run[index]++;
    sched_yield();
    watch.n_running--;
    return workload_mix(index);
}

static const struct workload watch_workload = { .name = "watch", .run = watch_run };

static struct load_side *start_load(const char *load, const struct executor *executor, enum load_life life)
{
    struct load_side *side = calloc(1, sizeof *side);
    memset(&watch, 0, sizeof watch);
    *side = (struct load_side){
        .load = load_find(load), .executor = executor, .options = usual_options(), .workload = &watch_workload,
        .life = life, .n_tasks = 200, .n_batches = 1, .n_inflight = 1,
    };
    return side;
}

static void check_load(struct load_side *side, uint64_t n_expected)
{
    struct tally_sum sum = tally_sum(&side->tally);
    uint64_t value_sum = 0;
    for (uint64_t i = 0; i < n_expected; i++) {
        CHECK_EQ(watch.n_run[i], 1);
        value_sum += workload_mix(i);
    }
    CHECK_EQ(side->n_submitted, n_expected);
    CHECK_EQ(sum.n_run, n_expected);
    CHECK(sum.value_sum == value_sum);
    if (!(side->executor->capabilities & EXECUTOR_HELPS))
        CHECK_EQ(sum.n_inline, side->executor->capabilities & EXECUTOR_INLINE ? n_expected : 0);
    CHECK_EQ(side->error, 0);
}

static void end_load(struct load_side *side)
{
    load_stop(side);
    free(side);
}

static void test_batch(const struct executor *executor, enum load_life life)
{
    struct load_side *side = start_load("batch", executor, life);
    side->n_batches = 3;
    CHECK_EQ(load_start(side), 0);
    CHECK_EQ(side->backend != NULL, life == LIFE_WARM);
    CHECK(side->load->iterate(side) > 0);
    CHECK(side->load->iterate(side) > 0);
    CHECK_EQ(side->backend != NULL, life == LIFE_WARM);
    check_load(side, 2 * 3 * 200);
    if (side->backend)
        load_destroy_backend(side);
    if (strncmp(executor->name, "pool", 4) == 0 && strcmp(executor->name, "pool-elastic") != 0)
        CHECK_EQ(side->counters.threads_created, N_WORKERS * (life == LIFE_WARM ? 1 : life == LIFE_RUN ? 2 : 6));
    end_load(side);
}

/* As many functions as there are take turns; a chunk that does not divide the batch has a shorter last one. */
static void test_kinds(const struct executor *executor, size_t n_chunk)
{
    struct load_side *side = start_load("batch", executor, LIFE_WARM);
    side->n_functions = LOAD_KINDS;
    side->n_chunk = n_chunk;
    CHECK_EQ(load_start(side), 0);
    CHECK(side->load->iterate(side) > 0);
    CHECK(side->load->iterate(side) > 0);
    check_load(side, 2 * 200);
    load_destroy_backend(side);
    if (strcmp(executor->name, "raw") == 0)
        CHECK_EQ(side->counters.threads_created, 2 * ((200 + n_chunk - 1) / n_chunk));
    end_load(side);
}

static void test_functions_differ(void)
{
    for (size_t i = 1; i < LOAD_KINDS; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(load_task_kinds[i] != load_task_kinds[j]);
}

static void test_window(const struct executor *executor)
{
    struct load_side *side = start_load("window", executor, LIFE_WARM);
    side->n_inflight = 2;
    side->options.n_workers = 8;
    CHECK_EQ(load_start(side), 0);
    CHECK(side->load->iterate(side) > 0);
    check_load(side, 200);
    CHECK(watch.most_running >= 1 && watch.most_running <= 2);
    end_load(side);
}

static void test_gap(const struct executor *executor)
{
    struct load_side *side = start_load("gap", executor, LIFE_WARM);
    const uint64_t pause_ns = 20000;
    side->stamped = true;
    side->n_tasks = 50;
    side->pause_ns = pause_ns;
    CHECK_EQ(load_start(side), 0);
    CHECK(side->load->iterate(side) >= (int64_t)(50 * pause_ns));
    check_load(side, 50);
    CHECK_EQ(watch.most_running, 1);
    /* A stamp out of order would come out as a duration of centuries. */
    const struct recorder *r = side->recorder;
    const struct histogram *parts[] = {
        &r->sojourn, &r->blocked, &r->lateness, &r->queue, &r->service, &r->delivery,
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        CHECK_EQ(parts[i]->n, 50);
        CHECK(parts[i]->max_ns < UINT64_C(100000000000));
    }
    double sum_of_parts = r->lateness.sum_ns + r->queue.sum_ns + r->service.sum_ns + r->delivery.sum_ns;
    CHECK(r->sojourn.sum_ns == sum_of_parts);
    CHECK(r->sojourn.sum_ns > 0);
    load_forget(side);
    CHECK_EQ(r->sojourn.n, 0);
    end_load(side);
}

/* Submits through the backend, and looks before and after each submit whether a task has run already. */
static const struct executor *gated;

static int watched_submit(void *state, executor_fn *fn, void *arg)
{
    watch.n_before_gate += tally_sum(&watch.side->tally).n_run;
    int error = gated->submit(state, fn, arg);
    watch.n_before_gate += tally_sum(&watch.side->tally).n_run;
    watch.n_held += !error;
    return error;
}

static void test_gate(const struct executor *executor, size_t max_threads)
{
    struct executor watched = *executor;
    watched.submit = watched_submit;
    gated = executor;
    struct load_side *side = start_load("batch", &watched, LIFE_WARM);
    uint64_t n_held = max_threads ? max_threads : 200;
    watch.side = side;
    side->gated = true;
    side->options.max_threads = max_threads;
    side->options.retry_ns = 0;
    CHECK_EQ(load_start(side), 0);
    int64_t elapsed_ns = side->load->iterate(side);
    CHECK_EQ(watch.n_before_gate, 0);
    CHECK_EQ(watch.n_held, n_held);
    CHECK_EQ(side->depth.n_held, n_held);
    CHECK_EQ(side->error, max_threads ? -EDQUOT : 0);
    CHECK_EQ(elapsed_ns > 0, !max_threads);
    side->error = 0;
    check_load(side, n_held);
    end_load(side);
}

/* As many threads as were asked for submit, each its part, at the same time where the backend allows it. */
static void test_inject(const struct executor *executor, size_t n_submitters)
{
    struct load_side *side = start_load("inject", executor, LIFE_WARM);
    bool may = n_submitters == 1 || executor->capabilities & EXECUTOR_SHARED;
    side->n_submitters = n_submitters;
    if (CHECK_EQ(load_start(side), may ? 0 : -ENOTSUP) && may) {
        CHECK(side->load->iterate(side) > 0);
        CHECK(side->load->iterate(side) > 0);
        check_load(side, 2 * 200);
        load_destroy_backend(side);
        load_stop(side);
    }
    free(side);
}

static pthread_t submitters[N_TASKS];
static atomic_size_t n_by_submitters;

static int run_at_once(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    submitters[n_by_submitters++] = pthread_self();
    fn(arg);
    return 0;
}

/* What runs in any of the threads that submit is counted as the submitter's, and each of them submits its part. */
static void test_by_submitters(void)
{
    enum { N = 3 };
    struct executor inline_executor = *executor_find("pool-helping");
    inline_executor.submit = run_at_once;
    struct load_side *side = start_load("inject", &inline_executor, LIFE_WARM);
    side->n_submitters = N;
    CHECK_EQ(load_start(side), 0);
    CHECK(side->load->iterate(side) > 0);
    check_load(side, 200);
    CHECK_EQ(tally_sum(&side->tally).n_inline, 200);
    size_t n_of_caller = 0, n_of_first = 0;
    for (size_t i = 0, first = 0; i < 200; i++) {
        bool is_caller = pthread_equal(submitters[i], pthread_self());
        first = is_caller || pthread_equal(submitters[first], pthread_self()) ? (is_caller ? first : i) : first;
        n_of_caller += is_caller;
        n_of_first += !is_caller && pthread_equal(submitters[i], submitters[first]);
    }
    CHECK_EQ(n_of_caller, 200 / N);
    CHECK(n_of_first == 200 / N || n_of_first == 200 / N + 1);
    load_destroy_backend(side);
    end_load(side);
}

/* A batch that is stamped has one latency, whatever number of tasks it is. */
static void test_stamped_batch(const struct executor *executor, bool maps)
{
    struct load_side *side = start_load("batch", executor, LIFE_WARM);
    side->stamped = true;
    side->maps = maps;
    side->n_batches = 5;
    CHECK_EQ(load_start(side), 0);
    CHECK(side->load->iterate(side) > 0);
    check_load(side, 5 * 200);
    CHECK_EQ(side->recorder->sojourn.n, 5);
    CHECK(side->recorder->sojourn.max_ns < UINT64_C(100000000000));
    load_destroy_backend(side);
    end_load(side);
}

static const struct executor *called;

static int call_and_lie(void *state, executor_value_fn *fn, void *arg, uint64_t *result)
{
    int error = called->call(state, fn, arg, result);
    *result += 1;
    return error;
}

/* Each task's result comes back; one that is another is noticed; without call it is an operation that is not there. */
static void test_results(const struct executor *executor)
{
    char reason[100];
    struct executor liar = *executor;
    called = executor;
    liar.call = executor->call ? call_and_lie : NULL;
    for (int lies = 0; lies < 2; lies++) {
        struct load_side *side = start_load("batch", lies ? &liar : executor, LIFE_WARM);
        side->gets = true;
        CHECK_EQ(load_start(side), 0);
        CHECK_EQ(side->load->iterate(side) > 0, executor->call != NULL);
        CHECK_EQ(side->error, executor->call ? 0 : -ENOTSUP);
        side->error = 0;
        check_load(side, executor->call ? 200 : 0);
        CHECK_EQ(load_check(side, reason, sizeof reason), executor->call && lies ? -EBADMSG : 0);
        load_destroy_backend(side);
        end_load(side);
    }
}

/* Of a backend with a bound so many tasks wait, and no more; where there is none a bound is no option. */
static void test_bound(const struct executor *executor)
{
    enum { BOUND = 4 };
    struct load_side *side = start_load("batch", executor, LIFE_WARM);
    char args[4 * BOUND];
    int n_accepted = 0;
    bool is_bounded = executor->capabilities & EXECUTOR_BOUNDED;
    side->options.max_queued = BOUND;
    side->options.n_workers = 1;
    CHECK_EQ(load_start(side), is_bounded ? 0 : -ENOTSUP);
    if (is_bounded) {
        n_passed = 0;
        pthread_rwlock_wrlock(&gate);
        while (n_accepted < 4 * BOUND && pool_try_submit(side->backend, pass_gate, args) == 0)
            n_accepted++;
        pthread_rwlock_unlock(&gate);
        CHECK(n_accepted == BOUND || n_accepted == BOUND + 1); /* one may run already */
        CHECK_EQ(executor->wait_all(side->backend), 0);
        CHECK_EQ(n_passed, n_accepted);
        load_destroy_backend(side);
    }
    end_load(side);
}

int main(void)
{
    size_t n_backends = 0;
    const struct executor *e;
    for (size_t i = 0; (e = executor_at(i)); i++) {
        if (e->capabilities & EXECUTOR_ELSEWHERE) /* its tasks do not see this test's memory: test_processes.c */
            continue;
        n_backends++;
        test_capabilities(e);
        test_each_task_once(e);
        test_quota(e);
        if (strcmp(e->name, "pool-reject") != 0) { /* a batch has more tasks than it has room for */
            test_batch(e, LIFE_WARM);
            test_batch(e, LIFE_RUN);
            test_batch(e, LIFE_BATCH);
            test_kinds(e, 1);
            test_kinds(e, 7);
            test_stamped_batch(e, true);
            test_inject(e, 1);
            test_inject(e, 4);
        }
        test_results(e);
        if (strstr("pool-reject pool-block pool-caller pool-elastic", e->name) == NULL)
            test_bound(e);
        test_window(e);
        test_gap(e);
    }
    CHECK(n_backends >= 5);
    CHECK(executor_find("nosuch") == NULL && load_find("nosuch") == NULL);
    test_functions_differ();
    test_by_submitters();
    test_gate(executor_find("pool"), 0);
    test_gate(executor_find("raw"), 0);
    test_gate(executor_find("raw"), QUOTA);
    return check_failures() != 0;
}
