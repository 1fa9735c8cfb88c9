/* Counters that the kernel keeps for the whole system and the control group, read before and after a side. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cpu  user nice system idle iowait irq softirq steal ...: in ticks */
static double steal_ms(const char *root)
{
    char text[MACHINE__TEXT_BYTES];
    double ticks;
    if (machine__read_field(root, "/proc/stat", "cpu", text, sizeof text) ||
        sscanf(text, "%*s %*s %*s %*s %*s %*s %*s %lf", &ticks) != 1)
        return NAN;
    return ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
}

/* Every group on the way up may be throttled by itself. */
static double throttled_ms(const char *root)
{
    double total_ms = NAN;
    for (int version = 1; version <= 2; version++) {
        struct machine__cgroup group;
        if (machine__cgroup_find(root, "cpu", version, &group))
            continue;
        do {
            char path[PATH_MAX + 16];
            snprintf(path, sizeof path, "%s/cpu.stat", group.path);
            double ms = version == 1 ? machine__read_field_number(root, path, "throttled_time") / 1e6
                                     : machine__read_field_number(root, path, "throttled_usec") / 1e3;
            if (!isnan(ms))
                total_ms = fmax(0, total_ms) + ms;
        } while (machine__cgroup_up(&group));
    }
    return total_ms;
}

/* The usable CPUs, the first MACHINE_FREQUENCY_CPUS of them. */
static int some_cpus(const char *root, hwloc_bitmap_t mask)
{
    int error = machine__affinity(root, mask);
    int last = -1;
    for (int n = 0; n < MACHINE_FREQUENCY_CPUS && !error; n++) {
        int next = hwloc_bitmap_next(mask, last);
        if (next < 0)
            return 0;
        last = next;
    }
    if (!error && hwloc_bitmap_next(mask, last) >= 0)
        hwloc_bitmap_clr_range(mask, (unsigned)last + 1, -1);
    return error;
}

static double cpufreq_mhz(const char *root, hwloc_const_bitmap_t mask)
{
    double sum_khz = 0;
    int n_cpus = 0, cpu;
    hwloc_bitmap_foreach_begin(cpu, mask) {
        double khz = machine__read_number(root, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq",
                                          cpu);
        if (khz > 0) {
            sum_khz += khz;
            n_cpus++;
        }
    }
    hwloc_bitmap_foreach_end();
    return n_cpus ? sum_khz / n_cpus / 1000 : NAN;
}

static double cpuinfo_mhz(const char *root, hwloc_const_bitmap_t mask)
{
    FILE *file = machine__open(root, "/proc/cpuinfo");
    if (!file)
        return NAN;
    char *line = NULL;
    size_t line_bytes = 0;
    double sum_mhz = 0, mhz;
    unsigned cpu = 0;
    int n_cpus = 0;
    while (getline(&line, &line_bytes, file) > 0) {
        sscanf(line, "processor : %u", &cpu);
        if (sscanf(line, "cpu MHz : %lf", &mhz) == 1 && hwloc_bitmap_isset(mask, cpu)) {
            sum_mhz += mhz;
            n_cpus++;
        }
    }
    free(line);
    fclose(file);
    return n_cpus ? sum_mhz / n_cpus : NAN;
}

static double frequency_mhz(const char *root)
{
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    double mhz = NAN;
    if (mask && some_cpus(root, mask) == 0) {
        mhz = cpufreq_mhz(root, mask);
        if (isnan(mhz))
            mhz = cpuinfo_mhz(root, mask);
    }
    hwloc_bitmap_free(mask);
    return mhz;
}

void machine_sample(const char *root, struct machine_sample *sample)
{
    sample->load1 = machine__read_number(root, "/proc/loadavg");
    sample->steal_ms = steal_ms(root);
    sample->throttled_ms = throttled_ms(root);
    sample->frequency_mhz = frequency_mhz(root);
    sample->oom_kills = machine__read_field_number(root, "/proc/vmstat", "oom_kill");
}
