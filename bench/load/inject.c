/* Threads outside of the backend hand over tasks one by one, all at once; the caller is the first of them, and waits
 * for all tasks. Time runs from the first submit of any of them.
 *
 * The others live from load_start() to load_stop(). In between they stand at a barrier, which orders what an iteration
 * leaves for the next. */
#include "load/load.h"

#include <errno.h>
#include <stdlib.h>

#include "record/clock.h"

struct injector {
    struct load_side *side;
    pthread_t thread;
    uint64_t first, end; /* its tasks */
    uint64_t start_ns, n_accepted;
    int error;
};

struct load_injectors {
    pthread_barrier_t turn;
    bool is_over;
    size_t n;
    struct injector each[];
};

static void inject(struct injector *me)
{
    struct load_side *side = me->side;
    me->n_accepted = 0;
    me->error = 0;
    me->start_ns = clock_now_ns();
    for (uint64_t i = me->first; i < me->end && !me->error; i++) {
        me->error = side->executor->submit(side->backend, load_task, side->args + i);
        me->n_accepted += !me->error;
    }
}

static void *live(void *arg)
{
    struct injector *me = arg;
    struct load_injectors *all = me->side->injectors;
    load_mark_submitter();
    for (;;) {
        pthread_barrier_wait(&all->turn);
        if (all->is_over)
            return NULL;
        inject(me);
        pthread_barrier_wait(&all->turn);
    }
}


int inject_prepare(struct load_side *side)
{
    size_t n = side->n_submitters;
    if (n > 1 && !(side->executor->capabilities & EXECUTOR_SHARED))
        return -ENOTSUP;
    struct load_injectors *all = calloc(1, sizeof *all + n * sizeof *all->each);
    if (!all)
        return -ENOMEM;
    all->n = n;
    for (size_t i = 0; i < n; i++)
        all->each[i] = (struct injector){
            .side = side, .first = side->n_tasks * i / n, .end = side->n_tasks * (i + 1) / n,
        };
    pthread_barrier_init(&all->turn, NULL, (unsigned)n);
    side->injectors = all;
    int error = 0;
    for (size_t i = 1; i < n && !error; i++)
        error = pthread_create(&all->each[i].thread, NULL, live, &all->each[i]);
    if (error)
        side->injectors = NULL; /* those that there are wait for the process to end */
    return -error;
}

void inject_release(struct load_side *side)
{
    struct load_injectors *all = side->injectors;
    if (!all)
        return;
    all->is_over = true;
    pthread_barrier_wait(&all->turn);
    for (size_t i = 1; i < all->n; i++)
        pthread_join(all->each[i].thread, NULL);
    pthread_barrier_destroy(&all->turn);
    free(all);
    side->injectors = NULL;
}

int64_t inject_iterate(struct load_side *side)
{
    struct load_injectors *all = side->injectors;
    uint64_t start_ns = UINT64_MAX, n_accepted = 0;
    pthread_barrier_wait(&all->turn);
    inject(&all->each[0]);
    pthread_barrier_wait(&all->turn);
    for (size_t i = 0; i < all->n; i++) {
        const struct injector *each = &all->each[i];
        start_ns = each->start_ns < start_ns ? each->start_ns : start_ns;
        n_accepted += each->n_accepted;
        side->error = side->error ? side->error : each->error;
    }
    int waited = load_wait(side, n_accepted);
    uint64_t end_ns = clock_now_ns();
    if (!side->error)
        side->error = waited;
    return side->error ? -1 : (int64_t)(end_ns - start_ns);
}
