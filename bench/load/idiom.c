/* A program of bench/idioms as a whole: each iteration calls it once. What its tasks do and who takes their results
 * stands here.
 *
 * A task is right if its work was done and its own result was taken, once: each result is compared with what the input
 * should give. Results are taken on the calling thread alone; what tasks do is only counted.
 */
#include "load/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "record/clock.h"

/* What each answer of a state has more than the value of its work. */
static const uint64_t state_value = 0x5eed;

static struct load_side *current;

static bool cannot_be_done(const struct load_program *program, uint64_t input)
{
    return program->fail_every && input % program->fail_every == program->fail_every - 1;
}

int idiom_work(uint64_t input, uint64_t *value)
{
    load_count_task(current, current->workload->run(current->workload_state, input));
    *value = workload_mix(input);
    return cannot_be_done(&current->program, input) ? -EIO : 0;
}

unsigned idiom_units(uint64_t input)
{
    return input == 0 ? (unsigned)current->program.slow_units : 1;
}

uint64_t idiom_build(void)
{
    for (uint64_t i = 0; i < current->program.build_units; i++)
        current->workload->run(current->workload_state, i);
    return current->program.build_units ? state_value : 0;
}

/* The first eight bytes of an argument are its task's input, those of an answer its value; the rest is the same. */
void idiom_answer(const void *argument, void *answer)
{
    size_t n_bytes = current->program.setting.n_bytes;
    uint64_t value = 0;
    if (n_bytes >= sizeof value)
        memcpy(&value, argument, sizeof value);
    load_count_task(current, current->workload->run(current->workload_state, value));
    if (n_bytes == 0)
        return;
    memcpy(answer, argument, n_bytes);
    value = workload_mix(value);
    memcpy(answer, &value, n_bytes < sizeof value ? n_bytes : sizeof value);
}

static uint64_t expected_value(const struct load_program *program, uint64_t input)
{
    uint64_t value = input;
    for (unsigned i = 0; i < program->setting.n_steps; i++)
        value = workload_mix(value);
    return value + (program->build_units ? state_value : 0);
}

static void take(struct idiom_result *result, size_t task, bool is_right)
{
    bool is_new = task < current->n_tasks && !result->is_taken[task];
    if (result->n_taken++ == 0)
        histogram_add(&result->first, clock_now_ns() - result->start_ns);
    if (is_new)
        result->is_taken[task] = 1;
    result->n_wrong += !is_new || !is_right;
}

void idiom_take(struct idiom_result *result, size_t task, int code, uint64_t value)
{
    const struct load_program *program = &current->program;
    bool should_fail = cannot_be_done(program, task);
    take(result, task, should_fail ? code == -EIO : code == 0 && value == expected_value(program, task));
    result->n_failed += code != 0;
}

void idiom_take_answer(struct idiom_result *result, size_t task, const void *answer)
{
    const struct idiom_setting *setting = &current->program.setting;
    uint64_t value = 0, expected = workload_mix(task);
    if (setting->n_bytes >= sizeof value)
        memcpy(&value, answer, sizeof value);
    bool is_last_right = setting->n_bytes <= sizeof value
        || ((const char *)answer)[setting->n_bytes - 1] == setting->arguments[(task + 1) * setting->n_bytes - 1];
    take(result, task, is_last_right && (setting->n_bytes < sizeof value || value == expected));
}

void idiom_look(struct idiom_result *result, size_t n_ended)
{
    result->n_wrong += n_ended > current->n_tasks || n_ended < result->last_look;
    result->last_look = n_ended;
    result->n_looks++;
}

static void write_arguments(const struct idiom_setting *setting)
{
    for (size_t i = 0; i < setting->n_tasks; i++) {
        char *argument = setting->arguments + i * setting->n_bytes;
        memset(argument, (int)(i % 251), setting->n_bytes);
        if (setting->n_bytes >= sizeof setting->inputs[i])
            memcpy(argument, &setting->inputs[i], sizeof setting->inputs[i]);
    }
}

int idiom_start(struct load_side *side)
{
    struct load_program *program = &side->program;
    struct idiom_setting *setting = &program->setting;
    current = side;
    setting->n_tasks = side->n_tasks;
    setting->stack_bytes = side->options.stack_bytes;
    setting->spin_ns = side->options.spin_ns;
    setting->pool_spin_ns = side->options.spin_ns ? (int64_t)side->options.spin_ns : POOL_NO_SPIN;
    setting->max_threads = side->options.max_threads;
    if (setting->max_threads && setting->n_at_once > setting->max_threads)
        return -EDQUOT; /* the reserve of the machine is kept from programs too */
    setting->inputs = calloc(setting->n_tasks, sizeof *setting->inputs);
    setting->arguments = malloc(setting->n_tasks * setting->n_bytes + 1);
    program->result.is_taken = malloc(setting->n_tasks);
    if (!setting->inputs || !setting->arguments || !program->result.is_taken)
        return -ENOMEM;
    for (size_t i = 0; i < setting->n_tasks; i++)
        setting->inputs[i] = i;
    write_arguments(setting);
    return 0;
}

void idiom_stop(struct load_side *side)
{
    free(side->program.result.is_taken);
    free(side->program.setting.arguments);
    free(side->program.setting.inputs);
}

void idiom_forget(struct load_side *side)
{
    side->program.result.n_looks = 0;
    memset(&side->program.result.first, 0, sizeof side->program.result.first);
}

/* Whether an error ends the program before all results are there. */
static bool is_cut_short(const struct load_program *program)
{
    bool is_failing = program->fail_every && program->fail_every <= program->setting.n_tasks;
    return is_failing && program->idiom->cancels;
}

/* Where an error ends the program, that one was taken, and what was taken before it. */
static void close_account(const struct load_program *program, struct idiom_result *result)
{
    if (is_cut_short(program))
        result->n_wrong += result->n_failed != 1;
    else
        result->n_missing += program->setting.n_tasks - result->n_taken;
}

int64_t idiom_iterate(struct load_side *side)
{
    struct load_program *program = &side->program;
    struct idiom_result *result = &program->result;
    memset(result->is_taken, 0, side->n_tasks);
    result->n_taken = result->n_failed = result->last_look = 0;
    load_look_where(side);
    result->start_ns = clock_now_ns();
    side->error = program->idiom->run(&program->setting, result);
    uint64_t end_ns = clock_now_ns();
    side->n_submitted += side->n_tasks;
    if (side->error)
        return -1;
    close_account(program, result);
    return (int64_t)(end_ns - result->start_ns);
}

/* How often tasks should have called for a unit of work since the start. */
static uint64_t expected_runs(const struct load_side *side)
{
    const struct load_program *program = &side->program;
    uint64_t n_each = side->n_tasks * program->setting.n_steps + program->slow_units - 1;
    return side->n_submitted / side->n_tasks * n_each;
}

int idiom_check(struct load_side *side, char *reason, size_t reason_bytes)
{
    const struct load_program *program = &side->program;
    uint64_t n_expected = expected_runs(side), n_run = load_count_run(side, n_expected);
    bool may_be_fewer = side->error || is_cut_short(program);
    int n = 0;
    if (program->result.n_wrong || program->result.n_missing)
        n = snprintf(reason, reason_bytes, "%llu results are wrong, %llu are missing",
                     (unsigned long long)program->result.n_wrong, (unsigned long long)program->result.n_missing);
    else if (n_run > n_expected || (n_run < n_expected && !may_be_fewer))
        n = snprintf(reason, reason_bytes, "%llu units of work were done, not %llu", (unsigned long long)n_run,
                     (unsigned long long)n_expected);
    return n > 0 ? -EBADMSG : 0;
}
