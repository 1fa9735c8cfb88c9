/* The share of tasks that ran on the submitter's CPU is right for threads that are bound to it and to another, leaves
 * the warm-up out, and is absent where it is not known. */
#include <sched.h>
#include <stdlib.h>

#include "check.h"
#include "measure/measuring.h"

static cpu_set_t one_cpu(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return set;
}

static void move_to(int cpu)
{
    cpu_set_t set = one_cpu(cpu);
    CHECK_EQ(sched_setaffinity(0, sizeof set, &set), 0);
}

/* Its threads are bound to this set. */
static struct measuring *start_side(const char *load, const char *backend, enum load_life life, const cpu_set_t *set)
{
    struct measuring *m = calloc(1, sizeof *m);
    m->result.iterations = 1;
    m->side = (struct load_side){
        .load = load_find(load), .executor = executor_find(backend), .workload = workload_find("empty"), .life = life,
        .stamped = load_find(load)->iterate == gap_iterate, .n_tasks = 20, .n_batches = 3, .n_inflight = 2,
        .pause_ns = 300000, .options = { .n_workers = 2, .stack_bytes = 64 << 10, .retry_ns = 1000000000,
                                         .cpusets = set, .cpuset_bytes = sizeof *set, .n_cpusets = 1 },
    };
    CHECK_EQ(load_start(&m->side), 0);
    return m;
}

static void end_side(struct measuring *m)
{
    if (m->side.backend)
        load_destroy_backend(&m->side);
    load_stop(&m->side);
    free(m);
}

/* -1: there is none. */
static double iterate(struct measuring *m)
{
    load_forget(&m->side);
    CHECK(m->side.load->iterate(&m->side) > 0);
    json_t *metrics = measuring_metrics(m, 0), *share = json_object_get(metrics, "same_cpu");
    double value = share ? json_number_value(share) : -1;
    json_decref(metrics);
    return value;
}

static void test_bound(const char *load, const char *backend, enum load_life life, const int *cpus, int n_cpus)
{
    cpu_set_t set = one_cpu(cpus[0]);
    move_to(cpus[0]);
    struct measuring *m = start_side(load, backend, life, &set);
    CHECK(iterate(m) == 1);
    if (n_cpus > 1) {
        move_to(cpus[1]);
        CHECK(iterate(m) == 0);
        move_to(cpus[0]);
        CHECK(iterate(m) == 1);
    }
    end_side(m);
}

/* The caller's own tasks run where it is, though it was moved since it looked; of a window nobody knows
 * where it will be. */
static void test_others(int cpu)
{
    static struct tally tally;
    tally_add(&tally, 0, -1, true);
    CHECK_EQ(tally_sum(&tally).n_same_cpu, 1);
    tally_add(&tally, 0, -1, false);
    CHECK_EQ(tally_sum(&tally).n_same_cpu, 1);
    CHECK_EQ(tally_sum(&tally).n_run, 2);
    cpu_set_t set = one_cpu(cpu);
    struct measuring *m = start_side("batch", "serial", LIFE_WARM, &set);
    CHECK(iterate(m) == 1);
    end_side(m);
    m = start_side("window", "pool", LIFE_WARM, &set);
    CHECK(iterate(m) == -1);
    end_side(m);
}

int main(void)
{
    static const char *const backends[] = { "pool", "raw" };
    cpu_set_t usable;
    int cpus[2] = { 0 }, n_cpus = 0;
    CHECK_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && n_cpus < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &usable))
            cpus[n_cpus++] = cpu;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        test_bound("batch", backends[i], LIFE_WARM, cpus, n_cpus);
        test_bound("batch", backends[i], LIFE_RUN, cpus, n_cpus);
        test_bound("gap", backends[i], LIFE_WARM, cpus, n_cpus);
    }
    test_others(cpus[0]);
    return check_failures() != 0;
}
