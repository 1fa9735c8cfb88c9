/* A thread with a request to cancel it makes each call: the call is no cancellation point, and returns as always. Where
 * a task or a source of the user's is one, it ends like by pthread_exit(), and nothing is left locked or lost. */
#include "gate.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { MOMENT_NS = 1000 * 1000 };

static struct pool *pool; /* of the case that runs */
static atomic_int n_run, n_dropped;
static atomic_bool has_returned;

static int n_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    while (folder != NULL && readdir(folder) != NULL)
        n++;
    if (folder != NULL)
        closedir(folder);
    return n;
}

/* What a cancellation point of the user's is, wherever it stands. */
static void pass_point(void)
{
    pthread_testcancel();
    usleep(1);
    n_run++;
}

static void task(void *arg)
{
    (void)arg;
    pass_point();
}

static int call(void *arg, void *result)
{
    (void)arg;
    (void)result;
    pass_point();
    return 0;
}

static void call_back(void *context, void *result)
{
    (void)context;
    (void)result;
    pass_point();
}

static void call_back_error(void *context, const struct pool_error *error)
{
    (void)context;
    (void)error;
    pass_point();
}

static const struct pool_callbacks callbacks = {.callback = call_back, .error_callback = call_back_error};

static void drop(pool_fn *fn, void *arg)
{
    (void)fn;
    (void)arg;
    pass_point();
    n_dropped++;
}

/* Runs a function on a thread that has a request to cancel it. Returns whether it was cancelled. */
struct run {
    void (*run)(void *arg);
    void *arg;
};

static void *run_requested(void *arg)
{
    const struct run *run = arg;

    pthread_cancel(pthread_self());
    run->run(run->arg);
    has_returned = true;
    pthread_testcancel();
    CHECK(false);
    return NULL;
}

static void with_request(void (*run)(void *arg), void *arg)
{
    struct run what = {run, arg};
    pthread_t thread;
    void *end;

    has_returned = false;
    CHECK_EQ(pthread_create(&thread, NULL, run_requested, &what), 0);
    CHECK_EQ(pthread_join(thread, &end), 0);
    CHECK(end == PTHREAD_CANCELED);
}

/* Each of these is the whole life of a strict pool, whose tasks run on workers alone. */
static void create(void *arg)
{
    struct pool_cpu_limits limits;

    CHECK_EQ(pool_create(&pool, arg), 0);
    CHECK_EQ(pool_resize(pool, 2, 3), 0); /* becomes elastic */
    CHECK_EQ(pool_resize(pool, 1, 0), 0);
    CHECK_EQ(pool_cpu_limits("", &limits), 0);
}

static void submit_all(void *arg)
{
    struct pool_handle *handle;

    (void)arg;
    CHECK_EQ(pool_submit(pool, task, NULL), 0);
    CHECK_EQ(pool_timed_submit(pool, task, NULL, INT64_MAX), 0);
    CHECK_EQ(pool_submit_many(pool, task, NULL, 0, 5, NULL), 0);
    CHECK_EQ(pool_apply(pool, call, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), 0);
    pool_handle_release(handle);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_run, 10);
}

static void map_all(void *arg)
{
    const struct pool_calls calls = {.fn = call, .n_calls = 5, .chunksize = 1};
    struct pool_handle *handles[2];
    struct pool_completions *completions;
    size_t index;

    (void)arg;
    CHECK_EQ(pool_map(pool, &calls, NULL), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pool_map_async(pool, &calls, &callbacks, &handles[i]), 0);
    CHECK_EQ(pool_first_completed(handles, 2, POOL_FOREVER, &index), 0);
    CHECK_EQ(pool_first_failed(handles, 2, POOL_FOREVER, &index), 0);
    CHECK_EQ(pool_as_completed(handles, 2, &completions), 0);
    CHECK_EQ(pool_completions_next(completions, POOL_FOREVER, &index), 0);
    pool_completions_release(completions);
    for (int i = 0; i < 2; i++)
        pool_handle_release(handles[i]);
    CHECK_EQ(n_run, 17);
}

struct source {
    int n_left, n_given, n_dropped;
    bool has_points;
};

static int next(void *arg, void **out)
{
    struct source *source = arg;

    if (source->has_points)
        pass_point();
    *out = NULL;
    source->n_given += source->n_left > 0;
    return source->n_left-- > 0;
}

static void drop_fed(void *source, void *arg)
{
    (void)arg;
    pass_point();
    ((struct source *)source)->n_dropped++;
}

static void hand_back(void *source, void *arg, void *result)
{
    (void)result;
    drop_fed(source, arg);
}

static struct pool_feed feed_from(struct source *source)
{
    return (struct pool_feed){.fn = call, .next = next, .source = source, .look_ahead = 3, .dropped = drop_fed,
                              .undelivered = hand_back};
}

static void imap_all(void *arg)
{
    struct source source = {.n_left = 10};
    const struct pool_feed feed = feed_from(&source);
    struct pool_iterator *iterator;

    (void)arg;
    CHECK_EQ(pool_imap_unordered(pool, &feed, &iterator), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
    pool_iterator_release(iterator);
    CHECK_EQ(source.n_dropped, source.n_given - 4);
}

/* The only worker is held. */
static void cancel_all(void *gate)
{
    struct pool_handle *handle;

    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, &callbacks, &handle), 0);
    CHECK_EQ(pool_cancel_all(&handle, 1), 0); /* calls back on this thread */
    CHECK_EQ(n_run, 1);
    CHECK_EQ(pool_handle_get(handle, POOL_FOREVER, NULL), -ECANCELED);
    pool_handle_release(handle);
    gate_free(gate);
    CHECK_EQ(pool_wait(pool), 0);
}

static void terminate(void *gate)
{
    CHECK_EQ(pool_submit_many(pool, task, NULL, 0, 5, NULL), 0);
    CHECK_EQ(pool_terminate(pool), 0);
    CHECK_EQ(n_dropped, 5);
    gate_free(gate);
    CHECK_EQ(pool_timed_join(pool, INT64_MAX), 0);
    CHECK_EQ(pool_join(pool), 0);
}

static void destroy(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_destroy(pool), 0);
}

static void test_calls(void (*use)(void *arg), bool is_held)
{
    struct pool_options options = {.strict = true, .n_workers = 1, .dropped = drop};
    int n_files_before = n_files();
    struct gate gate;

    n_run = n_dropped = 0;
    with_request(create, &options);
    CHECK(has_returned);
    if (is_held)
        gate_hold(&gate, pool);
    with_request(use, &gate);
    CHECK(has_returned);
    with_request(destroy, NULL);
    CHECK(has_returned);
    CHECK_EQ(n_files(), n_files_before);
}

/* A worker that takes long to end: who joins it is cancelled meanwhile. (A request that comes in the call is no other
 * than one that was there before.) */
static pthread_key_t key;
static sem_t ending, end;

static void end_slowly(void *value)
{
    (void)value;
    sem_post(&ending);
    gate_take(&end);
}

static void end_worker_slowly(void *arg)
{
    (void)arg;
    pthread_setspecific(key, &key);
}

static void *join(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_join(pool), 0);
    has_returned = true;
    pthread_testcancel();
    return NULL;
}

static void test_join(void)
{
    struct pool_options options = {.strict = true, .n_workers = 1};
    pthread_t thread;
    void *how;

    has_returned = false;
    sem_init(&ending, 0, 0);
    sem_init(&end, 0, 0);
    CHECK_EQ(pthread_key_create(&key, end_slowly), 0);
    pool = gate_pool(options);
    CHECK_EQ(pool_submit(pool, end_worker_slowly, NULL), 0);
    CHECK_EQ(pool_close(pool), 0);
    CHECK_EQ(pthread_create(&thread, NULL, join, NULL), 0);
    gate_take(&ending);
    CHECK_EQ(pthread_cancel(thread), 0);
    usleep(10 * 1000); /* in which it could act */
    CHECK(!has_returned);
    sem_post(&end);
    CHECK_EQ(pthread_join(thread, &how), 0);
    CHECK(has_returned && how == PTHREAD_CANCELED);
    CHECK_EQ(pool_timed_join(pool, MOMENT_NS), 0);
    CHECK_EQ(pool_destroy(pool), 0);
    pthread_key_delete(key);
}

/* Tasks that the thread itself runs are cancellation points if they have one. */
static struct pool_handle *helped;

static void help(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_handle_get(helped, POOL_FOREVER, NULL), 0);
}

static void help_all(void *arg)
{
    (void)arg;
    CHECK_EQ(pool_wait(pool), 0);
}

static void test_help(void (*run)(void *arg))
{
    struct gate gate;
    struct pool_error error;

    pool = gate_pool((struct pool_options){.n_workers = 1});
    n_run = 0;
    gate_hold(&gate, pool);
    CHECK_EQ(pool_apply_async(pool, call, NULL, NULL, &callbacks, &helped), 0);
    with_request(run, NULL);
    CHECK(!has_returned);
    CHECK_EQ(pool_handle_get(helped, POOL_FOREVER, &error), -EOWNERDEAD);
    CHECK_EQ(n_run, 1); /* the callback, which is not cancelled */
    pool_handle_release(helped);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Sources too. An iterator that was not made is ended, and one that was goes on. */
static struct pool_iterator *iterator;

static void begin(void *feed)
{
    CHECK_EQ(pool_imap(pool, feed, &iterator), 0);
}

static void go_on(void *source)
{
    ((struct source *)source)->has_points = true;
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
}

static void test_source(void)
{
    struct source source = {.n_left = 10};
    const struct pool_feed feed = feed_from(&source);

    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    CHECK_EQ(pool_imap(pool, &feed, &iterator), 0);
    with_request(go_on, &source);
    CHECK(!has_returned);
    for (int i = 1; i < 10; i++)
        CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_iterator_next(iterator, POOL_FOREVER, NULL, NULL, NULL), -ENODATA);
    pool_iterator_release(iterator);
    CHECK_EQ(source.n_dropped, 0);

    source = (struct source){.n_left = 10, .has_points = true};
    with_request(begin, (void *)&feed);
    CHECK(!has_returned);
    CHECK_EQ(source.n_given, 0);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    test_calls(submit_all, false);
    test_calls(map_all, false);
    test_calls(imap_all, false);
    test_calls(cancel_all, true);
    test_calls(terminate, true);
    test_join();
    test_help(help);
    test_help(help_all);
    test_source();
    return check_failures() != 0;
}
