/* Spin: the work is proportional to the length asked for, and is checked without being done again. */
#include "spin.h"
#include "test_workloads.h"

enum { STEPS_PER_MS = 1000000 }; /* one step a nanosecond */

static void check_proportional(void)
{
    uint64_t fixed = 1000 - spin__steps(STEPS_PER_MS, 1000);

    CHECK(fixed < 10);
    for (uint64_t length_ns = 20; length_ns <= 100000000; length_ns *= 2) {
        CHECK_EQ(spin__steps(STEPS_PER_MS, length_ns) + fixed, length_ns);
        CHECK_EQ(spin__steps(7 * STEPS_PER_MS, length_ns) + fixed, 7 * length_ns);
    }
    CHECK_EQ(spin__steps(1, 20), 1); /* never none at all */
}

/* The value of task 0. */
static uint64_t value_at(uint64_t length_ns, uint64_t steps_per_ms)
{
    struct trial trial;
    uint64_t value;

    trial_init(&trial, "spin");
    trial.config.values[0] = length_ns;
    trial.config.calibration = steps_per_ms;
    CHECK_EQ(set_up(&trial), 0);
    value = run_task(&trial, 0);
    CHECK(passes(&trial, 1, value));
    tear_down(&trial);
    return value;
}

/* Every single step is taken: one nanosecond more is one step more. */
static void check_steps_are_taken(void)
{
    for (uint64_t length_ns = 20; length_ns < 200; length_ns++)
        CHECK(value_at(length_ns + 1, STEPS_PER_MS)
              == value_at(length_ns, STEPS_PER_MS) * UINT64_C(6364136223846793005)
                 + UINT64_C(1442695040888963407));
}

/* These tasks would take a day. */
static void check_is_quick(void)
{
    struct trial trial;

    trial_init(&trial, "spin");
    trial.config.values[0] = 100000000;
    CHECK_EQ(set_up(&trial), 0);
    CHECK_EQ(judge(&trial, 1000000, 1000000, 0), -EBADMSG);
    tear_down(&trial);
}

static void check_calibration(void)
{
    CHECK(workload_find("spin")->calibrate() > 1000); /* a step takes less than a microsecond anywhere */
    CHECK(value_at(10000, 0) != value_at(10000, 1));  /* without one, setup calibrates itself */
}

int main(void)
{
    alarm(60);
    check_proportional();
    check_steps_are_taken();
    check_is_quick();
    check_calibration();
    return check_failures() != 0;
}
