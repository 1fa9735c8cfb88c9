/* Workers: how they wait for tasks, run them, and leave. Private to pool/. */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "state.h"

void *pool__run_worker(void *worker); /* what a worker's thread does */

#endif
