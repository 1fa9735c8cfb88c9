/* The description as indented lines, in the order of its keys. */
#include "internal.h"

static void print_value(const char *key, json_t *value, int depth, FILE *file);

static void print_members(json_t *object, int depth, FILE *file)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
        print_value(key, value, depth, file);
}

/* A row of a list on one line. */
static void print_row(json_t *object, int depth, FILE *file)
{
    const char *key, *separator = "";
    json_t *value;
    fprintf(file, "%*s- ", depth * 2, "");
    json_object_foreach(object, key, value) {
        fprintf(file, "%s%s ", separator, key);
        if (json_is_string(value))
            fputs(json_string_value(value), file);
        else
            fprintf(file, "%.16g", json_number_value(value));
        separator = ", ";
    }
    fputc('\n', file);
}

static void print_value(const char *key, json_t *value, int depth, FILE *file)
{
    fprintf(file, "%*s%s:", depth * 2, "", key);
    if (json_is_object(value)) {
        fputc('\n', file);
        print_members(value, depth + 1, file);
    } else if (json_is_array(value)) {
        size_t i;
        json_t *row;
        fputc('\n', file);
        json_array_foreach(value, i, row)
            print_row(row, depth + 1, file);
    } else if (json_is_string(value)) {
        fprintf(file, " %s\n", json_string_value(value));
    } else {
        fprintf(file, " %.16g\n", json_number_value(value));
    }
}

void machine_print(const struct machine *machine, FILE *file)
{
    print_members(machine->description, 0, file);
}
