/* Where this thread is: which worker it is, and in which tasks. Private to pool/.
 *
 * Invariant: the frames of a thread are on its stack, the innermost first. Whoever runs something of the user's enters
 * a frame before and leaves it after, also if the thread ends in between. None of it needs the lock.
 */
#ifndef POOL_FRAME_H
#define POOL_FRAME_H

#include "state.h"

const struct pool__worker *pool__own_worker(const struct pool *pool); /* this thread, or NULL */
struct pool__seat *pool__find_own_seat(const struct pool *pool);
void pool__enter_guest(struct pool__guest *guest);
void pool__leave_guest(void); /* the innermost */
bool pool__is_worker(const struct pool *pool);
void pool__be_worker(const struct pool__worker *worker); /* this thread is it, from now on */

bool pool__is_running(const struct pool *pool, const struct pool_handle *handle); /* on this thread; NULL: any */
bool pool__is_inside(const struct pool *pool);  /* whether this thread is a worker, or runs a task */
bool pool__may_help(const struct pool *pool);   /* whether this thread may run tasks while it waits */
bool pool__is_terminated(const struct pool *pool);  /* from then on no task begins */
size_t pool__nesting(const struct pool *pool);

extern _Thread_local struct pool__frame *pool__current; /* of this thread, the innermost; or NULL */
extern _Thread_local bool pool__has_sat; /* this thread is a worker, or was a guest */

/* This worker's, or this guest's, or NULL. */
static inline struct pool__seat *pool__own_seat(const struct pool *pool)
{
    return pool__has_sat ? pool__find_own_seat(pool) : NULL;
}

static inline void pool__enter(struct pool__frame *frame)
{
    frame->outer = pool__current;
    pool__current = frame;
}

/* For a clean-up, too. */
static inline void pool__leave_frame(void *frame)
{
    pool__current = ((const struct pool__frame *)frame)->outer;
}

void pool__leave_frames(void); /* all: the thread ends */

void pool__call_back(struct pool_handle *handle);
/* What next() returns, and what it said by pool_fail(). */
int pool__ask_source(const struct pool_feed *feed, void **arg, char message[POOL_MESSAGE_BYTES]);
/* Around dropped() and undelivered(), which are not cancelled and whose messages are nobody's. */
int pool__begin_aside(struct pool__frame *frame); /* returns what the end needs */
void pool__end_aside(struct pool__frame *frame, int cancel_state);
char *pool__begin_calls(void); /* returns where pool_fail() puts a call's message; it is empty */
void pool__end_call(struct pool__task *task, size_t index, int code, const char *message);

#endif
