/* What a thread does with the calls of a handle that it needs. Private to pool/. */
#ifndef POOL_HELP_H
#define POOL_HELP_H

#include "state.h"

/* With the lock held, which is given up in between: */
void pool__cancel(struct pool_handle *handle); /* what has not begun */
bool pool__help(struct pool_handle *handle);   /* claims a part and runs it, or cancels in a terminated pool; false if
                                                  there is none that this thread may run */
void pool__drop_spawned(struct pool_handle *handle); /* the same, and it was taken out of a seat */

/* And without: */
bool pool__help_alone(struct pool_handle *handle);
/* Makes a task of a handle that the caller has taken out of a seat. False if all of it was claimed in another way. With
 * the lock or without it, but a thread outside without it. */
bool pool__take_handle(struct pool_handle *handle, struct pool__task *task);

/* The same of an item out of a seat or a port. */
static inline bool pool__take_item(struct pool__item item, struct pool__task *task)
{
    task->handle = NULL;
    if (item.fn == NULL)
        return pool__take_handle(item.arg, task);
    task->item = item;
    task->n_calls = 1;
    return true;
}
/* Claims another part of the task's handle, which ends with those before, in one step of n_unended: see run_parts() in
 * worker.c, and pool__help_alone(). False: there is none, or it needs the lock. */
bool pool__take_next_part(struct pool__task *task);

#endif
