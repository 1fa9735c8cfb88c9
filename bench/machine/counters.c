/* Two perf events on each CPU that this process may use. */
#include "counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_event(uint64_t config, int cpu)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attributes,
        .config = config,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .exclude_hv = 1,
    };
    long fd = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int open_cpu(struct machine_counters *counters, int cpu)
{
    static const uint64_t configs[MACHINE_COUNTERS] = { PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS };
    if (counters->n_cpus == MACHINE_COUNTERS_CPUS)
        return -ERANGE;
    for (int i = 0; i < MACHINE_COUNTERS; i++)
        counters->fds[i][counters->n_cpus] = -1;
    counters->n_cpus++;
    for (int i = 0; i < MACHINE_COUNTERS; i++) {
        int fd = open_event(configs[i], cpu);
        if (fd < 0)
            return fd;
        counters->fds[i][counters->n_cpus - 1] = fd;
    }
    return 0;
}

int machine_counters_open(struct machine_counters *counters)
{
    cpu_set_t cpus;
    int error = 0;
    counters->n_cpus = 0;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return -errno;
    for (int cpu = 0; cpu < CPU_SETSIZE && !error; cpu++)
        if (CPU_ISSET(cpu, &cpus))
            error = open_cpu(counters, cpu);
    if (error)
        machine_counters_close(counters);
    return error;
}

void machine_counters_close(struct machine_counters *counters)
{
    for (int i = 0; i < MACHINE_COUNTERS; i++)
        for (size_t c = 0; c < counters->n_cpus; c++)
            if (counters->fds[i][c] >= 0)
                close(counters->fds[i][c]);
    counters->n_cpus = 0;
}

static double read_sum(const int *fds, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        struct {
            uint64_t value, enabled_ns, running_ns;
        } count;
        if (read(fds[i], &count, sizeof count) != (ssize_t)sizeof count || count.running_ns == 0)
            return NAN;
        sum += (double)count.value * (double)count.enabled_ns / (double)count.running_ns;
    }
    return n ? sum : NAN;
}

struct machine_counts machine_counters_read(const struct machine_counters *counters)
{
    return (struct machine_counts){
        .cycles = read_sum(counters->fds[0], counters->n_cpus),
        .instructions = read_sum(counters->fds[1], counters->n_cpus),
    };
}
