/* Results one at a time: imap and imap_unordered.
 *
 * An iterator is a handle whose calls are added as results are delivered. Each argument that has been fed and whose
 * result has not been delivered has a slot, of look_ahead ones. A slot goes from its number (ordered) or the
 * free list (unordered) to the list of unclaimed ones, from there in a part's chain to whoever runs it, and
 * back as done: to its place, or to the end of the list of done ones.
 *
 * There are never fewer tickets in the queue than unclaimed calls, and not more than one to a slot.
 */
#include "call.h"
#include "fork.h"
#include "frame.h"
#include "handle.h"
#include "help.h"
#include "notice.h"
#include "quiet.h"
#include "room.h"
#include "sleep.h"
#include "ticket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pool__slot {
    struct pool__slot *next;
    size_t index; /* of the argument */
    void *arg;
    void *result;
    bool is_done;
    struct pool_error error;
};

/* Slots from first to last, both NULL if there is none. */
struct slots {
    struct pool__slot *first, *last;
};

struct pool_iterator {
    struct pool_handle handle; /* its work, callbacks and error are not used, and it is never ready */
    struct pool_feed feed;
    bool is_ordered;
    struct slots unclaimed, done;
    size_t n_running;          /* parts that have begun and not ended */
    struct slots free;         /* if unordered; the consumer's alone, as all down to end */
    size_t n_fed, n_delivered;
    int end;                   /* 0: feed on; else why not */
    char *results;
    struct pool__slot slots[]; /* feed.look_ahead */
};

static struct pool_iterator *iterator_of(struct pool_handle *handle)
{
    return (struct pool_iterator *)handle;
}

static void append(struct slots *slots, struct pool__slot *slot)
{
    slot->next = NULL;
    if (slots->first == NULL)
        slots->first = slot;
    else
        slots->last->next = slot;
    slots->last = slot;
}

static struct pool__slot *pop(struct slots *slots)
{
    struct pool__slot *slot = slots->first;

    if (slot != NULL)
        slots->first = slot->next;
    return slot;
}

static size_t count_unclaimed(const struct pool_iterator *iterator)
{
    /* [CLAIM] relaxed: under the lock. */
    return atomic_load_explicit(&iterator->handle.n_unclaimed, memory_order_relaxed);
}

static void set_unclaimed(struct pool_iterator *iterator, size_t n_unclaimed)
{
    /* [CLAIM] relaxed: under the lock. */
    atomic_store_explicit(&iterator->handle.n_unclaimed, n_unclaimed, memory_order_relaxed);
}

static bool claim_fed(struct pool_handle *handle, struct pool__task *task, bool all)
{
    struct pool_iterator *iterator = iterator_of(handle);
    size_t chunk = iterator->feed.chunksize, n_unclaimed = count_unclaimed(iterator);
    struct slots part = {NULL, NULL};

    if (n_unclaimed == 0)
        return false;
    task->n_calls = all || n_unclaimed < chunk ? n_unclaimed : chunk;
    task->is_last = task->n_calls == n_unclaimed;
    set_unclaimed(iterator, n_unclaimed - task->n_calls);
    iterator->n_running++;
    for (size_t i = 0; i < task->n_calls; i++)
        append(&part, pop(&iterator->unclaimed));
    task->slots = part.first;
    task->next_slot = part.first;
    return true;
}

static void end_fed_call(struct pool__task *task, int code, const char *message)
{
    struct pool__slot *slot = task->next_slot;

    task->error.code = 0;
    task->error.index = slot->index;
    pool__end_call(task, slot->index, code, message);
    pool__tell(&slot->error, &task->error);
    task->next_slot = slot->next;
}

static void run_fed(struct pool__task *task)
{
    const struct pool_iterator *iterator = iterator_of(task->handle);

    while (task->next_slot != NULL) {
        const char *message = pool__begin_calls();

        end_fed_call(task, iterator->feed.fn(task->next_slot->arg, task->next_slot->result), message);
    }
}

/* Of an argument whose call will never be made. Without the lock. */
static void drop_fed(const struct pool_iterator *iterator, void *arg)
{
    const struct pool_feed *feed = &iterator->feed;
    struct pool__frame frame;
    int cancel_state = pool__begin_aside(&frame);

    if (feed->dropped != NULL)
        feed->dropped(feed->source, arg);
    pool__end_aside(&frame, cancel_state);
}

/* One that ended its thread has begun; the others have not. */
static void skip_fed(struct pool__task *task, int code)
{
    for (; task->next_slot != NULL; code = -ECANCELED) {
        if (code == -ECANCELED)
            drop_fed(iterator_of(task->handle), task->next_slot->arg);
        end_fed_call(task, code, "");
    }
}

static bool end_fed(struct pool__task *task)
{
    struct pool_iterator *iterator = iterator_of(task->handle);
    struct pool *pool = iterator->handle.pool;
    struct pool__slot *next;

    iterator->n_running--;
    for (struct pool__slot *slot = task->slots; slot != NULL; slot = next) {
        next = slot->next;
        slot->is_done = true;
        if (!iterator->is_ordered)
            append(&iterator->done, slot);
        pool__finish_tasks(pool, 1);
    }
    pool__wake(pool, &iterator->handle.awaiting, SIZE_MAX);
    return false;
}

static void free_iterator(struct pool_handle *handle)
{
    struct pool_iterator *iterator = iterator_of(handle);

    free(iterator->results);
    free(iterator);
}

static const struct pool__kind kind_of_iterators = {claim_fed, run_fed, skip_fed, end_fed, free_iterator};

/* A free slot for the next argument. */
static struct pool__slot *take_slot(struct pool_iterator *iterator, void *arg)
{
    size_t index = iterator->n_fed++;
    struct pool__slot *slot = iterator->is_ordered ? &iterator->slots[index % iterator->feed.look_ahead]
                                                   : pop(&iterator->free);

    slot->index = index;
    slot->arg = arg;
    slot->is_done = false;
    return slot;
}

/* The slot ends without a call. The lock is held. */
static void end_unfed(struct pool_iterator *iterator, struct pool__slot *slot, const struct pool_error *error)
{
    pool__tell(&slot->error, error);
    slot->error.index = slot->index;
    slot->is_done = true;
    if (!iterator->is_ordered)
        append(&iterator->done, slot);
}

/* Hands the slot to a worker. The lock is held. */
static int queue_slot(struct pool_iterator *iterator, struct pool__slot *slot)
{
    struct pool_handle *handle = &iterator->handle;
    struct pool *pool = handle->pool;
    size_t n_ranges = handle->n_ranges, n_unclaimed = count_unclaimed(iterator);
    bool has_ticket = n_ranges > n_unclaimed;
    int error = pool->closed ? -ECANCELED : pool__check_open(pool);

    if (error == 0 && !has_ticket)
        error = pool__queue_handle(handle, 1);
    if (error != 0)
        return error;
    append(&iterator->unclaimed, slot);
    set_unclaimed(iterator, n_unclaimed + 1);
    if (n_unclaimed == 0)
        pool->n_stale_iterators -= n_ranges;
    if (has_ticket)
        pool__call(pool, 1); /* as if it was queued */
    pool->n_unfinished++;
    return 0;
}

static void feed_one(struct pool_iterator *iterator, void *arg)
{
    struct pool *pool = iterator->handle.pool;
    struct pool__slot *slot = take_slot(iterator, arg);
    struct pool_error error;

    error.message[0] = '\0';
    pool__lock(pool);
    error.code = queue_slot(iterator, slot);
    if (error.code != 0)
        end_unfed(iterator, slot, &error);
    if (pool->closed)
        iterator->end = -ESHUTDOWN;
    pool__unlock(pool);
    if (error.code != 0)
        drop_fed(iterator, arg);
}

/* The source has failed: the consumer is told in the place of its next result. */
static void feed_error(struct pool_iterator *iterator, const struct pool_error *error)
{
    struct pool *pool = iterator->handle.pool;
    struct pool__slot *slot = take_slot(iterator, NULL);

    pool__lock(pool);
    end_unfed(iterator, slot, error);
    pool__unlock(pool);
}

/* Takes arguments from the source as far ahead as may be. */
static void feed(struct pool_iterator *iterator)
{
    while (iterator->end == 0 && iterator->n_fed - iterator->n_delivered < iterator->feed.look_ahead) {
        struct pool_error error;
        void *arg;

        error.code = pool__ask_source(&iterator->feed, &arg, error.message);
        if (error.code > 0) {
            feed_one(iterator, arg);
        } else {
            iterator->end = -ENODATA;
            if (error.code < 0)
                feed_error(iterator, &error);
        }
    }
}

static struct pool_iterator *new_iterator(struct pool *pool, const struct pool_feed *feed, bool is_ordered)
{
    size_t look_ahead = feed->look_ahead != 0 ? feed->look_ahead : 2 * pool_n_workers(pool);
    size_t align = _Alignof(max_align_t), result_bytes = (feed->result_bytes + align - 1) / align * align;
    struct pool_iterator *iterator;

    if (look_ahead > (SIZE_MAX / 2) / sizeof iterator->slots[0] || result_bytes < feed->result_bytes)
        return NULL;
    iterator = calloc(1, sizeof *iterator + look_ahead * sizeof iterator->slots[0]);
    if (iterator == NULL)
        return NULL;
    iterator->results = result_bytes > 0 ? calloc(look_ahead, result_bytes) : NULL;
    if (result_bytes > 0 && iterator->results == NULL) {
        free(iterator);
        return NULL;
    }
    iterator->handle.kind = &kind_of_iterators;
    iterator->handle.pool = pool;
    atomic_init(&iterator->handle.state, POOL__REFERENCE);
    iterator->feed = *feed;
    iterator->feed.look_ahead = look_ahead;
    iterator->feed.chunksize += feed->chunksize == 0;
    iterator->is_ordered = is_ordered;
    for (size_t i = 0; i < look_ahead; i++) {
        iterator->slots[i].result = result_bytes > 0 ? iterator->results + i * result_bytes : NULL;
        if (!is_ordered)
            append(&iterator->free, &iterator->slots[i]);
    }
    return iterator;
}

static void release_iterator(void *iterator)
{
    pool_iterator_release(iterator);
}

static int start(struct pool *pool, const struct pool_feed *feed_options, bool is_ordered, struct pool_iterator **out)
{
    struct pool_iterator *iterator;
    bool is_closed;

    if (pool__is_inherited(pool))
        return -ENOTRECOVERABLE;
    if (feed_options->fn == NULL || feed_options->next == NULL)
        return -EINVAL;
    pool__lock(pool);
    is_closed = pool->closed;
    pool__unlock(pool);
    if (is_closed)
        return -ESHUTDOWN;
    iterator = new_iterator(pool, feed_options, is_ordered);
    if (iterator == NULL)
        return -ENOMEM;
    pthread_cleanup_push(release_iterator, iterator); /* the source may end this thread */
    feed(iterator);
    pthread_cleanup_pop(0);
    *out = iterator;
    return 0;
}

int pool_imap(struct pool *pool, const struct pool_feed *feed, struct pool_iterator **out)
{
    return start(pool, feed, true, out);
}

int pool_imap_unordered(struct pool *pool, const struct pool_feed *feed, struct pool_iterator **out)
{
    return start(pool, feed, false, out);
}

/* The slot to be delivered next, or NULL. The lock is held. */
static struct pool__slot *take_done(struct pool_iterator *iterator)
{
    struct pool__slot *slot = &iterator->slots[iterator->n_delivered % iterator->feed.look_ahead];

    if (!iterator->is_ordered)
        return pop(&iterator->done);
    return iterator->n_delivered < iterator->n_fed && slot->is_done ? slot : NULL;
}

/* Waits for the next slot; NULL at the end or the deadline, with *error set. The lock is held on entry and return. */
static struct pool__slot *await_done(struct pool_iterator *iterator, int64_t deadline_ns, int *error)
{
    struct pool_handle *handle = &iterator->handle;
    struct pool *pool = handle->pool;
    struct pool__slot *slot;

    while ((slot = take_done(iterator)) == NULL) {
        *error = iterator->end;
        if (iterator->n_delivered == iterator->n_fed)
            return NULL;
        *error = -ETIMEDOUT;
        if (deadline_ns == POOL__NEVER && pool__help(handle))
            continue;
        if (!pool__await(pool, &handle->awaiting, deadline_ns))
            return take_done(iterator);
    }
    return slot;
}

int pool_iterator_next(struct pool_iterator *iterator, int64_t timeout_ns, size_t *index, void *result,
                       struct pool_error *error)
{
    struct pool *pool = iterator->handle.pool;
    struct pool__slot *slot;
    int code;

    if (pool__is_inherited(pool))
        return pool__tell_call(error, -ENOTRECOVERABLE);
    if (pool__is_running(pool, &iterator->handle))
        return pool__tell_call(error, -EDEADLK);
    pool__lock(pool);
    slot = await_done(iterator, pool__deadline(timeout_ns), &code);
    pool__unlock(pool);
    if (slot == NULL)
        return pool__tell_call(error, code);
    if (index != NULL)
        *index = slot->index;
    code = pool__tell(error, &slot->error);
    if (code == 0 && result != NULL && slot->result != NULL)
        memcpy(result, slot->result, iterator->feed.result_bytes);
    if (!iterator->is_ordered)
        append(&iterator->free, slot);
    iterator->n_delivered++;
    feed(iterator);
    return code;
}

/* Hands back the results that nobody will get. All calls have ended. */
static void hand_back(struct pool_iterator *iterator)
{
    const struct pool_feed *feed = &iterator->feed;
    struct pool__frame frame;
    int cancel_state = pool__begin_aside(&frame);

    for (; iterator->n_delivered < iterator->n_fed; iterator->n_delivered++) {
        const struct pool__slot *slot = take_done(iterator);

        if (slot->error.code == 0 && feed->undelivered != NULL)
            feed->undelivered(feed->source, slot->arg, slot->result);
    }
    pool__end_aside(&frame, cancel_state);
}

void pool_iterator_release(struct pool_iterator *iterator)
{
    struct pool *pool = iterator != NULL ? iterator->handle.pool : NULL;

    if (iterator == NULL || pool__is_inherited(pool))
        return;
    pool__lock(pool);
    pool__cancel(&iterator->handle);
    while (iterator->n_running > 0)
        pool__sleep(pool, &iterator->handle.awaiting, POOL__NEVER);
    pool__unlock(pool);
    hand_back(iterator);
    pool__lock(pool);
    pool__unreference(&iterator->handle);
    pool__unlock(pool);
}
