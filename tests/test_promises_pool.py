#!/usr/bin/env python3
"""Which test fails where a sentence of pool.h is false: promises.py says how the table is read."""
from promises import main

# What does not happen before what it should, the tests find under ThreadSanitizer (test_variant_thread.sh).
TABLE = """
[top]
A reusable pool of                   | - a title
A pool starts its                    | test_pool_workers.c:test_idle test_pool_lazy.c:test_one_at_a_time
Tasks are queued, and                | test_pool_calls.c:test_submit test_pool_stress.c:run_round
A pool with one                      | test_pool_order.c:test_mixed test_pool_order.c:test_turns \
test_pool_calls.c:test_order
A worker without a                   | test_pool_create.c:test_idle test_pool_workers.c:test_idle
struct pool *pool; int               | docs/examples/pool_submit.c
The calls follow Python's            | - compares with Python
Calls that return int                | test_pool_faults.c:test_create test_pool_faults.c:test_resize \
test_pool_faults.c:test_tasks test_pool_faults.c:test_imap
A task that fails                    | test_pool_apply.c:test_apply
Calls that deliver results           | test_pool_errors.c:test_no_function test_pool_promises_handles.c:test_details
Any thread may make                  | test_pool_calls.c:test_submit_from_tasks \
test_pool_promises_handles.c:test_callbacks
Pools are independent of             | test_pool_calls.c:test_two_pools docs/examples/pool_independent.c
What a thread did                    | test_pool_promises_handles.c:test_happens_before
Only workers run tasks               | test_pool_nested.c:test_strict
In a pool that                       | test_pool_nested.c:test_helping test_pool_promises.c:test_help
Nobody but workers and               | test_pool_promises.c:test_help test_pool_promises.c:test_timed_waits
A worker that waits                  | test_pool_nested.c:test_nested test_pool_several.c:test_inside
A wait with a                        | test_pool_promises.c:test_timed_waits test_pool_nested.c:test_helping \
test_pool_promises_map.c:test_chunks
Tasks that ran on                    | test_pool_nested.c:test_helping test_pool_bound.c:test_inside
A thread that helps                  | test_pool_promises.c:test_help test_pool_promises_map.c:test_places
Only a task, and                     | test_pool_exit.c:test_exit_of_waiter test_pool_exit.c:test_exit_of_first
None is left by                      | - a duty of the caller
A task leaves its                    | - a duty of the caller
No call is a                         | test_pool_cancel.c:test_calls test_pool_cancel.c:test_join
Workers are never cancelled;         | test_pool_exit.c:test_cancellation test_pool_cancel.c:cancel_all \
test_pool_cancel.c:terminate test_pool_cancel.c:imap_all
A task or a                          | test_pool_cancel.c:test_help test_pool_cancel.c:test_source
Asynchronous cancellation (PTHREAD_CANCEL_ASYNCHRONOUS) must | - a duty of the caller
Each call takes the                  | test_pool_growth.c:submit_behind test_pool_growth.c:wait_behind \
test_pool_growth.c:submit_beside test_pool_growth.c:cancel_half
Functions of the user's              | - says what is not meant
So is waking: one                    | test_pool_growth.c:submit_beside test_pool_growth.c:resize
A worker blocks all                  | test_pool_workers.c:test_signals
So give it an                        | docs/examples/pool_programs.c
Tasks that are queued                | test_pool_promises_ends.c:test_exit docs/examples/pool_at_exit.c \
docs/examples/pool_scope.c
The child has no                     | test_pool_fork.c:use_inherited
There every call that                | test_pool_fork.c:use_inherited test_pool_fork.c:use_inherited_handles
A child of vfork()                   | - a duty of the caller
[pool]
One pool: made by                    | test_pool_calls.c:test_defaults
[pool_handle]
What becomes of one                  | test_pool_handle.c:test_timeouts test_pool_map.c:test_edges
[pool_iterator]
Results one at a                     | test_pool_imap.c:test_all
[pool_completions]
Handles in order of                  | test_pool_several.c:test_as_completed
[enum]
Constants of several calls.          | - a title
[POOL_NO_SPIN]
for spin_ns, as every                | test_pool_spin.c:check_sleeps
[POOL_FOREVER]
for timeout_ns, as every             | test_pool_promises.c:test_forever
[POOL_MESSAGE_BYTES]
longest message of an                | test_pool_apply.c:test_apply
[POOL_ARGS_MAX]
most arguments of a                  | test_pool_map.c:test_starmap
[pool_error]
Why a task failed.                   | - a title
Calls that fill one                  | test_pool_apply.c:test_apply test_pool_promises_handles.c:test_details \
test_pool_promises_map.c:test_success_after_failure
[pool_error.code]
as the task returned                 | test_pool_handle.c:test_cancel_map test_pool_promises_map.c:test_left_chunk \
test_pool_promises_handles.c:test_cancelled_first
[pool_error.index]
in a map or                          | test_pool_map.c:test_errors test_pool_imap.c:test_all \
test_pool_apply.c:test_apply
[pool_error.message]
as pool_fail() made it;              | test_pool_apply.c:test_apply test_pool_promises.c:test_messages
[pool_fn]
A task that nobody                   | - a title
pthread_exit() counts as its         | test_pool_exit.c:test_exit test_pool_exit.c:test_cancellation
The pool never looks                 | test_pool_promises.c:test_help
[pool_call_fn]
A task with a                        | - a title
It returns 0, or                     | test_pool_apply.c:test_apply test_pool_promises_handles.c:test_details
It may write its                     | test_pool_promises_handles.c:test_happens_before
pthread_exit() counts as the         | test_pool_exit.c:test_exit
[pool_star_fn]
A task with several                  | test_pool_map.c:test_starmap
[pool_options]
All zero is a                        | test_pool_calls.c:test_defaults
pool_create() copies what it         | test_pool_promises_options.c:test_copies
[pool_options.n_workers]
0 = n_usable of                      | test_pool_calls.c:test_defaults
[pool_options.max_workers]
more than n_workers makes            | test_pool_elastic.c:test_blocked
While the workers keep               | test_pool_elastic.c:test_busy test_pool_elastic.c:test_busy_for_a_while \
test_pool_elastic.c:test_stuck
Those above n_workers end            | test_pool_elastic.c:test_shrink
0 = n_workers                        | test_pool_lazy.c:test_growth
[pool_options.max_queued]
bound of the queue,                  | test_pool_bound.c:test_try test_pool_bound.c:test_block
A map counts as                      | test_pool_promises_ends.c:test_bound test_pool_bound.c:test_handles
0 = no bound                         | test_pool_calls.c:test_deep_queue
[pool_options.strict]
no task ever runs                    | test_pool_nested.c:test_strict test_pool_promises_ends.c:test_worker_at_bound
[pool_options.start_all]
all n_workers are started            | test_pool_workers.c:test_idle test_pool_create.c:test_initializer
If not, the first                    | test_pool_lazy.c:test_growth test_pool_lazy.c:test_refused \
test_pool_promises_options.c:test_inherited_mask
[pool_options.keep_signals]
workers have the signal              | test_pool_workers.c:test_kept_signals
If not, they block                   | test_pool_workers.c:test_signals test_pool_exit.c:test_signals
[pool_options.spin_ns]
how long a worker without            | test_pool_spin.c:test_long test_pool_spin.c:check_sleeps \
test_pool_spin.c:test_one_cpu
[pool_options.stack_bytes]
of each worker; 0                    | test_pool_workers.c:test_stack test_pool_promises_options.c:test_default_stack
[pool_options.name]
workers are called <name>-<index>,   | test_pool_workers.c:test_names test_pool_promises_options.c:test_long_names
[pool_options.cpusets]
n_cpusets masks of cpuset_bytes      | test_pool_workers.c:test_cpus
NULL = workers inherit               | test_pool_workers.c:test_cpus test_pool_promises_options.c:test_inherited_mask
[pool_options.cpuset_bytes]
more than 0 where                    | test_pool_errors.c:test_options
[pool_options.n_cpusets]
more than 0 where                    | test_pool_errors.c:test_options
[pool_options.initializer]
Called on each worker                | test_pool_create.c:test_initializer
Where tasks rely on                  | test_pool_promises_options.c:test_one_of_two
initializer returns 0, or            | test_pool_create.c:test_failing_initializer
Python starts such a                 | test_pool_create.c:test_failing_initializer \
test_pool_lazy.c:test_failing_initializer test_pool_resize.c:test_elastic_unprepared
Neither may call pool_resize()       | - a duty of the caller
Either may be NULL.                  | test_pool_promises_options.c:test_one_of_two
[pool_options.dropped]
Called for each task                 | test_pool_end.c:test_terminate test_pool_promises_ends.c:test_terminate_twice
It must not wait                     | - a duty of the caller
May be NULL.                         | test_pool_end.c:test_scopes
[pool_create]
Creates a pool and                   | test_pool_lazy.c:test_one_at_a_time test_pool_workers.c:test_idle \
test_pool_faults.c:test_create
options may be NULL,                 | test_pool_calls.c:test_defaults
*out is set on                       | test_pool_errors.c:check_refused test_pool_faults.c:test_create
Takes time in the                    | test_pool_growth.c:create
-EINVAL                              | test_pool_errors.c:test_options test_pool_errors.c:test_second_mask \
test_pool_promises_options.c:test_max_workers test_pool_create.c:test_sizes
-EAGAIN                              | test_pool_faults.c:test_create
-ENOMEM                              | test_pool_faults.c:test_create test_pool_errors.c:test_size
other as an initializer              | test_pool_create.c:test_failing_initializer \
test_pool_lazy.c:test_failing_initializer
[pool_resize]
Changes the number of                | test_pool_resize.c:test_sizes test_pool_resize.c:test_become_elastic
New workers are started              | test_pool_lazy.c:test_resize test_pool_resize.c:test_refused \
test_pool_create.c:test_initializer
Workers in excess end                | test_pool_resize.c:test_shrink_busy test_pool_promises_options.c:test_shrink
Takes time in the                    | test_pool_growth.c:resize
-EINVAL                              | test_pool_resize.c:test_sizes
-ESHUTDOWN                           | test_pool_end.c:test_use_after_close
-EAGAIN                              | test_pool_resize.c:test_refused
-ENOMEM                              | test_pool_faults.c:test_resize test_pool_errors.c:test_size
other as an initializer              | test_pool_create.c:test_failing_initializer
[pool_n_workers]
The number of workers                | test_pool_resize.c:test_sizes test_pool_create.c:test_failing_initializer
[pool_worker_index]
The index of the                     | test_pool_resize.c:test_indices test_pool_promises_options.c:test_index_beyond
It may be max_workers                | test_pool_promises_options.c:test_index_beyond
SIZE_MAX on a thread                 | test_pool_resize.c:test_indices test_pool_promises.c:test_wait_in_tasks \
test_pool_fork.c:use_inherited
[pool_counters]
What a pool did                      | - a title
[pool_counters.threads_created]
workers, and the one                 | test_pool_promises_options.c:test_max_workers test_pool_resize.c:test_elastic
[pool_counters.threads_refused]
creations that failed, and           | test_pool_lazy.c:test_refused test_pool_create.c:test_failing_initializer
[pool_counters.threads_peak]
most threads that had                | test_pool_lazy.c:test_growth test_pool_resize.c:test_elastic
[pool_counters.threads_alive]
now                                  | test_pool_resize.c:test_shrink_busy test_pool_end.c:test_terminate
[pool_counters.n_queued]
now, as max_queued counts            | test_pool_bound.c:test_try test_pool_bound.c:test_handles
[pool_counters.tasks_helped]
tasks that ran on                    | test_pool_nested.c:test_helping test_pool_bound.c:test_run
[pool_counters.tasks_nested]
tasks that ran on                    | test_pool_bound.c:fill_and_nest test_pool_promises_handles.c:test_stop
[pool_counters.tasks_dropped]
tasks of pool_submit() and           | test_pool_end.c:test_terminate test_pool_promises_ends.c:test_terminate_twice
[pool_get_counters]
Fills *counters.                     | test_pool_bound.c:test_try
Does nothing in the                  | test_pool_fork.c:use_inherited
[pool_submit]
Queues one task: fn(arg)             | test_pool_calls.c:test_submit test_pool_promises.c:test_help
Never waits for a                    | test_pool_calls.c:test_deep_queue test_pool_bound.c:test_block
A worker of this                     | test_pool_bound.c:test_inside test_pool_tokens.c:test_helper \
test_pool_tokens.c:test_callback
Allocates only when the              | test_pool_allocations.c:test_way test_pool_allocations.c:test_queue_goes_back
-EINVAL                              | test_pool_errors.c:test_no_function
-ESHUTDOWN                           | test_pool_errors.c:test_closed test_pool_bound.c:test_close_while_blocked
-ENOMEM                              | test_pool_faults.c:test_tasks
-EOVERFLOW                           | test_pool_errors.c:test_overflow
[pool_try_submit]
As pool_submit(), but never          | test_pool_bound.c:test_try test_pool_bound.c:fill_and_nest
-EAGAIN                              | test_pool_bound.c:test_try
[pool_timed_submit]
As pool_submit(), but waits          | test_pool_promises.c:test_timed_waits test_pool_promises.c:test_forever \
test_pool_promises_ends.c:test_worker_at_bound
-ETIMEDOUT                           | test_pool_bound.c:test_try
[pool_submit_or_run]
As pool_submit(), but where          | test_pool_bound.c:test_run test_pool_promises_ends.c:test_nesting
-EPERM                               | test_pool_bound.c:test_try test_pool_promises_ends.c:test_worker_at_bound
[pool_submit_many]
Queues n_tasks tasks at              | test_pool_calls.c:test_submit_many test_pool_calls.c:test_order
args is an array                     | test_pool_calls.c:test_submit_many
n_accepted may be NULL;              | test_pool_calls.c:test_submit_many test_pool_errors.c:test_closed \
test_pool_errors.c:test_overflow test_pool_bound.c:test_close_while_blocked
Takes the same time                  | test_pool_growth.c:map
Errors are those of                  | test_pool_errors.c:test_closed test_pool_errors.c:test_overflow \
test_pool_errors.c:test_no_function test_pool_faults.c:test_tasks
[pool_wait]
Waits until no task                  | test_pool_calls.c:test_submit test_pool_apply.c:test_no_handle \
test_pool_promises_ends.c:test_bound
Blocks.                              | test_pool_calls.c:test_submit
Tasks that are submitted             | test_pool_calls.c:test_submit_from_tasks
-EDEADLK                             | test_pool_errors.c:test_worker test_pool_promises.c:test_wait_in_tasks \
test_pool_join.c:test_callback
[pool_fail]
Returns code, and keeps              | test_pool_apply.c:test_apply
Elsewhere there is nobody            | test_pool_promises.c:test_messages test_pool_join.c:test_message
[pool_stop_requested]
Whether the task that                | test_pool_handle.c:test_cancel test_pool_imap.c:test_release \
test_pool_end.c:test_terminate test_pool_promises_handles.c:test_stop
A task that takes                    | - advice
One that sits in                     | docs/examples/pool_wake.c
[pool_callbacks]
Called when a task                   | test_pool_apply.c:test_callbacks test_pool_join.c:test_callback
No lock is held:                     | test_pool_promises_handles.c:test_callbacks
(Python calls all of                 | - compares with Python
They may make any                    | test_pool_promises_handles.c:test_callbacks test_pool_join.c:test_callback
What ends in callbacks               | test_pool_callbacks.c:test_queued
[pool_callbacks.callback]
on success; NULL =                   | test_pool_apply.c:test_callbacks test_pool_promises_handles.c:test_callbacks
[pool_callbacks.error_callback]
on failure; NULL =                   | test_pool_apply.c:test_callbacks test_pool_apply.c:test_no_handle
[pool_apply]
Runs fn(arg, result), waits          | test_pool_apply.c:test_apply
Errors are those of                  | test_pool_errors.c:test_no_function test_pool_faults.c:test_run \
test_pool_exit.c:test_exit
[pool_apply_async]
Queues fn(arg, result), whose        | test_pool_handle.c:test_timeouts test_pool_apply.c:test_callbacks
callbacks may be NULL                | test_pool_promises_handles.c:test_callbacks test_pool_handle.c:test_timeouts
out may be NULL                      | test_pool_apply.c:test_no_handle test_pool_faults.c:test_tasks \
test_pool_handle.c:test_timeouts test_pool_handle.c:test_release_early
Blocks only where the                | test_pool_promises_ends.c:test_apply_at_bound test_pool_tokens.c:test_helper
Of the memory of                     | test_pool_allocations.c:test_memory_goes_back
Errors are those of                  | test_pool_errors.c:test_overflow test_pool_errors.c:test_no_function \
test_pool_end.c:test_use_after_close test_pool_faults.c:test_tasks
[pool_handle_ready]
Whether the task or                  | test_pool_handle.c:test_timeouts test_pool_handle.c:test_cancel
False in the child                   | test_pool_fork.c:use_inherited_handles
[pool_handle_successful]
Whether it ended without             | test_pool_apply.c:test_callbacks test_pool_handle.c:test_cancel
-EAGAIN                              | test_pool_handle.c:check_not_ready
[pool_handle_wait]
Waits until the handle               | test_pool_handle.c:test_timeouts test_pool_promises.c:test_forever
-ETIMEDOUT                           | test_pool_handle.c:check_not_ready
-EDEADLK                             | test_pool_handle.c:test_deadlock test_pool_promises_handles.c:test_details
[pool_handle_get]
Waits as pool_handle_wait() does,    | test_pool_promises_handles.c:test_happens_before \
test_pool_handle.c:test_cancel
Of a map whose                       | test_pool_map.c:test_errors test_pool_map.c:test_starmap \
test_pool_promises_map.c:test_results
May be called again.                 | test_pool_handle.c:test_timeouts
[pool_handle_cancel]
Cancels what has not                 | test_pool_handle.c:test_cancel test_pool_handle.c:test_cancel_map
Does not wait, and                   | test_pool_handle.c:test_cancel test_pool_handle.c:test_cancel_map
(cancel() in Python's concurrent.futures | - compares with Python
A task that never                    | test_pool_handle.c:test_cancel test_pool_handle.c:test_cancel_map
The result of a                      | test_pool_handle.c:test_cancel test_pool_promises_handles.c:test_stop
Cancelling what has ended            | test_pool_handle.c:test_cancel \
test_pool_promises_handles.c:test_cancelled_first
Takes time in the                    | test_pool_growth.c:cancel_map
[pool_handle_release]
Gives the handle up;                 | test_pool_handle.c:test_release_early \
test_pool_promises_handles.c:test_callbacks
Does not block.                      | test_pool_handle.c:test_release_early
handle may be NULL.                  | test_pool_handle.c:test_timeouts
Only once, and not                   | - a duty of the caller
[Several handles]
handles is an array                  | test_pool_several.c:test_first_completed
timeout_ns is as in                  | test_pool_promises.c:test_forever test_pool_promises.c:test_timed_waits
These calls take time                | test_pool_growth.c:look_at_all test_pool_growth.c:wait_for_next
[pool_first_completed]
Waits until one of                   | test_pool_several.c:test_first_completed
*index is set to                     | test_pool_several.c:test_first_completed \
test_pool_promises_handles.c:test_cancelled_first
-ENOENT                              | test_pool_several.c:test_first_completed
-ETIMEDOUT                           | test_pool_several.c:test_first_completed
-EDEADLK                             | test_pool_handle.c:test_deadlock
-ENOMEM                              | test_pool_faults.c:test_several
[pool_first_failed]
Waits until one of                   | test_pool_several.c:test_first_failed
*index is set to                     | test_pool_several.c:test_first_failed
To be cancelled is                   | test_pool_promises_handles.c:test_cancelled_first
Errors are those of                  | test_pool_several.c:test_first_failed \
test_pool_promises_handles.c:test_details test_pool_faults.c:test_several
[pool_cancel_all]
Cancels all of the                   | test_pool_several.c:test_first_failed test_pool_fork.c:cancel_both
[pool_as_completed]
Begins to look at                    | test_pool_several.c:test_as_completed
*out is set on                       | test_pool_faults.c:test_several
handles itself is not                | test_pool_promises_handles.c:test_completions
-ENOMEM                              | test_pool_faults.c:test_several test_pool_promises_handles.c:test_completions
[pool_completions_next]
Waits for the next                   | test_pool_several.c:test_as_completed
One thread at a                      | - a duty of the caller
Each entry comes once                | test_pool_promises_handles.c:test_completions
-ENOENT                              | test_pool_several.c:test_as_completed \
test_pool_promises_handles.c:test_completions
-ETIMEDOUT                           | test_pool_several.c:test_as_completed
-EDEADLK                             | test_pool_promises_handles.c:test_details
[pool_completions_release]
Ends it; the handles                 | test_pool_promises_handles.c:test_completions \
test_pool_several.c:test_release_early
Does not block.                      | test_pool_several.c:test_release_early
completions may be NULL.             | test_pool_several.c:test_as_completed
[pool_calls]
n_calls calls fn(args +              | test_pool_map.c:test_order test_pool_promises_map.c:test_results
The arrays must live                 | - a duty of the caller
[pool_calls.args]
n_calls elements of arg_bytes        | test_pool_map.c:test_order test_pool_map.c:test_shared_argument
[pool_calls.results]
n_calls elements of result_bytes     | test_pool_map.c:test_shared_argument test_pool_promises_map.c:test_results
[pool_calls.codes]
n_calls elements: set to             | test_pool_map.c:test_errors test_pool_handle.c:test_cancel_map
[pool_calls.chunksize]
calls that are handed                | test_pool_map.c:test_default_chunk test_pool_map.c:test_order \
test_pool_exit.c:test_exit
[pool_arg]
One argument of each                 | test_pool_map.c:test_starmap
A stride of 0:                       | test_pool_map.c:test_starmap
[pool_starcalls]
The same with several                | test_pool_map.c:test_starmap
args must live as                    | - a duty of the caller
(Python takes one sequence           | - compares with Python
[pool_starcalls.n_args]
1 to POOL_ARGS_MAX                   | test_pool_map.c:test_starmap
[pool_starcalls.results]
as in struct pool_calls,             | test_pool_map.c:test_starmap test_pool_promises_map.c:test_results
[pool_map]
Makes all calls, waits               | test_pool_map.c:test_order test_pool_map.c:test_errors \
test_pool_promises_map.c:test_results
All calls are made,                  | test_pool_map.c:test_errors test_pool_exit.c:test_exit
If it is the                         | test_pool_exit.c:test_exit_of_waiter \
test_pool_promises_map.c:test_waits_for_begun
error->index is the one              | test_pool_map.c:test_errors
Results are in the                   | test_pool_map.c:test_order
The chunks are queued                | test_pool_promises_map.c:test_order
Errors of the call                   | test_pool_faults.c:test_run test_pool_promises_handles.c:test_details
[pool_map_async]
Queues all calls.                    | test_pool_promises_map.c:test_order
*calls is copied.                    | test_pool_promises_map.c:test_order
callbacks and out are                | test_pool_map.c:test_edges
A map of 0                           | test_pool_map.c:test_edges test_pool_tokens.c:test_nothing
Takes the same time                  | test_pool_growth.c:map
Errors are those of                  | test_pool_errors.c:test_no_function test_pool_end.c:test_use_after_close \
test_pool_faults.c:test_tasks
[pool_starmap]
pool_map() with several arguments.   | test_pool_map.c:test_starmap test_pool_faults.c:test_run
-EINVAL                              | test_pool_map.c:test_starmap
[pool_starmap_async]
pool_map_async() with several arguments. | test_pool_map.c:test_starmap test_pool_faults.c:test_tasks
-EINVAL                              | test_pool_map.c:test_starmap
[pool_feed]
Calls that are fed                   | test_pool_imap.c:test_all test_pool_source.c:check_fates
[pool_feed.next]
returns 1 with *arg                  | test_pool_source.c:test_failing
After 0 and a                        | test_pool_source.c:test_failing
Called in pool_imap() and            | test_pool_promises_map.c:test_places
[pool_feed.result_bytes]
of each result, kept                 | test_pool_imap.c:test_all test_pool_promises_map.c:test_places
[pool_feed.look_ahead]
so many arguments are                | test_pool_imap.c:test_all
[pool_feed.chunksize]
up to so many                        | test_pool_promises_map.c:test_chunks
[pool_feed.dropped]
Both may be NULL.                    | test_pool_imap.c:test_release
dropped is called once               | test_pool_source.c:test_released test_pool_source.c:test_ended \
test_pool_promises_map.c:test_chunks test_pool_promises_map.c:test_left_chunk
So what arg owns                     | - says what for
undelivered is called once           | test_pool_source.c:test_released test_pool_promises_map.c:test_chunks
Neither may wait for                 | - a duty of the caller
[pool_imap]
Begins to feed look_ahead            | test_pool_imap.c:test_all
*feed is copied.                     | test_pool_promises_map.c:test_places
*out is set on                       | test_pool_faults.c:test_imap
-EINVAL                              | test_pool_errors.c:test_no_function
-ESHUTDOWN                           | test_pool_end.c:test_use_after_close test_pool_imap.c:test_close
-ENOMEM                              | test_pool_faults.c:test_imap test_pool_promises_map.c:test_own
[pool_imap_unordered]
As pool_imap(), but results          | test_pool_imap.c:test_completion_order
[pool_iterator_next]
Waits for the next                   | test_pool_imap.c:test_all
One thread at a                      | - a duty of the caller
Where next() ends its                | test_pool_promises_map.c:test_leaving_source
result has room for                  | - a duty of the caller
*index is set to                     | test_pool_imap.c:test_all
index, result and error              | test_pool_imap.c:test_completion_order \
test_pool_promises_map.c:test_leaving_source
Returns 0, or the                    | test_pool_imap.c:test_all test_pool_imap.c:test_terminate \
test_pool_imap.c:test_close test_pool_faults.c:test_imap
timeout_ns is as in                  | test_pool_promises_map.c:test_chunks test_pool_imap.c:test_completion_order
With error->code being 0:            | - the four that follow
-ENODATA                             | test_pool_imap.c:test_all
-ETIMEDOUT                           | test_pool_imap.c:test_completion_order
-ESHUTDOWN                           | test_pool_imap.c:test_close
-EDEADLK                             | test_pool_promises_map.c:test_own
[pool_iterator_release]
Ends it: drops what                  | test_pool_imap.c:test_release test_pool_promises_map.c:test_own
Takes time in look_ahead.            | test_pool_growth.c:release
Not in one of                        | - a duty of the caller
iterator may be NULL.                | test_pool_imap.c:test_release
In the child of                      | test_pool_fork.c:use_inherited_handles
[pool_close]
Closes the pool: from                | test_pool_end.c:test_use_after_close test_pool_end.c:test_close
Does not block.                      | test_pool_end.c:test_close
Takes time in the                    | test_pool_growth.c:resize test_pool_bound.c:test_close_while_blocked
Closing a closed pool                | test_pool_calls.c:test_close test_pool_end.c:test_use_after_close
[pool_terminate]
Closes the pool, drops               | test_pool_end.c:test_terminate
Does not wait for                    | test_pool_end.c:test_endless test_pool_promises_ends.c:test_terminate_twice
A task that never                    | test_pool_end.c:test_endless
Handles whose task never             | test_pool_end.c:test_terminate
Takes time in what                   | test_pool_growth.c:terminate test_pool_growth.c:look_at_all
(Python's also kills nothing,        | - compares with Python
[pool_join]
Waits until a closed                 | test_pool_join.c:test_helper test_pool_join.c:test_callback \
test_pool_join.c:test_destroy
Blocks.                              | test_pool_join.c:test_helper
Everything that tasks and            | test_pool_promises_options.c:test_one_of_two \
test_pool_promises_ends.c:test_joiners
May be called by                     | test_pool_promises_ends.c:test_joiners test_pool_end.c:test_use_after_close
-EINVAL                              | test_pool_end.c:test_use_after_close
-EDEADLK                             | test_pool_errors.c:test_worker test_pool_promises.c:test_wait_in_tasks \
test_pool_join.c:test_callback
[pool_timed_join]
As pool_join(), for up               | test_pool_end.c:test_close test_pool_promises_ends.c:test_timed_join
-ETIMEDOUT                           | test_pool_end.c:test_endless test_pool_join.c:test_helper
[pool_destroy]
Closes the pool, joins               | test_pool_calls.c:test_two_pools test_pool_join.c:test_destroy
Every accepted task has              | test_pool_calls.c:test_two_pools test_pool_join.c:test_destroy \
test_pool_promises_ends.c:test_terminate_twice
Blocks.                              | test_pool_join.c:test_destroy
The caller sees to                   | test_pool_promises_ends.c:test_submit_while_destroyed
Handles may outlive the              | test_pool_handle.c:test_timeouts test_pool_end.c:test_terminate
pool may be NULL.                    | test_pool_end.c:test_use_after_close
On an error, in                      | test_pool_errors.c:test_worker test_pool_fork.c:use_inherited
-EDEADLK                             | test_pool_errors.c:test_worker test_pool_promises.c:test_wait_in_tasks
[top]
A pool that ends                     | test_pool_end.c:test_scopes
POOL_CLOSED_BY_SCOPE struct pool *pool | test_pool_end.c:test_scopes
POOL_CLOSED_BY_SCOPE runs everything that | test_pool_end.c:test_scopes
POOL_TERMINATED_BY_SCOPE first drops what | test_pool_end.c:test_scopes
So does Python's `with`,             | - compares with Python
[pool_end_closed]
Calls pool_destroy(*pool).           | test_pool_end.c:test_scopes
[pool_end_terminated]
Calls pool_terminate(*pool) and pool_destroy(*pool). | test_pool_end.c:test_scopes
[pool_cpu_limits]
How many CPUs the                    | - a title
[pool_cpu_limits.n_affinity]
CPUs in the affinity                 | test_cpu_limits.c:test_masks test_cpu_limits.c:test_this_machine
[pool_cpu_limits.quota_cpus]
CPU time that the                    | test_cpu_limits.c:test_v2 test_cpu_limits.c:test_v1 \
test_cpu_limits.c:test_no_quota
[pool_cpu_limits.n_usable]
n_affinity, or the quota             | test_cpu_limits.c:test_v2 test_cpu_limits.c:test_masks
[pool_cpu_limits]
Finds out how many                   | test_cpu_limits.c:test_this_machine test_cpu_limits.c:test_v1 \
test_cpu_limits.c:test_v2 test_cpu_limits.c:test_both
The quota is the                     | test_cpu_limits.c:test_v1 test_cpu_limits.c:test_v2 \
test_cpu_limits.c:test_both
Where /proc or the                   | test_cpu_limits.c:test_no_quota
root is put before                   | test_cpu_limits.c:test_masks test_cpu_limits.c:test_this_machine
Allocates, frees what it             | test_pool_faults.c:test_cpu_limits test_pool_fork.c:use_inherited
-EINVAL                              | test_cpu_limits.c:test_errors
-ENOENT                              | test_cpu_limits.c:test_errors
-ENOMEM                              | test_pool_faults.c:test_cpu_limits
"""

main("pool/pool.h", TABLE)
