/* Opens a machine: loads its topology, then describes it topic by topic. The description is made once and
 * never changes; what changes is read by machine_sample() and machine_headroom(). */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void describe(struct machine *machine)
{
    json_t *description = machine->description;
    json_object_set_new(description, "schema", json_integer(1));
    json_object_set_new(description, "id", json_string(MACHINE__UNKNOWN)); /* known once the rest is */
    json_object_set_new(description, "processor", machine__describe_processor(machine));
    json_object_set_new(description, "memory", machine__describe_memory(machine));
    json_object_set_new(description, "kernel", machine__describe_kernel(machine));
    json_object_set_new(description, "frequency", machine__describe_frequency(machine));
    json_object_set_new(description, "clock", machine__describe_clock(machine));
    json_object_set_new(description, "virtualization", machine__describe_virtualization(machine));
    json_object_set_new(description, "limits", machine__describe_limits(machine));
    json_object_set_new(description, "process", machine__describe_process(machine));
    json_object_set_new(description, "counters", machine__describe_counters(machine));
    json_object_set_new(description, "build", machine__describe_build(machine));
    machine__make_id(machine);
    json_object_set_new(description, "id", json_string(machine->id));
}

int machine_open(const char *root, struct machine **out)
{
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return -ENOMEM;
    machine->root = strdup(root);
    machine->description = json_object();
    int error = machine->root && machine->description ? machine__load_topology(machine) : -ENOMEM;
    if (error) {
        machine_close(machine);
        return error;
    }
    describe(machine);
    *out = machine;
    return 0;
}

void machine_close(struct machine *machine)
{
    if (!machine)
        return;
    if (machine->topology)
        hwloc_topology_destroy(machine->topology);
    json_decref(machine->description);
    free(machine->root);
    free(machine);
}

json_t *machine_description(const struct machine *machine)
{
    return machine->description;
}

const char *machine_id(const struct machine *machine)
{
    return machine->id;
}

size_t machine_usable_cpus(const struct machine *machine)
{
    return machine->n_usable;
}

const char *machine_cpu_setting(const struct machine *machine)
{
    return machine->cpu_setting;
}
