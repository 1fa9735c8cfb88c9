/* How the processor's frequency is chosen, as cpufreq and cpuidle tell it. */
#include "internal.h"

#include <math.h>
#include <string.h>

struct governors {
    const char *root;
    char names[MACHINE__TEXT_BYTES]; /* each once, separated by commas */
};

static void add_governor(const char *policy, void *arg)
{
    struct governors *governors = arg;
    char name[32];
    if (machine__read_line(governors->root, name, sizeof name,
                           "/sys/devices/system/cpu/cpufreq/%s/scaling_governor", policy) ||
        machine__has_word(governors->names, name))
        return;
    size_t length = strlen(governors->names);
    snprintf(governors->names + length, sizeof governors->names - length, "%s%s", length ? "," : "", name);
}

static const char *on_off(double value)
{
    return isnan(value) ? MACHINE__UNKNOWN : value > 0 ? "on" : "off";
}

static const char *boost(const char *root)
{
    double no_turbo = machine__read_number(root, "/sys/devices/system/cpu/intel_pstate/no_turbo");
    if (!isnan(no_turbo))
        return on_off(no_turbo == 0);
    return on_off(machine__read_number(root, "/sys/devices/system/cpu/cpufreq/boost"));
}

static void describe_driver_mode(const char *root, json_t *object)
{
    char text[MACHINE__TEXT_BYTES];
    if (machine__read_line(root, text, sizeof text, "/sys/devices/system/cpu/intel_pstate/status"))
        machine__read_line(root, text, sizeof text, "/sys/devices/system/cpu/amd_pstate/status");
    machine__set_text(object, "driver_mode", text);
}

static double policy_mhz(const char *root, const char *file)
{
    return machine__read_number(root, "/sys/devices/system/cpu/cpu0/cpufreq/%s", file) / 1000;
}

json_t *machine__describe_frequency(const struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    struct governors governors = { .root = root };
    struct machine_sample sample;
    machine__list(root, "/sys/devices/system/cpu/cpufreq", "policy", add_governor, &governors);
    machine_sample(root, &sample);
    machine__set_text(object, "governor", governors.names);
    machine__set_line(object, "driver", root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver");
    describe_driver_mode(root, object);
    machine__set_line(object, "energy_preference", root,
                      "/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference");
    machine__set_text(object, "boost", boost(root));
    machine__set_number(object, "minimum_mhz", policy_mhz(root, "cpuinfo_min_freq"));
    machine__set_number(object, "maximum_mhz", policy_mhz(root, "cpuinfo_max_freq"));
    machine__set_number(object, "allowed_minimum_mhz", policy_mhz(root, "scaling_min_freq"));
    machine__set_number(object, "allowed_maximum_mhz", policy_mhz(root, "scaling_max_freq"));
    machine__set_number(object, "measured_mhz", sample.frequency_mhz > 0 ? sample.frequency_mhz : NAN);
    machine__set_line(object, "idle_driver", root, "/sys/devices/system/cpu/cpuidle/current_driver");
    machine__set_line(object, "idle_governor", root, "/sys/devices/system/cpu/cpuidle/current_governor_ro");
    return object;
}
