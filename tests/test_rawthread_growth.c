/* How costs grow, in steps: the pieces of straight code that a call goes through, which the compiler counts in a copy
 * of the library of its own (-fsanitize-coverage=trace-pc, see the Makefile). */
#include <stddef.h>

static _Thread_local size_t n_steps;

#define rawthread__stack_bytes counted_stack_bytes
#define rawthread_init counted_init
#define rawthread_start counted_start
#define rawthread_join counted_join
#define rawthread_timed_join counted_timed_join
#define rawthread_is_alive counted_is_alive
#define rawthread_name counted_name
#define rawthread_native_id counted_native_id
#define rawthread_release counted_release
#define rawthread_start_detached counted_start_detached
#define rawthread_ask_stop counted_ask_stop
#define rawthread_stop_requested counted_stop_requested
#define rawthread_sleep counted_sleep
#define rawthread_group_create counted_group_create
#define rawthread_group_submit counted_group_submit
#define rawthread_group_wait counted_group_wait
#define rawthread_group_counters counted_group_counters
#define rawthread_group_destroy counted_group_destroy

#include "../rawthread/thread.c"

#include "../rawthread/group.c"

#include "check.h"

enum { FEW = 50, MANY = 8 * FEW };

void __sanitizer_cov_trace_pc(void);

#ifdef __clang__
__attribute__((no_sanitize("coverage")))
#else
__attribute__((no_sanitize_coverage))
#endif
void __sanitizer_cov_trace_pc(void)
{
    n_steps++;
}

static void take(void *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

static struct rawthread_group *new_group(struct rawthread_options options)
{
    struct rawthread_group *group = NULL;

    if (!CHECK_EQ(rawthread_group_create(&group, &options), 0))
        exit(1);
    return group;
}

/* Steps of submissions. */
static size_t submit_steps(struct rawthread_group *group, int n, sem_t *gate)
{
    size_t before = n_steps;

    for (int i = 0; i < n; i++)
        CHECK_EQ(rawthread_group_submit(group, take, gate), 0);
    return n_steps - before;
}

static void open_gate(sem_t *gate, int n)
{
    for (int i = 0; i < n; i++)
        sem_post(gate);
}

static void wait_for(struct rawthread_group *group, sem_t *gate, int n)
{
    open_gate(gate, n);
    CHECK_EQ(rawthread_group_wait(group), 0);
}

static void end_group(struct rawthread_group *group, sem_t *gate, int n)
{
    open_gate(gate, n);
    rawthread_group_destroy(group);
}

/* A submission that joins none does not look at the threads that exist. */
static void test_submit(bool detached)
{
    enum { N = 2 * SLAB_RECORDS, N_TIMES = 5 }; /* so many need the same number of slabs each time */
    struct rawthread_group *group = new_group((struct rawthread_options){.detached = detached});
    size_t first, last = 0;
    sem_t gate;

    sem_init(&gate, 0, 0);
    first = submit_steps(group, N, &gate);
    for (int i = 1; i < N_TIMES; i++)
        last = submit_steps(group, N, &gate);
    CHECK(first >= N);
    CHECK(last <= first + first / 10);
    end_group(group, &gate, N * N_TIMES);
}

/* Steps at the cap, where each submission waits for one thread and joins it. */
static size_t cap_steps(int n_alive, bool detached)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_alive = (size_t)n_alive,
                                                                         .detached = detached});
    size_t steps = 0;
    sem_t gate;

    sem_init(&gate, 0, 0);
    submit_steps(group, n_alive, &gate);
    for (int i = 0; i < FEW; i++) {
        open_gate(&gate, 1);
        steps += submit_steps(group, 1, &gate);
    }
    end_group(group, &gate, n_alive);
    return steps;
}

/* Steps of refused submissions. */
static size_t refused_steps(int n_alive)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.max_threads = (size_t)n_alive});
    size_t before;
    sem_t gate;

    sem_init(&gate, 0, 0);
    submit_steps(group, n_alive, &gate);
    before = n_steps;
    for (int i = 0; i < FEW; i++)
        CHECK_EQ(rawthread_group_submit(group, take, &gate), -EDQUOT);
    before = n_steps - before;
    end_group(group, &gate, n_alive);
    return before;
}

/* A wait takes a few steps for each thread: between all found at once and each alone. */
static size_t wait_steps(int n, bool detached)
{
    struct rawthread_group *group = new_group((struct rawthread_options){.detached = detached});
    size_t before;
    sem_t gate;

    sem_init(&gate, 0, 0);
    submit_steps(group, n, &gate);
    before = n_steps;
    wait_for(group, &gate, n);
    before = n_steps - before;
    rawthread_group_destroy(group);
    return before;
}

static size_t destroy_steps(int n)
{
    struct rawthread_group *group = new_group((struct rawthread_options){0});
    size_t before;
    sem_t gate;

    sem_init(&gate, 0, 0);
    submit_steps(group, n, &gate);
    wait_for(group, &gate, n);
    before = n_steps;
    rawthread_group_destroy(group);
    return n_steps - before;
}

static size_t create_steps(size_t n_cpusets)
{
    cpu_set_t masks[FEW];
    size_t before;

    for (size_t i = 0; i < n_cpusets; i++)
        sched_getaffinity(0, sizeof masks[i], &masks[i]);
    before = n_steps;
    rawthread_group_destroy(new_group((struct rawthread_options){.cpusets = masks, .cpuset_bytes = sizeof masks[0],
                                                                 .n_cpusets = n_cpusets}));
    return n_steps - before;
}

/* The calls of one thread's life, beside others. */
static size_t thread_steps(int n_others)
{
    struct rawthread_group *group = new_group((struct rawthread_options){0});
    struct rawthread thread;
    sem_t gate, opened;
    size_t before;

    sem_init(&gate, 0, 0);
    sem_init(&opened, 0, 1);
    submit_steps(group, n_others, &gate);
    before = n_steps;
    CHECK_EQ(rawthread_init(&thread, take, &opened, NULL), 0);
    CHECK_EQ(rawthread_start(&thread), 0);
    rawthread_is_alive(&thread);
    rawthread_native_id(&thread);
    CHECK_EQ(rawthread_ask_stop(&thread), 0);
    CHECK(rawthread_sleep(&thread, 1));
    CHECK_EQ(rawthread_join(&thread), 0);
    CHECK_EQ(rawthread_release(&thread), 0);
    before = n_steps - before;
    end_group(group, &gate, n_others);
    return before;
}

int main(void)
{
    for (int detached = 0; detached < 2; detached++) {
        test_submit(detached);
        CHECK(cap_steps(MANY, detached) <= 2 * cap_steps(FEW, detached));
        CHECK(wait_steps(MANY, detached) <= (size_t)MANY / FEW * 4 * wait_steps(FEW, detached));
    }
    CHECK(thread_steps(MANY) <= 2 * thread_steps(0));
    CHECK(refused_steps(MANY) <= 2 * refused_steps(FEW));
    CHECK(destroy_steps(MANY) <= destroy_steps(FEW) + MANY / SLAB_RECORDS * 20);
    CHECK(create_steps(FEW) <= FEW * create_steps(1));
    return check_failures() != 0;
}
