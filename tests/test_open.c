/* The open load: arrivals are what they are called, the recorder's arithmetic is that of a queue, and what is refused
 * is counted. */
#include "check.h"
#include "load/load.h"
#include "record/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_MAX = 200000 };

static const struct schedule poisson = {
    .kind = SCHEDULE_POISSON, .seed = 7, .per_s = 1e4, .outer_per_s = 5e3, .duration_ns = 10000000000,
};

static uint64_t arrivals[N_MAX];

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's and Smirnov's distance of the distances between arrivals to an exponential distribution, times the root
 * of their number: over 1.95 once in a thousand schedules. */
static double distance_to_poisson(size_t n, double per_s)
{
    double *gaps = malloc(n * sizeof *gaps), most = 0;
    for (size_t i = 0; i < n; i++)
        gaps[i] = (double)(arrivals[i] - (i ? arrivals[i - 1] : 0)) * 1e-9 * per_s;
    qsort(gaps, n, sizeof *gaps, compare);
    for (size_t i = 0; i < n; i++) {
        double is = 1 - exp(-gaps[i]), below = (double)i / (double)n, above = (double)(i + 1) / (double)n;
        most = fmax(most, fmax(fabs(is - below), fabs(is - above)));
    }
    free(gaps);
    return most * sqrt((double)n);
}

/* How far each distance tells the next one: near 0 if they are independent, times the root of their number. */
static double correlation(size_t n, double per_s)
{
    double sum = 0;
    for (size_t i = 2; i < n; i++) {
        double a = (double)(arrivals[i - 1] - arrivals[i - 2]) * 1e-9 * per_s;
        double b = (double)(arrivals[i] - arrivals[i - 1]) * 1e-9 * per_s;
        sum += (a - 1) * (b - 1);
    }
    return sum / sqrt((double)n);
}

static void check_ascending(size_t n, uint64_t duration_ns)
{
    for (size_t i = 1; i < n; i++)
        CHECK(arrivals[i - 1] <= arrivals[i]);
    CHECK(n == 0 || arrivals[n - 1] < duration_ns);
}

static void test_poisson(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct schedule schedule = poisson;
        schedule.seed = seed;
        size_t n = schedule_make(&schedule, arrivals, N_MAX);
        CHECK(fabs((double)n - 1e5) < 4 * sqrt(1e5));
        check_ascending(n, schedule.duration_ns);
        CHECK(distance_to_poisson(n, schedule.per_s) < 1.95);
        CHECK(fabs(correlation(n, schedule.per_s)) < 4);
    }
    /* The test can fail. */
    struct schedule constant = poisson;
    constant.kind = SCHEDULE_CONSTANT;
    size_t n = schedule_make(&constant, arrivals, N_MAX);
    CHECK(distance_to_poisson(n, constant.per_s) > 100);
}

static void test_same_seed_same_arrivals(void)
{
    static uint64_t again[N_MAX];
    size_t n = schedule_make(&poisson, arrivals, N_MAX);
    CHECK_EQ(schedule_make(&poisson, again, N_MAX), n);
    CHECK(memcmp(arrivals, again, n * sizeof *again) == 0);
    struct schedule other = poisson;
    other.seed++;
    schedule_make(&other, again, N_MAX);
    CHECK(memcmp(arrivals, again, 1000 * sizeof *again) != 0);
}

static void test_room(void)
{
    arrivals[10] = 42;
    size_t n = schedule_make(&poisson, arrivals, 10);
    CHECK(n > 90000);
    CHECK_EQ(arrivals[10], 42);
    CHECK_EQ(schedule_make(&poisson, NULL, 0), n);
}

static void test_regular(void)
{
    struct schedule schedule = poisson;
    schedule.kind = SCHEDULE_CONSTANT;
    size_t n = schedule_make(&schedule, arrivals, N_MAX);
    CHECK_EQ(n, 100000);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(arrivals[i], i * 100000);

    schedule.kind = SCHEDULE_BURST;
    n = schedule_make(&schedule, arrivals, N_MAX);
    CHECK_EQ(n, 100000);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(arrivals[i], i / SCHEDULE_BURST_TASKS * SCHEDULE_BURST_TASKS * 100000);
}

/* Half the rate before and after the middle third. */
static void test_surge(void)
{
    struct schedule schedule = poisson;
    size_t of_third[3] = { 0 };
    schedule.kind = SCHEDULE_SURGE;
    size_t n = schedule_make(&schedule, arrivals, N_MAX);
    check_ascending(n, schedule.duration_ns);
    for (size_t i = 0; i < n; i++)
        of_third[arrivals[i] * 3 / schedule.duration_ns]++;
    const double expected[3] = { 5e4 / 3, 1e5 / 3, 5e4 / 3 };
    for (size_t i = 0; i < 3; i++)
        CHECK(fabs((double)of_third[i] - expected[i]) < 4 * sqrt(expected[i]));
}

static void test_names(void)
{
    CHECK_EQ(schedule_kind("constant"), SCHEDULE_CONSTANT);
    CHECK_EQ(schedule_kind("surge"), SCHEDULE_SURGE);
    CHECK_EQ(schedule_kind("nosuch"), -1);
}

/* One server, in order: the stamps of its tasks as an event after the other makes them. */
static void serve(struct stamps *stamps, size_t n, uint64_t start_ns, const uint64_t *services_ns)
{
    uint64_t free_ns = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t at_ns = start_ns + arrivals[i];
        stamps[i] = (struct stamps){ .intended = at_ns, .due = at_ns, .submitted = at_ns };
        stamps[i].started = at_ns > free_ns ? at_ns : free_ns;
        stamps[i].ended = free_ns = stamps[i].started + services_ns[i];
    }
}

/* Lindley: a task waits as long as the one before it, and as that took, less the time between the two. What the
 * recorder counts is the same to the nanosecond, task by task and in sum. */
static void test_lindley(void)
{
    static struct stamps stamps[N_MAX];
    static uint64_t services_ns[N_MAX];
    struct load_open open = {
        .schedule = { .kind = SCHEDULE_POISSON, .seed = 3, .per_s = 8e3, .duration_ns = 5000000000 },
        .service_ns = 100000, .start_ns = 1000000,
    };
    size_t n = schedule_make(&open.schedule, arrivals, N_MAX);
    for (size_t i = 0; i < n; i++)
        services_ns[i] = 50000 + workload_mix(i) % 100000;
    serve(stamps, n, open.start_ns, services_ns);

    struct recorder *each = calloc(1, sizeof *each), *all = calloc(1, sizeof *all);
    struct load_open sums = open;
    open_account(&sums, all, stamps, n);
    uint64_t wait_ns = 0, n_counted = 0;
    double wait_sum_ns = 0, service_sum_ns = 0, sojourn_sum_ns = 0, in_time = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t left_ns = i ? (int64_t)(wait_ns + services_ns[i - 1]) - (int64_t)(arrivals[i] - arrivals[i - 1]) : 0;
        wait_ns = left_ns > 0 ? (uint64_t)left_ns : 0;
        if (arrivals[i] < open.schedule.duration_ns / 10)
            continue;
        struct load_open one = open;
        memset(each, 0, sizeof *each);
        open_account(&one, each, &stamps[i], 1);
        CHECK_EQ(one.queue_sum_ns, wait_ns);
        CHECK_EQ(each->sojourn.max_ns, wait_ns + services_ns[i]);
        CHECK_EQ(each->queue.max_ns, wait_ns);
        n_counted++;
        wait_sum_ns += (double)wait_ns;
        service_sum_ns += (double)services_ns[i];
        sojourn_sum_ns += (double)(wait_ns + services_ns[i]);
        in_time += wait_ns + services_ns[i] <= OPEN_IN_TIME * 100000;
    }
    CHECK_EQ(sums.queue_sum_ns, wait_sum_ns);
    CHECK_EQ(sums.service_sum_ns, service_sum_ns);
    CHECK_EQ(all->sojourn.sum_ns, sojourn_sum_ns);
    CHECK_EQ(all->sojourn.n, n_counted);
    CHECK_EQ(sums.n_accepted, n_counted);
    CHECK_EQ(sums.n_in_time, in_time);
    CHECK(wait_sum_ns > 0 && n_counted < n && in_time < (double)n_counted);
    free(each);
    free(all);
}

/* A side as a measuring process has it, on CPUs that it shares. */
static struct load_side *make_side(const char *backend, size_t n_workers, double per_s)
{
    struct load_side *side = calloc(1, sizeof *side);
    struct workload_config config = { .values = { 100000 }, .n_concurrent = 10000 };
    char reason[200] = "";
    config.reason = reason;
    config.reason_bytes = sizeof reason;
    side->load = load_find("open");
    side->executor = executor_find(backend);
    side->workload = workload_find("spin");
    side->options = (struct executor_options){ .n_workers = n_workers, .stack_bytes = 64 << 10 };
    side->stamped = true;
    side->n_batches = 1;
    side->open = (struct load_open){
        .schedule = { .kind = SCHEDULE_POISSON, .seed = 5, .per_s = per_s, .duration_ns = 100000000 },
        .service_ns = 100000, .generator_cpu = -1,
    };
    CHECK_EQ(side->workload->setup(&config, &side->workload_state), 0);
    CHECK_EQ(load_start(side), 0);
    return side;
}

static void end_side(struct load_side *side)
{
    struct tally_sum sum = tally_sum(&side->tally);
    struct workload_tally tally = { side->n_submitted, sum.n_run, sum.value_sum };
    char reason[200] = "";
    CHECK_EQ(side->workload->check(side->workload_state, &tally, reason, sizeof reason), 0);
    load_destroy_backend(side);
    side->workload->teardown(side->workload_state);
    load_stop(side);
    free(side);
}

static uint64_t sum_of(const uint64_t *bins)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < OPEN_BINS; i++)
        sum += bins[i];
    return sum;
}

/* Every arrival was offered once, and each part of a sojourn is there. */
static void check_side(const struct load_side *side)
{
    const struct load_open *open = &side->open;
    CHECK_EQ(sum_of(open->offered), open->n_arrivals);
    CHECK_EQ(open->n_offered, open->n_accepted + open->n_refused);
    CHECK(open->n_offered > 0 && open->n_offered < open->n_arrivals);
    CHECK_EQ(side->recorder->sojourn.n, open->n_accepted);
    CHECK_EQ(side->recorder->blocked.n, open->n_accepted);
    CHECK(open->n_in_time <= open->n_accepted && open->n_done <= open->n_accepted);
    CHECK(sum_of(open->done) >= sum_of(open->in_time));
}

static void test_backends(void)
{
    static const char *const names[] = { "pool", "pool-block", "pool-caller", "raw", "raw-capped" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct load_side *side = make_side(names[i], 2, 2000);
        CHECK(side->load->iterate(side) > 0);
        CHECK_EQ(side->open.n_refused, 0);
        CHECK_EQ(side->n_submitted, side->open.n_arrivals);
        check_side(side);
        end_side(side);
    }
}

/* Far more than one worker can do: with room for 64 some are refused, are not tried again, and all others run. */
static void test_refusals(void)
{
    struct load_side *side = make_side("pool-reject", 1, 100000);
    CHECK(side->load->iterate(side) > 0);
    CHECK(side->open.n_refused > 0);
    CHECK(side->n_submitted >= 64 && side->n_submitted < side->open.n_arrivals);
    check_side(side);
    end_side(side);
}

/* Threads that the reserve forbids are refusals as well. */
static void test_refused_threads(void)
{
    struct load_side *side = make_side("raw", 0, 100000);
    load_destroy_backend(side);
    side->options.max_threads = 1;
    CHECK_EQ(load_create_backend(side), 0);
    CHECK(side->load->iterate(side) > 0);
    CHECK(side->open.n_refused > 0);
    check_side(side);
    end_side(side);
}

/* A pool whose submit takes long. */
static const struct executor *slow_inner;
static uint64_t slow_submit_ns;

static int slow_submit(void *state, executor_fn *fn, void *arg)
{
    uint64_t end_ns = clock_now_ns() + slow_submit_ns;
    while (clock_now_ns() < end_ns)
        ;
    return slow_inner->submit(state, fn, arg);
}

/* What submit kept the caller for is no lateness of its own. */
static void test_whose_delay(void)
{
    const uint64_t slow_ns = 3000000;
    struct load_side *side = make_side("pool", 2, 1000);
    struct executor slow = *side->executor;
    slow_inner = side->executor;
    slow_submit_ns = slow_ns;
    slow.submit = slow_submit;
    side->executor = &slow;
    CHECK(side->load->iterate(side) > 0);
    const struct recorder *r = side->recorder;
    /* Every submit takes 3 ms, and tasks come each millisecond: the queue before it grows, and all of that is its. */
    CHECK(histogram_quantile(&r->blocked, 0.5) > 5 * slow_ns);
    CHECK(r->blocked.sum_ns + r->lateness.sum_ns + r->queue.sum_ns + r->service.sum_ns == r->sojourn.sum_ns);
    end_side(side);
}

static void test_longs(void)
{
    static const enum open_longs places[] = { LONGS_TOGETHER, LONGS_APART };
    for (size_t place = 0; place < 2; place++)
        for (int waits = 0; waits < 2; waits++) {
            struct load_side *side = make_side("pool", 2, 1000);
            side->open.longs = places[place];
            side->open.longs_wait = waits;
            side->open.long_ns = 20000000;
            side->open.n_longs = 2;
            CHECK(side->load->iterate(side) >= 20000000 - 5000000);
            CHECK_EQ(side->open.n_longs_done, 2);
            CHECK_EQ(side->n_submitted, side->open.n_arrivals); /* long tasks are none of the workload's */
            end_side(side);
        }
}

/* Short tasks that come while all workers have long ones begin after these. */
static void test_longs_are_in_the_way(void)
{
    struct load_side *side = make_side("pool", 1, 1000);
    side->open.longs = LONGS_TOGETHER;
    side->open.longs_wait = true;
    side->open.long_ns = 150000000; /* longer than tasks come */
    side->open.n_longs = 1;
    CHECK(side->load->iterate(side) > 0);
    CHECK_EQ(side->open.n_done, 0);
    CHECK(side->open.n_accepted > 0);
    end_side(side);
}

int main(void)
{
    test_poisson();
    test_same_seed_same_arrivals();
    test_room();
    test_regular();
    test_surge();
    test_names();
    test_lindley();
    test_backends();
    test_refusals();
    test_refused_threads();
    test_whose_delay();
    test_longs();
    test_longs_are_in_the_way();
    return check_failures() != 0;
}
