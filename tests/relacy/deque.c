/* The deque: its owner pushes and pops, thieves take the oldest. Each item is taken once, and who takes it knows what
 * the owner did before. */
#include "deque.h"
#include "relacy/check.h"

enum { N_MAX = POOL__DEQUE_ITEMS + 4 };

static struct pool__deque deque;
static int payload[N_MAX];
static bool is_taken[N_MAX]; /* plain: taken twice is a race, or is seen */
static int n_pushed;

static void fn(void *arg)
{
    (void)arg;
}

static void before(void)
{
    memset(&deque, 0, sizeof deque);
    memset(payload, 0, sizeof payload);
    memset(is_taken, 0, sizeof is_taken);
    n_pushed = 0;
}

static bool try_push(void)
{
    payload[n_pushed] = n_pushed + 1;
    if (!pool__deque_push(&deque, (struct pool__item){fn, &payload[n_pushed]}))
        return false;
    n_pushed++;
    return true;
}

static void push(void)
{
    CHECK(try_push());
}

static void use(struct pool__item item)
{
    int *taken = item.arg, index = (int)(taken - payload);

    CHECK(item.fn == fn && index >= 0 && index < N_MAX);
    CHECK(*taken == index + 1);
    CHECK(!is_taken[index]);
    is_taken[index] = true;
}

static bool pop(void)
{
    struct pool__item item;

    if (!pool__deque_pop(&deque, &item))
        return false;
    use(item);
    return true;
}

static bool steal(void)
{
    struct pool__item item;

    if (!pool__deque_steal(&deque, &item))
        return false;
    use(item);
    return true;
}

static void after(void)
{
    while (steal())
        continue;
    CHECK(pool__deque_count(&deque) == 0);
    for (int i = 0; i < n_pushed; i++)
        CHECK(is_taken[i]);
}

/* The owner against thieves, which try twice each. */
static void thread_mixed(int index)
{
    if (index > 0) {
        steal();
        steal();
        return;
    }
    push();
    push();
    pop();
    push();
    pop();
    pop();
}

/* One item is left: the owner and thieves want it. */
static void thread_last(int index)
{
    if (index > 0) {
        steal();
        return;
    }
    push();
    pop();
    push();
    pop();
}

static void before_full(void)
{
    before();
    while (n_pushed < POOL__DEQUE_ITEMS - 1)
        push();
}

/* There is room for one more, and for those that were stolen. */
static void thread_full(int index)
{
    if (index > 0) {
        steal();
        return;
    }
    push();
    try_push();
    try_push();
}

/* Several are put in at once. */
static void thread_several(int index)
{
    if (index > 0) {
        steal();
        steal();
        return;
    }
    for (int i = 0; i < 3; i++) {
        payload[n_pushed] = n_pushed + 1;
        pool__deque_add(&deque, (struct pool__item){fn, &payload[n_pushed]}, (size_t)i);
        n_pushed++;
    }
    pool__deque_show(&deque, 3);
    pop();
    pop();
}

const struct scenario scenarios[] = {
    {"several at once", 2, 0, 10000, 0, before, thread_several, after},
    {"mixed", 2, 0, 30000, 0, before, thread_mixed, after},
    {"mixed with two thieves", 3, 0, 40000, 0, before, thread_mixed, after},
    {"last", 2, 0, 10000, 2, before, thread_last, after},
    {"last with two thieves", 3, 0, 20000, 0, before, thread_last, after},
    {"full", 2, 0, 1000, 0, before_full, thread_full, after},
    {"full with two thieves", 3, 0, 1000, 0, before_full, thread_full, after},
    {0},
};
