/* Makes the cells of a plan: names, keys, sides, order. */
#include "plan/plan.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/executor.h"

enum { PLAN_CELLS_MAX = 1024 };

static struct cell_key *find_key(struct cell *cell, const char *name)
{
    for (size_t i = 0; i < cell->n_keys; i++)
        if (strcmp(cell->keys[i].name, name) == 0)
            return &cell->keys[i];
    return NULL;
}

static void set_key(struct cell *cell, struct cell_key key)
{
    struct cell_key *old = find_key(cell, key.name);
    if (old) {
        *old = key;
        return;
    }
    if (cell->n_keys == CELL_KEYS_MAX)
        abort();
    size_t at = cell->n_keys++;
    for (; at > 0 && strcmp(cell->keys[at - 1].name, key.name) > 0; at--)
        cell->keys[at] = cell->keys[at - 1];
    cell->keys[at] = key;
}

void cell_set(struct cell *cell, const char *key, uint64_t number)
{
    set_key(cell, (struct cell_key){ .name = key, .number = number });
}

void cell_set_word(struct cell *cell, const char *key, const char *word)
{
    set_key(cell, (struct cell_key){ .name = key, .word = word });
}

uint64_t cell_number(const struct cell *cell, const char *key, uint64_t fallback)
{
    const struct cell_key *found = find_key((struct cell *)cell, key);
    return found ? found->number : fallback;
}

const char *cell_word(const struct cell *cell, const char *key, const char *fallback)
{
    const struct cell_key *found = find_key((struct cell *)cell, key);
    return found && found->word ? found->word : fallback;
}

uint64_t cell_tasks(const struct cell *cell)
{
    return cell_number(cell, "tasks", 1) * cell_number(cell, "batches", 1);
}

static void name_cell(struct cell *cell)
{
    int n = cell->workload
        ? snprintf(cell->name, sizeof cell->name, "%s/%s", cell->experiment->name, cell->workload->name)
        : snprintf(cell->name, sizeof cell->name, "%s/%s", cell->experiment->name, cell_word(cell, "floor", ""));
    for (size_t i = 0; cell->workload && i < cell->n_keys; i++) {
        const struct cell_key *key = &cell->keys[i];
        n += key->word
            ? snprintf(cell->name + n, sizeof cell->name - n, "/%s:%s", key->name, key->word)
            : snprintf(cell->name + n, sizeof cell->name - n, "/%s:%llu", key->name, (unsigned long long)key->number);
        if ((size_t)n >= sizeof cell->name)
            abort();
    }
}

struct cell *plan_add_cell(struct plan *plan, const struct experiment *experiment, const struct profile_row *row,
                           const char *load, const char *mode)
{
    if (plan->n_cells == PLAN_CELLS_MAX)
        abort();
    struct cell *cell = &plan->cells[plan->n_cells++];
    *cell = (struct cell){
        .experiment = experiment, .workload = workload_find(row->workload), .side_ms = row->side_ms,
        .every = plan->factors.profile->every,
    };
    cell_set_word(cell, "load", load);
    cell_set_word(cell, "mode", mode);
    if (cell->workload)
        for (const struct workload_parameter *p = cell->workload->parameters; p && p->name; p++)
            cell_set(cell, p->name, p->default_value);
    return cell;
}

void plan_set_primary(const struct plan *plan, struct cell *cell)
{
    unsigned primary_ms = plan->factors.profile->primary_ms;
    cell->role = "primary";
    cell->every = 1;
    if (primary_ms > 0)
        cell->side_ms = primary_ms;
}

/* Where a side comes in the order in which they are measured: one that is there a second time comes right before the
 * first, which is then as near to it in time as to what comes behind, with which it is compared. */
static size_t place_of(const struct cell *cell, const char *name, size_t workers)
{
    static const char again[] = "-again";
    size_t length = strlen(name), n_once = length > strlen(again) ? length - strlen(again) : 0;
    if (n_once && strcmp(name + n_once, again) == 0)
        for (size_t i = 0; i < cell->n_sides; i++) {
            const struct side *side = &cell->sides[i];
            if (side->workers == workers && strlen(side->backend) == n_once
                && strncmp(side->backend, name, n_once) == 0)
                return i;
        }
    return cell->n_sides;
}

void plan_add_variant(const struct plan *plan, struct cell *cell, const char *name, const char *backend,
                      size_t workers)
{
    bool wanted = strcmp(backend, "floor") == 0;
    for (const char *const *chosen = plan->factors.backends; *chosen && !wanted; chosen++)
        wanted = strcmp(*chosen, backend) == 0;
    for (size_t i = 0; i < cell->n_sides && wanted; i++)
        wanted = strcmp(cell->sides[i].backend, name) != 0 || cell->sides[i].workers != workers;
    if (!wanted)
        return;
    if (cell->n_sides == CELL_SIDES_MAX)
        abort();
    size_t at = place_of(cell, name, workers);
    memmove(&cell->sides[at + 1], &cell->sides[at], (cell->n_sides++ - at) * sizeof cell->sides[0]);
    cell->sides[at] = (struct side){ .backend = name, .workers = workers };
}

void plan_add_side(const struct plan *plan, struct cell *cell, const char *backend, size_t workers)
{
    plan_add_variant(plan, cell, backend, backend, workers);
}

void plan_add_plugin_sides(const struct plan *plan, struct cell *cell, size_t n_workers)
{
    const struct executor *e;
    for (size_t i = 0; (e = executor_at(i)); i++)
        if (executor_is_added(e))
            plan_add_side(plan, cell, e->name, e->capabilities & EXECUTOR_HAS_WORKERS ? n_workers : 0);
}

void plan_add_pool_sides(const struct plan *plan, struct cell *cell)
{
    const struct plan_factors *factors = &plan->factors;
    for (size_t i = 0; i < factors->n_workers; i++)
        plan_add_side(plan, cell, "pool", factors->workers[i]);
    for (size_t i = 0; i < factors->n_workers; i++)
        plan_add_plugin_sides(plan, cell, factors->workers[i]);
    bool is_primary = cell->role && strcmp(cell->role, "primary") == 0;
    if (is_primary)
        plan_add_side(plan, cell, "pool-again", factors->workers[0]);
    if (is_primary || factors->profile->helps)
        plan_add_side(plan, cell, "pool-helping", factors->workers[0]);
}

void plan_add_pool_sides_of(const struct plan *plan, struct cell *cell, size_t n_workers)
{
    plan_add_side(plan, cell, "pool", n_workers);
    plan_add_plugin_sides(plan, cell, n_workers);
    if (plan->factors.profile->helps)
        plan_add_side(plan, cell, "pool-helping", n_workers);
}

void plan_add_usual_sides(const struct plan *plan, struct cell *cell)
{
    const struct plan_factors *factors = &plan->factors;
    for (size_t i = 0; i < factors->n_workers; i++)
        plan_add_side(plan, cell, "pool", factors->workers[i]);
    plan_add_side(plan, cell, "raw", 0);
    for (size_t i = 0; i < factors->n_workers; i++)
        plan_add_side(plan, cell, "raw-capped", factors->workers[i]);
    plan_add_side(plan, cell, "serial", 0);
    plan_add_pool_sides(plan, cell);
}

size_t plan_n_sides(const struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_cells; i++)
        n += plan->cells[i].n_sides;
    return n;
}

static const struct experiment *find_experiment(const char *name)
{
    for (const struct experiment *e = experiment_table; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    abort(); /* a profile names an experiment that does not exist */
}

const struct cell *plan_capacity_cell(const struct plan *plan, const struct cell *cell)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *other = &plan->cells[i];
        if (plan_is_capacity(other) && other->experiment == cell->experiment && other->workload == cell->workload)
            return other;
    }
    return NULL;
}

static bool is_wanted(const struct cell *cell, const regex_t *filter)
{
    return cell->n_sides > 0 && (!filter || regexec(filter, cell->name, 0, NULL, 0) == 0);
}

/* Whether one of the cells that take their rate from this one is wanted. */
static bool is_needed(const struct plan *plan, const struct cell *capacity, const regex_t *filter)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *cell = &plan->cells[i];
        if (cell->experiment == capacity->experiment && cell->workload == capacity->workload
            && !plan_is_capacity(cell) && is_wanted(cell, filter))
            return true;
    }
    return false;
}

/* Names the cells, drops those that the filter does not match or that have no side. */
static int select_cells(struct plan *plan)
{
    regex_t regex;
    const char *filter = plan->factors.filter;
    if (filter && regcomp(&regex, filter, REG_EXTENDED | REG_NOSUB) != 0)
        return -EINVAL;
    size_t kept = 0;
    for (size_t i = 0; i < plan->n_cells; i++)
        name_cell(&plan->cells[i]);
    for (size_t i = 0; i < plan->n_cells; i++) {
        const struct cell *cell = &plan->cells[i];
        const regex_t *of = filter ? &regex : NULL;
        if (plan_is_capacity(cell) ? !is_needed(plan, cell, of) : !is_wanted(cell, of))
            continue;
        if (kept != i)
            plan->cells[kept] = plan->cells[i];
        kept++;
    }
    plan->n_cells = kept;
    if (filter)
        regfree(&regex);
    return 0;
}

/* Of a backend that is there in several sizes the first counts, where a rule names none. */
static bool is_of(const struct side_ref *ref, const struct cell *cell, const struct side *side)
{
    const struct side *first = cell->sides;
    while (strcmp(first->backend, side->backend) != 0)
        first++;
    return strcmp(ref->role, cell->role) == 0 && strcmp(ref->backend, side->backend) == 0
        && (ref->workers ? ref->workers == side->workers : first == side || cell->experiment->rule.evaluator);
}

/* Whether the experiment's rule compares this side. */
static bool is_compared(const struct cell *cell, const struct side *side)
{
    const struct contrast *c = cell->experiment->rule.contrasts, *end = c + RULE_CONTRASTS_MAX;
    for (; c < end && c->name; c++)
        if (is_of(&c->a, cell, side) || is_of(&c->b, cell, side))
            return true;
    return false;
}

static bool spins(const char *backend)
{
    return strncmp(backend, "pool", strlen("pool")) == 0 || strncmp(backend, "raw", strlen("raw")) == 0;
}

/* What a verdict rests on, once more where nobody looks for what it waits for before it sleeps: the sides that are
 * compared, and what tells the noise between them. Not of open loads: nobody waits for their tasks, and under
 * overload no worker waits for one. */
static void add_sleeping_cell(struct plan *plan, const struct cell *cell)
{
    struct cell *twin = &plan->cells[plan->n_cells];
    bool is_of_use = false;
    *twin = *cell;
    twin->role = NULL;
    twin->n_sides = 0;
    for (size_t i = 0; i < cell->n_sides; i++) {
        const struct side *side = &cell->sides[i];
        if (!is_compared(cell, side) && strcmp(side->backend, "pool-again") != 0)
            continue;
        twin->sides[twin->n_sides++] = *side;
        is_of_use = is_of_use || spins(side->backend);
    }
    cell_set_word(twin, "spin", "none");
    plan->n_cells += is_of_use;
}

static void add_sleeping_cells(struct plan *plan)
{
    size_t n_cells = plan->n_cells;
    for (size_t i = 0; i < n_cells; i++) {
        const struct cell *cell = &plan->cells[i];
        bool is_open = strcmp(cell_word(cell, "load", ""), "open") == 0;
        if (cell->role && cell->experiment->rule.contrasts[0].name && !cell->once && !is_open) {
            if (plan->n_cells == PLAN_CELLS_MAX)
                abort();
            add_sleeping_cell(plan, cell);
        }
    }
}

static void add_row(struct plan *plan, const struct profile_row *row)
{
    const struct experiment *experiment = find_experiment(row->experiment);
    experiment->cells(plan, experiment, row);
}

/* Workloads of plugins are in no profile: each has its cells in all of them. */
static void add_plugin_rows(struct plan *plan)
{
    const struct workload *w;
    for (size_t i = 0; (w = workload_at(i)); i++) {
        struct profile_row cpu = { "cpu", w->name, 60, { 0 } }, io = { "io", w->name, 60, { 1, 64 } };
        if (workload_is_added(w))
            add_row(plan, w->kind == WORKLOAD_IO ? &io : &cpu);
    }
}

int plan_init(struct plan *plan, const struct plan_factors *factors)
{
    *plan = (struct plan){ .factors = *factors };
    plan->cells = calloc(PLAN_CELLS_MAX, sizeof *plan->cells);
    if (!plan->cells)
        return -ENOMEM;
    for (const struct profile_row *row = factors->profile->rows; row->experiment; row++)
        add_row(plan, row);
    add_plugin_rows(plan);
    if (factors->profile->sleeps)
        add_sleeping_cells(plan);
    for (size_t i = 0; i < plan->n_cells; i++)
        for (size_t s = 0; s < plan->cells[i].n_sides; s++)
            plan->cells[i].sides[s].iterations = plan->cells[i].once ? 1 : 0;
    int error = select_cells(plan);
    if (error)
        plan_release(plan);
    return error;
}

void plan_release(struct plan *plan)
{
    free(plan->cells);
    *plan = (struct plan){ 0 };
}

bool plan_resolve(const struct plan *plan, const struct experiment *experiment, const struct side_ref *ref,
                  struct plan_step *step)
{
    for (size_t c = 0; c < plan->n_cells; c++) {
        const struct cell *cell = &plan->cells[c];
        if (cell->experiment != experiment || !cell->role || strcmp(cell->role, ref->role) != 0)
            continue;
        for (size_t s = 0; s < cell->n_sides; s++)
            if (strcmp(cell->sides[s].backend, ref->backend) == 0
                && (ref->workers == 0 || cell->sides[s].workers == ref->workers)) {
                *step = (struct plan_step){ .cell = c, .side = s };
                return true;
            }
    }
    return false;
}
