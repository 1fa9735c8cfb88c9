/* Threads and groups under stress: of several who start a thread one succeeds, it runs once, who joins it finds it
 * ended, and whoever asks it to stop is heard; a group runs each accepted task once and keeps its caps. */
#include "rawthread.h"
#include "stress.h"

#include <unistd.h>

enum { N_USERS = 4, N_STEPS = 60, N_THREADS = 8, N_OWNERS = 2, N_TASKS = 50, N_DETACHED = 6 };

/* A thread that all users use at the same time. */
struct object {
    struct rawthread thread;
    uint64_t random;
    bool is_service;          /* runs until it is asked to stop */
    atomic_int n_begun, n_ended, n_starts;
    atomic_bool was_asked;    /* somebody was about to ask it to stop, or has */
};

struct user {
    uint64_t random;
    struct object *objects;
};

static void run_object(void *arg)
{
    struct object *object = arg;
    uint64_t random = object->random;

    object->n_begun++;
    CHECK(rawthread_is_alive(&object->thread));
    CHECK_EQ(rawthread_join(&object->thread), -EDEADLK);
    CHECK_EQ(rawthread_native_id(&object->thread), gettid());
    stress_dawdle(&random);
    while (object->is_service && !rawthread_sleep(&object->thread, (int64_t)stress_below(&random, 100 * 1000)))
        stress_dawdle(&random);
    if (object->is_service)
        CHECK(object->was_asked && rawthread_stop_requested(&object->thread));
    object->n_ended++;
    if (stress_one_in(&random, 4))
        pthread_exit(NULL);
}

static void start(struct object *object)
{
    int error = rawthread_start(&object->thread);

    CHECK(error == 0 || error == -EALREADY);
    object->n_starts += error == 0;
}

static void check_ended(struct object *object)
{
    CHECK_EQ(object->n_begun, 1);
    CHECK_EQ(object->n_ended, 1);
    CHECK(!rawthread_is_alive(&object->thread));
    CHECK(rawthread_native_id(&object->thread) > 0);
}

static void join(struct object *object, uint64_t *random)
{
    bool will_end = !object->is_service || object->was_asked, waits = will_end && stress_one_in(random, 2);
    int error = waits ? rawthread_join(&object->thread)
                      : rawthread_timed_join(&object->thread, (int64_t)stress_below(random, 50 * 1000));

    CHECK(error == 0 || error == -EINVAL || (!waits && error == -ETIMEDOUT));
    if (error == 0)
        check_ended(object);
}

static void ask_stop(struct object *object)
{
    object->was_asked = true;
    CHECK_EQ(rawthread_ask_stop(&object->thread), 0);
    CHECK(rawthread_stop_requested(&object->thread));
}

static void look(struct object *object)
{
    bool is_alive = rawthread_is_alive(&object->thread);
    pid_t native_id = rawthread_native_id(&object->thread);

    CHECK(!is_alive || native_id > 0);
    CHECK(native_id == 0 || rawthread_native_id(&object->thread) == native_id);
    CHECK(strcmp(rawthread_name(&object->thread), "stress") == 0);
    if (rawthread_stop_requested(&object->thread))
        CHECK(object->was_asked);
}

static void *use(void *arg)
{
    struct user *user = arg;

    for (int i = 0; i < N_STEPS; i++) {
        struct object *object = &user->objects[stress_below(&user->random, N_THREADS)];

        switch (stress_below(&user->random, 5)) {
        case 0:
            start(object);
            break;
        case 1:
            if (stress_one_in(&user->random, 4))
                ask_stop(object);
            break;
        case 2:
            look(object);
            break;
        default:
            join(object, &user->random);
        }
        stress_dawdle(&user->random);
    }
    return NULL;
}

static void end_object(struct object *object)
{
    bool was_started = object->n_starts > 0;

    ask_stop(object);
    CHECK_EQ(rawthread_join(&object->thread), was_started ? 0 : -EINVAL);
    if (was_started)
        check_ended(object);
    CHECK_EQ(object->n_starts, was_started);
    CHECK_EQ(object->n_begun, was_started);
    CHECK_EQ(rawthread_release(&object->thread), 0);
}

static void run_threads(uint64_t random)
{
    static const struct rawthread_attr attr = {.name = "stress"};
    static struct object objects[N_THREADS];
    struct user users[N_USERS];
    pthread_t threads[N_USERS];

    memset(objects, 0, sizeof objects);
    for (int i = 0; i < N_THREADS; i++) {
        objects[i].random = stress_random(&random);
        objects[i].is_service = stress_one_in(&random, 2);
        CHECK_EQ(rawthread_init(&objects[i].thread, run_object, &objects[i], &attr), 0);
    }
    for (int i = 0; i < N_USERS; i++) {
        users[i] = (struct user){stress_random(&random), objects};
        stress_thread(&threads[i], use, &users[i]);
    }
    for (int i = 0; i < N_USERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < N_THREADS; i++)
        end_object(&objects[i]);
}


/*
 * Groups
 */

struct owner {
    uint64_t random;
    struct rawthread_options options;
    atomic_size_t n_running;
    struct task {
        struct owner *owner;
        uint64_t random;
        atomic_int n_runs;
        bool is_accepted;
    } tasks[N_TASKS];
};

static void run_task(void *arg)
{
    struct task *task = arg;
    struct owner *owner = task->owner;
    uint64_t random = task->random;
    size_t n_running = atomic_fetch_add(&owner->n_running, 1) + 1;

    CHECK(owner->options.max_alive == 0 || n_running <= owner->options.max_alive);
    CHECK(owner->options.max_threads == 0 || n_running <= owner->options.max_threads);
    stress_dawdle(&random);
    task->n_runs++;
    owner->n_running--;
    if (stress_one_in(&random, 20))
        pthread_exit(NULL);
}

static void check_waited(struct owner *owner, size_t n_tasks)
{
    for (size_t i = 0; i < n_tasks; i++)
        CHECK_EQ(owner->tasks[i].n_runs, owner->tasks[i].is_accepted);
}

static void choose_group(struct owner *owner)
{
    static const size_t caps[] = {0, 0, 1, 2, 7};
    uint64_t *random = &owner->random;

    owner->options = (struct rawthread_options){
        .untuned = stress_one_in(random, 4),
        .detached = stress_one_in(random, 2),
        .max_alive = caps[stress_below(random, 5)],
        .max_threads = caps[stress_below(random, 5)],
        .retry_ns = stress_one_in(random, 2) ? 0 : stress_below(random, 2000 * 1000),
    };
}

static void check_counters(const struct rawthread_group *group, const struct owner *owner)
{
    struct rawthread_counters counters;
    uint64_t n_accepted = 0;

    for (size_t i = 0; i < N_TASKS; i++)
        n_accepted += owner->tasks[i].is_accepted;
    rawthread_group_counters(group, &counters);
    CHECK_EQ(counters.created, n_accepted);
    CHECK(counters.refused + n_accepted >= N_TASKS);
    CHECK(owner->options.max_alive == 0 || counters.peak <= owner->options.max_alive);
    CHECK(owner->options.max_threads == 0 || counters.peak <= owner->options.max_threads);
}

static void *own(void *arg)
{
    struct owner *owner = arg;
    struct rawthread_group *group = NULL;

    choose_group(owner);
    if (!CHECK_EQ(rawthread_group_create(&group, &owner->options), 0))
        return NULL;
    for (size_t i = 0; i < N_TASKS; i++) {
        struct task *task = &owner->tasks[i];
        int error;

        *task = (struct task){.owner = owner, .random = stress_random(&owner->random)};
        error = rawthread_group_submit(group, run_task, task);
        CHECK(error == 0 || (error == -EDQUOT && owner->options.max_threads != 0));
        task->is_accepted = error == 0;
        stress_dawdle(&owner->random);
        if (stress_one_in(&owner->random, 20)) {
            CHECK_EQ(rawthread_group_wait(group), 0);
            check_waited(owner, i + 1);
        }
    }
    if (stress_one_in(&owner->random, 2))
        CHECK_EQ(rawthread_group_wait(group), 0);
    check_counters(group, owner);
    rawthread_group_destroy(group);
    check_waited(owner, N_TASKS);
    return NULL;
}

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void run_groups(uint64_t random)
{
    static struct owner owners[N_OWNERS];
    pthread_t threads[N_OWNERS];
    static atomic_int n_detached;

    n_detached = 0;
    for (int i = 0; i < N_OWNERS; i++) {
        owners[i].random = stress_random(&random);
        stress_thread(&threads[i], own, &owners[i]);
    }
    for (int i = 0; i < N_DETACHED; i++)
        CHECK_EQ(rawthread_start_detached(count, &n_detached, NULL), 0);
    for (int i = 0; i < N_OWNERS; i++)
        pthread_join(threads[i], NULL);
    while (n_detached < N_DETACHED)
        sched_yield();
    CHECK_EQ(n_detached, N_DETACHED);
}

static void run_round(uint64_t seed)
{
    uint64_t random = seed;

    stress_bind((int)stress_below(&random, 3));
    run_threads(stress_random(&random));
    run_groups(stress_random(&random));
    stress_bind(0);
}

int main(void)
{
    return stress_run(run_round);
}
