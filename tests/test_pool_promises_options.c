/* Sentences of pool.h that no other test would miss: options and workers. test_promises_pool.py has them all. */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static const struct pool_options one_strict = {.n_workers = 1, .strict = true};

static void note_name(void *name)
{
    pthread_getname_np(pthread_self(), name, 16);
}

/* What the options pointed to is gone when the workers are started. */
static void test_copies(void)
{
    char name[] = "copied", seen[16] = "";
    struct gate gate;
    cpu_set_t mask;
    struct pool_options options = {.n_workers = 2, .strict = true, .name = name, .cpusets = &mask,
                                   .cpuset_bytes = sizeof mask, .n_cpusets = 1};
    struct pool *pool;

    sched_getaffinity(0, sizeof mask, &mask);
    CHECK_EQ(pool_create(&pool, &options), 0);
    memset(name, 'x', sizeof name);
    memset(&mask, 0, sizeof mask);
    memset(&options, 0xff, sizeof options);
    gate_hold(&gate, pool);
    CHECK_EQ(pool_submit(pool, note_name, seen), 0);
    CHECK_EQ(pool_resize(pool, 3, 0), 0);
    gate_free(&gate);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK(strncmp(seen, "copied-", 7) == 0);
    CHECK_EQ(gate_counters(pool).threads_refused, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

static atomic_int n_named;

static void meet(void *arg)
{
    char name[16];

    note_name(name);
    n_named += strcmp(name, "abcdefghijkl-10") == 0;
    pthread_barrier_wait(arg);
}

/* Eleven workers: the name that just fits loses what the larger index needs. */
static void test_long_names(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 11, .name = "abcdefghijklmno"});
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, 11);
    CHECK_EQ(pool_submit_many(pool, meet, &barrier, 0, 11, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(n_named, 1);
    pthread_barrier_destroy(&barrier);
}

static int initialize(void *context, size_t index)
{
    CHECK_EQ(index, 0);
    *(int *)context += 1;
    return 0;
}

static void finalize(void *context, size_t index)
{
    CHECK_EQ(index, 0);
    *(int *)context += 10; /* plain: the end of the join makes it visible */
}

static int call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* Each of the two may be there without the other. Neither is called on a thread that helps. */
static void test_one_of_two(void)
{
    int n = 0;
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .initializer = initialize, .context = &n});
    struct gate gate;

    gate_hold(&gate, pool);
    CHECK_EQ(pool_apply(pool, call, NULL, NULL, NULL), 0);
    CHECK_EQ(gate_counters(pool).tasks_helped, 1);
    gate_end(&gate, pool);
    CHECK_EQ(n, 1);
    pool = gate_pool((struct pool_options){.n_workers = 1, .finalizer = finalize, .context = &n});
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    CHECK_EQ(n, 11);
    CHECK_EQ(pool_destroy(pool), 0);
}

static int note_mask(void *arg, void *result)
{
    (void)arg;
    sched_getaffinity(0, sizeof(cpu_set_t), result);
    return 0;
}

static void *submit_bound(void *pool)
{
    cpu_set_t mask, one, seen;
    struct pool_handle *handle;
    int cpu = 0;

    sched_getaffinity(0, sizeof mask, &mask);
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_EQ(pool_apply_async(pool, note_mask, NULL, &seen, NULL, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    CHECK(CPU_EQUAL(&seen, &one));
    pool_handle_release(handle);
    return NULL;
}

/* The thread that queues a task starts the worker that is missing, which inherits its mask. */
static void test_inherited_mask(void)
{
    struct gate gate;
    struct pool *pool = gate_held(&gate, (struct pool_options){.n_workers = 2, .strict = true});
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, submit_bound, pool), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    gate_end(&gate, pool);
}

static void measure_stack(void *arg)
{
    pthread_attr_t attr;

    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, arg);
    pthread_attr_destroy(&attr);
}

static void *measure_own(void *arg)
{
    measure_stack(arg);
    return NULL;
}

static void test_default_stack(void)
{
    struct pool *pool = gate_pool(one_strict);
    size_t own = 0, workers = 0;
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, measure_own, &own), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pool_submit(pool, measure_stack, &workers), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK(workers > 0 && workers == own);
}

/* The largest maximum is one that is never reached; the least is less than the workers that 0 stands for. */
static void test_max_workers(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .max_workers = SIZE_MAX, .strict = true});
    struct pool_cpu_limits limits;
    struct gate gate;

    CHECK_EQ(gate_counters(pool).threads_created, 2);
    gate_init(&gate);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &gate, 0, 3, NULL), 0);
    for (int i = 0; i < 3; i++)
        gate_take(&gate.reached);
    for (int i = 0; i < 3; i++)
        gate_free(&gate);
    CHECK_EQ(pool_resize(pool, 1, SIZE_MAX), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(pool_cpu_limits("", &limits), 0);
    CHECK_EQ(pool_create(&pool, &(struct pool_options){.max_workers = 1}), limits.n_usable > 1 ? -EINVAL : 0);
    if (limits.n_usable == 1)
        CHECK_EQ(pool_destroy(pool), 0);
}

static void leave(void *index)
{
    *(size_t *)index = 77;
    pthread_exit(NULL);
}

struct whose {
    struct pool *pool;
    size_t index;
};

static void note_index(void *arg)
{
    struct whose *whose = arg;

    whose->index = pool_worker_index(whose->pool);
}

/* A worker that replaces another begins while that one is there, whose index it cannot have. */
static void test_index_beyond(void)
{
    struct whose whose = {.pool = gate_pool(one_strict)};
    size_t left = 0;

    CHECK_EQ(pool_submit(whose.pool, note_index, &whose), 0);
    CHECK_EQ(pool_wait(whose.pool), 0);
    CHECK_EQ(whose.index, 0);
    CHECK_EQ(pool_submit(whose.pool, leave, &left), 0);
    CHECK_EQ(pool_submit(whose.pool, note_index, &whose), 0);
    CHECK_EQ(pool_wait(whose.pool), 0);
    CHECK_EQ(left, 77);
    CHECK_EQ(whose.index, 1);
    CHECK_EQ(pool_destroy(whose.pool), 0);
}

/* A worker in excess begins no other task than the one that it runs. */
static void test_shrink(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 2, .strict = true});
    struct gate first, second;

    gate_init(&first);
    gate_init(&second);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &first, 0, 2, NULL), 0);
    for (int i = 0; i < 2; i++)
        gate_take(&first.reached);
    CHECK_EQ(pool_submit_many(pool, gate_pass, &second, 0, 2, NULL), 0);
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    for (int i = 0; i < 2; i++)
        gate_free(&first);
    gate_take(&second.reached);
    usleep(20 * 1000); /* in which another could begin the other */
    CHECK(sem_trywait(&second.reached) != 0);
    for (int i = 0; i < 2; i++)
        gate_free(&second);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_copies();
    test_long_names();
    test_one_of_two();
    test_inherited_mask();
    test_default_stack();
    test_max_workers();
    test_index_beyond();
    test_shrink();
    return check_failures() != 0;
}
