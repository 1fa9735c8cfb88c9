/* In which order tasks begin: as one thread outside hands them over, where there is one worker; and whatever tasks
 * submit themselves, each task has its turn. */
#include "gate.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_TASKS = 20000 };

static atomic_size_t n_begun, out_of_order;

static void note(size_t number)
{
    out_of_order += number != n_begun;
    n_begun++;
}

static void note_task(void *number)
{
    note((size_t)number);
}

static int note_call(void *number, void *result)
{
    (void)result;
    note(*(size_t *)number);
    return 0;
}

static void note_element(void *number)
{
    note(*(size_t *)number);
}

static int nothing(void *arg, void *result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* Hands over the next tasks in one of the ways; how many. */
static size_t hand_over(struct pool *pool, size_t *numbers, size_t at, unsigned way)
{
    struct pool_calls calls = {.fn = note_call, .args = numbers + at, .arg_bytes = sizeof *numbers, .n_calls = 3};

    switch (way) {
    case 0:
        CHECK_EQ(pool_apply_async(pool, note_call, numbers + at, NULL, NULL, NULL), 0);
        return 1;
    case 1:
        CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
        return 3;
    case 2:
        CHECK_EQ(pool_submit_many(pool, note_element, numbers + at, sizeof *numbers, 5, NULL), 0);
        return 5;
    case 3:
        CHECK_EQ(pool_try_submit(pool, note_task, (void *)at), 0);
        return 1;
    default:
        CHECK_EQ(pool_submit(pool, note_task, (void *)at), 0);
        return 1;
    }
}

/* n_ways: the more of them, the more single tasks come one after the other. */
static void test_mixed(bool is_held, unsigned n_ways, bool is_strict)
{
    struct pool *pool = gate_pool((struct pool_options){.n_workers = 1, .strict = is_strict, .start_all = true});
    size_t *numbers = malloc((N_TASKS + 5) * sizeof *numbers), at = 0;
    struct gate gate;

    for (size_t i = 0; i < N_TASKS + 5; i++)
        numbers[i] = i;
    CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0); /* opens seats for threads outside */
    CHECK_EQ(pool_wait(pool), 0);
    n_begun = out_of_order = 0;
    if (is_held)
        gate_hold(&gate, pool);
    while (at < N_TASKS)
        at += hand_over(pool, numbers, at, (unsigned)(at * 2654435761u >> 16) % n_ways);
    if (is_held)
        gate_free(&gate);
    while (!is_strict && gate_counters(pool).n_queued > 0) /* who waits would run tasks beside the worker */
        usleep(1000);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_begun, at);
    CHECK_EQ(out_of_order, 0);
    CHECK_EQ(pool_destroy(pool), 0);
    free(numbers);
}

static struct pool *pool;
static atomic_size_t n_missing;

static void call_back(void *context, void *result)
{
    (void)context;
    (void)result;
}

static void note_and_call(void *number)
{
    static const struct pool_callbacks callbacks = {.callback = call_back};

    note((size_t)number);
    CHECK_EQ(pool_apply_async(pool, nothing, NULL, NULL, &callbacks, NULL), 0);
}

/* What the worker has taken ahead comes before what waits still, whatever its tasks hand over. */
static void test_ahead(void)
{
    struct gate gate;

    pool = gate_pool((struct pool_options){.n_workers = 1, .strict = true});
    n_begun = out_of_order = 0;
    gate_hold(&gate, pool);
    for (size_t i = 0; i < 1000; i++)
        CHECK_EQ(pool_submit(pool, i % 7 == 0 ? note_and_call : note_task, (void *)i), 0);
    gate_free(&gate);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_begun, 1000);
    CHECK_EQ(out_of_order, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

static void have_turn(void *arg)
{
    (void)arg;
    n_missing--;
}

/* Submits itself until all the others have had their turn. */
static void go_on(void *arg)
{
    (void)arg;
    if (n_missing > 0)
        CHECK_EQ(pool_submit(pool, go_on, NULL), 0);
}

static int have_turn_call(void *arg, void *result)
{
    (void)result;
    have_turn(arg);
    return 0;
}

static void begin_to_go_on(void *arg)
{
    n_missing++;
    CHECK_EQ(pool_submit(pool, have_turn, NULL), 0); /* under all that come */
    go_on(arg);
}

static void test_turns(size_t n_workers, bool is_strict)
{
    pool = gate_pool((struct pool_options){.n_workers = n_workers, .strict = is_strict, .start_all = true});
    CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0); /* opens seats for threads outside */
    n_missing = 201;
    for (size_t i = 0; i < n_workers; i++)
        CHECK_EQ(pool_submit(pool, begin_to_go_on, NULL), 0);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pool_submit(pool, have_turn, NULL), 0);
        CHECK_EQ(pool_apply_async(pool, have_turn_call, NULL, NULL, NULL, NULL), 0);
    }
    n_missing--;
    while (!is_strict && n_missing > 0) /* who waits would run what its turn has not come for */
        usleep(1000);
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(n_missing, 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

/* The same for a call that a thread outside has left in a seat, whenever the turn of seats comes. */
static void test_ahead_of_calls(void)
{
    struct gate first, second;
    size_t number = 1;

    pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0);
    for (int i = 0; i < 500; i++) {
        for (int k = i % 7; k > 0; k--) { /* then it is another turn */
            CHECK_EQ(pool_submit(pool, note_task, NULL), 0);
            CHECK_EQ(pool_wait(pool), 0);
        }
        gate_init(&second);
        gate_hold(&first, pool);
        CHECK_EQ(pool_submit(pool, gate_pass, &second), 0);
        CHECK_EQ(pool_submit(pool, note_task, (void *)0), 0);
        gate_free(&first);
        gate_take(&second.reached); /* and then the other one is claimed */
        n_begun = out_of_order = 0;
        CHECK_EQ(pool_apply_async(pool, note_call, &number, NULL, NULL, NULL), 0);
        gate_free(&second);
        while (gate_counters(pool).n_queued > 0)
            sched_yield();
        CHECK_EQ(pool_wait(pool), 0);
        CHECK_EQ(n_begun, 2);
        CHECK_EQ(out_of_order, 0);
    }
    CHECK_EQ(pool_destroy(pool), 0);
}

static struct gate *held;

static int begin_or_note(void *number, void *result)
{
    int code = note_call(number, result);

    if (*(size_t *)number == 0)
        gate_pass(held);
    return code;
}

/* Of a map whose first call has begun, the others come before what is handed over then, whichever turn comes. */
static void test_rest_of_map(void)
{
    enum { N_CALLS = 40 }; /* a turn comes within them */
    struct gate gate;
    size_t numbers[N_CALLS + 1];
    struct pool_calls calls = {.fn = begin_or_note, .args = numbers, .arg_bytes = sizeof *numbers, .n_calls = N_CALLS,
                               .chunksize = 1};

    pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0);
    CHECK_EQ(pool_wait(pool), 0);
    held = &gate;
    for (size_t i = 0; i <= N_CALLS; i++)
        numbers[i] = i;
    for (int i = 0; i < 200; i++) {
        for (int k = i % 2; k > 0; k--) /* then it is another turn */
            CHECK_EQ(pool_submit(pool, note_task, NULL), 0);
        while (gate_counters(pool).n_queued > 0)
            sched_yield();
        CHECK_EQ(pool_wait(pool), 0);
        gate_init(&gate);
        n_begun = out_of_order = 0;
        CHECK_EQ(pool_map_async(pool, &calls, NULL, NULL), 0);
        gate_take(&gate.reached);
        if (i % 4 < 2)
            CHECK_EQ(pool_submit(pool, note_task, (void *)N_CALLS), 0);
        else
            CHECK_EQ(pool_apply_async(pool, note_call, &numbers[N_CALLS], NULL, NULL, NULL), 0);
        gate_free(&gate);
        while (n_begun <= N_CALLS) /* who waits would run tasks beside the worker */
            sched_yield();
        CHECK_EQ(pool_wait(pool), 0);
        CHECK_EQ(out_of_order, 0);
    }
    CHECK_EQ(pool_destroy(pool), 0);
}

/* Whatever comes first. */
static void test_calls_and_tasks(void)
{
    enum { N = 8 };
    struct gate gate;
    size_t numbers[N];

    for (unsigned ways = 0; ways < 1u << N; ways++) {
        pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
        CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0);
        CHECK_EQ(pool_wait(pool), 0);
        gate_hold(&gate, pool);
        n_begun = out_of_order = 0;
        for (size_t i = 0; i < N; i++) {
            numbers[i] = i;
            if (ways >> i & 1)
                CHECK_EQ(pool_submit(pool, note_task, (void *)i), 0);
            else
                CHECK_EQ(pool_apply_async(pool, note_call, &numbers[i], NULL, NULL, NULL), 0);
        }
        gate_free(&gate);
        while (gate_counters(pool).n_queued > 0)
            sched_yield();
        CHECK_EQ(pool_wait(pool), 0);
        CHECK_EQ(n_begun, N);
        CHECK_EQ(out_of_order, 0);
        CHECK_EQ(pool_destroy(pool), 0);
    }
}

static void pass_and_go_on(void *gate)
{
    gate_pass(gate);
    go_on(NULL);
}

/* Calls have their turn, too, where nothing is queued. */
static void test_turn_of_calls(void)
{
    struct gate gate;

    pool = gate_pool((struct pool_options){.n_workers = 1, .start_all = true});
    CHECK_EQ(pool_apply(pool, nothing, NULL, NULL, NULL), 0);
    n_missing = 10; /* so few that none is queued */
    gate_init(&gate);
    CHECK_EQ(pool_submit(pool, pass_and_go_on, &gate), 0);
    gate_take(&gate.reached);
    for (int i = 0; i < 9; i++)
        CHECK_EQ(pool_apply_async(pool, have_turn_call, NULL, NULL, NULL, NULL), 0);
    gate_free(&gate);
    while (n_missing > 1)
        usleep(1000);
    n_missing--;
    CHECK_EQ(pool_wait(pool), 0);
    CHECK_EQ(pool_destroy(pool), 0);
}

int main(void)
{
    static const unsigned n_ways[] = {5, 20, 500, 4000};

    for (size_t i = 0; i < sizeof n_ways / sizeof *n_ways; i++) {
        for (int way = 0; way < 4; way++)
            test_mixed(way & 1, n_ways[i], way & 2);
    }
    test_ahead();
    test_ahead_of_calls();
    test_rest_of_map();
    test_calls_and_tasks();
    test_turn_of_calls();
    for (int way = 0; way < 4; way++)
        test_turns(way & 1 ? 2 : 1, way & 2);
    return check_failures() != 0;
}
