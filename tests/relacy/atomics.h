/* What pool/atomics.h offers, for a build that relacy checks: see runtime.cc.
 *
 * The operations are those of <stdatomic.h>. gcc -fsanitize=thread makes a call of each one, and of each access to
 * plain memory, and the runtime answers these calls. What remains for this header is what is no access: system calls,
 * mutexes, time, memory. A thread-local variable goes to a section, which the runtime keeps for each simulated thread.
 */
#ifndef RELACY_ATOMICS_H
#define RELACY_ATOMICS_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool check_futex_wait(void *word, uint32_t value, bool has_deadline);
void check_futex_wake(void *word);
void check_init(void *at, size_t n_bytes, uint64_t value);
void check_lock(void *mutex);
void check_unlock(void *mutex);
void check_yield(void);
int check_clock(struct timespec *now);
int check_mask(size_t n_bytes, void *mask);
int check_create(unsigned long *thread, void *(*run)(void *), void *arg);
unsigned long check_self(void);
void check_join(unsigned long thread);
void *check_malloc(size_t n_bytes);
void *check_realloc(void *block, size_t n_bytes);
void check_free(void *block);
void *check_fill(void *to, int byte, size_t n_bytes);
char *check_copy(char *to, const char *from);

static inline bool pool__futex_wait(_Atomic(uint32_t) *word, uint32_t value, const struct timespec *deadline)
{
    return check_futex_wait(word, value, deadline != NULL);
}

static inline void pool__futex_wake(_Atomic(uint32_t) *word)
{
    check_futex_wake(word);
}

/* Plain: a race with whatever is not ordered with it. */
#undef atomic_init
#define atomic_init(at, value) check_init((at), sizeof *(at), (uint64_t)(value))

#define pthread_mutex_init(mutex, attr) ((void)(mutex))
#define pthread_mutex_destroy(mutex) ((void)(mutex))
#define pthread_mutex_lock(mutex) check_lock(mutex)
#define pthread_mutex_unlock(mutex) check_unlock(mutex)
#define pthread_create(thread, attr, run, arg) check_create(thread, run, arg)
#define pthread_self() check_self()
#define pthread_join(thread, result) check_join(thread)
#define pthread_setname_np(thread, name) ((void)(name))
#define pthread_getcpuclockid(thread, id) ((void)(id))
#define sched_getaffinity(thread, n_bytes, mask) check_mask(n_bytes, mask)
#define sched_yield() check_yield()
#define nanosleep(pause, left) ((void)(pause), check_yield())
#define clock_gettime(clock, now) check_clock(now)
#define malloc(n_bytes) check_malloc(n_bytes)
#define calloc(n, n_bytes) check_fill(check_malloc((n) * (n_bytes)), 0, (n) * (n_bytes))
#define realloc(block, n_bytes) check_realloc(block, n_bytes)
#define aligned_alloc(alignment, n_bytes) check_malloc(n_bytes)
#define free check_free /* also the name of a member */
#define memset(to, byte, n_bytes) check_fill(to, byte, n_bytes)
#define strcpy(to, from) check_copy(to, from)

#endif
