#!/usr/bin/env python3
"""Which test fails where a sentence of rawthread.h is false: promises.py says how the table is read."""
from promises import main

# What does not happen before what it should, the tests find under ThreadSanitizer (test_variant_thread.sh).
TABLE = """
[top]
Threads: one to itself                       | - a title
struct rawthread is a thread as Python's     | test_rawthread_thread.c:test_life
It stands in the caller's own memory         | test_rawthread_thread.c:test_service
struct service {                             | docs/examples/thread_service.c
rawthread_init(&service.thread               | docs/examples/thread_service.c
It returns no result                         | docs/examples/thread_result.c docs/examples/thread_status.c
struct rawthread_group runs each of its      | test_rawthread.c:test_all_at_once test_rawthread_limits.c:test_cap
What can be had cheaply is had               | test_rawthread.c:test_stacks test_rawthread_faults.c:test_group
struct rawthread_group *group; int error     | test_rawthread.c:test_all_at_once
Calls that return int return 0               | test_rawthread_faults.c:test_thread test_rawthread_faults.c:test_group
rawthread_join(), rawthread_timed_join()     | test_rawthread_cancel.c:test_waits \
test_rawthread_cancel.c:test_group_wait \
test_rawthread_cancel.c:test_join_of_returned test_rawthread_cancel.c:test_other_joiners
In every other call a request is put off     | test_rawthread_cancel.c:test_others test_rawthread_cancel.c:test_fork
No call may be made with the asynchronous    | - a duty of the caller
A function that is cancelled has returned    | test_rawthread_cancel.c:test_cancelled_thread \
test_rawthread_cancel.c:test_cancelled_tasks test_rawthread_cancel.c:test_cancelled_service
The return of main() ends it                 | docs/examples/thread_dropped.c
Where main() ends by pthread_exit()          | docs/examples/thread_goes_on.c
Waking a thread that sleeps can take         | - says what it is for
With spin_ns in its options                  | test_rawthread_spin.c:test_join test_rawthread_spin.c:test_group
A spin ends with the time-out                | test_rawthread_spin.c:test_time_out
Who may run on one CPU only                  | test_rawthread_spin.c:test_one_cpu
By default nobody does.                      | test_rawthread_spin.c:test_all
A thread inherits the signal mask            | docs/examples/thread_signals.c test_rawthread_promises.c:test_inherited
What the calls do in the child               | - says where it stands
The child is known by its process id         | test_rawthread_thread.c:test_fork test_rawthread_promises.c:test_child
Each call takes a number of steps            | test_rawthread_growth.c:test_submit test_rawthread_growth.c:thread_steps
[enum]
Constants of several calls.                  | - a title
[RAWTHREAD_FOREVER]
for timeout_ns, as every negative number     | test_rawthread_promises.c:test_timeouts
[RAWTHREAD_NAME_BYTES]
a name with its 0                            | test_rawthread_promises.c:test_names
[RAWTHREAD_STACK_BYTES]
stack of a thread of a group                 | test_rawthread_promises.c:test_stacks
[rawthread_fn]
What a thread does; it ends when             | test_rawthread_thread.c:test_exit \
test_rawthread_cancel.c:test_cancelled_thread
It is not left by longjmp()                  | - a duty of the caller
arg is never looked at                       | test_rawthread_faults.c:test_thread
[rawthread]
A thread: made by                            | - a title
Its fields are private.                      | - a duty of the caller
It must stay where it is                     | - a duty of the caller
[rawthread.lock]
guards all below                             | test_rawthread_stress.c:run_threads
[rawthread_attr]
All zero is a good default.                  | test_rawthread_promises.c:test_stacks \
test_rawthread_promises.c:test_names
[rawthread_attr.name]
of the thread, for people                    | test_rawthread_promises.c:test_names
[rawthread_attr.stack_bytes]
as pthread_attr_setstacksize(3)              | test_rawthread_promises.c:test_stacks
[rawthread_attr.spin_ns]
how long those who join it                   | test_rawthread_spin.c:test_join
[rawthread_init]
Makes a thread that has not started          | test_rawthread_thread.c:test_life
attr may be NULL                             | test_rawthread_promises.c:test_names \
test_rawthread_thread.c:test_refused
-EINVAL                                      | test_rawthread_thread.c:test_refused
-ENOMEM                                      | - leave of libc: those at hand allocate nothing there
[rawthread_start]
Starts it.                                   | test_rawthread_thread.c:test_life
What the caller did before                   | test_rawthread_thread.c:test_service
The thread inherits                          | test_rawthread_promises.c:test_inherited
Who needs its work joins it                  | - a duty of the caller
(Python waits                                | docs/examples/thread_goes_on.py
On an error there is no thread               | test_rawthread_thread.c:test_refused test_rawthread_faults.c:test_thread
-EALREADY                                    | test_rawthread_thread.c:test_life test_rawthread_stress.c:start
-ENOTRECOVERABLE                             | test_rawthread_thread.c:test_fork
-EAGAIN                                      | test_rawthread_thread.c:test_refused
-EINVAL                                      | test_rawthread_thread.c:test_refused
-ENOMEM                                      | - leave of libc: those at hand say -EAGAIN
[rawthread_join]
Waits until it has ended                     | test_rawthread_promises.c:test_destructor
What it did happens before the return.       | test_rawthread_promises.c:test_names \
test_rawthread_cancel.c:test_join_of_returned
May be called by several threads and again   | test_rawthread_thread.c:test_many_joiners \
test_rawthread_thread.c:test_life
-EINVAL                                      | test_rawthread_thread.c:test_life
-EDEADLK                                     | test_rawthread_thread.c:serve test_rawthread_promises.c:test_destructor
-ENOTRECOVERABLE                             | test_rawthread_thread.c:test_fork
[rawthread_timed_join]
As rawthread_join(), for up to               | test_rawthread_promises.c:test_timeouts \
test_rawthread_promises.c:test_destructor
(Python's says nothing                       | docs/examples/thread_status.py
-ETIMEDOUT                                   | test_rawthread_promises.c:test_destructor \
test_rawthread_thread.c:test_life
[rawthread_is_alive]
Whether it has been started                  | test_rawthread_thread.c:test_life test_rawthread_thread.c:test_refused
False in its thread-specific destructors     | test_rawthread_promises.c:test_destructor \
test_rawthread_thread.c:test_fork
[rawthread_name]
Its name as attr gave it                     | test_rawthread_promises.c:test_names
Valid until rawthread_release().             | test_rawthread_promises.c:test_names
[rawthread_native_id]
The kernel's id of it                        | test_rawthread_thread.c:test_life
0 before                                     | test_rawthread_thread.c:test_life test_rawthread_thread.c:test_fork
May wait for the moment                      | test_rawthread_cancel.c:test_others test_rawthread_stress.c:look
[rawthread_release]
Frees what rawthread_init() made.            | test_rawthread_faults.c:test_not_started
The memory is the caller's again.            | test_rawthread_cancel.c:test_waits
No other thread may be in a call             | - a duty of the caller
-EBUSY                                       | test_rawthread_thread.c:test_life \
test_rawthread_promises.c:test_destructor
-ENOTRECOVERABLE                             | test_rawthread_thread.c:test_fork
[rawthread_start_detached]
Starts a thread that nobody joins            | test_rawthread_thread.c:test_detached
Nothing has to be kept or freed              | test_rawthread_faults.c:test_detached docs/examples/thread_dropped.c
attr is as for rawthread_init()              | test_rawthread_thread.c:test_detached \
test_rawthread_promises.c:test_inherited
May be called in the child of a fork.        | test_rawthread_promises.c:test_child
-EAGAIN                                      | test_rawthread_thread.c:test_refused
-EINVAL                                      | test_rawthread_thread.c:test_refused
-ENOMEM                                      | test_rawthread_faults.c:test_detached
[rawthread_ask_stop]
Asks it to stop                              | test_rawthread_thread.c:test_ask_early \
test_rawthread_promises.c:test_timeouts
Wakes it in rawthread_sleep()                | test_rawthread_thread.c:test_ask_early \
test_rawthread_promises.c:test_ask_and_join
-ENOTRECOVERABLE                             | test_rawthread_thread.c:test_fork
[rawthread_stop_requested]
Whether it has been asked to stop.           | test_rawthread_thread.c:test_service
True in the child of a fork                  | test_rawthread_thread.c:test_fork test_rawthread_promises.c:test_child
[rawthread_sleep]
For the thread itself                        | test_rawthread_promises.c:test_timeouts
Returns whether it was.                      | test_rawthread_promises.c:test_timeouts
[One thread per task]
A group belongs to one thread                | - a duty of the caller
(Another thread may take it over             | test_rawthread_promises.c:test_taken_over
Groups are independent of each other.        | test_rawthread_stress.c:run_groups
A group is of no use                         | - a duty of the caller
[rawthread_group]
Threads that run tasks                       | - a title
[rawthread_options]
All zero is a good default.                  | test_rawthread.c:test_all_at_once
rawthread_group_create() copies              | test_rawthread_promises.c:test_masks_are_copied
A thread exists from its creation            | test_rawthread_limits.c:test_cap \
test_rawthread_promises.c:test_destructors_of_group
[rawthread_options.stack_bytes]
of each thread                               | test_rawthread.c:test_stacks test_rawthread_promises.c:test_stacks
[rawthread_options.untuned]
stack_bytes of 0 is then                     | test_rawthread.c:test_untuned
[rawthread_options.detached]
threads are detached                         | test_rawthread.c:test_untuned \
test_rawthread_promises.c:test_destructors_of_detached
[rawthread_options.max_alive]
while so many threads exist, submitting      | test_rawthread_limits.c:test_cap test_rawthread_limits.c:test_cap_sleeps
[rawthread_options.max_threads]
while so many threads exist whose            | test_rawthread_limits.c:test_max_threads
[rawthread_options.retry_ns]
how long a refused creation                  | test_rawthread_limits.c:test_retried_in_vain \
test_rawthread_limits.c:test_retried \
test_rawthread_limits.c:test_refused_at_once
[rawthread_options.spin_ns]
how long whoever waits                       | test_rawthread_spin.c:test_group
[rawthread_options.cpusets]
n_cpusets masks                              | test_rawthread.c:test_cpus
NULL = threads inherit                       | test_rawthread.c:test_cpus test_rawthread_promises.c:test_inherited
[rawthread_options.cpuset_bytes]
more than 0                                  | test_rawthread.c:test_errors
[rawthread_options.n_cpusets]
more than 0                                  | test_rawthread.c:test_errors
[rawthread_counters]
Since the group was created.                 | test_rawthread.c:test_tasks
[rawthread_counters.created]
threads                                      | test_rawthread_limits.c:check_counters
[rawthread_counters.refused]
creations that failed                        | test_rawthread_limits.c:test_retried \
test_rawthread_limits.c:test_max_threads
[rawthread_counters.peak]
the most threads                             | test_rawthread_limits.c:check_counters
[rawthread_group_create]
Creates a group without threads              | test_rawthread_faults.c:test_group test_rawthread_growth.c:create_steps
options may be NULL                          | test_rawthread.c:test_all_at_once
*out is set on success only                  | test_rawthread.c:check_refused
-EINVAL                                      | test_rawthread.c:test_errors
-ENOMEM                                      | test_rawthread_faults.c:test_group
[rawthread_group_submit]
Runs fn(arg) once                            | test_rawthread.c:test_tasks
Waits for a task only at max_alive           | test_rawthread.c:test_all_at_once \
test_rawthread_limits.c:test_cap_sleeps
May join threads whose tasks have returned   | test_rawthread_promises.c:test_destructors_of_group \
test_rawthread_faults.c:test_peak
The thread inherits                          | test_rawthread_promises.c:test_inherited
What the caller did before                   | test_rawthread_promises.c:test_masks_are_copied
Each thread is joined once                   | test_rawthread_growth.c:test_submit test_rawthread_growth.c:cap_steps
A creation that is refused                   | test_rawthread_limits.c:test_retried \
test_rawthread_limits.c:test_max_threads_retried
If it is still refused                       | test_rawthread_limits.c:test_retried_in_vain \
test_rawthread_faults.c:run_group
-EAGAIN                                      | test_rawthread_limits.c:test_refused_at_once
-EDQUOT                                      | test_rawthread_limits.c:test_max_threads
-EINVAL                                      | test_rawthread.c:test_errors
-ENOMEM                                      | test_rawthread_faults.c:test_peak
[rawthread_group_wait]
Waits until every accepted task              | test_rawthread_limits.c:end_group test_rawthread_growth.c:wait_steps
Blocks.                                      | test_rawthread_promises.c:test_destructors_of_group
Everything that the tasks did                | test_rawthread.c:test_tasks
Always returns 0.                            | test_rawthread.c:test_tasks
Where the caller is cancelled                | test_rawthread_cancel.c:test_group_wait \
test_rawthread_cancel.c:test_destroyed_by_handler
[rawthread_group_counters]
Fills *counters.                             | test_rawthread_limits.c:check_counters
[rawthread_group_destroy]
Waits as rawthread_group_wait() does         | test_rawthread.c:test_destroy test_rawthread_cancel.c:test_others \
test_rawthread_growth.c:destroy_steps
group may be NULL.                           | test_rawthread.c:test_destroy
[rawthread_fork]
Runs fn(left) on a thread                    | test_rawthread_fork.c:test_together
May be called by any thread                  | test_rawthread_fork.c:test_sum
stack_bytes is as in                         | test_rawthread_promises.c:test_stacks \
test_rawthread_fork.c:test_together
What the caller did                          | test_rawthread_fork.c:test_sum
If fn(right) ends its thread                 | test_rawthread_fork.c:test_exit test_rawthread_cancel.c:test_fork
-EAGAIN                                      | test_rawthread_fork.c:test_errors
-EINVAL                                      | test_rawthread_fork.c:test_errors
-ENOMEM                                      | - leave of libc: those at hand say -EAGAIN
"""

main("rawthread/rawthread.h", TABLE)
