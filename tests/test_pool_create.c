/* Initializers and finalizers, the sizes that are refused, and what an idle pool costs. */
#include "gate.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N = 5 };

static struct {
    atomic_int n_initialized, n_finalized;
    atomic_int initialized[N], finalized[N];
    atomic_int failing_index; /* fails once; -1: none */
} state;

static _Thread_local int initialized_as = -1;

static int initialize(void *context, size_t index)
{
    int failing = (int)index;

    CHECK(context == &state && index < N);
    if (atomic_compare_exchange_strong(&state.failing_index, &failing, -1))
        return -EMFILE;
    initialized_as = (int)index;
    state.n_initialized++;
    state.initialized[index]++;
    return 0;
}

static void finalize(void *context, size_t index)
{
    CHECK(context == &state);
    CHECK_EQ(initialized_as, index);
    state.n_finalized++;
    state.finalized[index]++;
}

static void check_initialized(void *gate)
{
    CHECK(initialized_as >= 0);
    gate_pass(gate);
}

static struct pool_options options_of(size_t n_workers, int failing_index)
{
    memset(&state, 0, sizeof state);
    state.failing_index = failing_index;
    return (struct pool_options){.n_workers = n_workers, .strict = true, .start_all = true,
                                 .initializer = initialize, .finalizer = finalize, .context = &state};
}

/* Each worker has been initialized before the pool is there, and is finalized before the join returns. */
static void test_initializer(void)
{
    struct pool *pool = gate_pool(options_of(3, -1));
    struct gate gate;

    CHECK_EQ(state.n_initialized, 3);
    CHECK_EQ(pool_resize(pool, N, 0), 0);
    CHECK_EQ(state.n_initialized, N);
    gate_init(&gate);
    for (int i = 0; i < N; i++)
        CHECK_EQ(pool_submit(pool, check_initialized, &gate), 0);
    for (int i = 0; i < N; i++)
        gate_take(&gate.reached);
    CHECK_EQ(state.n_finalized, 0);
    for (int i = 0; i < N; i++)
        gate_free(&gate);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pool_join(pool), 0);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(state.initialized[i], 1);
        CHECK_EQ(state.finalized[i], 1);
    }
    CHECK_EQ(pool_destroy(pool), 0);
}

/* One initializer fails: no pool, and those that had been initialized are finalized. */
static void test_failing_initializer(void)
{
    struct pool_options options = options_of(N, 3);
    struct pool *pool = NULL;
    struct pool_counters counters;

    CHECK_EQ(pool_create(&pool, &options), -EMFILE);
    CHECK(pool == NULL);
    CHECK_EQ(state.n_initialized, N - 1);
    CHECK_EQ(state.n_finalized, N - 1);

    options = options_of(2, 3);
    pool = gate_pool(options);
    CHECK_EQ(pool_resize(pool, N, 0), -EMFILE);
    CHECK_EQ(pool_n_workers(pool), 2);
    do
        pool_get_counters(pool, &counters);
    while (counters.threads_alive != 2 && usleep(500) == 0);
    CHECK_EQ(counters.threads_refused, 1);
    CHECK_EQ(pool_destroy(pool), 0);
    CHECK_EQ(state.n_finalized, state.n_initialized);
}

static void test_sizes(void)
{
    struct pool *pool = NULL;

    CHECK_EQ(pool_create(&pool, &(struct pool_options){.n_workers = 3, .max_workers = 2}), -EINVAL);
    CHECK(pool == NULL);
    pool = gate_pool((struct pool_options){.n_workers = 3, .max_workers = 3});
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Of all threads of pools called idle. */
static long context_switches(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    long total = 0;

    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        char path[300], line[200];
        long n;
        FILE *file;

        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        if (entry->d_name[0] == '.' || (file = fopen(path, "r")) == NULL)
            continue;
        if (fgets(line, sizeof line, file) != NULL && strstr(line, "idle") != NULL) /* its name */
            while (fgets(line, sizeof line, file) != NULL)
                if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
                    total += n;
        fclose(file);
    }
    if (tasks != NULL)
        closedir(tasks);
    return total;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* 10 ms after its last task a pool sleeps: none of its threads is scheduled any more. On a machine that is busy
 * with something else the last of them may get there later: then it may try again. */
static void test_idle(struct pool_options options)
{
    struct pool *pool = gate_pool(options);
    bool sleeps = false;

    for (int i = 0; i < 20 && !sleeps; i++) {
        long before;

        CHECK_EQ(pool_submit_many(pool, do_nothing, NULL, 0, 1000, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
        usleep(10000);
        before = context_switches(); /* none: under load, no worker has come to sleep yet */
        usleep(200000);
        sleeps = before > 0 && context_switches() == before;
    }
    CHECK(sleeps);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_initializer();
    test_failing_initializer();
    test_sizes();
    test_idle((struct pool_options){.n_workers = 4, .name = "idle"});
    test_idle((struct pool_options){.n_workers = 1, .max_workers = 4, .name = "idle"});
    return check_failures() != 0;
}
