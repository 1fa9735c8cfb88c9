/* Reader of /proc/self/mountinfo (proc_pid_mountinfo(5)):
 *
 *     36 35 98:0 /folder /point rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue
 *
 * The optional fields end with a lone hyphen. Blanks in paths are written as \040. */
#include "internal.h"

#include <string.h>

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

static void unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in; out++) {
        if (in[0] == '\\' && is_octal(in[1]) && is_octal(in[2]) && is_octal(in[3])) {
            *out = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
            in += 4;
        } else {
            *out = *in++;
        }
    }
    *out = '\0';
}

static bool parse(struct machine__mount *mount)
{
    char *rest = mount->line;
    char *fields[10];
    size_t n_fields = 0;
    for (char *word = strsep(&rest, " \n"); word && n_fields < 10; word = strsep(&rest, " \n")) {
        if (n_fields == 6 && strcmp(word, "-") != 0)
            continue;
        unescape(word);
        fields[n_fields++] = word;
    }
    if (n_fields != 10)
        return false;
    mount->mounted = fields[3];
    mount->point = fields[4];
    mount->options = fields[5];
    mount->type = fields[7];
    mount->source = fields[8];
    mount->super_options = fields[9];
    return true;
}

bool machine__next_mount(FILE *file, struct machine__mount *mount)
{
    while (getline(&mount->line, &mount->line_bytes, file) > 0)
        if (parse(mount))
            return true;
    return false;
}

bool machine__has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}
