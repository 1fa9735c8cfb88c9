/* What a thread does with the calls of a handle that it needs. Private to pool/. */
#ifndef POOL_HELP_H
#define POOL_HELP_H

#include "state.h"

/* With the lock held, which is given up in between: */
void pool__cancel(struct pool_handle *handle); /* what has not begun */
bool pool__help(struct pool_handle *handle);   /* claims a part and runs it, or cancels in a terminated pool; false if
                                                  there is none that this thread may run */

/* And without: */
bool pool__help_alone(struct pool_handle *handle);
bool pool__take_next_part(struct pool__task *task); /* ends a part and claims another of its handle; false: neither was
                                                       done */

#endif
