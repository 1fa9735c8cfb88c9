/* The scout of an elastic pool. Private to pool/. */
#ifndef POOL_ELASTIC_H
#define POOL_ELASTIC_H

#include "state.h"

int pool__start_scout(struct pool *pool);

#endif
