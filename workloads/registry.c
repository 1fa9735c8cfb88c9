/* One row per workload. */
#include "workload.h"

#include <string.h>

extern const struct workload workload_empty, workload_spin, workload_hash, workload_sleep, workload_echo;

const struct workload *const workload_registry[] = {
    &workload_empty, &workload_spin, &workload_hash, &workload_sleep, &workload_echo, NULL,
};

const struct workload *workload_find(const char *name)
{
    for (const struct workload *const *workload = workload_registry; *workload; workload++)
        if (!strcmp((*workload)->name, name))
            return *workload;
    return NULL;
}
