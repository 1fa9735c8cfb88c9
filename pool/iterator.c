/* Results one at a time: imap and imap_unordered.
 *
 * An iterator is a handle whose calls are added as results are delivered. Each argument that has been fed and whose
 * result has not been delivered has a slot, of look_ahead ones. A slot goes from its number (ordered) or the
 * free list (unordered) to the list of unclaimed ones, from there in a part's chain to whoever runs it, and
 * back as done: to its place, or to the end of the list of done ones.
 *
 * There are never fewer tickets in the queue than unclaimed calls, and not more than one to a slot.
 */
#include "internal.h"

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
    struct pool_handle handle; /* its calls, callbacks, error and ready are not used */
    struct pool_feed feed;
    bool is_ordered;
    struct slots unclaimed, done;
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

static void claim(struct pool_handle *handle, struct pool__task *task, bool all)
{
    struct pool_iterator *iterator = iterator_of(handle);
    size_t chunk = iterator->feed.chunksize;
    struct slots part = {NULL, NULL};

    task->n_calls = all || handle->n_unclaimed < chunk ? handle->n_unclaimed : chunk;
    for (size_t i = 0; i < task->n_calls; i++)
        append(&part, pop(&iterator->unclaimed));
    task->slots = part.first;
    task->next_slot = part.first;
}

static void end_call(struct pool__task *task, int code, const char *message)
{
    struct pool__slot *slot = task->next_slot;

    task->error.code = 0;
    task->error.index = slot->index;
    pool__end_call(task, slot->index, code, message);
    pool__tell(&slot->error, &task->error);
    task->next_slot = slot->next;
}

static void run(struct pool__task *task)
{
    const struct pool_iterator *iterator = iterator_of(task->handle);

    while (task->next_slot != NULL) {
        const char *message = pool__begin_call();

        end_call(task, iterator->feed.fn(task->next_slot->arg, task->next_slot->result), message);
    }
}

static void skip(struct pool__task *task, int code)
{
    for (; task->next_slot != NULL; code = -ECANCELED)
        end_call(task, code, "");
}

static void finish(struct pool__task *task)
{
    struct pool_iterator *iterator = iterator_of(task->handle);
    struct pool *pool = iterator->handle.pool;
    struct pool__slot *next;

    for (struct pool__slot *slot = task->slots; slot != NULL; slot = next) {
        next = slot->next;
        slot->is_done = true;
        if (!iterator->is_ordered)
            append(&iterator->done, slot);
        pool__finish_tasks(pool, 1);
    }
    pool__wake(pool, &iterator->handle.awaiting, SIZE_MAX);
}

static void free_iterator(struct pool_handle *handle)
{
    struct pool_iterator *iterator = iterator_of(handle);

    free(iterator->results);
    free(iterator);
}

static const struct pool__kind kind = {claim, run, skip, finish, free_iterator};

/* Puts an argument in a free slot, for a worker to take. The lock is held. */
static void feed_one(struct pool_iterator *iterator, void *arg)
{
    struct pool_handle *handle = &iterator->handle;
    struct pool *pool = handle->pool;
    size_t index = iterator->n_fed++, n_ranges = handle->n_ranges;
    struct pool__slot *slot = iterator->is_ordered ? &iterator->slots[index % iterator->feed.look_ahead]
                                                   : pop(&iterator->free);
    bool has_ticket = n_ranges > handle->n_unclaimed;
    int error = pool->closed ? -ECANCELED : pool->n_unfinished == SIZE_MAX ? -EOVERFLOW : 0;

    if (error == 0 && !has_ticket)
        error = pool__queue_handle(handle, 1);
    slot->index = index;
    slot->arg = arg;
    slot->is_done = error != 0;
    if (error != 0) {
        slot->error = (struct pool_error){.code = error, .index = index};
        if (!iterator->is_ordered)
            append(&iterator->done, slot);
        return;
    }
    append(&iterator->unclaimed, slot);
    if (handle->n_unclaimed++ == 0)
        pool->n_stale -= n_ranges;
    if (has_ticket && pool->idle == NULL)
        pool__call_for_workers(pool, 1); /* as if it was queued */
    pool->n_unfinished++;
}

/* Takes arguments from the source as far ahead as may be. */
static void feed(struct pool_iterator *iterator)
{
    const struct pool_feed *feed = &iterator->feed;
    void *arg;

    while (iterator->end == 0 && iterator->n_fed - iterator->n_delivered < feed->look_ahead) {
        if (!feed->next(feed->source, &arg)) {
            iterator->end = -ENODATA;
            return;
        }
        pool__lock(iterator->handle.pool);
        feed_one(iterator, arg);
        if (iterator->handle.pool->closed)
            iterator->end = -ESHUTDOWN;
        pool__unlock(iterator->handle.pool);
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
    iterator->handle.kind = &kind;
    iterator->handle.pool = pool;
    iterator->handle.n_references = 1;
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
    feed(iterator);
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
        if (deadline_ns == POOL__NEVER && pool__may_help(pool) && pool__help(handle))
            continue;
        if (!pool__sleep(pool, &handle->awaiting, deadline_ns))
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

void pool_iterator_release(struct pool_iterator *iterator)
{
    struct pool *pool = iterator != NULL ? iterator->handle.pool : NULL;

    if (iterator == NULL || pool__is_inherited(pool))
        return;
    pool__lock(pool);
    pool__cancel(&iterator->handle);
    while (iterator->handle.n_running > 0)
        pool__sleep(pool, &iterator->handle.awaiting, POOL__NEVER);
    pool__unreference(&iterator->handle);
    pool__unlock(pool);
}
