/* Waiting for several handles: the first, the first that fails, and one after the other. */
#include "gate.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>

enum { N = 4 };

/* A task that returns `code` when its gate is opened, or -EINTR if it is asked to stop before. */
struct task {
    struct gate gate;
    int code;
};

static int run(void *arg, void *result)
{
    struct task *task = arg;

    (void)result;
    sem_post(&task->gate.reached);
    while (sem_trywait(&task->gate.open) != 0) {
        if (pool_stop_requested())
            return -EINTR;
        sched_yield();
    }
    return task->code;
}

/* N tasks that all run, the odd ones in the second pool, and between the handles one that is NULL. */
struct set {
    struct pool *pools[2];
    struct task tasks[N];
    struct pool_handle *handles[N + 1];
};

static size_t at(size_t i)
{
    return i < 2 ? i : i + 1;
}

static void begin(struct set *set)
{
    for (size_t i = 0; i < 2; i++)
        set->pools[i] = gate_pool((struct pool_options){.n_workers = N / 2, .strict = true});
    set->handles[2] = NULL;
    for (size_t i = 0; i < N; i++) {
        gate_init(&set->tasks[i].gate);
        set->tasks[i].code = 0;
        CHECK_EQ(pool_apply_async(set->pools[i % 2], run, &set->tasks[i], NULL, NULL, &set->handles[at(i)]), 0);
    }
    for (size_t i = 0; i < N; i++)
        gate_take(&set->tasks[i].gate.reached);
}

static void finish(struct set *set, size_t i, int code)
{
    set->tasks[i].code = code;
    gate_free(&set->tasks[i].gate);
}

static void end(struct set *set)
{
    for (size_t i = 0; i < N; i++)
        pool_handle_release(set->handles[at(i)]);
    for (size_t i = 0; i < 2; i++)
        CHECK_EQ(pool_destroy(set->pools[i]), 0);
}

static void test_first_completed(void)
{
    struct set set;
    size_t index = 77;

    begin(&set);
    CHECK_EQ(pool_first_completed(set.handles, N + 1, 0, &index), -ETIMEDOUT);
    CHECK_EQ(pool_first_completed(set.handles, N + 1, 2000000, &index), -ETIMEDOUT);
    CHECK_EQ(index, 77);
    finish(&set, 3, 0);
    CHECK_EQ(pool_first_completed(set.handles, N + 1, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, at(3));
    finish(&set, 1, 0);
    CHECK_EQ(pool_handle_wait(set.handles[1], POOL_FOREVER), 0);
    CHECK_EQ(pool_first_completed(set.handles, N + 1, 0, &index), 0);
    CHECK_EQ(index, 1); /* of two that are ready the first by index */
    CHECK_EQ(pool_first_completed(&set.handles[2], 1, POOL_FOREVER, &index), -ENOENT);
    CHECK_EQ(pool_first_completed(NULL, 0, 0, &index), -ENOENT);
    finish(&set, 0, 0);
    finish(&set, 2, 0);
    end(&set);
}

static void test_first_failed(void)
{
    struct set set;
    size_t index = 77;

    begin(&set);
    finish(&set, 0, 0);
    CHECK_EQ(pool_handle_wait(set.handles[0], POOL_FOREVER), 0);
    CHECK_EQ(pool_first_failed(set.handles, N + 1, 2000000, &index), -ETIMEDOUT);
    finish(&set, 2, -EIO);
    CHECK_EQ(pool_first_failed(set.handles, N + 1, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, at(2));
    CHECK_EQ(pool_cancel_all(set.handles, N + 1), 0);
    CHECK_EQ(pool_handle_get(set.handles[1], POOL_FOREVER, NULL), -EINTR);
    CHECK_EQ(pool_handle_get(set.handles[at(3)], POOL_FOREVER, NULL), -EINTR);
    CHECK_EQ(pool_handle_get(set.handles[0], 0, NULL), 0);
    end(&set);

    begin(&set);
    for (size_t i = 0; i < N; i++)
        finish(&set, i, 0);
    CHECK_EQ(pool_first_failed(set.handles, N + 1, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, N + 1); /* none */
    CHECK_EQ(pool_first_failed(&set.handles[2], 1, 0, &index), -ENOENT);
    end(&set);
}

static void test_as_completed(void)
{
    static const size_t order[N] = {2, 0, 3, 1};
    struct set set;
    struct pool_completions *completions;
    size_t index = 77;

    begin(&set);
    finish(&set, order[0], 0);
    CHECK_EQ(pool_handle_wait(set.handles[at(order[0])], POOL_FOREVER), 0);
    CHECK_EQ(pool_as_completed(set.handles, N + 1, &completions), 0);
    for (size_t i = 0; i < N; i++) {
        if (i > 0) {
            CHECK_EQ(pool_completions_next(completions, i == 1 ? 0 : 1000000, &index), -ETIMEDOUT);
            finish(&set, order[i], i == 2 ? -EIO : 0);
        }
        CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), 0);
        CHECK_EQ(index, at(order[i]));
    }
    CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), -ENOENT);
    pool_completions_release(completions);
    pool_completions_release(NULL);
    end(&set);
}

/* Given up while tasks run, and while some have been told of and not been asked for. */
static void test_release_early(void)
{
    struct set set;
    struct pool_completions *completions, *others;

    begin(&set);
    CHECK_EQ(pool_as_completed(set.handles, N + 1, &completions), 0);
    CHECK_EQ(pool_as_completed(set.handles, N + 1, &others), 0);
    finish(&set, 1, 0);
    CHECK_EQ(pool_handle_wait(set.handles[1], POOL_FOREVER), 0);
    pool_completions_release(completions);
    for (size_t i = 0; i < N; i++)
        finish(&set, i, 0);
    for (size_t i = 0, index; i < N; i++)
        CHECK_EQ(pool_completions_next(others, POOL_FOREVER, &index), 0);
    pool_completions_release(others);
    end(&set);
}

static int return_zero(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* The only worker waits for tasks that nobody else could run. */
static int wait_inside(void *arg, void *result)
{
    struct pool *pool = arg;
    struct pool_handle *handles[3];
    size_t index = 77;

    (void)result;
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(pool_apply_async(pool, return_zero, NULL, NULL, NULL, &handles[i]), 0);
    CHECK_EQ(pool_first_completed(handles, 3, POOL_FOREVER, &index), 0);
    CHECK(index < 3);
    CHECK_EQ(pool_first_failed(handles, 3, POOL_FOREVER, &index), 0);
    CHECK_EQ(index, 3);
    for (size_t i = 0; i < 3; i++)
        pool_handle_release(handles[i]);
    return 0;
}

static void test_inside(void)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});

    CHECK_EQ(pool_apply(pool, wait_inside, pool, NULL, NULL), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_first_completed();
    test_first_failed();
    test_as_completed();
    test_release_early();
    test_inside();
    return check_failures() != 0;
}
