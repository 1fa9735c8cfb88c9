/* Small readers for the one-line files and tables of /proc, /sys and cgroups, all below a root. */
#include "internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int join_path(char path[PATH_MAX], const char *root, const char *format, va_list arguments)
{
    int n_root = snprintf(path, PATH_MAX, "%s", root);
    if (n_root < 0 || n_root >= PATH_MAX)
        return -ENAMETOOLONG;
    int n = vsnprintf(path + n_root, PATH_MAX - (size_t)n_root, format, arguments);
    return n < 0 || n >= PATH_MAX - n_root ? -ENAMETOOLONG : 0;
}

static FILE *open_file(const char *root, const char *format, va_list arguments)
{
    char path[PATH_MAX];
    int error = join_path(path, root, format, arguments);
    if (error) {
        errno = -error;
        return NULL;
    }
    return fopen(path, "re");
}

FILE *machine__open(const char *root, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    FILE *file = open_file(root, format, arguments);
    va_end(arguments);
    return file;
}

bool machine__exists(const char *root, const char *format, ...)
{
    char path[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    int error = join_path(path, root, format, arguments);
    va_end(arguments);
    return !error && access(path, F_OK) == 0;
}

static const char *trim(char *text)
{
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static int read_line(const char *root, char *text, size_t size, const char *format, va_list arguments)
{
    snprintf(text, size, "%s", MACHINE__UNKNOWN);
    FILE *file = open_file(root, format, arguments);
    if (!file)
        return -errno;
    char line[1024];
    errno = 0;
    bool got_line = fgets(line, sizeof line, file) != NULL;
    int error = errno;
    fclose(file);
    const char *trimmed = got_line ? trim(line) : "";
    if (!*trimmed)
        return error ? -error : -ENODATA;
    snprintf(text, size, "%s", trimmed);
    return 0;
}

int machine__read_line(const char *root, char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int error = read_line(root, text, size, format, arguments);
    va_end(arguments);
    return error;
}

static double parse_number(const char *text)
{
    if (strncmp(text, "max", 3) == 0 || strncmp(text, "unlimited", 9) == 0)
        return INFINITY;
    char *end;
    double value = strtod(text, &end);
    return end == text ? NAN : value;
}

double machine__read_number(const char *root, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    int error = read_line(root, text, sizeof text, format, arguments);
    va_end(arguments);
    return error ? NAN : parse_number(text);
}

/* Keys may hold blanks ("model name"): where a line has a colon, all before it is the key. */
static const char *value_of(char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0)
        return NULL;
    char *value = line + length;
    size_t n_blanks = strspn(value, " \t");
    if (value[n_blanks] == ':')
        return trim(value + n_blanks + 1);
    return n_blanks && !strchr(line, ':') ? trim(value) : NULL;
}

int machine__read_field(const char *root, const char *path, const char *key, char *text, size_t size)
{
    snprintf(text, size, "%s", MACHINE__UNKNOWN);
    FILE *file = machine__open(root, "%s", path);
    if (!file)
        return -errno;
    int result = -ENODATA;
    char *line = NULL;
    size_t line_bytes = 0;
    while (result && getline(&line, &line_bytes, file) > 0) {
        const char *value = value_of(line, key);
        if (value && *value) {
            snprintf(text, size, "%s", value);
            result = 0;
        }
    }
    free(line);
    fclose(file);
    return result;
}

double machine__read_field_number(const char *root, const char *path, const char *key)
{
    char text[64];
    return machine__read_field(root, path, key, text, sizeof text) ? NAN : parse_number(text);
}

int machine__list(const char *root, const char *path, const char *prefix,
                  void (*visit)(const char *name, void *arg), void *arg)
{
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s%s", root, path) >= PATH_MAX)
        return -ENAMETOOLONG;
    struct dirent **entries;
    int n_entries = scandir(folder, &entries, NULL, alphasort);
    if (n_entries < 0)
        return -errno;
    int n_visited = 0;
    for (int i = 0; i < n_entries; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && strncmp(name, prefix, strlen(prefix)) == 0) {
            visit(name, arg);
            n_visited++;
        }
        free(entries[i]);
    }
    free(entries);
    return n_visited;
}

void machine__chosen_word(char *text)
{
    const char *open = strchr(text, '[');
    const char *close = open ? strchr(open, ']') : NULL;
    if (!close)
        return;
    size_t length = (size_t)(close - open) - 1;
    memmove(text, open + 1, length);
    text[length] = '\0';
}
