/* Whether the machine is said to have something that blurs a run. */
#ifndef WARNS_H
#define WARNS_H

#include "machine/machine.h"

#include <string.h>

static inline bool warns(const struct machine *machine, const char *name)
{
    struct machine_warning warnings[32];
    size_t n_warnings = machine_warnings(machine, warnings, 32);
    for (size_t i = 0; i < n_warnings; i++)
        if (strcmp(warnings[i].name, name) == 0)
            return true;
    return false;
}

#endif
