/* What the files of rawthread/ share. */
#ifndef RAWTHREAD_INTERNAL_H
#define RAWTHREAD_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RAWTHREAD_STACK_BYTES, or what a thread needs on this machine if that is more. */
size_t rawthread__stack_bytes(void);

uint64_t rawthread__now_ns(void);

/* Begins to spin for up to spin_ns. Returns until when; 0, which is no time at all, where the caller has one CPU. */
uint64_t rawthread__spin_until(uint64_t spin_ns);

/* Before each look: whether there is time for one. A cancellation point unless until_ns is 0. */
bool rawthread__spins(uint64_t until_ns);

/* Whether the thread was joined within that time. */
bool rawthread__spin_join(pthread_t thread, uint64_t until_ns);

#endif
