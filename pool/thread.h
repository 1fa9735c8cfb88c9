/* Threads of a pool: how they are counted, started and joined. Private to pool/. Without the lock. */
#ifndef POOL_THREAD_H
#define POOL_THREAD_H

#include "state.h"

int pool__set_signals(struct pool *pool); /* those that its threads block */
bool pool__needs_preparation(const struct pool *pool); /* whether workers do something before their first task */
int pool__start_reserved(struct pool *pool, size_t n_workers); /* all of them, and waits until they are prepared; on an
                                                                  error the others are taken back */
void pool__start_called(struct pool *pool, size_t n_workers); /* the same without waiting */
int pool__start_replacement(struct pool *pool); /* of the calling worker */
int pool__start_scout_thread(struct pool__worker *scout, void *(*run)(void *));
void pool__begin(struct pool__worker *worker, const char *name); /* the first that a thread does */
void pool__leave(struct pool__worker *worker);                   /* the last */
void pool__join_last(struct pool *pool); /* with join_lock held */

#endif
