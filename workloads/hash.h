/* The work of hash. */
#ifndef WORKLOADS_HASH_H
#define WORKLOADS_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Changes with every byte of the data, with its size and with the start. */
uint64_t hash__digest(const unsigned char *data, size_t size_bytes, uint64_t start);

#endif
