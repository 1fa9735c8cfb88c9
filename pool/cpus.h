/* How many CPUs are in the affinity mask of the calling thread. Private to pool/. */
#ifndef POOL_CPUS_H
#define POOL_CPUS_H

#include "state.h"

int pool__count_mask(size_t *n);

#endif
