/* The table of backends: one row each. */
#include <string.h>

#include "backends/backends.h"

const struct executor *const executor_registry[] = {
    &pool_executor, &raw_executor, &raw_capped_executor, &serial_executor, &pool_again_executor,
    &pool_helping_executor, &pool_elastic_executor, NULL,
};

const struct executor *executor_find(const char *name)
{
    for (const struct executor *const *executor = executor_registry; *executor; executor++)
        if (strcmp((*executor)->name, name) == 0)
            return *executor;
    return NULL;
}
