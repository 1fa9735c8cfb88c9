/* The table of programs. */
#include <string.h>

#include "idiom_lines.h"
#include "idioms/idiom.h"

const struct idiom idiom_table[] = {
    { "fanout", "pool", "pool", "many tasks by one map", fanout_pool, LINES_fanout_pool, .cancels = false },
    { "fanout", "raw", "raw", "a detached thread for each, by hand", fanout_raw, LINES_fanout_raw, .cancels = false },
    { "fanout", "raw-group", "raw", "a thread for each, in a group of rawthread.h", fanout_raw_group,
      LINES_fanout_raw_group, .cancels = false },
    { .experiment = NULL },
};

const struct idiom *idiom_find(const char *experiment, const char *backend)
{
    const char *name = strcmp(backend, "pool-again") == 0 ? "pool" : backend;
    for (const struct idiom *idiom = idiom_table; idiom->experiment; idiom++)
        if (strcmp(idiom->experiment, experiment) == 0 && strcmp(idiom->backend, name) == 0)
            return idiom;
    return NULL;
}
