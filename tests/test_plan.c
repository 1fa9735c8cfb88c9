/* The plan of every profile: names, keys, sides, order, rules, sizes. */
#include "backends/executor.h"
#include "check.h"
#include "idioms/idiom.h"
#include "plan/plan.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *all_backends[32];

static struct plan_factors factors_of(const char *profile)
{
    for (size_t i = 0; executor_at(i); i++)
        all_backends[i] = executor_at(i)->name;
    const struct profile *found = profile_find(profile);
    return (struct plan_factors){
        .profile = found, .seed = 1, .rounds = found->rounds, .cpus_usable = 2, .workers = { 2 }, .n_workers = 1,
        .backends = all_backends,
    };
}

static struct plan plan_of(const struct plan_factors *factors)
{
    struct plan plan;
    CHECK_EQ(plan_init(&plan, factors), 0);
    CHECK(plan.n_cells > 0);
    return plan;
}

static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("/:_-", *name))
            return false;
    return true;
}

/* The name tells the whole cell: that of its experiment and workload, then its keys in order. */
static void check_name(const struct cell *cell)
{
    char name[CELL_NAME_BYTES], part[128];
    CHECK(is_plain(cell->name));
    if (!cell->workload) {
        snprintf(name, sizeof name, "floors/%s", cell_word(cell, "floor", "?"));
        CHECK(strcmp(cell->name, name) == 0);
        return;
    }
    snprintf(name, sizeof name, "%s/%s", cell->experiment->name, cell->workload->name);
    for (size_t i = 0; i < cell->n_keys; i++) {
        const struct cell_key *key = &cell->keys[i];
        if (key->word)
            snprintf(part, sizeof part, "/%s:%s", key->name, key->word);
        else
            snprintf(part, sizeof part, "/%s:%llu", key->name, (unsigned long long)key->number);
        strncat(name, part, sizeof name - strlen(name) - 1);
    }
    CHECK(strcmp(cell->name, name) == 0);
}

static bool is_program(const struct cell *cell)
{
    return strcmp(cell_word(cell, "load", ""), "idiom") == 0;
}

static void check_sides(const struct cell *cell)
{
    CHECK(cell->n_sides > 0);
    for (size_t i = 0; i < cell->n_sides; i++) {
        const struct side *side = &cell->sides[i];
        const struct idiom *idiom = idiom_find(cell->experiment->name, side->backend);
        const struct executor *executor = executor_find(is_program(cell) && idiom ? idiom->base : side->backend);
        CHECK_EQ(is_program(cell), idiom != NULL && strcmp(cell->experiment->name, "oneoff") != 0);
        CHECK(executor != NULL || strcmp(side->backend, "floor") == 0);
        CHECK_EQ(side->workers > 0, executor && (executor->capabilities & EXECUTOR_HAS_WORKERS));
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(side->backend, cell->sides[j].backend) != 0 || side->workers != cell->sides[j].workers);
    }
}

static void check_parameters(const struct cell *cell)
{
    const struct workload_parameter *p = cell->workload ? cell->workload->parameters : NULL;
    for (; p && p->name; p++) {
        uint64_t value = cell_number(cell, p->name, UINT64_MAX);
        CHECK(p->min <= value && value <= p->max);
    }
}

static void test_cells(const char *profile)
{
    struct plan_factors factors = factors_of(profile);
    struct plan plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++) {
        const struct cell *cell = &plan.cells[i];
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(cell->name, plan.cells[j].name) != 0);
        for (size_t k = 1; k < cell->n_keys; k++)
            CHECK(strcmp(cell->keys[k - 1].name, cell->keys[k].name) < 0);
        CHECK(cell_word(cell, "load", NULL) && cell_word(cell, "mode", NULL));
        CHECK(cell_tasks(cell) > 0 && cell->side_ms > 0);
        for (size_t s = 0; s < cell->n_sides; s++)
            CHECK_EQ(cell->sides[s].iterations, cell->once); /* else the pilot chooses */
        check_name(cell);
        check_sides(cell);
        check_parameters(cell);
    }
    plan_release(&plan);
}

static size_t count_sides(const struct cell *cell, const char *backend, size_t workers)
{
    size_t n = 0;
    for (size_t i = 0; i < cell->n_sides; i++)
        n += strcmp(cell->sides[i].backend, backend) == 0 && cell->sides[i].workers == workers;
    return n;
}

/* Each size once, however often it is listed, for what has a size; nothing of a backend that was left out. */
static void test_lists(void)
{
    static const char *const some[] = { "raw", "pool", NULL };
    struct plan_factors factors = factors_of("smoke");
    factors.workers[0] = 3;
    factors.workers[1] = 1;
    factors.workers[2] = 3;
    factors.n_workers = 3;
    factors.filter = "^grain/spin/";
    struct plan plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++) {
        const struct cell *cell = &plan.cells[i];
        CHECK_EQ(count_sides(cell, "pool", 3), 1);
        CHECK_EQ(count_sides(cell, "pool", 1), 1);
        CHECK_EQ(count_sides(cell, "raw-capped", 3), 1);
        CHECK_EQ(count_sides(cell, "raw", 0), 1);
        CHECK_EQ(count_sides(cell, "pool", 2), 0);
    }
    plan_release(&plan);

    /* A program that is a variant is there with its backend. */
    size_t n_variants = 0;
    factors.backends = some;
    factors.filter = NULL;
    plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++)
        for (size_t s = 0; s < plan.cells[i].n_sides; s++) {
            const struct cell *cell = &plan.cells[i];
            const struct idiom *idiom = is_program(cell)
                ? idiom_find(cell->experiment->name, cell->sides[s].backend) : NULL;
            const char *backend = idiom ? idiom->base : cell->sides[s].backend;
            CHECK(!is_program(cell) || idiom);
            n_variants += idiom && strcmp(idiom->base, idiom->backend) != 0;
            bool chosen = strcmp(backend, "raw") == 0 || strcmp(backend, "pool") == 0;
            CHECK(chosen || strcmp(backend, "floor") == 0 || plan_is_capacity(cell));
        }
    CHECK(n_variants > 0);
    plan_release(&plan);
}

static void test_filter(void)
{
    struct plan_factors factors = factors_of("quick");
    struct plan plan;
    factors.filter = "^(gap|io/echo)/";
    plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++)
        CHECK(strncmp(plan.cells[i].name, "gap/", 4) == 0 || strncmp(plan.cells[i].name, "io/echo/", 8) == 0);
    CHECK_EQ(plan.n_cells, 7); /* with the primary cell of gap where nobody spins */
    plan_release(&plan);
    factors.filter = "(";
    CHECK_EQ(plan_init(&plan, &factors), -EINVAL);
    factors.filter = "no such cell";
    CHECK_EQ(plan_init(&plan, &factors), 0);
    CHECK_EQ(plan.n_cells, 0);
    plan_release(&plan);
}

static struct plan_step *order_of(const struct plan *plan, size_t round, size_t *n_steps)
{
    struct plan_step *steps = calloc(plan_n_sides(plan), sizeof *steps);
    *n_steps = plan_order(plan, round, steps);
    return steps;
}

/* What tells the capacity comes first. Every side of the cells whose round it is once; those of a block one after the
 * other, forwards the first time, then backwards. */
static void check_round(const struct plan *plan, size_t round)
{
    size_t at = 0, n_steps;
    struct plan_step *steps = order_of(plan, round, &n_steps);
    bool *seen = calloc(plan->n_cells, sizeof *seen);
    bool only_capacities = true;
    while (at < n_steps) {
        size_t cell = steps[at].cell, n_sides = plan->cells[cell].n_sides;
        CHECK(!seen[cell]);
        seen[cell] = true;
        CHECK(!plan_is_capacity(&plan->cells[cell]) || only_capacities);
        only_capacities = plan_is_capacity(&plan->cells[cell]);
        for (size_t s = 0; s < n_sides; s++, at++) {
            CHECK_EQ(steps[at].cell, cell);
            CHECK_EQ(steps[at].side, round / plan->cells[cell].every % 2 ? n_sides - 1 - s : s);
        }
    }
    CHECK_EQ(at, n_steps);
    for (size_t i = 0; i < plan->n_cells; i++)
        CHECK_EQ(seen[i], round % plan->cells[i].every == 0);
    free(seen);
    free(steps);
}

/* Whatever a filter leaves of the open loads, what their rates come from stays with them, and only with them. */
static void test_capacities(void)
{
    struct plan_factors factors = factors_of("full");
    factors.filter = "^openload/spin/.*percent:120$";
    struct plan plan = plan_of(&factors);
    CHECK_EQ(plan.n_cells, 2);
    CHECK(plan_is_capacity(&plan.cells[0]) && plan_capacity_cell(&plan, &plan.cells[1]) == &plan.cells[0]);
    plan_release(&plan);
    factors.filter = "^(gap|grain)/";
    plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++)
        CHECK(!plan_is_capacity(&plan.cells[i]) && !plan_capacity_cell(&plan, &plan.cells[i]));
    plan_release(&plan);
}

static bool same_order(const struct plan *a, size_t round_a, const struct plan *b, size_t round_b)
{
    size_t n_a, n_b;
    struct plan_step *x = order_of(a, round_a, &n_a), *y = order_of(b, round_b, &n_b);
    bool same = n_a == n_b;
    for (size_t i = 0; i < n_a && same; i++)
        same = x[i].cell == y[i].cell;
    free(x);
    free(y);
    return same;
}

static void test_order(const char *profile)
{
    struct plan_factors factors = factors_of(profile);
    struct plan plan = plan_of(&factors), again = plan_of(&factors);
    factors.seed = 2;
    struct plan other = plan_of(&factors);
    for (size_t round = 0; round < 8; round++) {
        check_round(&plan, round);
        CHECK(same_order(&plan, round, &again, round));
        CHECK(!same_order(&plan, round, &other, round));
        CHECK(!same_order(&plan, round, &plan, round + 1));
        CHECK(!same_order(&plan, round, &plan, round + 2));
        CHECK(!same_order(&plan, round + 1, &other, round)); /* a seed is no offset into another's rounds */
    }
    plan_release(&plan);
    plan_release(&again);
    plan_release(&other);
}

/* Hand-overs that decide something are measured in each round of full, for a moment; all else in every fourth. */
static void test_every(void)
{
    struct plan_factors factors = factors_of("full");
    struct plan plan = plan_of(&factors);
    size_t n_often = 0;
    for (size_t i = 0; i < plan.n_cells; i++) {
        const struct cell *cell = &plan.cells[i];
        bool is_often = cell->every == 1;
        n_often += is_often;
        CHECK(is_often || cell->every == 4);
        CHECK_EQ(plan_rounds_of(cell, 80), is_often ? 80 : 20);
        CHECK_EQ(plan_rounds_of(cell, 5), is_often ? 5 : 2);
        if (is_often) {
            CHECK_EQ(cell->side_ms, 60);
            CHECK((cell->role && strcmp(cell->role, "primary") == 0)
                  || strcmp(cell_word(cell, "spin", ""), "none") == 0);
        }
    }
    CHECK_EQ(n_often, 10); /* of reuse, oneoff, gap, forget and results, and the same where nobody spins */
    plan_release(&plan);
}

static void check_iterations(struct cell *cell, const double *iteration_ns, uint64_t first, uint64_t second)
{
    uint64_t iterations[CELL_SIDES_MAX];
    cell->n_sides = 2;
    budget_iterations(cell, iteration_ns, iterations);
    CHECK_EQ(iterations[0], first);
    CHECK_EQ(iterations[1], second);
}

static void test_budget(void)
{
    const double equal[] = { 1e6, 1e6 }, unequal[] = { 1e6, 3e6 }, known[] = { NAN, 2e6 };
    const double unknown[] = { NAN, NAN }, slow[] = { 1e12, 1e5 }, nothing[] = { 0, 0 };
    struct cell cell = { .side_ms = 60 };
    cell_set_word(&cell, "mode", "throughput");
    check_iterations(&cell, equal, 60, 60);
    check_iterations(&cell, unequal, 60, 20); /* 60 ms each */
    check_iterations(&cell, known, 30, 30);
    check_iterations(&cell, unknown, 1, 1);
    check_iterations(&cell, slow, 1, 600);
    check_iterations(&cell, nothing, 1, 1);
    cell_set_word(&cell, "mode", "latency");
    check_iterations(&cell, unequal, 30, 30); /* 30 and 90 ms: together what two sides may take */
    check_iterations(&cell, slow, 1, 1);
    cell.once = true;
    check_iterations(&cell, equal, 1, 1);
    CHECK(budget_overhead_ms(100) > budget_overhead_ms(10) && budget_overhead_ms(10) > 0);
}

/* Where a profile decides a claim, every side that its rule names is in the plan, and a primary cell. */
static void check_claim(const struct plan *plan, const struct experiment *experiment)
{
    size_t n_primary = 0, n_contrasts = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *cell = &plan->cells[i];
        n_primary += cell->experiment == experiment && cell->role && strcmp(cell->role, "primary") == 0;
    }
    CHECK_EQ(n_primary, 1);
    for (const struct contrast *c = experiment->rule.contrasts; c->name && n_contrasts < RULE_CONTRASTS_MAX; c++) {
        struct plan_step a, b;
        n_contrasts++;
        if (!CHECK(plan_resolve(plan, experiment, &c->a, &a)) || !CHECK(plan_resolve(plan, experiment, &c->b, &b))) {
            fprintf(stderr, "%s: %s\n", experiment->name, c->name);
            continue;
        }
        CHECK(plan->cells[a.cell].experiment == experiment && plan->cells[b.cell].experiment == experiment);
        CHECK(a.cell != b.cell || a.side != b.side);
    }
    CHECK(n_contrasts > 0);
    for (size_t i = 0; i < RULE_CONDITIONS_MAX; i++) {
        CHECK(experiment->rule.supported_all[i].contrast < n_contrasts);
        CHECK(experiment->rule.refuted_any[i].contrast < n_contrasts);
    }
    CHECK(experiment->rule.evaluator || (experiment->rule.supported_all[0].op && experiment->rule.refuted_any[0].op));
}

static bool has_rows(const struct profile *profile, const struct experiment *experiment)
{
    for (const struct profile_row *row = profile->rows; row->experiment; row++)
        if (strcmp(row->experiment, experiment->name) == 0)
            return true;
    return false;
}

/* `full` decides every claim. With workers given, too: the primary contrasts must not depend on what the machine
 * has. */
static void test_claims(const char *profile, size_t workers)
{
    struct plan_factors factors = factors_of(profile);
    factors.workers[0] = workers;
    struct plan plan = plan_of(&factors);
    for (const struct experiment *e = experiment_table; e->name; e++)
        if (e->claim[0] && (has_rows(factors.profile, e) || strcmp(profile, "full") == 0))
            check_claim(&plan, e);
    plan_release(&plan);
}

/* The floor of a claim needs the pool twice where the pool is a side of the primary cell. */
static void test_pool_again(const char *profile)
{
    struct plan_factors factors = factors_of(profile);
    struct plan plan = plan_of(&factors);
    size_t n_sleeping = 0;
    for (size_t i = 0; i < plan.n_cells; i++) {
        const struct cell *cell = &plan.cells[i];
        bool primary = cell->role && strcmp(cell->role, "primary") == 0, has_pool = false, again = false;
        for (size_t s = 0; s < cell->n_sides; s++) {
            has_pool = has_pool || strcmp(cell->sides[s].backend, "pool") == 0;
            if (strcmp(cell->sides[s].backend, "pool-again") == 0) {
                again = true;
                CHECK_EQ(count_sides(cell, "pool", cell->sides[s].workers), 1);
            }
        }
        bool sleeps = strcmp(cell_word(cell, "spin", ""), "none") == 0; /* the same of a role that is gone there */
        CHECK(!sleeps || !cell->role);
        CHECK(sleeps || again == (primary && has_pool));
        n_sleeping += sleeps;
    }
    CHECK_EQ(n_sleeping > 0, factors.profile->sleeps);
    plan_release(&plan);
}

static void test_profiles(void)
{
    CHECK_EQ(profile_find("smoke")->rounds, 3);
    CHECK(profile_find("quick")->rounds >= 10);
    CHECK(profile_find("full")->rounds >= 20);
    CHECK(profile_find("nosuch") == NULL);
}

/* The pool and the one whose caller helps stand beside each other in every cell of a profile that says so. */
static void test_helping(void)
{
    struct plan_factors factors = factors_of("peers");
    struct plan plan = plan_of(&factors);
    for (size_t i = 0; i < plan.n_cells; i++)
        for (size_t workers = 2; workers <= 64; workers *= 32)
            CHECK_EQ(count_sides(&plan.cells[i], "pool-helping", workers),
                     count_sides(&plan.cells[i], "pool", workers));
    plan_release(&plan);
}

static const struct cell *find_cell(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_cells; i++)
        if (strcmp(plan->cells[i].name, name) == 0)
            return &plan->cells[i];
    fprintf(stderr, "no cell %s\n", name);
    return NULL;
}

/* What the table of docs/peers.md looks for. */
static void test_cases_of_peers(void)
{
    static const char *const names[] = {
        "inject/empty/load:inject/mode:throughput/submitters:1/tasks:10000",
        "inject/empty/load:inject/mode:throughput/submitters:2/tasks:10000",
        "bounded/empty/bound:1000/load:inject/mode:throughput/submitters:1/tasks:10000",
        "bounded/empty/bound:1000/load:inject/mode:throughput/submitters:64/tasks:10000",
        "shortmap/empty/batches:300/call:map/load:batch/mode:latency/tasks:2",
        "shortmap/empty/batches:300/call:map/load:batch/mode:latency/tasks:64",
        "handle/empty/batches:300/call:get/load:batch/mode:latency/tasks:1",
        "metg/spin/length_ns:20/load:batch/mode:throughput/tasks:20000",
        "metg/spin/length_ns:100000/load:batch/mode:throughput/tasks:40",
        "crowd/empty/load:batch/mode:throughput/size:2/tasks:20000",
        "crowd/empty/load:batch/mode:throughput/size:64/tasks:20000",
    };
    struct plan_factors factors = factors_of("peers");
    factors.workers[0] = 2;
    struct plan plan = plan_of(&factors);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct cell *cell = find_cell(&plan, names[i]);
        if (!CHECK(cell != NULL))
            continue;
        CHECK_EQ(count_sides(cell, "pool", cell_number(cell, "size", 2)), 1);
        CHECK_EQ(count_sides(cell, "serial", 0), strncmp(names[i], "metg", 4) == 0);
        CHECK_EQ(count_sides(cell, "raw", 0), 0);
    }
    plan_release(&plan);
}

int main(void)
{
    static const char *const profiles[] = { "smoke", "quick", "full", "peers" };
    test_profiles();
    for (size_t i = 0; i < 4; i++) {
        test_cells(profiles[i]);
        test_order(profiles[i]);
        if (i == 0)
            continue;
        test_pool_again(profiles[i]);
        for (size_t workers = 1; workers <= 64; workers *= 4)
            test_claims(profiles[i], workers);
    }
    test_helping();
    test_cases_of_peers();
    test_capacities();
    test_lists();
    test_filter();
    test_every();
    test_budget();
    return check_failures() != 0;
}
