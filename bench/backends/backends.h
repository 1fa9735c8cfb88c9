/* The adapters that registry.c lists. */
#ifndef BACKENDS_H
#define BACKENDS_H

#include <errno.h>

#include "backends/executor.h"

extern const struct executor pool_executor, pool_again_executor, pool_helping_executor, pool_elastic_executor,
    pool_reject_executor, pool_block_executor, pool_caller_executor, raw_executor, raw_capped_executor,
    raw_detached_executor, serial_executor, processes_executor, python_threadpool_executor, python_thread_executor,
    python_futures_executor, python_again_executor;

#endif
