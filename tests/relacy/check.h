/* A scenario: threads that relacy runs in many orders. What threads share is plain memory or that of the pool; a
 * function sees what other threads did only as far as the orderings of the code make it known. */
#ifndef RELACY_CHECK_H
#define RELACY_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct scenario {
    const char *name;
    int n_threads, n_started; /* 2 to 4 in all: those that run thread(), and those that pthread_create() starts */
    unsigned long n_runs;     /* by the random scheduler */
    int n_switches;           /* also all orders with so many unforced switches; 0: not */
    void (*before)(void);     /* known to all threads */
    void (*thread)(int index);
    void (*after)(void);      /* knows all threads */
};

/* Up to the one without a name. */
extern const struct scenario scenarios[];

#define CHECK(condition) ((condition) ? (void)0 : check_fail(#condition, __FILE__, __LINE__))
void check_fail(const char *condition, const char *file, int line);

unsigned check_choose(unsigned n); /* one of 0 to n - 1: the schedulers try all */

/* Lets other threads run for a while, or not, and knows nothing of them afterwards. */
void check_pause(void);

/* The atomics in there are not to be touched until they are initialised again. */
void check_forget(void *at, size_t n_bytes);

#endif
