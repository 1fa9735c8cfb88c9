/* The port: threads put in, threads take out. What one puts is taken in its order, each item once, and who takes it
 * knows what was before. Nothing is put in once it is closed. */
#include "port.h"
#include "relacy/check.h"

enum { N_PUTTERS = 2, N_EACH = 4, N_FILL = 253 };

struct payload {
    int putter, number;
    bool is_taken;
};

static struct pool__port port;
static struct pool__deque claimed;
static atomic_size_t n_kept;
static _Atomic(uint32_t) notices;
static struct payload payloads[N_PUTTERS][N_EACH], filler;
static int n_put[N_PUTTERS], next[N_PUTTERS]; /* next: of a single taker */
static bool is_closed;

static void fn(void *arg)
{
    (void)arg;
}

static void before(void)
{
    memset(&port, 0, sizeof port);
    memset(&claimed, 0, sizeof claimed);
    memset(payloads, 0, sizeof payloads);
    memset(n_put, 0, sizeof n_put);
    memset(next, 0, sizeof next);
    is_closed = false;
    atomic_init(&n_kept, 0);
    atomic_init(&notices, 0);
    pool__port_init(&port, &n_kept);
}

/* The next item but two is in another block; `taken` of those before were taken. */
static void fill(int n, int n_taken)
{
    struct pool__item item;

    for (int i = 0; i < n; i++)
        CHECK(pool__port_put(&port, (struct pool__item){fn, &filler}, &notices, 1) == 0);
    for (int i = 0; i < n_taken; i++)
        CHECK(pool__port_take(&port, &item, NULL, 0));
}

static void before_end_of_block(void)
{
    before();
    fill(N_FILL, N_FILL - 1);
}

static int put(int putter)
{
    struct payload *payload = &payloads[putter][n_put[putter]];
    int error;

    payload->putter = putter;
    payload->number = n_put[putter];
    error = pool__port_put(&port, (struct pool__item){fn, payload}, &notices, 1);
    CHECK(error == 0 || error == 1);
    n_put[putter] += error == 0;
    return error;
}

static void use(struct pool__item item, bool is_ordered)
{
    struct payload *payload = item.arg;

    CHECK(item.fn == fn);
    if (payload == &filler)
        return;
    CHECK(payload == &payloads[payload->putter][payload->number]);
    CHECK(!payload->is_taken);
    payload->is_taken = true;
    if (is_ordered)
        CHECK(payload->number == next[payload->putter]++);
}

static bool take(bool is_ordered)
{
    struct pool__item item;

    if (!pool__port_take(&port, &item, NULL, 0))
        return false;
    use(item, is_ordered);
    return true;
}

static void after(void)
{
    struct pool__item item;

    while (take(false))
        continue;
    while (pool__deque_steal(&claimed, &item))
        use(item, false);
    CHECK(pool__port_count(&port) == 0);
    for (int i = 0; i < N_PUTTERS; i++)
        for (int j = 0; j < N_EACH; j++)
            CHECK(payloads[i][j].is_taken == (j < n_put[i]));
    pool__port_release(&port);
}

/* Two who put in, one who takes out. */
static void thread_order(int index)
{
    for (int i = 0; i < 3; i++) {
        if (index < N_PUTTERS)
            put(index);
        else
            take(true);
    }
}

/* One who puts in, two who take out, one of them ahead. */
static void thread_ahead(int index)
{
    struct pool__item item;

    if (index == 0) {
        for (int i = 0; i < N_EACH; i++)
            put(0);
    } else if (index == 1) {
        if (pool__port_take(&port, &item, &claimed, 2))
            use(item, false);
        while (pool__deque_pop(&claimed, &item))
            use(item, false);
    } else {
        take(false);
        if (pool__deque_steal(&claimed, &item))
            use(item, false);
    }
}

/* It begins anew where it is empty. */
static void thread_rewind(int index)
{
    for (int i = 0; i < N_EACH; i++) {
        if (index == 0)
            put(0);
        else
            take(true);
    }
}

/* After the last of two who put in has seen that it is closed the port stays empty. */
static void thread_close(int index)
{
    if (index < N_PUTTERS) {
        put(index);
        if (put(index) == 1) /* or the other one is putting */
            put(index);
        return;
    }
    is_closed = true;
    /* Relaxed: ordered by the wait. */
    atomic_store_explicit(&notices, 1, memory_order_relaxed);
    pool__port_await(&port);
    while (take(true))
        continue;
}

static void after_close(void)
{
    CHECK(pool__port_count(&port) == 0);
    after();
}

const struct scenario scenarios[] = {
    {"order", 3, 0, 40000, 0, before, thread_order, after},
    {"order at the end of a block", 3, 0, 1000, 0, before_end_of_block, thread_order, after},
    {"ahead", 3, 0, 30000, 0, before, thread_ahead, after},
    {"rewind", 2, 0, 30000, 0, before, thread_rewind, after},
    {"close", 3, 0, 30000, 0, before, thread_close, after_close},
    {0},
};
