/* Every workload: its tasks pass on one thread and on several, and its check refuses what a broken backend
 * would make of them. */
#include "test_workloads.h"

enum { N_TASKS = 100 };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);

    return n >= n_end && !strcmp(text + n - n_end, end);
}

static void check_parameters(const struct workload *workload)
{
    const struct workload_parameter *parameter = workload->parameters;

    for (; parameter->name; parameter++) {
        CHECK(parameter->min <= parameter->default_value && parameter->default_value <= parameter->max);
        /* A unit, or a count, which has none. */
        CHECK(ends_with(parameter->name, "_ns") || ends_with(parameter->name, "_bytes") ||
              ends_with(parameter->name, "_percent") || !strchr(parameter->name, '_'));
        CHECK(parameter->summary[0] != '\0');
    }
    CHECK(parameter - workload->parameters <= WORKLOAD_PARAMETERS_MAX);
}

static void check_registry(void)
{
    const struct workload *workload;

    for (size_t i = 0; (workload = workload_at(i)); i++) {
        CHECK(workload_find(workload->name) == workload);
        CHECK(workload->summary[0] != '\0');
        check_parameters(workload);
    }
    CHECK(workload_find("no-such-workload") == NULL);
    CHECK(workload_find("") == NULL);
}

static void check_refused(struct trial *trial, uint64_t n_run, uint64_t value_sum, const char *reason)
{
    CHECK_EQ(judge(trial, N_TASKS, n_run, value_sum), -EBADMSG);
    if (strcmp(trial->reason, reason))
        fprintf(stderr, "%s: reason is '%s'\n", trial->workload->name, trial->reason);
    CHECK(!strcmp(trial->reason, reason));
}

static void check_verdicts(struct trial *trial)
{
    uint64_t values[N_TASKS], sum = 0;

    for (uint64_t index = 0; index < N_TASKS; index++)
        sum += values[index] = run_task(trial, index);
    CHECK(passes(trial, N_TASKS, sum));
    CHECK(passes(trial, 0, 0));
    check_refused(trial, 0, 0, "ran 0 of 100 tasks");
    check_refused(trial, N_TASKS + 1, sum + values[3], "ran 101 of 100 tasks");
    check_refused(trial, N_TASKS, 0, "sum of results is wrong");
    for (uint64_t index = 0; index < N_TASKS; index++) {
        uint64_t value = values[index], without = sum - value;

        check_refused(trial, N_TASKS - 1, without, "ran 99 of 100 tasks");
        check_refused(trial, N_TASKS, without + values[(index + 1) % N_TASKS], "sum of results is wrong");
        check_refused(trial, N_TASKS, without + (value ^ 1), "sum of results is wrong");
        check_refused(trial, N_TASKS, without + (value ^ UINT64_C(1) << 63), "sum of results is wrong");
    }
}

/* Two tasks doubled and two skipped, whose indices have the same sum. */
static void check_balanced_mistakes(struct trial *trial)
{
    uint64_t sum = run_serially(trial, N_TASKS);
    uint64_t skipped = run_task(trial, 1) + run_task(trial, 4);
    uint64_t doubled = run_task(trial, 2) + run_task(trial, 3);

    check_refused(trial, N_TASKS, sum - skipped + doubled, "sum of results is wrong");
}

static void check_workload(const struct workload *workload)
{
    struct trial trial;
    uint64_t sum;
    int error;

    trial_init(&trial, workload->name);
    for (size_t i = 0; workload->parameters[i].name; i++)
        trial.config.values[i] = workload->parameters[i].min;
    trial.config.n_concurrent = N_THREADS;
    error = set_up(&trial);
    if (error == -ENOTSUP) /* no disk here: see test_workloads_files.c */
        return;
    if (!CHECK_EQ(error, 0))
        return;
    check_verdicts(&trial);
    check_balanced_mistakes(&trial);
    sum = run_from_threads(&trial, N_TASKS);
    CHECK(passes(&trial, N_TASKS, sum));
    tear_down(&trial);

    CHECK_EQ(set_up(&trial), 0); /* the same seed again */
    CHECK(run_serially(&trial, N_TASKS) == sum);
    tear_down(&trial);
}

static void check_defaults(const struct workload *workload)
{
    struct trial trial;
    int error;

    trial_init(&trial, workload->name);
    error = set_up(&trial);
    if (error == -ENOTSUP)
        return;
    if (!CHECK_EQ(error, 0))
        return;
    CHECK(passes(&trial, 5, run_serially(&trial, 5)));
    tear_down(&trial);
}

int main(void)
{
    check_registry();
    for (size_t i = 0; workload_at(i); i++) {
        check_workload(workload_at(i));
        check_defaults(workload_at(i));
    }
    return check_failures() != 0;
}
