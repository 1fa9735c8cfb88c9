/* Every program of bench/idioms does its job, whatever the size, and says so only then; where it is refused a thread it
 * ends with that error, waits for what runs, and leaves nothing behind. */
#include "check.h"
#include "idioms/idiom.h"
#include "load/load.h"
#include "refuse_threads.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Work that takes next to nothing, so that what counts is what the programs do around it. */
static uint64_t run_nothing(void *state, uint64_t index)
{
    (void)state;
    return index;
}

static const struct workload nothing = { .name = "nothing", .run = run_nothing };

static struct load_side *new_side(const struct idiom *idiom, size_t n_tasks, size_t n_at_once)
{
    struct load_side *side = calloc(1, sizeof *side);
    if (strcmp(idiom->experiment, "oneoff") == 0)
        n_tasks = 1;
    side->load = load_find("idiom");
    side->workload = &nothing;
    side->life = LIFE_RUN;
    side->n_tasks = n_tasks;
    side->options.stack_bytes = 128 << 10;
    side->program = (struct load_program){
        .idiom = idiom,
        .setting = { .n_at_once = n_at_once, .n_steps = 1, .poll_ns = -1 },
        .slow_units = 1,
    };
    return side;
}

/* What the experiments sweep, as far as each program has a use for it. */
static void set_kind(struct load_program *program, unsigned kind)
{
    static const size_t bytes[] = { 0, 8, 1000 };
    const char *experiment = program->idiom->experiment;
    if (strcmp(experiment, "results") == 0)
        program->setting.n_bytes = bytes[kind];
    if (strcmp(experiment, "steps") == 0)
        program->setting.n_steps = 1 + 2 * kind;
    if (strcmp(experiment, "status") == 0)
        program->setting.poll_ns = kind ? 20000 * (int64_t)kind : -1;
    if (strcmp(experiment, "state") == 0)
        program->build_units = kind;
    if (strcmp(experiment, "fanout") == 0 || strcmp(experiment, "first") == 0)
        program->fail_every = 3 * kind;
    if (strcmp(experiment, "first") == 0)
        program->slow_units = 50;
}

static void end_side(struct load_side *side)
{
    load_stop(side);
    free(side);
}

static void check_right(struct load_side *side)
{
    char reason[200] = "";
    CHECK(idiom_check(side, reason, sizeof reason) == 0);
    if (reason[0])
        fprintf(stderr, "%s of %s, %llu tasks, %zu at once: %s\n", side->program.idiom->backend,
                side->program.idiom->experiment, (unsigned long long)side->n_tasks, side->program.setting.n_at_once,
                reason);
    CHECK_EQ(tally_sum(&side->tally).n_inline, 0);
}

static void test_right(const struct idiom *idiom, size_t n_tasks, size_t n_at_once)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        struct load_side *side = new_side(idiom, n_tasks, n_at_once);
        set_kind(&side->program, kind);
        CHECK_EQ(load_start(side), 0);
        for (int i = 0; i < 3; i++)
            CHECK(side->load->iterate(side) >= 0);
        check_right(side);
        end_side(side);
    }
}

static int count_threads(void)
{
    char line[256];
    int n_threads = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "Threads: %d", &n_threads);
    if (file)
        fclose(file);
    return n_threads;
}

/* Threads that nobody joins may take a moment to go. */
static void check_threads_gone(int n_threads, const struct idiom *idiom)
{
    for (int i = 0; i < 5000 && count_threads() > n_threads; i++)
        usleep(1000);
    if (!CHECK(count_threads() <= n_threads))
        fprintf(stderr, "threads of %s of %s are left\n", idiom->backend, idiom->experiment);
}

/* A pool needs one worker; a program that needs more says that it did not get them. */
static void test_refused(const struct idiom *idiom, int n_threads)
{
    for (int n_granted = 0; n_granted < 4; n_granted++) {
        struct load_side *side = new_side(idiom, 20, 3);
        CHECK_EQ(load_start(side), 0);
        refuse_threads(n_granted, 1 << 20);
        int64_t elapsed_ns = side->load->iterate(side);
        refuse_threads(0, 0);
        CHECK_EQ(elapsed_ns < 0, side->error != 0);
        if (n_granted == 0 || side->error)
            CHECK_EQ(side->error, -EAGAIN);
        check_right(side);
        check_threads_gone(n_threads, idiom);
        end_side(side);
    }
}

/* The reserve of the machine holds for programs too. */
static void test_reserve(const struct idiom *idiom)
{
    struct load_side *side = new_side(idiom, 20, 3);
    side->options.max_threads = 2;
    CHECK_EQ(load_start(side), -EDQUOT);
    end_side(side);
}

/* Programs that cheat, each in its way. */
static int cheat_skip(const struct idiom_setting *setting, struct idiom_result *result)
{
    for (size_t i = 0; i < setting->n_tasks; i++)
        idiom_take(result, i, 0, workload_mix(i));
    return 0;
}

static int cheat(const struct idiom_setting *setting, struct idiom_result *result, size_t of, size_t as, uint64_t more)
{
    for (size_t i = 0; i < setting->n_tasks; i++) {
        uint64_t value;
        int code = idiom_work(setting->inputs[i], &value);
        idiom_take(result, i == of ? as : i, code, i == of ? value + more : value);
    }
    return 0;
}

static int cheat_wrong(const struct idiom_setting *setting, struct idiom_result *result)
{
    return cheat(setting, result, 3, 3, 1);
}

static int cheat_twice(const struct idiom_setting *setting, struct idiom_result *result)
{
    return cheat(setting, result, 3, 4, workload_mix(4) - workload_mix(3));
}

static int cheat_lose(const struct idiom_setting *setting, struct idiom_result *result)
{
    struct idiom_setting fewer = *setting;
    uint64_t value;
    fewer.n_tasks--;
    idiom_work(setting->inputs[fewer.n_tasks], &value);
    return cheat(&fewer, result, SIZE_MAX, 0, 0);
}

/* Right, but for the thread on which it runs. */
static int cheat_inline(const struct idiom_setting *setting, struct idiom_result *result)
{
    return cheat(setting, result, SIZE_MAX, 0, 0);
}

static void test_cheats(void)
{
    static idiom_fn *const cheats[] = { cheat_skip, cheat_wrong, cheat_twice, cheat_lose, cheat_inline };
    for (size_t i = 0; i < sizeof cheats / sizeof *cheats; i++) {
        struct idiom idiom = { .experiment = "", .backend = "", .base = "pool", .run = cheats[i] };
        struct load_side *side = new_side(&idiom, 10, 2);
        char reason[200];
        CHECK_EQ(load_start(side), 0);
        CHECK(side->load->iterate(side) >= 0);
        CHECK_EQ(idiom_check(side, reason, sizeof reason), cheats[i] == cheat_inline ? 0 : -EBADMSG);
        CHECK_EQ(tally_sum(&side->tally).n_inline > 0, cheats[i] != cheat_skip);
        end_side(side);
    }
}

/* Of this process while it runs no program: a sanitizer starts its own with the first thread. */
static int count_own_threads(void)
{
    test_right(idiom_table, 7, 1);
    usleep(100000);
    return count_threads();
}

int main(void)
{
    static const size_t sizes[][2] = { { 1, 1 }, { 7, 1 }, { 7, 3 }, { 60, 4 }, { 500, 2 } };
    int n_threads = count_own_threads();
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++) {
        CHECK(idiom->n_lines > 10 && idiom->summary[0]);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            test_right(idiom, sizes[i][0], sizes[i][1]);
    }
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++) {
        check_threads_gone(n_threads, idiom);
        test_refused(idiom, n_threads);
        test_reserve(idiom);
    }
    test_cheats();
    return check_failures() != 0;
}
