"""The rules of pool/*.c that tests/mutate_rules.py removes one at a time, each with the tests that fail without it, or
with the reason why none can."""
from typing import NamedTuple


class Mutant(NamedTuple):
    """A rule, and how it is removed."""

    name: str
    file: str  # in pool/
    there: str
    instead: str
    tests: str = ""   # without "test_pool_"
    survives: str = ""  # why no test can fail


MUTANTS = [
    Mutant("claim: what fails keeps no handle", "handle.h",
           "        return false;\n    task->handle = handle;",
           "        return task->handle = handle, false;\n    task->handle = handle;", "overtaken"),
    Mutant("idle: surplus leaves", "worker.c", "is_surplus ? pool__deadline(SURPLUS_NS) : POOL__NEVER",
           "POOL__NEVER", "resize"),
    Mutant("idle: only surplus has a deadline", "worker.c",
           "bool is_surplus = pool->n_ready > pool_n_workers(pool);", "bool is_surplus = true;", "spin"),
    Mutant("begin_search: counted once", "worker.c", "worker->pool->n_searching += !worker->is_searching;",
           "worker->pool->n_searching++;", "exit"),
    Mutant("end_search: not counted any more", "worker.c", "        pool->n_searching--;\n", "", "calls"),
    Mutant("end_search: notices before the look", "worker.c",
           "        pool->n_searching--;\n"
           "        pool__post_notices(pool);", "        pool->n_searching--;",
           survives="a window of some instructions within the pool, which no test can hold open: a task that "
           "comes between the look and the unlocking"),
    Mutant("end_search: nothing called for", "worker.c",
           "    if (!pool__needs_search(pool))\n"
           "        pool->n_called = 0;",
           "    if (!pool__needs_search(pool))\n"
           "        ;",
           survives="costs time alone: too high a number is counted again before a worker is started"),
    Mutant("end_search: passes on", "worker.c", "pool__wake_idle(pool, 1) == 0 &&\n", "true &&\n", "calls"),
    Mutant("end_search: starts another, or wakes the scout", "worker.c",
           "        pool__call(pool, 1); /* to start one */", "        ;", "visits elastic"),
    Mutant("end_search: nothing of a terminated pool", "worker.c", " &&\n             !pool__is_terminated(pool))", ")",
           "rules"),
    Mutant("end_search: has passed on", "worker.c", "!(worker->has_passed_on && pool->n_searching > 0) && ", "",
           survives="costs time alone: a worker is woken or started that finds nothing"),
    Mutant("end_search: the other one has ended its search", "worker.c",
           "worker->has_passed_on && pool->n_searching > 0", "worker->has_passed_on", "others"),
    Mutant("retire: not alive", "worker.c",
           "    pool->n_alive--;\n"
           "    pool->n_ready--;\n"
           "    end_search",
           "    pool->n_ready--;\n"
           "    end_search", "resize"),
    Mutant("retire: not ready", "worker.c",
           "    pool->n_alive--;\n"
           "    pool->n_ready--;\n"
           "    end_search",
           "    pool->n_alive--;\n"
           "    end_search", "turns"),
    Mutant("retire: passes on", "worker.c",
           "    end_search(worker);\n"
           "    pool__wake(pool, &pool->scout, 1);",
           "    pool->n_searching -= worker->is_searching;\n"
           "    worker->is_searching = false;\n"
           "    pool__wake(pool, &pool->scout, 1);", "rules"),
    Mutant("retire: wakes the scout", "worker.c",
           "    end_search(worker);\n"
           "    pool__wake(pool, &pool->scout, 1);", "    end_search(worker);",
           survives="equivalent: a worker leaves while tasks wait only if there are more than max_workers, where "
           "the scout has nothing to do"),
    Mutant("pass_on_search: before it takes a task", "worker.c", "        pass_on_search(worker);\n", "",
           survives="costs time alone: the token is passed on after the task was taken, in end_search()"),
    Mutant("watch: calls for others", "wait.c",
           "        pool__call(pool, pool__n_parts(handle));", "        ;", "spin"),
    Mutant("watch: calls for all", "wait.c",
           "        pool__call(pool, pool__n_parts(handle));", "        pool__call(pool, 1);", "spin"),
    Mutant("watch: is over then", "wait.c", "    handle->watched_from = -1;\n", "", "spin"),
    Mutant("watch: only where it waits at once", "calls.c",
           "pool->spin_ns > 0 && !pool__may_help(pool), &handle", "true, &handle", "spin"),
    Mutant("watched: who else is there is woken", "stock.c",
           "pool->queue.n_ranges == 1 ? pool__queue_front(&pool->queue) : NULL;",
           "pool__queue_front(&pool->queue);",
           survives="the next worker is woken for what is behind a watched map when who watches calls for others, or a "
           "worker comes back, at most a few microseconds later"),
    Mutant("watched: not from the same CPU", "stock.c",
           "handle->watched_from >= 0 && handle->watched_from != sched_getcpu();", "handle->watched_from >= 0;",
           survives="costs time alone: who watches calls for others when it comes to run"),
    Mutant("watched: tickets called for", "ticket.c", "handle->watched_from >= 0 ? 1 : n_tickets", "n_tickets",
           survives="costs time alone: workers are woken for a map that may be too short for them"),
    Mutant("spawned: counted where claimed elsewhere", "ticket.c", "    else if (handle->is_spawned)\n",
           "    else if (false)\n", "spawned"),
    Mutant("spawned: counted where it is gone", "help.c",
           "    note_gone(handle->pool);\n    if (pool__drop_reference", "    if (pool__drop_reference", "spawned"),
    Mutant("spawned: cancelled with the pool", "pool.c",
           "            pool__drop_spawned(item.arg);", "            continue;", "spawned"),
    Mutant("spawned: not its own end", "wait.c", "return !handle->is_spawned || pool__is_claimed(handle);",
           "return !handle->is_spawned;", "spawned"),
    Mutant("spawned: turns are counted once", "worker.c", "worker->n_takes += !task->handle->is_spawned;",
           "worker->n_takes++;", "spawned"),
    Mutant("spawned: nothing is taken before a callback", "worker.c",
           "(handle->is_spawned && handle->callbacks.callback == NULL && handle->callbacks.error_callback == NULL);",
           "handle->is_spawned;", "spawned"),
    Mutant("spawned: known before it is there", "calls.c",
           "        *out = handle; /* before another worker can run the call, which may look there */\n",
           "        ;\n", "spawned"),
    Mutant("spawned: stale places are no tasks", "stock.c", "    return n_loose > n_stale ? n_loose - n_stale : 0;",
           "    return n_loose < n_max ? n_loose : n_max;", "spawned"),
    Mutant("spawned: counted by a seat", "complete.c", "    if (is_spawned)\n", "    if (false)\n",
           survives="the sum is the same, whichever part of it is lower: see quiet.h"),
    Mutant("spawned: taken out by who waits", "help.c",
           "            has_left = pool__deque_pop_handle(&seat->spawned, handle);\n", "",
           survives="costs time alone: what is left in the seat is dropped when its turn comes"),
    Mutant("may_take: not of a map", "worker.c",
           "return ends_alone(task) &&", "return",
           survives="a part of an iterator would end without the lock: a race, for ThreadSanitizer to see"),
    Mutant("may_take: not while it searches", "worker.c",
           "return ends_alone(task) && !worker->is_searching &&", "return ends_alone(task) &&",
           survives="a worker that searches looks into its seat only if it is new in one in which another has "
           "left what it had claimed"),
    Mutant("may_take: not in a terminated pool", "worker.c",
           "!pool__is_terminated(pool) && !is_shrunk(pool);", "!is_shrunk(pool);", "rules"),
    Mutant("may_take: not in excess", "worker.c", "!pool__is_terminated(pool) && !is_shrunk(pool);",
           "!pool__is_terminated(pool);", "turns"),
    Mutant("take_own: turn of what is claimed", "worker.c", "    if (turn % TURNS == 0)", "    if (false)",
           "order"),
    Mutant("take_own: turn of other seats", "worker.c", "(turn % TURNS == TURNS / 2 && pool__steal_others",
           "(false && pool__steal_others", "turns"),
    Mutant("take_own: turn of the oldest", "worker.c", "(turn == OLDEST_TURN && ", "(false && ", "turns_outside"),
    Mutant("take_own: youngest first", "worker.c",
           "pool__deque_pop(&seat->spawned, item) || pool__deque_steal(&seat->claimed, item);",
           "pool__deque_steal(&seat->spawned, item) || pool__deque_steal(&seat->claimed, item);", "rules"),
    Mutant("take_own: own before claimed", "worker.c",
           "pool__deque_pop(&seat->spawned, item) || pool__deque_steal(&seat->claimed, item);",
           "pool__deque_steal(&seat->claimed, item) || pool__deque_pop(&seat->spawned, item);", "rules"),
    Mutant("take_own: what is claimed", "worker.c",
           "pool__deque_pop(&seat->spawned, item) || pool__deque_steal(&seat->claimed, item);",
           "pool__deque_pop(&seat->spawned, item);",
           survives="costs the lock alone: take_port() takes nothing before it, and then find_task() takes it first"),
    Mutant("take_own: ends the task before", "worker.c",
           "take_own_item(worker, &item)) {\n        end_before_next(worker, task);\n",
           "take_own_item(worker, &item)) {\n", "calls"),
    Mutant("take_own: ends the call before", "worker.c",
           "    pool__end_task_alone(task);\n    task->handle = NULL;\n", "    task->handle = NULL;\n", "spawned"),
    Mutant("has_to_leave: closed", "worker.c", "return pool->closed || (!has_stayed &&", "return (!has_stayed &&",
           "calls"),
    Mutant("has_to_leave: stays for a while", "worker.c",
           "(!has_stayed && pool->n_ready > pool_n_workers(pool));", "(pool->n_ready > pool_n_workers(pool));",
           "elastic"),
    Mutant("has_to_leave: in excess", "worker.c", "(!has_stayed && pool->n_ready > pool_n_workers(pool));",
           "!has_stayed;", "resize"),
    Mutant("spin: counts as searching", "worker.c",
           "    pool->is_spinning = true;\n"
           "    begin_search(worker);", "    pool->is_spinning = true;", "lazy"),
    Mutant("spin: one at a time", "worker.c", "    pool->is_spinning = true;\n", "", "spin"),
    Mutant("spin: the next one may", "worker.c",
           "    pool__lock(pool);\n"
           "    pool->is_spinning = false;", "    pool__lock(pool);", "spin"),
    Mutant("spin: sees the queue", "worker.c", "(POOL__CLOSED | POOL__QUEUED))\n", "POOL__CLOSED)\n", "spin"),
    Mutant("spin: sees that it is closed", "worker.c", "(POOL__CLOSED | POOL__QUEUED))\n", "POOL__QUEUED)\n", "spin"),
    Mutant("spin: sees seats", "worker.c",
           "looks_far ? pool__has_loose(pool) || pool__is_left(pool, worker->seen) : pool__has_port_tasks(pool);",
           "pool__has_port_tasks(pool);", "spin"),
    Mutant("spin: sees ports", "worker.c",
           "looks_far ? pool__has_loose(pool) || pool__is_left(pool, worker->seen) : pool__has_port_tasks(pool);",
           "looks_far && (pool__has_loose(pool) || pool__is_left(pool, worker->seen));",
           survives="equivalent but for the time: it sees them at every 32nd look"),
    Mutant("spin: sees visited seats", "worker.c", " || pool__is_left(pool, worker->seen)", "",
           survives="equivalent but for the time: it looks there before it sleeps"),
    Mutant("is_left: not while something has gone", "seat.c",
           "seen[i].n_gone == n_gone && pool__deque_count(deque) > 0", "pool__deque_count(deque) > 0",
           survives="costs time alone: what a visitor is about to run is taken from it more often"),
    Mutant("guests: others take from their seats", "seat.c",
           "memory_order_relaxed) > 0 ? first_seat(pool) : POOL__GUESTS",
           "memory_order_relaxed), POOL__GUESTS",
           "allocations"),
    Mutant("guests: not once they have gone", "seat.c", "    pool__add(&pool->n_guests, (size_t)-1);", "    ;",
           survives="costs time alone: seats that nobody sits in are looked at"),
    Mutant("find_task: visited seats before it sleeps", "worker.c",
           "            looks_far = true;\n            continue;", "            ;", "visits"),
    Mutant("take_older: what is claimed", "worker.c",
           "           (pool__deque_steal(&worker->seat->claimed, &item) ||\n            (pool__is_queue",
           "           ((pool__is_queue", "order"),
    Mutant("take_older: visited seats", "worker.c",
           "(pool__is_queue_of_use(worker->pool) && take_visited(worker, &item))", "false", "order"),
    Mutant("take_visited: what is claimed comes first", "worker.c",
           "    if (pool__deque_count(&worker->seat->claimed) > 0)\n        return false;\n", "", "order"),
    Mutant("take_own: turn of visited seats", "worker.c",
           "           (worker->owes_turn && take_visited(worker, item)) ||\n", "", "order"),
    Mutant("share: the rest of a map before what comes later", "seat.h", "handle->is_ordered ?", "false ?", "order"),
    Mutant("run: others find the rest of a map", "worker.c", "        pool__share(worker->seat, task);", "        ;",
           "visits"),
    Mutant("visits: a task comes after a call", "submit.c",
           " ||\n        !pool__is_visited_empty(pool))", ")", "order"),
    Mutant("visits: a call comes after a task", "calls.c", " && pool__is_port_empty(pool))", ")", "order"),
    Mutant("visits: a call comes after what is queued", "calls.c", "!is_queued && ", "", "order"),
    Mutant("visits: in a strict pool", "calls.c", "!pool->options.strict && !is_queued", "!is_queued",
           survives="costs time alone: a worker looks there later than into the queue"),
    Mutant("visits: the first one is prepared", "calls.c", "        prepare_visits(pool);\n", "",
           survives="costs time alone: all calls are queued"),
    Mutant("visits: not of a closed pool", "seat.c",
           "    if (!(atomic_load_explicit(&pool->notices, memory_order_relaxed) & POOL__CLOSED))\n"
           "        return pool__seat(pool, index);",
           "    if (true)\n        return pool__seat(pool, index);",
           survives="memory that was freed: for AddressSanitizer to see"),
    Mutant("visits: waited for by who closes", "pool.c", "    pool__await_visits(pool);\n", "",
           survives="a race: `make mutants` catches it"),
    Mutant("visits: wakes a worker", "notice.c", "(is_wake || (is_start && is_alone) ? POOL__CALL_HELPED : 0)", "0",
           "visits"),
    Mutant("visits: starts a worker", "notice.c", "is_wake || (is_start && is_alone) ? POOL__CALL_HELPED",
           "is_wake ? POOL__CALL_HELPED", "visits"),
    Mutant("maps in seats: not of a pool that grows", "notice.c",
           "(pool->n_alive < pool->max_workers ? POOL__GROWING : 0)", "0",
           survives="costs time alone: workers are started one after the other"),
    Mutant("maps in seats: all of it where there is no place", "help.c", "if (pool__claim(handle, task, is_all)) {",
           "if (pool__claim(handle, task, false)) {", "visits"),
    Mutant("find_task: ends the task before", "worker.c",
           "    pool__lock(pool);\n"
           "    end_task(worker, task);",
           "    pool__lock(pool);\n"
           "    if (task->handle != NULL)\n"
           "        end_task(worker, task);", "calls"),
    Mutant("find_task: turn of what is submitted", "worker.c", "    if (looks_elsewhere && pool->n_ready",
           "    if (false && pool->n_ready", "turns"),
    Mutant("find_task: no turn in excess", "worker.c",
           "    if (looks_elsewhere && pool->n_ready <= pool->max_workers &&", "    if (looks_elsewhere &&",
           "rules"),
    Mutant("find_task: no turn in a terminated pool", "worker.c",
           "pool->max_workers && !pool__is_terminated(pool))", "pool->max_workers)",
           survives="a window of some instructions: tasks in seats are dropped by who terminates the pool before "
           "it gives up the lock, but while dropped() runs"),
    Mutant("find_task: leaves in excess", "worker.c",
           "    while (!has_found && pool->n_ready <= pool->max_workers) {", "    while (!has_found) {", "turns"),
    Mutant("find_task: nothing of a terminated pool", "worker.c",
           "if (!pool__is_terminated(pool) && (looks_far ?", "if ((looks_far ?",
           "rules"),
    Mutant("find_task: other seats", "worker.c",
           "            has_found = steal_task(worker, looks_far, task);\n", "", "calls"),
    Mutant("find_task: quiet before it sleeps", "worker.c",
           "            break;\n"
           "        pool__check_quiet(pool);", "            break;", "calls"),
    Mutant("find_task: quiet before it leaves", "worker.c",
           "    if (!has_found) {\n"
           "        pool__check_quiet(pool);", "    if (!has_found) {", "rules"),
    Mutant("find_task: one looks out", "worker.c", "if (!has_spun && pool->spin_ns > 0 && !pool->is_spinning) {",
           "if (!has_spun && pool->spin_ns > 0) {", "spin"),
    Mutant("find_task: looks out once", "worker.c", "if (!has_spun && pool->spin_ns > 0 && !pool->is_spinning) {",
           "if (pool->spin_ns > 0 && !pool->is_spinning) {", "workers"),
    Mutant("find_task: looks out before it sleeps", "worker.c",
           "if (!has_spun && pool->spin_ns > 0 && !pool->is_spinning) {", "if (false) {", "spin"),
    Mutant("find_task: looks out again", "worker.c", "        has_spun = false;\n", "",
           survives="equivalent but for the time: only a worker that was woken in vain comes here again"),
    Mutant("find_task: ends the search before it sleeps", "worker.c",
           "        if (worker->is_searching)\n"
           "            end_search(worker);\n"
           "        has_stayed", "        has_stayed", "calls"),
    Mutant("find_task: ends the search with a task", "worker.c",
           "    } else if (worker->is_searching) {\n"
           "        end_search(worker);\n"
           "    }", "    }", "calls"),
    Mutant("take_port: turn of others", "worker.c", "worker->n_takes % TURNS == 1 ||", "",
           survives="equivalent as long as ports have turns: under the lock it looks at the ports first, too"),
    Mutant("take_port: ports have turns", "worker.c", "worker->n_port_takes++, &item, worker->seat",
           "0, &item, worker->seat",
           survives="equivalent as long as the worker looks under the lock in one turn of 64, where the ports "
           "have turns as well"),
    Mutant("take_port: ends the task before", "worker.c",
           "&item, worker->seat))\n        return false;\n    end_before_next(worker, task);\n",
           "&item, worker->seat))\n        return false;\n", "calls"),
    Mutant("take_left: goes on where it was", "worker.c",
           "if (!worker->is_replacement || !may_take(worker, task))", "if (true)", "turns"),
    Mutant("take_left: ends the task before", "worker.c",
           "    if (!worker->is_replacement)\n        return false;\n    end_before_next(worker, task);\n",
           "    if (!worker->is_replacement)\n        return false;\n", "turns"),
    Mutant("take_left: until nothing is left", "worker.c",
           "    worker->is_replacement = pool__steal(worker->pool, worker->seat_index, &item);\n"
           "    if (!worker->is_replacement)\n",
           "    if (!pool__steal(worker->pool, worker->seat_index, &item))\n", "rules"),
    Mutant("run_parts: has turns", "worker.c", "if (is_any_turn(worker) || is_shrunk", "if (is_shrunk", "turns"),
    Mutant("run_parts: all turns", "worker.c", "if (is_any_turn(worker) || is_shrunk",
           "if (is_turn(worker) || is_shrunk", "visits"),
    Mutant("run_parts: not in excess", "worker.c", "is_any_turn(worker) || is_shrunk(worker->pool) || ",
           "is_any_turn(worker) || ", "turns"),
    Mutant("run_parts: goes on with the handle", "worker.c", " || !pool__take_next_part(task))", " || true)",
           survives="costs time alone: the next part is the oldest in the queue, and taken under the lock"),
    Mutant("run_parts: counts turns", "worker.c", "            return;\n        worker->n_takes++;\n",
           "            return;\n", "visits"),
    Mutant("run_parts: counts parts that begin", "worker.c",
           "        count_one(&worker->seat->n_begun);\n        pool__run(worker->pool, task);",
           "        pool__run(worker->pool, task);", "elastic"),
    Mutant("work: begins with a search", "worker.c",
           "    if (!worker->is_replacement)\n"
           "        begin_search(worker);\n", "",
           survives="a window of some instructions within the pool, which no test can hold open: who submits "
           "just then starts one worker too many"),
    Mutant("work: a replacement is counted", "worker.c", "pool->n_ready += !worker->is_replacement;",
           "pool->n_ready++;", "exit"),
    Mutant("work: is ready", "worker.c", "    pool->n_ready += !worker->is_replacement;\n", "", "exit"),
    Mutant("work: idle ones look at the excess", "worker.c",
           "    if (pool->n_ready > pool_n_workers(pool))\n"
           "        pool__wake_idle(pool, SIZE_MAX);",
           "    if (false)\n"
           "        pool__wake_idle(pool, SIZE_MAX);", "rules"),
    Mutant("prepare: not alive", "worker.c", "        pool->n_alive -= !worker->is_replacement;\n", "", "resize"),
    Mutant("prepare: a replacement stays counted", "worker.c", "pool->n_alive -= !worker->is_replacement;",
           "pool->n_alive--;", "rules"),
    Mutant("prepare: wakes the scout", "worker.c",
           "        pool->n_alive -= !worker->is_replacement;\n"
           "        pool__wake(pool, &pool->scout, 1);", "        pool->n_alive -= !worker->is_replacement;",
           "rules"),
    Mutant("prepare: tells who starts", "worker.c", "        pool__wake(pool, &pool->awaiting_start, SIZE_MAX);",
           "        ;", "lazy"),
    Mutant("is_missed: ends the task", "worker.c",
           "    pool__lock(pool);\n"
           "    end_item(worker);\n"
           "    pool__check_quiet(pool);",
           "    pool__lock(pool);\n"
           "    pool__check_quiet(pool);", "exit"),
    Mutant("is_missed: quiet", "worker.c",
           "    end_item(worker);\n"
           "    pool__check_quiet(pool);", "    end_item(worker);", "rules"),
    Mutant("is_missed: not in excess", "worker.c", "is_missed = pool->n_ready <= pool->max_workers &&",
           "is_missed = true &&", "rules"),
    Mutant("is_missed: where tasks wait", "worker.c", "(pool__has_tasks(pool) || (!pool->closed",
           "(false || (!pool->closed", "rules"),
    Mutant("is_missed: not in a closed pool", "worker.c",
           "(!pool->closed && pool->n_ready <= pool_n_workers(pool)));\n"
           "    if",
           "(pool->n_ready <= pool_n_workers(pool)));\n"
           "    if", "rules"),
    Mutant("is_missed: not if surplus", "worker.c",
           "(!pool->closed && pool->n_ready <= pool_n_workers(pool)));\n"
           "    if",
           "!pool->closed);\n"
           "    if", "rules"),
    Mutant("is_missed: in an open pool", "worker.c",
           "(!pool->closed && pool->n_ready <= pool_n_workers(pool)));\n"
           "    if",
           "false);\n"
           "    if", "rules"),
    Mutant("is_missed: retires", "worker.c",
           "    if (!is_missed)\n"
           "        retire(worker);\n", "", "rules"),
    Mutant("replace_worker: tries again", "worker.c",
           "    while (is_missed(worker) && pool__start_replacement(worker->pool) != 0)\n"
           "        nanosleep(&pause, NULL);",
           "    if (is_missed(worker))\n"
           "        pool__start_replacement(worker->pool);", "exit"),
    Mutant("replace_worker: starts another", "worker.c",
           "    while (is_missed(worker) && pool__start_replacement(worker->pool) != 0)\n"
           "        nanosleep(&pause, NULL);",
           "    pool__lock(worker->pool);\n"
           "    end_item(worker);\n"
           "    pool__check_quiet(worker->pool);\n"
           "    retire(worker);\n"
           "    pool__unlock(worker->pool);", "exit"),
    Mutant("take_port: ports have turns, here or under the lock", "worker.c",
           "worker->n_takes % TURNS == 1 || pool__deque_count(&worker->seat->claimed) > 0 ||\n"
           "        !pool__take_port(worker->pool, worker->n_port_takes++, &item",
           "!pool__take_port(worker->pool, 0, &item", "turns"),
    Mutant("take_port: not before what is claimed", "worker.c", " || pool__deque_count(&worker->seat->claimed) > 0 ||",
           " ||", survives="matters where the pool stops to shrink between take_own() and take_port(), which no test "
           "hits; then tasks may begin out of order"),
    Mutant("take_own: turn of ports beside what is claimed", "worker.c",
           "    if (worker->owes_look && pool__deque_count(&seat->claimed) == 0) {", "    if (false) {",
           "turns_outside"),
    Mutant("steal_guests: seats have turns", "seat.c", "(first + i) % POOL__GUESTS", "i", "turns_outside"),
    Mutant("take_item: leaves the count", "task.c", "    pool->n_queued--;\n", "", "tokens"),
    Mutant("take_item: leaves the queue", "task.c",
           "        pool__queue_drop(&pool->queue);\n"
           "    pool->n_queued--;",
           "        range->fn = NULL;\n"
           "    pool->n_queued--;", "tokens"),
    Mutant("take_ahead: a fair share", "task.c", "pool__n_queued(pool) / (2 * pool->n_alive);",
           "pool__n_queued(pool);", survives="costs time alone: other workers take from what is claimed"),
    Mutant("take_ahead: no more than there is room for", "task.c",
           "    if (n > POOL__AHEAD_MAX)\n"
           "        n = POOL__AHEAD_MAX;\n", "", "calls"),
    Mutant("take_ahead: submitted tasks alone", "task.c", "if (range == NULL || range->fn == NULL)",
           "if (range == NULL)", "order"),
    Mutant("note_stale: the last part alone", "ticket.c",
           "    if (!task->is_last)\n"
           "        return;\n", "", "order stress_imap stress_handles"),
    Mutant("note_stale: of iterators", "ticket.c",
           "handle->pool->n_stale_iterators += handle->n_ranges;\n"
           "    else",
           ";\n"
           "    else", "rules"),
    Mutant("note_stale: of handles", "ticket.c",
           "        atomic_fetch_add_explicit(&handle->pool->n_stale_handles, 1, memory_order_relaxed);",
           "        ;", "allocations"),
    Mutant("note_stale: queued alone", "ticket.c", "    else if (handle->is_queued)", "    else", "bound"),
    Mutant("forget_range: of the handle", "ticket.c", "    handle->n_ranges--;\n", "", "allocations"),
    Mutant("forget_range: leaves the count", "ticket.c", "    handle->pool->n_queued -= handle->slab != NULL;\n",
           "", "tokens"),
    Mutant("forget_range: reference", "ticket.c",
           "    pool__unreference(handle);\n"
           "}", "}", "allocations"),
    Mutant("is_stale: not submitted tasks", "ticket.c", "if (range->fn != NULL || !pool__is_claimed(handle))",
           "if (range->fn != NULL)", "allocations"),
    Mutant("is_stale: counts iterators", "ticket.c",
           "        handle->pool->n_stale_iterators--;\n"
           "    else",
           "        ;\n"
           "    else", "rules"),
    Mutant("is_stale: counts handles", "ticket.c",
           "        atomic_fetch_sub_explicit(&handle->pool->n_stale_handles, 1, memory_order_relaxed);",
           "        ;", "tokens"),
    Mutant("front: drops stale ranges", "ticket.c",
           "    while ((range = pool__queue_front(&pool->queue)) != NULL && is_stale(range))\n"
           "        pool__queue_drop(&pool->queue);\n"
           "    return range;",
           "    range = pool__queue_front(&pool->queue);\n"
           "    if (range != NULL && is_stale(range)) {\n"
           "        pool__queue_drop(&pool->queue);\n"
           "        range = pool__queue_front(&pool->queue);\n"
           "    }\n"
           "    return range;", "allocations"),
    Mutant("check_open: closed", "room.c",
           "    if (pool->closed)\n"
           "        return -ESHUTDOWN;\n"
           "    return are", "    return are", "bound"),
    Mutant("has_room: bound", "room.c", "pool__n_queued(pool) < pool->options.max_queued;", "true;", "tokens"),
    Mutant("pass_on_room: one token", "room.c", "if (pool->n_room_tokens == 0 && has_room(pool))",
           "if (has_room(pool))", survives="costs time alone: who is woken in vain sleeps again"),
    Mutant("pass_on_room: room", "room.c", "if (pool->n_room_tokens == 0 && has_room(pool))",
           "if (pool->n_room_tokens == 0)", survives="costs time alone: who is woken in vain sleeps again"),
    Mutant("pass_on_room: counts tokens", "room.c",
           "pool->n_room_tokens += pool__wake(pool, &pool->awaiting_room, 1);",
           "pool__wake(pool, &pool->awaiting_room, 1);", "tokens"),
    Mutant("admit: passes on with an error", "room.c",
           "        if (error != 0) {\n"
           "            pool__pass_on_room(pool);", "        if (error != 0) {",
           survives="equivalent: who closes the pool has woken all, and where tasks are too many to be counted "
           "nobody waits for room"),
    Mutant("admit: gives the token back", "room.c", "        pool->n_room_tokens--;\n", "", "tokens"),
    Mutant("admit: nesting", "room.c", "return when_full == POOL__RUN && pool__nesting(pool) < POOL__NESTED_MAX;",
           "return when_full == POOL__RUN;", "bound"),
    Mutant("push: calls for workers", "room.c", "    pool__call(pool, n_called);\n", "", "rules"),
    Mutant("call_for_workers: the scout", "call.c", "        pool__wake(pool, &pool->scout, 1);", "        ;",
           "elastic"),
    Mutant("call_for_workers: if more are of use", "call.c",
           "if (n_tasks > n_missing && pool->n_alive + n_missing < pool->max_workers)",
           "if (pool->n_alive + n_missing < pool->max_workers)", "turns"),
    Mutant("call_for_workers: if there may be more", "call.c",
           "if (n_tasks > n_missing && pool->n_alive + n_missing < pool->max_workers)",
           "if (n_tasks > n_missing)", "turns"),
    Mutant("call_for_workers: one a task", "call.c",
           "    if (n_missing > n_tasks)\n"
           "        n_missing = n_tasks;\n", "", "lazy"),
    Mutant("call_for_workers: as many as asked for", "call.c",
           "n_missing = n_asked > pool->n_alive ? n_asked - pool->n_alive : 0;", "n_missing = n_tasks;",
           "elastic"),
    Mutant("call_for_workers: starts", "call.c", "    pool->n_starts += n_missing;",
           "    pool->n_starts += 0 * n_missing;", "lazy"),
    Mutant("reserve: threads", "call.c", "    pool->n_threads += n_workers;\n", "", "lazy"),
    Mutant("may_grow", "call.c", "return pool->n_alive < pool->max_workers;", "return false;", "lazy"),
    Mutant("may_grow: only where there is room", "call.c", "return pool->n_alive < pool->max_workers;",
           "return true;", survives="costs time alone: what waits is counted though nobody can be started"),
    Mutant("call: counts", "call.c", "    pool->n_called += n_tasks < SIZE_MAX - pool->n_called ? n_tasks : 0;\n",
           "", "lazy"),
    Mutant("call: no overflow", "call.c", "pool->n_called += n_tasks < SIZE_MAX - pool->n_called ? n_tasks : 0;",
           "pool->n_called += n_tasks;", "turns"),
    Mutant("call: one a task", "call.c", "while (pool->n_searching < pool->n_called && pool->n_searching",
           "while (pool->n_searching", "turns"),
    Mutant("call: no more search than can run", "call.c",
           "pool->n_searching < pool->n_called && pool->n_searching < pool->n_searching_max &&",
           "pool->n_searching < pool->n_called &&", "turns"),
    Mutant("call: wakes", "call.c", "           pool__wake_idle(pool, 1) > 0)", "           false)", "lazy"),
    Mutant("call: enough are there", "call.c",
           "    if (pool->n_called <= n_there)\n"
           "        return;\n", "",
           survives="costs time alone: what waits is counted though there are enough workers"),
    Mutant("call: who searches is there", "call.c", "n_there = pool->n_searching + pool->n_idle + pool->n_alive",
           "n_there = pool->n_idle + pool->n_alive", "lazy"),
    Mutant("call: who is idle is there", "call.c", "n_there = pool->n_searching + pool->n_idle + pool->n_alive",
           "n_there = pool->n_searching + pool->n_alive", "rules"),
    Mutant("call: who was started is there", "call.c", "pool->n_idle + pool->n_alive - pool->n_ready;",
           "pool->n_idle;", "lazy"),
    Mutant("call: counts what waits", "call.c",
           "may_grow(pool) ? pool__n_waiting(pool, n_there + n_tasks) : n_there;",
           "may_grow(pool) ? pool->n_called : n_there;", "lazy"),
    Mutant("unlock: notices", "sleep.c",
           "    pool__post_notices(pool);\n"
           "    pool->wakes = NULL;", "    pool->wakes = NULL;", "calls"),
    Mutant("unlock: posts", "sleep.c", "        pool__post(&sleeper->parker);\n", "", "rules"),
    Mutant("unlock: starts", "sleep.c",
           "    if (n_starts > 0)\n"
           "        pool->start_called(pool, n_starts);\n", "", "rules"),
    Mutant("unlock: starts once", "sleep.c", "    pool->n_starts = 0;\n", "", "rules"),
    Mutant("wake: the first", "sleep.c",
           "struct pool__sleeper *sleeper = list->first;\n"
           "\n"
           "        unlink_sleeper",
           "struct pool__sleeper *sleeper = list->last;\n"
           "\n"
           "        unlink_sleeper", "calls"),
    Mutant("wake: all that are to be", "sleep.c", "for (; n_woken < n_max && list->first != NULL; n_woken++) {",
           "for (; n_woken < 1 && list->first != NULL; n_woken++) {", "promises_ends"),
    Mutant("wake: no more than are to be", "sleep.c",
           "for (; n_woken < n_max && list->first != NULL; n_woken++) {",
           "for (; list->first != NULL; n_woken++) {", "rules"),
    Mutant("wake_idle: counts who searches", "sleep.c", "    pool->n_searching += n_woken;\n", "", "rules"),
    Mutant("wake_idle: counts who is idle", "sleep.c", "    pool->n_idle -= n_woken;\n", "", "rules"),
    Mutant("wake_idle: searches", "sleep.c", "->is_searching = true;", "->is_searching = false;", "rules"),
    Mutant("stop_sleep: takes the post", "sleep.c", "return pool__park(&sleeper->parker, POOL__NEVER);",
           "return true;",
           survives="a window of some instructions within the pool, which no test can hold open: a wake-up "
           "between the time-out and the lock"),
    Mutant("stop_sleep: leaves the list", "sleep.c",
           "    unlink_sleeper(list, sleeper);\n"
           "    return false;", "    return false;", "rules"),
    Mutant("sleep_idle: the last one first", "sleep.c", "    put_first(&pool->idle, sleeper);",
           "    put_last(&pool->idle, sleeper);", survives="costs time alone: its caches are warm"),
    Mutant("sleep_idle: looks again", "sleep.c", "if (pool__n_loose(pool, 1) > 0) { /*", "if (false) { /*",
           survives="a window of some instructions within the pool, which no test can hold open: a task that "
           "comes between the look and the notice"),
    Mutant("sleep_idle: counts", "sleep.c", "    pool->n_idle++;\n", "", "resize"),
    Mutant("sleep_idle: counts who looks again", "sleep.c", "pool->n_idle -= !stop_sleep(&pool->idle, sleeper);",
           "stop_sleep(&pool->idle, sleeper);", survives="as the row above: only who looks again comes here"),
    Mutant("sleep_idle: counts who was not woken", "sleep.c", "    pool->n_idle -= !was_woken;\n", "", "rules"),
    Mutant("sleep: in order", "sleep.c", "    put_last(list, &sleeper);", "    put_first(list, &sleeper);",
           survives="no promise: who has waited longest for room has the next place"),
]
