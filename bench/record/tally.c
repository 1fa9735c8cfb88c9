#include "record/tally.h"

#include <pthread.h>

_Thread_local struct tally_user tally__user;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The cell stays with the thread that forked. */
static void leave_cell(void)
{
    tally__user = (struct tally_user){ 0 };
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, leave_cell);
}

void tally_begin(struct tally *tally)
{
    static atomic_uint_fast64_t n_begun;
    pthread_once(&once, watch_forks);
    tally->id = atomic_fetch_add_explicit(&n_begun, 1, memory_order_relaxed) + 1;
}

static struct tally_cell *take_cell(struct tally *tally)
{
    size_t n = atomic_load_explicit(&tally->n_threads, memory_order_relaxed);
    if (n >= TALLY_THREADS)
        return NULL;
    n = atomic_fetch_add_explicit(&tally->n_threads, 1, memory_order_relaxed);
    return n < TALLY_THREADS ? &tally->of_thread[n] : NULL;
}

void tally__add_shared(struct tally *tally, uint64_t value, enum tally_place place)
{
    struct tally_cell *cell = &tally->of_cpu[(unsigned)sched_getcpu() % TALLY_CPUS];
    atomic_fetch_add_explicit(&cell->n_run[place], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cell->value_sum, value, memory_order_relaxed);
    if (tally->id && tally__user.id == tally->id)
        tally__user.cell = take_cell(tally);
    else
        tally__user = (struct tally_user){ tally->id, NULL };
}
