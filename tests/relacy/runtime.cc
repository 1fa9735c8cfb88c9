/* Runs the scenarios of a program under relacy: its memory model, its schedulers and its mutexes.
 *
 * The code under test is C, compiled as it is with gcc -fsanitize=thread, but linked with this instead of
 * ThreadSanitizer. So the calls that gcc inserts end here. An atomic operation is one of relacy's, which chooses the
 * thread that goes on, and which of the values that the order allows a load returns. A plain access is held against
 * those of other threads to the same bytes: what does not happen before is a data race. An atomic operation, too, races
 * with plain writes.
 *
 * The value of an atomic lives here, and its latest one in memory as well. An atomic begins when it is used for the
 * first time, with what memory has, and again after a plain write.
 *
 * A futex wake-up orders nothing: that is left to the operations on the word.
 */
#include "operations.h"

#include <chrono>

extern "C" {
#include "check.h"

void check_free(void *block);
}

namespace {

enum { MUTEXES_MAX = 16 };

/* A thread that pthread_create() may start. */
struct Started {
    void *(*run)(void *);
    void *arg;
    bool is_parked, is_ended, is_awaited;
    rl::thread_id_t waiter;
    rl::timestamp_t order[THREADS_MAX]; /* what it knows when it begins, and what is known by its end */
};

struct Mutex {
    void *at;
    rl::generic_mutex_data *data;
};

const scenario *current;
Mutex mutexes[MUTEXES_MAX];
int n_mutexes;
struct { rl::thread_id_t thread; const void *word; } sleepers[THREADS_MAX];
int n_sleepers;
int64_t now_ns;
Started started[THREADS_MAX];
int n_started, n_ended;

void begin_thread() { memset(__start_pool_tls, 0, tls_bytes()); }

rl::generic_mutex_data &find_mutex(void *at)
{
    for (int i = 0; i < n_mutexes; i++)
        if (mutexes[i].at == at)
            return *mutexes[i].data;
    if (n_mutexes == MUTEXES_MAX)
        abort();
    mutexes[n_mutexes] = {at, rl::ctx().mutex_ctor(false, false, false, false)};
    return *mutexes[n_mutexes++].data;
}

void begin_run()
{
    run_number++;
    n_used_cells = 0;
    n_blocks = n_mutexes = n_sleepers = n_started = n_ended = 0;
    memset(started, 0, sizeof started);
    now_ns = 0;
}

/* The result of the code is complete; what relacy keeps has to go before it looks. */
void end_run()
{
    for (unsigned i = 0; i < n_used_cells; i++)
        for (int byte = 0; byte < 8; byte++)
            end_atom(cells[used_cells[i]], byte);
    for (int i = 0; i < n_mutexes; i++)
        rl::ctx().mutex_dtor(mutexes[i].data);
    for (int i = 0; i < n_blocks; i++) {
        if (!blocks[i].is_freed)
            fail("memory that was not freed", blocks[i].begin, rl::test_result_memory_leak);
        (free)(blocks[i].begin);
    }
}

void know(const rl::timestamp_t *order)
{
    for (int i = 0; i < rl::ctx().get_thread_count(); i++)
        if (self().acq_rel_order_[i] < order[i])
            self().acq_rel_order_[i] = order[i];
}

void publish(rl::timestamp_t *order)
{
    self().own_acq_rel_order_ += 1;
    memcpy(order, self().acq_rel_order_, rl::ctx().get_thread_count() * sizeof *order);
}

void wake(Started &thread)
{
    if (thread.is_parked)
        rl::ctx().unpark_thread(current->n_threads + (int)(&thread - started), false, $);
    thread.is_parked = false;
}

/* Waits to be started. Nobody starts it once the others have ended. */
void run_started(Started &thread)
{
    if (thread.run == NULL && n_ended < current->n_threads) {
        thread.is_parked = true;
        rl::ctx().park_current_thread(false, false, false, $);
    }
    begin_thread();
    if (thread.run == NULL)
        return;
    know(thread.order);
    thread.run(thread.arg);
    publish(thread.order);
    thread.is_ended = true;
    if (thread.is_awaited)
        rl::ctx().unpark_thread(thread.waiter, false, $);
}

void run_thread(int index)
{
    if (index >= current->n_threads) {
        run_started(started[index - current->n_threads]);
        return;
    }
    begin_thread();
    current->thread(index);
    if (++n_ended < current->n_threads)
        return;
    for (int i = 0; i < current->n_started; i++)
        if (started[i].run == NULL)
            wake(started[i]);
}

template <int N> struct Suite : rl::test_suite<Suite<N>, N> {
    Suite() { make_unseen = forget_who_saw<N>; make_only = set_order<N>; begin_run(); begin_thread(); }
    ~Suite() { end_run(); }
    void before() { current->before(); }
    void thread(unsigned index) { run_thread(index); }
    void after() { begin_thread(); current->after(); }
};

struct Silent : std::streambuf {
    int overflow(int byte) override { return byte; }
};

template <int N> bool simulate_threads(rl::test_params &params)
{
    rl::ostringstream state;
    rl::test_result_e result = params.search_type == rl::sched_random
        ? rl::run_test<Suite<N>, rl::random_scheduler<N>>(params, state, false)
        : rl::run_test<Suite<N>, rl::context_bound_scheduler<N>>(params, state, false);

    return result == rl::test_result_success;
}

bool simulate(const scenario &what, rl::scheduler_type_e scheduler, unsigned long first, unsigned long n)
{
    static Silent silent;
    static std::ostream nowhere(&silent);
    rl::test_params params;
    auto begin = std::chrono::steady_clock::now();
    bool is_good;

    current = &what;
    params.search_type = scheduler;
    params.context_bound = what.n_switches;
    params.execution_depth_limit = 100000;
    params.output_stream = params.progress_stream = &nowhere;
    if (scheduler == rl::sched_random) {
        params.initial_state = std::to_string(first);
        params.iteration_count = first + n - 1;
    }
    is_good = what.n_threads + what.n_started == 2   ? simulate_threads<2>(params)
              : what.n_threads + what.n_started == 3 ? simulate_threads<3>(params)
                                    : simulate_threads<4>(params);
    printf("%s: %s, %s from %lu to %lu, %.1f s\n", what.name,
           is_good ? "good" : rl::test_result_str(params.test_result),
           scheduler == rl::sched_random ? "random runs" : "ordered runs", first, (unsigned long)params.stop_iteration,
           std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (!is_good && failure[0] != '\0')
        printf("%s\n", failure);
    return is_good;
}

} // namespace

extern "C" {

void check_fail(const char *condition, const char *file, int line)
{
    snprintf(failure, sizeof failure, "%s:%d: %s is false", file, line, condition);
    fail(failure, NULL, rl::test_result_user_assert_failed);
}

unsigned check_choose(unsigned n)
{
    return rl::ctx().rand(n, rl::sched_type_user);
}

void check_pause(void)
{
    Switch around;

    for (unsigned n = check_choose(2) * check_choose(120); n > 0; n--)
        rl::ctx().sched();
}

void check_forget(void *at, size_t n_bytes)
{
    access(at, n_bytes, true);
    for (size_t i = 0; i < n_bytes; i++) {
        uintptr_t byte = (uintptr_t)at + i;

        find_cell(byte / 8).dead |= 1 << byte % 8;
    }
}

bool check_futex_wait(void *word, uint32_t value, bool has_deadline)
{
    Switch around;
    step();
    Atom &atom = find_atom(word, sizeof value);

    if ((uint32_t)atom.latest != value)
        return true;
    rl::thread_id_t thread = self().index_;
    sleepers[n_sleepers++] = {thread, word};
    trace("sleep", word, value);
    rl::unpark_reason reason = rl::ctx().park_current_thread(has_deadline, true, false, $);
    if (reason != rl::unpark_reason_normal) {
        int i = 0;

        while (sleepers[i].thread != thread)
            i++;
        sleepers[i] = sleepers[--n_sleepers];
    }
    trace("end of sleep", word, reason);
    return reason != rl::unpark_reason_timeout;
}

void check_futex_wake(void *word)
{
    Switch around;
    step();

    for (int i = 0; i < n_sleepers; i++) {
        if (sleepers[i].word == word) {
            rl::thread_id_t thread = sleepers[i].thread;

            sleepers[i] = sleepers[--n_sleepers];
            rl::ctx().unpark_thread(thread, false, $);
            return;
        }
    }
}

void check_init(void *at, size_t n_bytes, uint64_t value)
{
    access(at, n_bytes, true);
    store_memory(at, n_bytes, value);
}

void check_lock(void *mutex)
{
    Switch around;
    find_mutex(mutex).lock_exclusive(false, $);
    trace("lock", mutex, 0);
}

void check_unlock(void *mutex)
{
    Switch around;
    trace("unlock", mutex, 0);
    find_mutex(mutex).unlock_exclusive($);
}

void check_yield(void)
{
    Switch around;
    rl::ctx().yield(1, $);
}

int check_clock(struct timespec *now)
{
    now_ns += 1000;
    now->tv_sec = now_ns / 1000000000;
    now->tv_nsec = now_ns % 1000000000;
    return 0;
}

int check_create(unsigned long *thread, void *(*run)(void *), void *arg)
{
    if (n_started == current->n_started)
        return EAGAIN;
    Started &new_thread = started[n_started];
    *thread = current->n_threads + n_started++;
    new_thread.run = run;
    new_thread.arg = arg;
    publish(new_thread.order);
    wake(new_thread);
    return 0;
}

unsigned long check_self(void) { return self().index_; }

void check_join(unsigned long thread)
{
    Switch around;
    Started &other = started[thread - current->n_threads];
    step();

    if (!other.is_ended) {
        other.is_awaited = true;
        other.waiter = self().index_;
        rl::ctx().park_current_thread(false, false, false, $);
    }
    know(other.order);
}

/* What is freed is not used again before the run ends. */
void *check_malloc(size_t n_bytes)
{
    size_t rounded = (n_bytes + 127) / 128 * 128;

    if (n_blocks == BLOCKS_MAX)
        abort();
    Block &block = blocks[n_blocks++];
    block = Block{(char *)(aligned_alloc)(128, rounded), rounded};
    memset(block.begin, 0xA5, rounded);
    block.filled[self().index_] = ++self().own_acq_rel_order_;
    return block.begin;
}

void *check_realloc(void *old, size_t n_bytes)
{
    char *block = (char *)check_malloc(n_bytes);
    Block *before = find_block(old);

    if (before != NULL) {
        size_t n = before->n_bytes < n_bytes ? before->n_bytes : n_bytes;

        access(old, n, false);
        memcpy(block, old, n);
        check_free(old);
    }
    return block;
}

void check_free(void *at)
{
    Block *block = find_block(at);

    if (at == NULL)
        return;
    if (block == NULL || block->begin != at || block->is_freed)
        fail("free of what was not allocated", at, rl::test_result_double_free);
    if (!knows(block->filled))
        fail("free of what may not be filled yet", at, rl::test_result_data_race);
    for (unsigned i = 0; i < n_used_cells; i++) {
        Cell &cell = cells[used_cells[i]];

        if (cell.at >= (uintptr_t)at / 8 && cell.at < ((uintptr_t)at + block->n_bytes) / 8) {
            access((void *)(cell.at * 8), 8, true);
            cell.is_freed = true;
        }
    }
    block->is_freed = true;
}

/* Two CPUs. */
int check_mask(size_t n_bytes, void *mask)
{
    memset(mask, 0, n_bytes);
    *(char *)mask = 3;
    return 0;
}

void *check_fill(void *to, int byte, size_t n_bytes)
{
    Block *block = find_block(to);

    if (block != NULL && block->begin == to && !block->is_touched && knows(block->filled))
        block->filled[self().index_] = ++self().own_acq_rel_order_;
    else
        access(to, n_bytes, true);
    return memset(to, byte, n_bytes);
}

char *check_copy(char *to, const char *from)
{
    access(from, strlen(from) + 1, false);
    access(to, strlen(from) + 1, true);
    return strcpy(to, from);
}

/* What gcc -fsanitize=thread calls. */
void __tsan_init(void) {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit(void) {}
void __tsan_read_range(const void *at, size_t n_bytes) { access(at, n_bytes, false); }
void __tsan_write_range(void *at, size_t n_bytes) { access(at, n_bytes, true); }
void __tsan_vptr_update(void **, void *) {}

#define PLAIN(n_bytes) \
    void __tsan_read##n_bytes(const void *at) { access(at, n_bytes, false); } \
    void __tsan_write##n_bytes(void *at) { access(at, n_bytes, true); } \
    void __tsan_unaligned_read##n_bytes(const void *at) { access(at, n_bytes, false); } \
    void __tsan_unaligned_write##n_bytes(void *at) { access(at, n_bytes, true); }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

#define ATOMIC(bits, type) \
    type __tsan_atomic##bits##_load(const void *at, int order) { return load((void *)at, sizeof(type), order); } \
    void __tsan_atomic##bits##_store(void *at, type value, int order) { store(at, sizeof(type), value, order); } \
    type __tsan_atomic##bits##_exchange(void *at, type value, int order) \
    { \
        return modify(at, sizeof(type), order, [=](uint64_t) { return value; }); \
    } \
    type __tsan_atomic##bits##_fetch_add(void *at, type value, int order) \
    { \
        return modify(at, sizeof(type), order, [=](uint64_t x) { return (type)(x + value); }); \
    } \
    type __tsan_atomic##bits##_fetch_sub(void *at, type value, int order) \
    { \
        return modify(at, sizeof(type), order, [=](uint64_t x) { return (type)(x - value); }); \
    } \
    type __tsan_atomic##bits##_fetch_or(void *at, type value, int order) \
    { \
        return modify(at, sizeof(type), order, [=](uint64_t x) { return x | value; }); \
    } \
    type __tsan_atomic##bits##_fetch_and(void *at, type value, int order) \
    { \
        return modify(at, sizeof(type), order, [=](uint64_t x) { return x & value; }); \
    } \
    static bool exchange_if##bits(void *at, void *expected, type value, int order, int failure_order, bool is_weak) \
    { \
        uint64_t wide = *(type *)expected; \
        bool is_done = exchange_if(at, sizeof(type), &wide, value, order, failure_order, is_weak); \
        *(type *)expected = (type)wide; \
        return is_done; \
    } \
    bool __tsan_atomic##bits##_compare_exchange_weak(void *at, void *expected, type value, int order, \
                                                     int failure_order) \
    { \
        return exchange_if##bits(at, expected, value, order, failure_order, true); \
    } \
    bool __tsan_atomic##bits##_compare_exchange_strong(void *at, void *expected, type value, int order, \
                                                       int failure_order) \
    { \
        return exchange_if##bits(at, expected, value, order, failure_order, false); \
    }
ATOMIC(8, uint8_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
}

/* usage: <program> [<percent of the runs> [<first run> [<scenario>]]] */
int main(int argc, char **argv)
{
    unsigned long percent = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    bool is_good = true;

    is_traced = getenv("RELACY_TRACE") != NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (const scenario *what = scenarios; what->name != NULL && is_good; what++) {
        unsigned long n = what->n_runs * percent / 100;

        if (argc > 3 && strcmp(argv[3], what->name) != 0)
            continue;
        is_good = simulate(*what, rl::sched_random, first, n > 0 ? n : 1);
        if (is_good && what->n_switches > 0)
            is_good = simulate(*what, rl::sched_bound, 1, 0);
    }
    return !is_good;
}
