/* A child gets an error from each call on a pool that it inherited, busy or idle, and no hang. */
#include "check.h"
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer does not let the child of a process with threads start threads. */
#if defined(__has_feature)
#define CHILD_MAY_START_THREADS (!__has_feature(thread_sanitizer))
#elif defined(__SANITIZE_THREAD__)
#define CHILD_MAY_START_THREADS false
#else
#define CHILD_MAY_START_THREADS true
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

static void use_inherited(struct pool *pool)
{
    size_t n_accepted = 77;

    CHECK_EQ(pool_submit(pool, add_one, &n_run), -ENOTRECOVERABLE);
    CHECK_EQ(pool_submit_many(pool, add_one, &n_run, 0, 9, &n_accepted), -ENOTRECOVERABLE);
    CHECK_EQ(n_accepted, 0);
    CHECK_EQ(pool_wait(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_close(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_join(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_destroy(pool), -ENOTRECOVERABLE);
    CHECK_EQ(pool_n_workers(pool), 2);
}

static void fork_and_use(struct pool *pool, bool has_own)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        alarm(20); /* a hang ends the child */
        use_inherited(pool);
        if (has_own)
            use_own_pool();
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

int main(void)
{
    struct pool_options options = {.n_workers = 2};
    struct pool *pool = NULL;

    if (!CHECK_EQ(pool_create(&pool, &options), 0))
        return 1;
    fork_and_use(pool, CHILD_MAY_START_THREADS);
    test_busy(pool);
    CHECK_EQ(pool_wait(pool), 0); /* the parent's pool is none the worse */
    use_own_pool();
    CHECK_EQ(pool_destroy(pool), 0);
    return check_failures() != 0;
}
