/* Handles: their memory, their references, and their calls: see handle.h. */
#include "frame.h"
#include "handle.h"
#include "seat.h"
#include "sleep.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEPT_MAX = 32, /* by a seat: 12 KiB */
    SLAB_HANDLES = 15,
    FREE_SLABS_MAX = 200 /* kept: 3,000 handles, about 1 MiB a pool */
};

struct pool__slab {
    struct pool__slab *next, *prev; /* in the pool's list while one of its handles is free */
    struct pool_handle *free;
    size_t n_used;
    struct pool_handle handles[SLAB_HANDLES];
};

static void link_slab(struct pool *pool, struct pool__slab *slab)
{
    slab->prev = NULL;
    slab->next = pool->slabs;
    if (slab->next != NULL)
        slab->next->prev = slab;
    pool->slabs = slab;
}

static void unlink_slab(struct pool *pool, struct pool__slab *slab)
{
    *(slab->prev != NULL ? &slab->prev->next : &pool->slabs) = slab->next;
    if (slab->next != NULL)
        slab->next->prev = slab->prev;
}

static struct pool__slab *new_slab(struct pool *pool)
{
    struct pool__slab *slab = malloc(sizeof *slab);

    if (slab == NULL)
        return NULL;
    slab->free = NULL;
    slab->n_used = 0;
    for (size_t i = 0; i < SLAB_HANDLES; i++) {
        slab->handles[i].next_free = slab->free;
        slab->free = &slab->handles[i];
    }
    link_slab(pool, slab);
    pool->n_free_slabs++;
    return slab;
}

/* All of a pool's handles come from its slabs and return there. The lock is held. */
struct pool_handle *pool__new_handle(struct pool *pool)
{
    struct pool__slab *slab = pool->slabs != NULL ? pool->slabs : new_slab(pool);
    struct pool_handle *handle;

    if (slab == NULL)
        return NULL;
    pool->n_free_slabs -= slab->n_used == 0;
    slab->n_used++;
    handle = slab->free;
    slab->free = handle->next_free;
    if (slab->free == NULL)
        unlink_slab(pool, slab);
    pool->n_handles++;
    handle->pool = pool;
    handle->slab = slab;
    return handle;
}

void pool__free_handle(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__slab *slab = handle->slab;

    if (slab->free == NULL)
        link_slab(pool, slab);
    handle->next_free = slab->free;
    slab->free = handle;
    pool->n_handles--;
    if (--slab->n_used > 0)
        return;
    if (pool->n_free_slabs < FREE_SLABS_MAX) {
        pool->n_free_slabs++;
    } else {
        unlink_slab(pool, slab);
        free(slab);
    }
}

void pool__fetch_handles(struct pool *pool, struct pool__seat *seat)
{
    struct pool_handle *handle;

    do {
        handle = pool__new_handle(pool);
        if (handle != NULL)
            pool__keep_handle(seat, handle);
    } while (pool->slabs != NULL && seat->n_free_handles < KEPT_MAX / 2);
}

struct pool_handle *pool__spare_handle(struct pool *pool, struct pool__seat *seat)
{
    struct pool_handle *handle;

    if (seat->free_handles == NULL) {
        pool__lock(pool);
        pool__fetch_handles(pool, seat);
        pool__unlock(pool);
    }
    handle = seat->free_handles;
    if (handle == NULL)
        return NULL;
    seat->free_handles = handle->next_free;
    seat->n_free_handles--;
    return handle;
}

void pool__keep_handle(struct pool__seat *seat, struct pool_handle *handle)
{
    handle->next_free = seat->free_handles;
    seat->free_handles = handle;
    seat->n_free_handles++;
}

/* In the seat that this thread visits; false if it cannot. */
static bool keep_visiting(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__seat *seat = pool__visit(pool);
    bool is_kept = seat != NULL && !pool__has_many_handles(seat);

    if (is_kept)
        pool__keep_handle(seat, handle);
    if (seat != NULL)
        pool__end_visit(pool);
    return is_kept;
}

void pool__give_back(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    bool is_last;

    pool__lock(pool);
    handle->kind->free(handle);
    is_last = pool->destroyed && pool->n_handles == 0;
    pool__unlock(pool);
    if (is_last)
        pool__free(pool);
}

void pool__discard(struct pool_handle *handle)
{
    struct pool *pool = handle->pool;
    struct pool__seat *seat = pool__own_seat(pool);

    if (seat != NULL)
        pool__keep_handle(seat, handle);
    else if (!keep_visiting(handle))
        pool__give_back(handle);
}

bool pool__has_many_handles(const struct pool__seat *seat)
{
    return seat->n_free_handles > KEPT_MAX;
}

static void return_handles(struct pool__seat *seat, size_t n_kept)
{
    while (seat->n_free_handles > n_kept) {
        struct pool_handle *handle = seat->free_handles;

        seat->free_handles = handle->next_free;
        seat->n_free_handles--;
        pool__free_handle(handle);
    }
}

void pool__trim_handles(struct pool__seat *seat)
{
    if (pool__has_many_handles(seat))
        return_handles(seat, KEPT_MAX / 2);
}

void pool__trim_handles_alone(struct pool *pool, struct pool__seat *seat)
{
    if (!pool__has_many_handles(seat))
        return;
    pool__lock(pool);
    pool__trim_handles(seat);
    pool__unlock(pool);
}

void pool__return_handles(struct pool__seat *seat)
{
    return_handles(seat, 0);
}

static void free_slabs(struct pool *pool)
{
    while (pool->slabs != NULL) {
        struct pool__slab *next = pool->slabs->next;

        free(pool->slabs);
        pool->slabs = next;
    }
}

void pool__free(struct pool *pool)
{
    free_slabs(pool);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Whether it was the last one. */
bool pool__drop_reference(struct pool_handle *handle)
{
    /* [STATE] acquire: who had the others is done with the handle; pairs with the release of the steps below. */
    return atomic_load_explicit(&handle->state, memory_order_acquire) < 2 * POOL__REFERENCE ||
           atomic_fetch_sub_explicit(&handle->state, POOL__REFERENCE, memory_order_acq_rel) < 2 * POOL__REFERENCE;
}

void pool__unreference(struct pool_handle *handle)
{
    if (pool__drop_reference(handle))
        handle->kind->free(handle);
}

bool pool__is_claimed(const struct pool_handle *handle)
{
    /* [CLAIM] relaxed: none are added to a handle; to an iterator under the lock. */
    return atomic_load_explicit(&handle->n_unclaimed, memory_order_relaxed) == 0;
}

bool pool__begin_await(struct pool_handle *handle)
{
    /* [STATE] acquire: if it is ready, sees what the tasks did; pairs with the release of who sets READY. */
    return !(atomic_fetch_or_explicit(&handle->state, POOL__AWAITED, memory_order_acquire) & POOL__READY);
}

bool pool_handle_ready(const struct pool_handle *handle)
{
    /* [STATE] acquire: sees what the tasks did; pairs with the release of who sets READY. */
    return atomic_load_explicit(&handle->state, memory_order_acquire) & POOL__READY;
}

int pool__tell(struct pool_error *error, const struct pool_error *from)
{
    if (error != NULL) {
        error->code = from->code;
        error->index = from->index;
        strcpy(error->message, from->code != 0 ? from->message : "");
    }
    return from->code;
}

int pool__tell_call(struct pool_error *error, int code)
{
    if (error != NULL) {
        error->code = 0;
        error->index = 0;
        error->message[0] = '\0';
    }
    return code;
}
