/* Prints hwloc's XML with only those <info> elements whose names are known to be the same on every
 * machine of a kind: names of host and process, serial numbers, asset tags and the like stay out, those too
 * that later versions of hwloc may add. */
#include "internal.h"

#include <errno.h>
#include <string.h>

static const char *const allowed_infos[] = {
    "Architecture",     "Backend",          "CPUArchitecture",  "CPUFamilyNumber", "CPUImplementer",
    "CPUModel",         "CPUModelNumber",   "CPUPart",          "CPURevision",     "CPUStepping",
    "CPUVariant",       "CPUVendor",        "CoreType",         "DMIProductName",  "DMISysVendor",
    "FrequencyBaseMHz", "FrequencyMaxMHz",  "Inclusive",        "LinuxCapacity",   "MemoryMode",
    "OSName",           "OSRelease",        "SyntheticDescription", "hwlocVersion",
};

static const char info_start[] = "<info name=\"";

static bool is_allowed(const char *name)
{
    size_t length = strcspn(name, "\"");
    for (size_t i = 0; i < sizeof allowed_infos / sizeof *allowed_infos; i++)
        if (strlen(allowed_infos[i]) == length && strncmp(allowed_infos[i], name, length) == 0)
            return true;
    return false;
}

/* Past the element and its line end. Values are escaped: no '>' stands in them. */
static const char *after_element(const char *element)
{
    const char *end = element + strcspn(element, ">");
    end += *end == '>';
    return end + (*end == '\n');
}

static void write_scrubbed(const char *xml, FILE *file)
{
    const char *info;
    while ((info = strstr(xml, info_start))) {
        const char *line = info;
        while (line > xml && line[-1] == ' ')
            line--;
        const char *next = after_element(info);
        const char *kept_end = is_allowed(info + strlen(info_start)) ? next : line;
        fwrite(xml, 1, (size_t)(kept_end - xml), file);
        xml = next;
    }
    fputs(xml, file);
}

int machine_print_topology(const struct machine *machine, FILE *file)
{
    char *xml;
    int length;
    if (hwloc_topology_export_xmlbuffer(machine->topology, &xml, &length, 0))
        return -ENOMEM;
    write_scrubbed(xml, file);
    hwloc_free_xmlbuffer(machine->topology, xml);
    return 0;
}
