/* The processor as /proc/cpuinfo tells it (its fields differ by architecture) and as hwloc counts it. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* The first of several fields that this architecture has. */
static void first_field(const char *root, const char *const *keys, char *text, size_t size)
{
    int error = -1;
    for (; *keys && error; keys++)
        error = machine__read_field(root, "/proc/cpuinfo", *keys, text, size);
}

static void set_first_field(json_t *object, const char *name, const char *root, const char *const *keys)
{
    char text[MACHINE__TEXT_BYTES];
    first_field(root, keys, text, sizeof text);
    machine__set_text(object, name, text);
}

/* Codes of Arm's main identification register. */
static const char *arm_vendor(const char *implementer)
{
    static const struct { const char *code, *name; } vendors[] = {
        { "0x41", "arm" },    { "0x42", "broadcom" }, { "0x43", "cavium" },   { "0x46", "fujitsu" },
        { "0x48", "hisilicon" }, { "0x4e", "nvidia" }, { "0x50", "apm" },     { "0x51", "qualcomm" },
        { "0x61", "apple" },  { "0x6d", "microsoft" }, { "0xc0", "ampere" },
    };
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (strcmp(vendors[i].code, implementer) == 0)
            return vendors[i].name;
    return implementer;
}

/* Each core's part stands there: all that differ, as hybrid processors have several. */
static void read_parts(const char *root, char *text, size_t size)
{
    FILE *file = machine__open(root, "/proc/cpuinfo");
    char *line = NULL, part[32];
    size_t line_bytes = 0, length = 0;
    text[0] = '\0';
    while (file && getline(&line, &line_bytes, file) > 0)
        if (sscanf(line, "CPU part : %31s", part) == 1 && !strstr(text, part) && length + strlen(part) + 2 < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? "+" : "", part);
    free(line);
    if (file)
        fclose(file);
    if (!text[0])
        snprintf(text, size, "%s", MACHINE__UNKNOWN);
}

/* No model's name stands in cpuinfo there: implementer and part are what tells one from another. */
static void describe_arm(const char *root, const char *implementer, json_t *object)
{
    char part[96], variant[32], revision[32], text[MACHINE__TEXT_BYTES];
    read_parts(root, part, sizeof part);
    machine__read_field(root, "/proc/cpuinfo", "CPU variant", variant, sizeof variant);
    machine__read_field(root, "/proc/cpuinfo", "CPU revision", revision, sizeof revision);
    snprintf(text, sizeof text, "%s %s", arm_vendor(implementer), part);
    machine__set_text(object, "model", text);
    machine__set_text(object, "vendor", arm_vendor(implementer));
    set_first_field(object, "family", root, (const char *const[]){ "CPU architecture", NULL });
    machine__set_text(object, "model_number", part);
    snprintf(text, sizeof text, "variant %s revision %s", variant, revision);
    machine__set_text(object, "stepping", text);
}

static void describe_other(const char *root, json_t *object)
{
    set_first_field(object, "model", root, (const char *const[]){ "model name", "cpu", "uarch", NULL });
    set_first_field(object, "vendor", root, (const char *const[]){ "vendor_id", "mvendorid", NULL });
    set_first_field(object, "family", root, (const char *const[]){ "cpu family", NULL });
    set_first_field(object, "model_number", root, (const char *const[]){ "model", "marchid", NULL });
    set_first_field(object, "stepping", root,
                    (const char *const[]){ "stepping", "revision", "mimpid", NULL });
}

static const char *architecture(const char *root, struct utsname *names)
{
    return *root || uname(names) ? MACHINE__UNKNOWN : names->machine;
}

json_t *machine__describe_processor(const struct machine *machine)
{
    const char *root = machine->root;
    json_t *object = json_object();
    char implementer[32];
    struct utsname names;
    if (machine__read_field(root, "/proc/cpuinfo", "CPU implementer", implementer, sizeof implementer) == 0)
        describe_arm(root, implementer, object);
    else
        describe_other(root, object);
    set_first_field(object, "microcode", root, (const char *const[]){ "microcode", NULL });
    machine__set_text(object, "architecture", architecture(root, &names));
    machine__describe_topology(machine, object);
    return object;
}
