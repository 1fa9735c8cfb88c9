/* Atomic operations, with relacy's choice of who goes on and of what a load returns. A part of runtime.cc, which
 * includes it once.
 */
#ifndef RELACY_OPERATIONS_H
#define RELACY_OPERATIONS_H

#include "memory.h"

namespace {

enum { C_RELAXED = 0, C_CONSUME = 1, C_ACQUIRE = 2, C_RELEASE = 3, C_ACQ_REL = 4, C_SEQ_CST = 5 };

void (*make_only)(rl::atomic_data *, const rl::timestamp_t *);

template <int N> void forget_who_saw(rl::atomic_data *data)
{
    auto &impl = *static_cast<rl::atomic_data_impl<N> *>(data);

    for (auto &seen : impl.history_[impl.current_index_ % rl::atomic_history_size].first_seen_order_)
        seen = (rl::timestamp_t)-1;
}

/* A store makes known what its thread knows, or nothing: it goes on with no release sequence, as in C++20. */
template <int N> void set_order(rl::atomic_data *data, const rl::timestamp_t *order)
{
    auto &impl = *static_cast<rl::atomic_data_impl<N> *>(data);

    for (int i = 0; i < N; i++)
        impl.history_[impl.current_index_ % rl::atomic_history_size].acq_rel_order_[i] = order != NULL ? order[i] : 0;
}

/* Others may run before each operation. Now and then the random scheduler stops a thread for long there, as when it has
 * lost its CPU: it hardly ever would, since it chooses anew at each operation. */
void step()
{
    if (rl::ctx().is_random_sched() && rl::ctx().rand(128, rl::sched_type_user) == 0)
        for (unsigned n = rl::ctx().rand(200, rl::sched_type_user); n > 0; n--)
            rl::ctx().yield(1, $);
    rl::ctx().sched();
}

uint64_t load(void *at, size_t n_bytes, int order)
{
    Switch around;
    step();
    Atom &atom = find_atom(at, n_bytes);
    rl::thread_info_base &thread = self();
    unsigned index = order == C_RELAXED ? thread.atomic_load_relaxed(atom.data)
                     : order == C_SEQ_CST ? thread.atomic_load_seq_cst(atom.data)
                                          : thread.atomic_load_acquire(atom.data);

    if (index == (unsigned)-1)
        fail("load of nothing", at, rl::test_result_unitialized_access);
    trace(atom.history[index] == atom.latest ? "load" : "old load", at, atom.history[index]);
    return atom.history[index];
}

void remember(Atom &atom, unsigned index, void *at, size_t n_bytes, uint64_t value)
{
    atom.history[index] = atom.latest = value;
    trace("store", at, value);
    store_memory(at, n_bytes, value);
}

void store(void *at, size_t n_bytes, uint64_t value, int order)
{
    Switch around;
    step();
    Atom &atom = find_atom(at, n_bytes);
    rl::thread_info_base &thread = self();
    unsigned index = order == C_RELAXED ? thread.atomic_store_relaxed(atom.data)
                     : order == C_SEQ_CST ? thread.atomic_store_seq_cst(atom.data)
                                          : thread.atomic_store_release(atom.data);

    make_only(atom.data, order == C_RELAXED ? NULL : thread.acq_rel_order_);
    remember(atom, index, at, n_bytes, value);
}

unsigned change(rl::atomic_data *data, int order)
{
    bool aba;

    switch (order) {
    case C_RELAXED: return self().atomic_rmw_relaxed(data, aba);
    case C_CONSUME:
    case C_ACQUIRE: return self().atomic_rmw_acquire(data, aba);
    case C_RELEASE: return self().atomic_rmw_release(data, aba);
    case C_ACQ_REL: return self().atomic_rmw_acq_rel(data, aba);
    default: return self().atomic_rmw_seq_cst(data, aba);
    }
}

template <class Function> uint64_t modify(void *at, size_t n_bytes, int order, Function function)
{
    Switch around;
    step();
    Atom &atom = find_atom(at, n_bytes);
    uint64_t before = atom.latest;

    remember(atom, change(atom.data, order), at, n_bytes, function(before));
    return before;
}

/* A weak exchange may fail: where all orders are tried once for each atomic. */
bool fails(Atom &atom)
{
    if (rl::ctx().is_random_sched())
        return rl::ctx().rand(4, rl::sched_type_cas_fail) == 0;
    return !atom.has_failed && (atom.has_failed = rl::ctx().rand(2, rl::sched_type_cas_fail) == 0);
}

bool exchange_if(void *at, size_t n_bytes, uint64_t *expected, uint64_t value, int order, int failure_order,
                 bool is_weak)
{
    Switch around;
    step();
    Atom &atom = find_atom(at, n_bytes);

    if (atom.latest == *expected && !(is_weak && fails(atom))) {
        remember(atom, change(atom.data, order), at, n_bytes, value);
        return true;
    }
    if (failure_order == C_RELAXED)
        self().atomic_load_relaxed_rmw(atom.data);
    else if (failure_order == C_SEQ_CST)
        self().atomic_load_seq_cst_rmw(atom.data);
    else
        self().atomic_load_acquire_rmw(atom.data);
    *expected = atom.latest;
    return false;
}

} // namespace

#endif
