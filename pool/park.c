/* A counting semaphore for one sleeper, on a futex.
 *
 * No wake-up is lost: a post adds its token in one step with looking whether the owner sleeps. If the owner's
 * step to the sleeping state came first, the post sees it and wakes; if it came later it fails, because
 * the state is no longer 0, and the owner finds the token.
 *
 * The state is only ever changed by read-modify-write operations, so that the acquire of the taker pairs with
 * the release of every post before it, also of those whose token it does not take.
 *
 * A poster's last access is the addition. The wake that may follow names an address at which the parker may
 * be gone already: at worst it wakes another sleeper too early, and all of them look again.
 *
 * Rejected: sem_t, which has no time-out by CLOCK_MONOTONIC in musl.
 */
#include "park.h"

#include <sched.h>
#include <time.h>

enum { SLEEPING = 1, TOKEN = 2 };
enum {
    LOOKS_A_CLOCK = 32, /* about a microsecond between two looks at the clock */
    LOOKS_ALONE = 128   /* what a task takes to go to another CPU and back */
};

static const int64_t SECOND_NS = 1000 * 1000 * 1000;

/* Whether the one that this thread will wait for is not on this CPU, as far as it knows. The kernel likes to begin a
 * thread on the CPU of who begins it, and to wake it on that of who wakes it: so not if since it last looked out this
 * thread has begun or woken one, or has slept. */
static _Thread_local bool is_alone;

void pool__share_cpu(void)
{
    is_alone = false;
}

void pool__post(struct pool__parker *parker)
{
    /* [PARK] release: publishes what the poster did; pairs with acquire in pool__park(). */
    uint32_t before = atomic_fetch_add_explicit(&parker->state, TOKEN, memory_order_release);

    if (before & SLEEPING) {
        pool__futex_wake(&parker->state);
        pool__share_cpu();
    }
}

/* Tells the CPU that this is a loop which waits: it takes less power, and leaves more to its other thread. */
static void relax_cpu(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

bool pool__spin(bool (*is_there)(void *arg, bool looks_far), void *arg, int64_t spin_ns)
{
    int64_t deadline_ns = pool__now_ns() + spin_ns;
    int n_looks = is_alone ? LOOKS_ALONE : 0;

    is_alone = true;
    for (;; n_looks = LOOKS_A_CLOCK) {
        for (int i = 0; i < n_looks; i++) {
            if (is_there(arg, i % LOOKS_A_CLOCK == 0))
                return true;
            relax_cpu();
        }
        if (pool__now_ns() >= deadline_ns)
            return false;
        sched_yield();
    }
}

bool pool__has_token(void *arg, bool looks_far)
{
    const struct pool__parker *parker = arg;

    (void)looks_far;
    /* [PARK] relaxed: only a guess. */
    return atomic_load_explicit(&parker->state, memory_order_relaxed) >= TOKEN;
}

/* Sleeps while the state is SLEEPING. Returns false at the deadline. */
static bool sleep_until(struct pool__parker *parker, int64_t deadline_ns)
{
    struct timespec deadline = {.tv_sec = deadline_ns / SECOND_NS, .tv_nsec = deadline_ns % SECOND_NS};

    return pool__futex_wait(&parker->state, SLEEPING, deadline_ns == POOL__NEVER ? NULL : &deadline);
}

bool pool__park(struct pool__parker *parker, int64_t deadline_ns)
{
    bool timed_out = deadline_ns == POOL__LOOK;

    for (;;) {
        /* [PARK] relaxed: a guess that the exchange below checks. */
        uint32_t state = atomic_load_explicit(&parker->state, memory_order_relaxed);
        uint32_t next = state >= TOKEN ? (state - TOKEN) & ~(uint32_t)SLEEPING : timed_out ? 0 : SLEEPING;

        /* [PARK] acquire: sees what the posters did; pairs with release in pool__post(). */
        if (state != next && !atomic_compare_exchange_weak_explicit(&parker->state, &state, next,
                                                                    memory_order_acquire, memory_order_relaxed))
            continue;
        if (state >= TOKEN)
            return true;
        if (timed_out)
            return false;
        timed_out = !sleep_until(parker, deadline_ns);
        pool__share_cpu();
    }
}

int64_t pool__now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

int64_t pool__deadline(int64_t timeout_ns)
{
    int64_t now_ns;

    if (timeout_ns < 0)
        return POOL__NEVER;
    if (timeout_ns == 0)
        return POOL__LOOK;
    now_ns = pool__now_ns();
    return timeout_ns < POOL__NEVER - now_ns ? now_ns + timeout_ns : POOL__NEVER - 1;
}
