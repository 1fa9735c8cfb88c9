/* Two perf events with inherit, each on a file descriptor of its own: inherited events cannot be read as a
 * group. They are never reset, because a reset does not reach the counts of threads that have ended. */
#include "counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_event(uint64_t config, bool with_kernel)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attributes,
        .config = config,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .inherit = 1,
        .exclude_kernel = !with_kernel,
        .exclude_hv = 1,
    };
    long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int open_both(struct machine_counters *counters, bool with_kernel)
{
    static const uint64_t configs[MACHINE_COUNTERS] = {
        PERF_COUNT_HW_CPU_CYCLES,
        PERF_COUNT_HW_INSTRUCTIONS,
    };
    counters->with_kernel = with_kernel;
    for (int i = 0; i < MACHINE_COUNTERS; i++)
        counters->fds[i] = -1;
    for (int i = 0; i < MACHINE_COUNTERS; i++) {
        int fd = open_event(configs[i], with_kernel);
        if (fd < 0) {
            machine_counters_close(counters);
            return fd;
        }
        counters->fds[i] = fd;
    }
    machine_counters_start(counters);
    return 0;
}

int machine_counters_open(struct machine_counters *counters)
{
    int error = open_both(counters, true);
    if (error == -EACCES || error == -EPERM)
        error = open_both(counters, false);
    return error;
}

void machine_counters_close(struct machine_counters *counters)
{
    for (int i = 0; i < MACHINE_COUNTERS; i++) {
        if (counters->fds[i] >= 0)
            close(counters->fds[i]);
        counters->fds[i] = -1;
    }
}

static bool read_count(int fd, struct machine_count *count)
{
    return fd >= 0 && read(fd, count, sizeof *count) == (ssize_t)sizeof *count;
}

void machine_counters_start(struct machine_counters *counters)
{
    for (int i = 0; i < MACHINE_COUNTERS; i++)
        if (!read_count(counters->fds[i], &counters->starts[i]))
            counters->starts[i] = (struct machine_count){ 0 };
}

static double since_start(const struct machine_counters *counters, int i)
{
    struct machine_count now;
    const struct machine_count *start = &counters->starts[i];
    if (!read_count(counters->fds[i], &now) || now.running_ns == start->running_ns)
        return NAN;
    double enabled_ns = (double)(now.enabled_ns - start->enabled_ns);
    double running_ns = (double)(now.running_ns - start->running_ns);
    return (double)(now.value - start->value) * enabled_ns / running_ns;
}

void machine_counters_read(const struct machine_counters *counters, double *cycles, double *instructions)
{
    *cycles = since_start(counters, 0);
    *instructions = since_start(counters, 1);
}
