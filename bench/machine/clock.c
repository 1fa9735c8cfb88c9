/* The clock that times are read from, and whether reading it enters the kernel. */
#include "internal.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* Which sources the kernel's vDSO reads without entering the kernel. */
static const char *needs_system_call(const char *source)
{
    static const char *const in_vdso[] = {
        "tsc",      "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource",
        "timebase",
    };
    static const char *const outside[] = {
        "hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit", "hyperv_clocksource_msr",
    };
    for (size_t i = 0; i < sizeof in_vdso / sizeof *in_vdso; i++)
        if (strcmp(source, in_vdso[i]) == 0)
            return "no";
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (strcmp(source, outside[i]) == 0)
            return "yes";
    return MACHINE__UNKNOWN;
}

static double resolution_ns(const char *root)
{
    struct timespec resolution;
    if (*root || clock_getres(CLOCK_MONOTONIC, &resolution))
        return NAN;
    return (double)resolution.tv_sec * 1e9 + (double)resolution.tv_nsec;
}

json_t *machine__describe_clock(const struct machine *machine)
{
    static const char sources[] = "/sys/devices/system/clocksource/clocksource0";
    const char *root = machine->root;
    json_t *object = json_object();
    char source[64], available[MACHINE__TEXT_BYTES];
    machine__read_line(root, source, sizeof source, "%s/current_clocksource", sources);
    machine__read_line(root, available, sizeof available, "%s/available_clocksource", sources);
    machine__set_text(object, "source", source);
    machine__set_text(object, "available", available);
    machine__set_text(object, "needs_system_call", needs_system_call(source));
    machine__set_number(object, "resolution_ns", resolution_ns(root));
    return object;
}
