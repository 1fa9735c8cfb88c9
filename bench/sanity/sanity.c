/* The pool beside GLib's GThreadPool, in six measures: one line `round,measure,unit,side,value` for each round, measure
 * and side, less being better. Each is measured in a process of its own, so that nothing is left over for the next; the
 * sides of a measure run next to each other, in an order that is reversed from round to round.
 *
 * GThreadPool comes in two kinds: one whose threads are its own and all started at creation ("exclusive"), and one that
 * starts them as tasks need them and hands them back to GLib. It has no call that waits for a task: so on every
 * side the task itself says that it is done.
 *
 * The peers' comparison at large belongs to the harness; this shows in a minute that nothing is out of order.
 */
#include "pool.h"

#include <glib.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef void task_fn(void *arg);

/* One pool at a time: this process has no other. */
struct side {
    const char *name;
    void (*create)(size_t n_workers);
    void (*submit)(task_fn *fn, void *arg);
    void (*destroy)(void); /* when all tasks are done */
};

static struct pool *pool;
static GThreadPool *gpool;
static size_t n_workers;

static void stop(const char *what)
{
    fprintf(stderr, "sanity: cannot %s\n", what);
    _exit(1);
}

static void create_pool(size_t n)
{
    const struct pool_options options = {.n_workers = n, .strict = true};

    if (pool_create(&pool, &options) != 0)
        stop("create a pool");
}

static void submit_pool(task_fn *fn, void *arg)
{
    if (pool_submit(pool, fn, arg) != 0)
        stop("submit a task");
}

static void destroy_pool(void)
{
    pool_destroy(pool);
}

/* GLib's pool has one function for all tasks; so theirs is given here. */
static task_fn *gfn;

static void run_gtask(gpointer arg, gpointer context)
{
    (void)context;
    gfn(arg);
}

static void create_gpool(size_t n, gboolean is_exclusive)
{
    g_thread_pool_set_max_unused_threads(0); /* each start is a cold one */
    gpool = g_thread_pool_new(run_gtask, NULL, (gint)n, is_exclusive, NULL);
    if (gpool == NULL)
        stop("create a GThreadPool");
}

static void create_exclusive(size_t n)
{
    create_gpool(n, TRUE);
}

static void create_shared(size_t n)
{
    create_gpool(n, FALSE);
}

static void submit_gpool(task_fn *fn, void *arg)
{
    gfn = fn;
    if (!g_thread_pool_push(gpool, arg, NULL))
        stop("push a task");
}

static void destroy_gpool(void)
{
    g_thread_pool_free(gpool, FALSE, TRUE);
}

static const struct side sides[] = {
    {"pool", create_pool, submit_pool, destroy_pool},
    {"GLib exclusive", create_exclusive, submit_gpool, destroy_gpool},
    {"GLib shared", create_shared, submit_gpool, destroy_gpool},
};
enum { N_SIDES = sizeof sides / sizeof *sides };

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void pause_ns(long ns)
{
    const struct timespec pause = {0, ns};

    nanosleep(&pause, NULL);
}

static void take(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue; /* EINTR */
}

static void take_gate(void *semaphore)
{
    take(semaphore);
}

static void post(void *semaphore)
{
    sem_post(semaphore);
}


/*
 * Measures
 */

/* Of tasks in trees, levels[i] has i levels below it. */
enum { N_LEVELS = 15 };
static char levels[N_LEVELS];

/* Tasks that have not run. The last one says so. */
static _Alignas(128) atomic_long n_left;
static sem_t all_done;

static void count_down(void *arg)
{
    (void)arg;
    if (atomic_fetch_sub(&n_left, 1) == 1)
        sem_post(&all_done);
}

static double submit_from_outside(const struct side *side)
{
    enum { N_TASKS = 200000 };
    double begin_ns, end_ns;

    side->create(n_workers);
    n_left = N_TASKS;
    begin_ns = now_ns();
    for (int i = 0; i < N_TASKS; i++)
        side->submit(count_down, levels); /* GLib takes no NULL */
    take(&all_done);
    end_ns = now_ns();
    side->destroy();
    return (end_ns - begin_ns) / N_TASKS;
}

static void (*submit_child)(task_fn *fn, void *arg);

static void grow_tree(void *level)
{
    if (level != &levels[0])
        for (int i = 0; i < 2; i++)
            submit_child(grow_tree, (char *)level - 1);
    count_down(NULL);
}

static double submit_from_tasks(const struct side *side)
{
    enum { N_TREES = 8, N_TASKS = (1 << N_LEVELS) - 1 };
    double begin_ns, end_ns;

    side->create(n_workers);
    submit_child = side->submit;
    begin_ns = now_ns();
    for (int i = 0; i < N_TREES; i++) {
        n_left = N_TASKS;
        side->submit(grow_tree, &levels[N_LEVELS - 1]);
        take(&all_done);
    }
    end_ns = now_ns();
    side->destroy();
    return (end_ns - begin_ns) / N_TREES / N_TASKS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of n hand-overs of one task, there and back, each after a pause. */
static double hand_over(const struct side *side, size_t n, long before_ns)
{
    double *took_ns = calloc(n, sizeof *took_ns), median_ns;
    sem_t done;

    if (took_ns == NULL)
        stop("allocate");
    sem_init(&done, 0, 0);
    side->create(n_workers);
    for (size_t i = 0; i < n; i++) {
        double begin_ns;

        if (before_ns > 0)
            pause_ns(before_ns);
        begin_ns = now_ns();
        side->submit(post, &done);
        take(&done);
        took_ns[i] = now_ns() - begin_ns;
    }
    side->destroy();
    qsort(took_ns, n, sizeof *took_ns, compare);
    median_ns = took_ns[n / 2];
    free(took_ns);
    return median_ns;
}

static double hand_over_back_to_back(const struct side *side)
{
    return hand_over(side, 5000, 0);
}

static double hand_over_after_1_ms(const struct side *side)
{
    return hand_over(side, 200, 1000000);
}

/* From nothing to the end of the first task, the median of many. How a pool ends is not part of it: GLib's does not
 * wait for its threads. */
static double start_cold(const struct side *side)
{
    enum { N_TIMES = 201 };
    double taken_ns[N_TIMES];
    sem_t done;

    sem_init(&done, 0, 0);
    for (int i = 0; i < N_TIMES; i++) {
        double begin_ns = now_ns();

        side->create(n_workers);
        side->submit(post, &done);
        take(&done);
        taken_ns[i] = now_ns() - begin_ns;
        side->destroy();
        pause_ns(1000000); /* in which GLib's threads end */
    }
    qsort(taken_ns, N_TIMES, sizeof *taken_ns, compare);
    return taken_ns[N_TIMES / 2];
}

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long kib = -1;

    if (file == NULL)
        stop("open '/proc/self/smaps_rollup'");
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Rss: %ld", &kib) != 1)
            kib = -1;
    fclose(file);
    return (double)kib * 1024;
}

static double queue_bytes(const struct side *side)
{
    enum { N_TASKS = 1000000 };
    double before;
    sem_t gate;

    sem_init(&gate, 0, 0);
    side->create(n_workers);
    for (size_t i = 0; i < n_workers; i++)
        side->submit(take_gate, &gate);
    pause_ns(50 * 1000 * 1000); /* the workers stand at the gate */
    before = resident_bytes();
    for (int i = 0; i < N_TASKS; i++)
        side->submit(take_gate, &gate);
    return (resident_bytes() - before) / N_TASKS; /* and the process ends */
}

struct measure {
    const char *name, *unit;
    double (*measure)(const struct side *side);
};

static const struct measure measures[] = {
    {"a task from one outside thread", "ns", submit_from_outside},
    {"a task in a tree of tasks", "ns", submit_from_tasks},
    {"hand-over back to back", "ns", hand_over_back_to_back},
    {"hand-over after 1 ms idle", "ns", hand_over_after_1_ms},
    {"cold start with one task", "ns", start_cold},
    {"memory of a queued task", "B", queue_bytes},
};
enum { N_MEASURES = sizeof measures / sizeof *measures };

static void measure_alone(int round, const struct measure *measure, const struct side *side)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child < 0)
        stop("fork");
    if (child == 0) {
        sem_init(&all_done, 0, 0);
        printf("%d,%s,%s,%s,%.2f\n", round, measure->name, measure->unit, side->name, measure->measure(side));
        fflush(stdout);
        _exit(ferror(stdout) != 0);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "sanity: '%s' of %s failed\n", measure->name, side->name);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct pool_cpu_limits limits;
    int n_rounds = argc == 2 ? atoi(argv[1]) : 0;

    if (n_rounds < 1) {
        fputs("usage: sanity ROUNDS, a number from 1\n", stderr);
        return 1;
    }
    if (pool_cpu_limits("", &limits) != 0)
        stop("find out how many CPUs there are");
    n_workers = limits.n_usable;
    for (int round = 0; round < n_rounds; round++)
        for (int i = 0; i < N_MEASURES; i++)
            for (int k = 0; k < N_SIDES; k++)
                measure_alone(round, &measures[i], &sides[round % 2 == 0 ? k : N_SIDES - 1 - k]);
    return 0;
}
