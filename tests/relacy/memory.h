/* What each byte of memory is to relacy: who read and wrote it last, whether it was freed, and the atomic that begins
 * there. A part of runtime.cc, which includes it once.
 */
#ifndef RELACY_MEMORY_H
#define RELACY_MEMORY_H

#include <relacy/relacy.hpp>

#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <errno.h>
#include <pthread.h>

extern "C" char __start_pool_tls[] __attribute__((weak)), __stop_pool_tls[] __attribute__((weak));

namespace {

enum { THREADS_MAX = 4, CELLS = 1 << 16, BLOCKS_MAX = 256, TLS_BYTES = 4096 };

/* When each thread last read and wrote a byte, or eight. */
struct Times {
    rl::timestamp_t read[THREADS_MAX], written[THREADS_MAX];
};

struct Atom {
    rl::atomic_data *data;
    uint64_t history[rl::atomic_history_size], latest;
    bool has_failed;
};

/* Eight bytes of memory. */
struct Cell {
    uintptr_t at; /* divided by eight */
    unsigned long run;
    bool is_split, is_freed;
    uint8_t dead; /* bytes */
    Atom *atoms[8];
    Times times[8];
};

struct Block {
    char *begin;
    size_t n_bytes;
    bool is_freed, is_touched;
    rl::timestamp_t filled[THREADS_MAX]; /* what its cells begin with */
};

unsigned long run_number = 1;
Cell cells[CELLS];
unsigned used_cells[CELLS], n_used_cells;
Block blocks[BLOCKS_MAX];
int n_blocks;
char failure[512];
char saved_tls[THREADS_MAX][TLS_BYTES];
void (*make_unseen)(rl::atomic_data *); /* a value that nobody has read: see operations.h */

[[noreturn]] void fail(const char *what, const void *at, rl::test_result_e result)
{
    if (what != failure)
        snprintf(failure, sizeof failure, "%s at %p by thread %d", what, at, (int)rl::ctx().current_thread());
    rl::ctx().fail_test(failure, result, $);
    abort();
}

rl::thread_info_base &self() { return *rl::ctx().threadx_; }

/* With RELACY_TRACE in the environment: what the threads do. */
bool is_traced;

void trace(const char *what, const void *at, uint64_t value)
{
    if (is_traced)
        printf("  thread %d: %s %p: %llu\n", (int)self().index_, what, at, (unsigned long long)value);
}

size_t tls_bytes() { return __start_pool_tls ? __stop_pool_tls - __start_pool_tls : 0; }

bool is_tls(const void *at) { return at >= __start_pool_tls && at < __stop_pool_tls; }

/* Around whatever may run other threads. */
struct Switch {
    Switch() { memcpy(saved_tls[self().index_], __start_pool_tls, tls_bytes()); }
    ~Switch() { memcpy(__start_pool_tls, saved_tls[self().index_], tls_bytes()); }
};

Block *find_block(const void *at)
{
    for (int i = n_blocks - 1; i >= 0; i--)
        if (at >= blocks[i].begin && at < blocks[i].begin + blocks[i].n_bytes)
            return &blocks[i];
    return NULL;
}

Cell &find_cell(uintptr_t at)
{
    unsigned i = (unsigned)((at * 0x9E3779B97F4A7C15u) >> 48) % CELLS;

    for (; cells[i].run == run_number; i = (i + 1) % CELLS)
        if (cells[i].at == at)
            return cells[i];
    if (n_used_cells > CELLS / 2) {
        fprintf(stderr, "too much memory is used\n");
        abort();
    }
    used_cells[n_used_cells++] = i;
    memset(&cells[i], 0, offsetof(Cell, times[1])); /* the others begin when it is split */
    cells[i].at = at;
    cells[i].run = run_number;
    if (Block *block = find_block((void *)(at * 8))) {
        block->is_touched = true;
        cells[i].is_freed = block->is_freed;
        memcpy(cells[i].times[0].written, block->filled, sizeof block->filled);
    }
    return cells[i];
}

bool knows(const rl::timestamp_t times[THREADS_MAX])
{
    for (int i = 0; i < rl::ctx().get_thread_count(); i++)
        if (self().acq_rel_order_[i] < times[i])
            return false;
    return true;
}

void note(Times &times, bool is_write, uintptr_t at)
{
    rl::thread_info_base &thread = self();

    if (!knows(times.written))
        fail(is_write ? "write, and a write that it does not know" : "read, and a write that it does not know",
             (void *)at, rl::test_result_data_race);
    if (is_write && !knows(times.read))
        fail("write, and a read that it does not know", (void *)at, rl::test_result_data_race);
    (is_write ? times.written : times.read)[thread.index_] = thread.own_acq_rel_order_;
}

void end_atom(Cell &cell, int byte)
{
    if (cell.atoms[byte] == NULL)
        return;
    rl::ctx().atomic_dtor(cell.atoms[byte]->data);
    (free)(cell.atoms[byte]);
    cell.atoms[byte] = NULL;
}

/* Of bytes of one cell. */
void access_cell(uintptr_t at, size_t n_bytes, bool is_write, bool is_plain)
{
    Cell &cell = find_cell(at / 8);
    int first = at % 8;

    if (cell.is_freed)
        fail("access to memory that was freed", (void *)at, rl::test_result_access_to_freed_memory);
    if (!cell.is_split && n_bytes < 8) {
        cell.is_split = true;
        for (int i = 1; i < 8; i++)
            cell.times[i] = cell.times[0];
    }
    for (int i = 0; i < (cell.is_split ? (int)n_bytes : 1); i++)
        note(cell.times[first + i], is_write, at);
    if (is_write && is_plain) {
        for (int i = 0; i < (int)n_bytes; i++)
            end_atom(cell, first + i);
        cell.dead &= ~(((1 << n_bytes) - 1) << first);
    }
}

void access(const void *to, size_t n_bytes, bool is_write, bool is_plain = true)
{
    uintptr_t at = (uintptr_t)to, end = at + n_bytes;

    if (!rl::is_ctx() || rl::ctx().threadx_ == NULL || is_tls(to))
        return;
    self().own_acq_rel_order_ += 1;
    while (at < end) {
        size_t n = 8 - at % 8 < end - at ? 8 - at % 8 : end - at;

        access_cell(at, n, is_write, is_plain);
        at += n;
    }
}

uint64_t load_memory(const void *at, size_t n_bytes)
{
    uint64_t value = 0;

    memcpy(&value, at, n_bytes);
    return value;
}

void store_memory(void *at, size_t n_bytes, uint64_t value) { memcpy(at, &value, n_bytes); }

/* The atomic there. The access to it counts as a read: it races with plain writes. */
Atom &find_atom(void *at, size_t n_bytes)
{
    uintptr_t number = (uintptr_t)at;

    access(at, n_bytes, false, false);
    Cell &cell = find_cell(number / 8);
    Atom *&atom = cell.atoms[number % 8];
    if (cell.dead & (1 << number % 8))
        fail("use of an atomic that was given back", at, rl::test_result_access_to_freed_memory);
    if (atom == NULL) {
        atom = (Atom *)(malloc)(sizeof *atom);
        atom->data = rl::ctx().atomic_ctor(at);
        atom->latest = load_memory(at, n_bytes);
        atom->has_failed = false;
        unsigned index = self().atomic_init(atom->data);
        make_unseen(atom->data);
        atom->history[index] = atom->latest;
    }
    return *atom;
}

} // namespace

#endif
