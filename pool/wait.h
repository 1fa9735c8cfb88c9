/* Handles as their users see them. Private to pool/. */
#ifndef POOL_WAIT_H
#define POOL_WAIT_H

#include "state.h"

void pool__abandon(struct pool_handle *handle); /* cancels, waits and releases, without the lock: its caller ends */

#endif
