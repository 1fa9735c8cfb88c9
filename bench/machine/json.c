/* Values of the description: what is missing becomes "unknown" and no limit becomes "none", in one place. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/text.h"

void machine__set_text(json_t *object, const char *key, const char *text)
{
    char *clean = strdup(text ? text : "");
    if (clean)
        text_clean(clean);
    json_object_set_new(object, key, json_string(clean && *clean ? clean : MACHINE__UNKNOWN));
    free(clean);
}

void machine__set_number(json_t *object, const char *key, double value)
{
    if (isnan(value))
        machine__set_text(object, key, MACHINE__UNKNOWN);
    else if (isinf(value))
        machine__set_text(object, key, "none");
    else if (value == floor(value) && fabs(value) < 0x1p53)
        json_object_set_new(object, key, json_integer((json_int_t)value));
    else
        json_object_set_new(object, key, json_real(value));
}

void machine__set_line(json_t *object, const char *key, const char *root, const char *path)
{
    char text[MACHINE__TEXT_BYTES];
    machine__read_line(root, text, sizeof text, "%s", path);
    machine__set_text(object, key, text);
}

const char *machine__text(const struct machine *machine, const char *topic, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(machine->description, topic), key));
    return text ? text : MACHINE__UNKNOWN;
}

double machine__number(const struct machine *machine, const char *topic, const char *key)
{
    const json_t *value = json_object_get(json_object_get(machine->description, topic), key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}
