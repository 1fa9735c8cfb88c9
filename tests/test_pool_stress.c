/* Tasks of pool_submit() and its like: each that was accepted runs once or is dropped once, and none that was not,
 * whatever meets what: producers of all kinds against each other, tasks that submit, tasks that end their
 * worker, resizing, waiting, closing, terminating, joining and destroying. */
#include "stress_pool.h"

enum { N_PRODUCERS = 3, N_PER_PRODUCER = 400, N_BATCH_MAX = 40, TIMEOUT_MAX_NS = 100 * 1000 };

/* One task: it counts its runs, and may submit its own child. */
struct job {
    struct stress_pool *stress;
    uint64_t random;
    atomic_int n_runs, n_dropped;
    bool is_accepted; /* written by who submits, read after all is over */
    struct job *child;
};

struct producer {
    struct stress_pool *stress;
    uint64_t random;
    struct job jobs[N_PER_PRODUCER], children[N_PER_PRODUCER];
};

static struct stress_pool stress;
static struct producer producers[N_PRODUCERS];

static void hand_over(struct job *job, uint64_t *random);

static void run(void *arg)
{
    struct job *job = arg;
    uint64_t random = job->random;
    bool leaves;

    stress_enter(job->stress);
    stress_dawdle(&random);
    job->n_runs++;
    if (job->child != NULL)
        hand_over(job->child, &random);
    leaves = stress_depth == 1 && pool_worker_index(job->stress->pool) != SIZE_MAX && stress_one_in(&random, 200);
    stress_leave(job->stress);
    if (leaves)
        pthread_exit(NULL);
}

static void drop(pool_fn *fn, void *arg)
{
    struct job *job = arg;

    CHECK(fn == run);
    job->n_dropped++;
    job->stress->n_dropped++;
}

/* Submits one job in one of the ways. */
static void hand_over(struct job *job, uint64_t *random)
{
    struct stress_pool *in = job->stress;
    bool is_bounded = in->options.max_queued != 0, may_run = !in->options.strict;
    int error;

    may_run = may_run || pool_worker_index(in->pool) != SIZE_MAX;
    switch (stress_below(random, 4)) {
    case 0:
        error = pool_try_submit(in->pool, run, job);
        CHECK(error == 0 || stress_is_shut(in, error) || (is_bounded && error == -EAGAIN));
        break;
    case 1:
        error = pool_timed_submit(in->pool, run, job, (int64_t)stress_below(random, TIMEOUT_MAX_NS));
        CHECK(error == 0 || stress_is_shut(in, error) || (is_bounded && error == -ETIMEDOUT));
        break;
    case 2:
        error = pool_submit_or_run(in->pool, run, job);
        CHECK(error == (may_run ? 0 : -EPERM) || (may_run && stress_is_shut(in, error)));
        break;
    default:
        error = pool_submit(in->pool, run, job);
        CHECK(error == 0 || stress_is_shut(in, error));
    }
    job->is_accepted = error == 0;
}

static void hand_over_many(struct producer *producer, size_t first, size_t n)
{
    struct stress_pool *in = producer->stress;
    size_t n_accepted = SIZE_MAX;
    int error = pool_submit_many(in->pool, run, &producer->jobs[first], sizeof producer->jobs[0], n, &n_accepted);

    if (error == 0)
        CHECK_EQ(n_accepted, n);
    else
        CHECK(stress_is_shut(in, error) && n_accepted < n && (n_accepted == 0 || in->options.max_queued != 0));
    for (size_t i = 0; i < n; i++)
        producer->jobs[first + i].is_accepted = i < n_accepted;
}

static void *produce(void *arg)
{
    struct producer *producer = arg;
    size_t n_done = 0;

    while (n_done < N_PER_PRODUCER) {
        size_t n = 1 + stress_below(&producer->random, N_BATCH_MAX);

        if (n > N_PER_PRODUCER - n_done)
            n = N_PER_PRODUCER - n_done;
        if (stress_one_in(&producer->random, 8)) {
            hand_over_many(producer, n_done, n);
            n_done += n;
        } else {
            hand_over(&producer->jobs[n_done++], &producer->random);
        }
        if (stress_one_in(&producer->random, 50))
            CHECK_EQ(pool_wait(producer->stress->pool), 0);
        stress_dawdle(&producer->random);
    }
    return NULL;
}

static void init_producer(struct producer *producer, uint64_t seed)
{
    memset(producer, 0, sizeof *producer);
    producer->stress = &stress;
    producer->random = seed;
    for (size_t i = 0; i < N_PER_PRODUCER; i++) {
        struct job *job = &producer->jobs[i], *child = &producer->children[i];

        job->stress = child->stress = &stress;
        job->random = stress_random(&producer->random);
        child->random = stress_random(&producer->random);
        job->child = stress_one_in(&producer->random, 2) ? child : NULL;
    }
}

static void check_jobs(const struct job *jobs)
{
    for (size_t i = 0; i < N_PER_PRODUCER; i++) {
        CHECK_EQ(jobs[i].n_runs + jobs[i].n_dropped, jobs[i].is_accepted);
        CHECK(jobs[i].n_dropped == 0 || stress.ending == STRESS_TERMINATED);
    }
}

static void run_round(uint64_t seed)
{
    uint64_t random = seed;
    pthread_t threads[N_PRODUCERS];

    stress_open(&stress, &random, drop);
    for (int i = 0; i < N_PRODUCERS; i++)
        init_producer(&producers[i], stress_random(&random));
    for (int i = 0; i < N_PRODUCERS; i++)
        stress_thread(&threads[i], produce, &producers[i]);
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    stress_close(&stress, &random);
    for (int i = 0; i < N_PRODUCERS; i++) {
        check_jobs(producers[i].jobs);
        check_jobs(producers[i].children);
    }
}

int main(void)
{
    return stress_run(run_round);
}
