/* The bare thread has a reused stack and is joined through the word that the kernel clears at its end, so that no part
 * of it is slower than what the C library does. The pieces are the system calls of glibc 2.36, as strace shows them. */
#include "load/clone.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/rseq.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/clock.h"

enum { KEPT_BYTES = 16 << 10, GUARD_BYTES = 4 << 10, SIGSET_BYTES = 8 };

struct maker {
    unsigned pieces;
    char *stack;
    atomic_int thread_id; /* 0: there is no thread */
    uint64_t signals[2];  /* none, all */
    struct rseq sequences;
    struct { void *next; long offset; void *pending; } mutexes;
};

static void set_signals(struct maker *maker, int all)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &maker->signals[all], NULL, SIGSET_BYTES);
}

/* On a stack of its own, but with the thread-local storage of its creator: it makes system calls and nothing else. */
static int live(void *arg)
{
    struct maker *maker = arg;
    if (maker->pieces & CLONE_REGISTERS) {
        syscall(SYS_rseq, &maker->sequences, sizeof maker->sequences, 0, 0x53053053);
        syscall(SYS_set_robust_list, &maker->mutexes, sizeof maker->mutexes);
    }
    if (maker->pieces & CLONE_SIGNALS) {
        set_signals(maker, 0);
        set_signals(maker, 1);
    }
    if (maker->pieces & CLONE_ADVISES)
        madvise(maker->stack, CLONE_STACK_BYTES - KEPT_BYTES, MADV_DONTNEED);
    return 0;
}

static int map_stack(struct maker *maker)
{
    maker->stack = mmap(NULL, CLONE_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1,
                        0);
    if (maker->stack == MAP_FAILED
        || (maker->pieces & CLONE_GUARDS && mprotect(maker->stack, GUARD_BYTES, PROT_NONE) != 0))
        return -errno;
    return 0;
}

/* The word is cleared by the kernel: acquire, since what the thread did happens before the return. */
static void join(struct maker *maker)
{
    int alive;
    while ((alive = atomic_load_explicit(&maker->thread_id, memory_order_acquire)) != 0)
        if (maker->pieces & CLONE_SPINS)
            sched_yield(); /* the thread may wait for this CPU */
        else
            syscall(SYS_futex, &maker->thread_id, FUTEX_WAIT, alive, NULL, NULL, 0);
}

static int make_thread(struct maker *maker)
{
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
        | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    int error = maker->pieces & CLONE_MAPS ? map_stack(maker) : 0;
    if (error)
        return error;
    if (maker->pieces & CLONE_SIGNALS)
        set_signals(maker, 1);
    if (clone(live, maker->stack + CLONE_STACK_BYTES, flags, maker, &maker->thread_id, NULL, &maker->thread_id) < 0)
        error = -errno;
    if (maker->pieces & CLONE_SIGNALS)
        set_signals(maker, 0);
    if (!error)
        join(maker);
    if (maker->pieces & CLONE_MAPS)
        munmap(maker->stack, CLONE_STACK_BYTES);
    return error;
}

int64_t clone_run(uint64_t n_threads, unsigned pieces)
{
    struct maker maker = { .pieces = pieces, .signals = { 0, UINT64_MAX } };
    int error = map_stack(&maker);
    if (error)
        return error;
    char *stack = maker.stack;
    maker.mutexes.next = &maker.mutexes;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &maker.signals[0], SIGSET_BYTES);
    uint64_t start = clock_now_ns();
    for (uint64_t i = 0; i < n_threads && !error; i++)
        error = make_thread(&maker);
    uint64_t end = clock_now_ns();
    munmap(stack, CLONE_STACK_BYTES);
    return error ? error : (int64_t)(end - start);
}
