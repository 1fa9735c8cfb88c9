/* Which processes may use a pool. Private to pool/. */
#ifndef POOL_FORK_H
#define POOL_FORK_H

#include "state.h"

int pool__watch_forks(void);
unsigned pool__fork_generation(void);
bool pool__is_inherited(const struct pool *pool);

#endif
