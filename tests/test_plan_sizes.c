/* The plan on machines of 1 to 512 CPUs: every profile has one, its readers accept it, batches have something to do for
 * each worker, and what is known of their work keeps the profile's promise of time. */
#include "backends/executor.h"
#include "check.h"
#include "plan/plan.h"
#include "record/tally.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = { 1, 2, 3, 6, 8, 12, 64, 96, 128, 256, 512 };
enum { N_SIZES = sizeof sizes / sizeof *sizes, N_PLUGINS = 9 };

static const char *all_backends[32];

static struct plan plan_for(const char *profile, size_t n_cpus, size_t n_open)
{
    for (size_t i = 0; executor_at(i); i++)
        all_backends[i] = executor_at(i)->name;
    const struct profile *found = profile_find(profile);
    struct plan_factors factors = {
        .profile = found, .seed = 1, .rounds = found->rounds, .cpus_usable = n_cpus, .cpus_open = n_open,
        .workers = { n_cpus }, .n_workers = 1, .backends = all_backends,
    };
    struct plan plan;
    CHECK_EQ(plan_init(&plan, &factors), 0);
    return plan;
}

static bool is_of(const struct cell *cell, const char *experiment)
{
    return strcmp(cell->experiment->name, experiment) == 0;
}

static bool has_load(const struct cell *cell, const char *load)
{
    return strcmp(cell_word(cell, "load", ""), load) == 0;
}

/* One task, or 0 where only a run can tell: a byte that is hashed is taken for a nanosecond, which is too much. */
static double task_ns(const struct cell *cell)
{
    static const struct { const char *workload, *key; double factor; } rows[] = {
        { "spin", "length_ns", 1 }, { "exponential", "mean_ns", 1 }, { "bimodal", "mean_ns", 1 },
        { "pareto", "mean_ns", 1 }, { "hash", "size_bytes", 1 }, { "gemm", "order", 1000 }, { "chase", "steps", 100 },
        { "triad", "size_bytes", 0.03 }, { "alloc", "blocks", 50 }, { "false-share", "increments", 5 },
    };
    for (size_t i = 0; cell->workload && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(cell->workload->name, rows[i].workload) == 0)
            return (double)cell_number(cell, rows[i].key, 0) * rows[i].factor;
    return 0;
}

static bool makes_threads(const char *backend)
{
    return strncmp(backend, "raw", 3) == 0;
}

/* What a side takes for one iteration of a batch, or for an open load, at least; NAN where it is not known. To create a
 * thread is taken for 15 microseconds of the caller. */
static double least_ns(const struct cell *cell, const struct side *side, size_t n_cpus)
{
    const double thread_ns = 15e3;
    double each_ns = task_ns(cell), n_tasks = (double)cell_tasks(cell), chunk = (double)cell_number(cell, "chunk", 1);
    if (each_ns <= 0 || has_load(cell, "idiom"))
        return NAN;
    double n_at_once = strcmp(side->backend, "serial") == 0 ? 1
        : side->workers > 0 && side->workers < n_cpus ? (double)side->workers : (double)n_cpus;
    double duration_ns = 0;
    if (has_load(cell, "open")) {
        duration_ns = (double)cell_number(cell, "duration_ms", 0) * 1e6;
        n_tasks = (double)cell_number(cell, "percent", 0) / 100 * (double)side->workers * duration_ns / each_ns;
        if (side->workers == 0)
            n_tasks = (double)cell_number(cell, "percent", 0) / 100 * (double)n_cpus * duration_ns / each_ns;
    }
    double created_ns = makes_threads(side->backend) ? n_tasks / chunk * thread_ns : 0;
    return fmax(fmax(n_tasks * each_ns / n_at_once, created_ns), duration_ns);
}

static double block_s(const struct cell *cell, size_t n_cpus, double *longest_s)
{
    double ns[CELL_SIDES_MAX], sum_ns = 0;
    uint64_t iterations[CELL_SIDES_MAX];
    for (size_t i = 0; i < cell->n_sides; i++)
        ns[i] = least_ns(cell, &cell->sides[i], n_cpus);
    budget_iterations(cell, ns, iterations);
    for (size_t i = 0; i < cell->n_sides; i++) {
        double side_ns = isnan(ns[i]) ? cell->side_ms * 1e6 : (double)iterations[i] * ns[i];
        *longest_s = fmax(*longest_s, side_ns * 1e-9);
        sum_ns += side_ns + budget_overhead_ms(cell->side_ms) * 1e6;
    }
    return sum_ns * 1e-9;
}

static double profile_s(const char *profile, size_t n_cpus, double *longest_s)
{
    struct plan plan = plan_for(profile, n_cpus, 0);
    double sum_s = 0;
    *longest_s = 0;
    for (size_t i = 0; i < plan.n_cells; i++)
        sum_s += (double)plan_rounds_of(&plan.cells[i], plan.factors.rounds)
            * block_s(&plan.cells[i], n_cpus, longest_s);
    plan_release(&plan);
    return sum_s;
}

/* quick is for five minutes and full for about an hour; io, whose sides wait longer than their share, is not known
 * here. On the largest machines both take longer: ten tasks of up to a millisecond for each worker, and two of longer
 * ones, are many for the caller alone. */
static void test_time(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        double longest_s, quick_s = profile_s("quick", sizes[i], &longest_s);
        double smoke_s = profile_s("smoke", sizes[i], &longest_s), full_s = profile_s("full", sizes[i], &longest_s);
        double most_full_s = sizes[i] > 256 ? 5400 : sizes[i] > 128 ? 4600 : 4150;
        printf("%zu CPUs: smoke %.1f, quick %.1f, full %.0f min, a side up to %.1f s\n", sizes[i], smoke_s / 60,
               quick_s / 60, full_s / 60, longest_s);
        CHECK(quick_s < (sizes[i] > 256 ? 380 : 300));
        CHECK(full_s < most_full_s);
        CHECK(smoke_s < 90);
        CHECK(longest_s < 15); /* a side that takes longer than 20 s may be taken for hung */
    }
}

/* Two iterations are the least that a pilot times: the caller alone takes 20 s for the longest of 512 CPUs. Where they
 * are short a side takes its usual share. */
static void test_pilot(const struct plan *plan, size_t n_cpus, double least_ms)
{
    double most_ms = 0;
    for (size_t i = 0; i < plan->n_cells; i++)
        for (size_t s = 0; s < plan->cells[i].n_sides; s++) {
            const struct cell *cell = &plan->cells[i];
            double pilot_ms = budget_pilot_ms(cell, &cell->sides[s], n_cpus);
            double known_ms = 2 * least_ns(cell, &cell->sides[s], n_cpus) * 1e-6;
            CHECK(pilot_ms >= budget_overhead_ms(cell->side_ms));
            if (!has_load(cell, "batch"))
                CHECK(pilot_ms == budget_overhead_ms(cell->side_ms));
            bool is_known = is_of(cell, "grain") && strcmp(cell->workload->name, "spin") == 0;
            if (is_known && !makes_threads(cell->sides[s].backend))
                CHECK(pilot_ms >= known_ms);
            most_ms = fmax(most_ms, pilot_ms);
        }
    CHECK(most_ms >= least_ms && most_ms < least_ms + 1000);
}

/* What `list budget` adds up: on a few CPUs what is allotted, and more only where one iteration takes longer; on many
 * what the caller alone takes too. */
static void test_budget(void)
{
    struct plan few = plan_for("full", 2, 0), many = plan_for("full", 512, 0);
    double few_ms = 0, many_ms = 0, allotted_ms = 0;
    for (size_t i = 0; i < few.n_cells; i++) {
        const struct cell *cell = &few.cells[i];
        double block_ms = budget_block_ms(cell, 2), least_ms = (double)cell->n_sides * cell->side_ms;
        if (!CHECK(block_ms == least_ms || (block_ms > least_ms && block_ms < 1.4 * least_ms && is_of(cell, "grain"))))
            fprintf(stderr, "it is %s\n", cell->name);
        few_ms += block_ms;
    }
    for (size_t i = 0; i < many.n_cells; i++) {
        const struct cell *cell = &many.cells[i];
        double block_ms = budget_block_ms(cell, 512);
        many_ms += block_ms;
        allotted_ms += (double)cell->n_sides * cell->side_ms;
        if (is_of(cell, "grain") && cell_number(cell, "length_ns", 0) == 10000000)
            CHECK(block_ms > 1024 * 10.0 && block_ms < 1.1 * 1024 * 10.0); /* one by one, and the other sides */
    }
    CHECK(few_ms < allotted_ms && allotted_ms < many_ms);
    test_pilot(&few, 2, 0.5);
    test_pilot(&many, 512, 2 * 1024 * 10.0);
    plan_release(&few);
    plan_release(&many);
}

static void check_cell(const struct cell *cell, size_t n_cpus)
{
    uint64_t n_tasks = cell_tasks(cell);
    if (is_of(cell, "grain") || is_of(cell, "cpu"))
        CHECK(n_tasks % n_cpus == 0 && n_tasks / n_cpus >= 2); /* as many for each worker, and not one alone */
    if (is_of(cell, "grain") && task_ns(cell) <= 1e6)
        CHECK(n_tasks / n_cpus >= 10); /* one too many for a worker is less than a tenth */
    if (is_of(cell, "kinds"))
        CHECK(n_tasks / cell_number(cell, "chunk", 1) >= 2 * n_cpus);
    for (size_t i = 0; i < cell->n_sides; i++)
        CHECK(cell->sides[i].workers <= 4 * n_cpus || cell->sides[i].workers <= 4096);
}

/* Who generates an open load is one thread: what comes in a second must not grow with the CPUs. */
static double most_arrivals_per_s(const struct plan *plan, size_t n_open)
{
    double most = 0;
    for (size_t i = 0; i < plan->n_cells; i++)
        if (has_load(&plan->cells[i], "open"))
            most = fmax(most, (double)cell_number(&plan->cells[i], "percent", 0) / 100 * (double)n_open * 1e9 /
                                  task_ns(&plan->cells[i]));
    return most;
}

static void test_cells(const char *profile)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n_open = sizes[i] > 1 ? sizes[i] - 1 : 1;
        struct plan plan = plan_for(profile, sizes[i], n_open);
        for (size_t c = 0; c < plan.n_cells; c++)
            check_cell(&plan.cells[c], sizes[i]);
        CHECK(plan.n_cells > 0);
        CHECK(most_arrivals_per_s(&plan, n_open) <= 120000);
        CHECK(sizes[i] <= TALLY_CPUS); /* tasks are counted by each CPU in a line of its own */
        plan_release(&plan);
    }
}

/* All tasks of an open load, and those that its capacity is told by, are of one length. */
static void test_open_lengths(size_t n_open, uint64_t length_ns)
{
    struct plan plan = plan_for("full", n_open + 1, n_open);
    for (size_t i = 0; i < plan.n_cells; i++)
        if (has_load(&plan.cells[i], "open") || plan_is_capacity(&plan.cells[i]))
            CHECK(task_ns(&plan.cells[i]) == (double)length_ns);
    plan_release(&plan);
}

static void test_one_cell(const char *name, size_t n_cpus)
{
    struct plan plan = plan_for("full", n_cpus, 0);
    size_t n = 0;
    for (size_t i = 0; i < plan.n_cells; i++)
        n += strcmp(plan.cells[i].name, name) == 0;
    if (!CHECK_EQ(n, 1))
        fprintf(stderr, "it is %s\n", name);
    plan_release(&plan);
}

/* What a few CPUs get must stay what it was: runs of one machine are compared by these names. */
static void test_names(void)
{
    test_one_cell("grain/spin/length_ns:10000/load:batch/mode:throughput/tasks:1024", 2);
    test_one_cell("grain/spin/length_ns:10000000/load:batch/mode:throughput/tasks:32", 4);
    test_one_cell("grain/spin/length_ns:10000/load:batch/mode:throughput/tasks:4096", 8);
    test_one_cell("grain/spin/length_ns:10000/load:batch/mode:throughput/tasks:19968", 512);
    test_one_cell("grain/spin/length_ns:10000000/load:batch/mode:throughput/tasks:1024", 512);
    test_one_cell("grain/spin/length_ns:950000/load:batch/mode:throughput/tasks:42", 1);
    test_one_cell("grain/spin/length_ns:950000/load:batch/mode:throughput/tasks:168", 4);
    test_one_cell("grain/spin/length_ns:950000/load:batch/mode:throughput/tasks:640", 64);
    test_one_cell("grain/spin/length_ns:1200000/load:batch/mode:throughput/tasks:320", 64);
    test_one_cell("cpu/hash/load:batch/mode:throughput/size_bytes:16384/tasks:512", 2);
    test_one_cell("cpu/hash/load:batch/mode:throughput/size_bytes:16384/tasks:16384", 512);
    test_one_cell("kinds/spin/chunk:1/functions:1/length_ns:20000/load:batch/mode:throughput/tasks:1024", 2);
}

/* As many sizes as may be given; with many plugins as well there are more sides than can be read. The last
 * test: backends that were added stay. */
static void test_many_sides(void)
{
    static char names[N_PLUGINS][8];
    static struct executor added[N_PLUGINS];
    static const char *backends[64];
    struct plan plan, full = plan_for("full", 512, 0);
    struct plan_factors factors = full.factors;
    for (size_t i = 0; i < PLAN_WORKERS_MAX; i++)
        factors.workers[i] = i + 1;
    factors.n_workers = PLAN_WORKERS_MAX;
    CHECK_EQ(plan_init(&plan, &factors), 0);
    plan_release(&plan);
    for (size_t i = 0; i < N_PLUGINS; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        added[i] = (struct executor){ .name = names[i], .capabilities = EXECUTOR_HAS_WORKERS };
        CHECK_EQ(executor_add(&added[i]), 0);
    }
    for (size_t i = 0; executor_at(i); i++)
        backends[i] = executor_at(i)->name;
    factors.backends = backends;
    CHECK_EQ(plan_init(&plan, &factors), 0);
    CHECK(plan_n_sides(&plan) > PLAN_SIDES_MAX);
    plan_release(&plan);
    factors.filter = "^grain/";
    CHECK_EQ(plan_init(&plan, &factors), 0);
    CHECK(plan_n_sides(&plan) > 1000 && plan_n_sides(&plan) <= PLAN_SIDES_MAX);
    plan_release(&plan);
    plan_release(&full);
}

int main(void)
{
    static const char *const profiles[] = { "smoke", "quick", "full", "peers" };
    for (size_t i = 0; i < 4; i++)
        test_cells(profiles[i]);
    test_open_lengths(1, 100000);
    test_open_lengths(8, 100000);
    test_open_lengths(9, 200000);
    test_open_lengths(511, 6400000);
    test_names();
    test_time();
    test_budget();
    test_many_sides();
    return check_failures() != 0;
}
