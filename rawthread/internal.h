/* What the files of rawthread/ share. */
#ifndef RAWTHREAD_INTERNAL_H
#define RAWTHREAD_INTERNAL_H

#include <stddef.h>

/* RAWTHREAD_STACK_BYTES, or what a thread needs on this machine if that is more. */
size_t rawthread__stack_bytes(void);

#endif
