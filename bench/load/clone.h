/* Threads made by hand, one after the other, each waited for: what the kernel charges for one, and for each piece that
 * the C library adds. */
#ifndef LOAD_CLONE_H
#define LOAD_CLONE_H

#include <stdint.h>

enum { CLONE_STACK_BYTES = 64 << 10 };

/* Pieces, to be added up. */
enum clone_piece {
    CLONE_BARE = 0,           /* a reused stack; the waiter sleeps on the word that the kernel clears at the end */
    CLONE_SIGNALS = 1 << 0,   /* signals are blocked around the creation, and around the end */
    CLONE_REGISTERS = 1 << 1, /* the thread registers its robust mutexes and its restartable sequences */
    CLONE_ADVISES = 1 << 2,   /* at its end it gives back the stack that it did not use */
    CLONE_MAPS = 1 << 3,      /* a new stack for each thread */
    CLONE_GUARDS = 1 << 4,    /* with a guard page; needs CLONE_MAPS */
    CLONE_SPINS = 1 << 5,     /* the waiter looks at the word again and again, with sched_yield(2), and never sleeps */
};

/* Nanoseconds of n threads, or a negative errno. */
int64_t clone_run(uint64_t n_threads, unsigned pieces);

#endif
