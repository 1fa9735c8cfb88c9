/* Whether hardware counters and energy can be read here, and why not where they cannot. */
#include "counters.h"
#include "internal.h"

#include <errno.h>
#include <string.h>

static void set_unavailable(json_t *object, const char *key, const char *why)
{
    char text[MACHINE__TEXT_BYTES];
    snprintf(text, sizeof text, "unavailable: %s", why);
    machine__set_text(object, key, text);
}

static void describe_hardware(const char *root, json_t *object)
{
    if (*root) {
        machine__set_text(object, "hardware", MACHINE__UNKNOWN);
        return;
    }
    struct machine_counters counters;
    int error = machine_counters_open(&counters);
    switch (error) {
    case 0:
        machine__set_text(object, "hardware",
                          "available");
        break;
    case -ENOENT:
    case -ENODEV:
    case -EOPNOTSUPP:
        set_unavailable(object, "hardware", "this processor or virtual machine offers none");
        break;
    case -EACCES:
    case -EPERM:
        set_unavailable(object, "hardware", "not permitted, see kernel.perf_event_paranoid");
        break;
    case -ENOSYS:
        set_unavailable(object, "hardware", "kernel without perf events");
        break;
    default:
        set_unavailable(object, "hardware", strerror(-error));
    }
    machine_counters_close(&counters);
}

struct zones {
    const char *root;
    int n_readable;
    int error;
};

static void try_zone(const char *name, void *arg)
{
    struct zones *zones = arg;
    char text[64];
    int error = machine__read_line(zones->root, text, sizeof text, "/sys/class/powercap/%s/energy_uj", name);
    if (error)
        zones->error = error;
    else
        zones->n_readable++;
}

static void describe_energy(const char *root, json_t *object)
{
    struct zones zones = { .root = root };
    int n_zones = machine__list(root, "/sys/class/powercap", "intel-rapl:", try_zone, &zones);
    if (zones.n_readable)
        machine__set_text(object, "energy", "available");
    else if (n_zones > 0)
        set_unavailable(object, "energy", strerror(-zones.error));
    else if (machine__exists(root, "/sys/class"))
        set_unavailable(object, "energy", "no powercap zones");
    else
        machine__set_text(object, "energy", MACHINE__UNKNOWN);
}

json_t *machine__describe_counters(const struct machine *machine)
{
    json_t *object = json_object();
    describe_hardware(machine->root, object);
    describe_energy(machine->root, object);
    return object;
}
