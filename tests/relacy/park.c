/* Parking: no token is lost, whatever ends a sleep, who takes one knows what the poster did, and the parker may be
 * gone then. */
#include "park.h"
#include "relacy/check.h"

static struct pool__parker parker;
static struct pool__parker *heap_parker;
static int payload[3];
static int n_taken;

static void before(void)
{
    memset(&parker, 0, sizeof parker);
    memset(payload, 0, sizeof payload);
    n_taken = 0;
}

static void post(int index)
{
    payload[index] = index;
    pool__post(&parker);
}

/* Two posts, two parks: then all is known. */
static void thread_posts(int index)
{
    if (index > 0) {
        post(index);
        return;
    }
    CHECK(pool__park(&parker, POOL__NEVER));
    CHECK(pool__park(&parker, POOL__NEVER));
    CHECK(payload[1] == 1 && payload[2] == 2);
}

static void after_posts(void)
{
    CHECK(!pool__park(&parker, POOL__LOOK));
}

/* With deadlines: what was not taken is still there. */
static void thread_deadline(int index)
{
    if (index > 0) {
        post(index);
        return;
    }
    for (int i = 0; i < 3; i++)
        n_taken += pool__park(&parker, i == 1 ? POOL__LOOK : 1000);
    if (n_taken == 2)
        CHECK(payload[1] == 1 && payload[2] == 2);
}

static void after_deadline(void)
{
    while (n_taken < 2) {
        CHECK(pool__park(&parker, POOL__LOOK));
        n_taken++;
    }
    CHECK(!pool__park(&parker, POOL__LOOK));
}

/* After a look that found a token, the park takes it at once. */
static void thread_look(int index)
{
    if (index > 0) {
        post(index);
        return;
    }
    if (pool__has_token(&parker, false))
        CHECK(pool__park(&parker, POOL__LOOK));
    else
        CHECK(pool__park(&parker, POOL__NEVER));
    CHECK(payload[1] == 1);
}

static void before_gone(void)
{
    before();
    heap_parker = check_malloc(sizeof *heap_parker);
    atomic_init(&heap_parker->state, 0);
}

/* A post may be the end of the parker. */
static void thread_gone(int index)
{
    if (index > 0) {
        pool__post(heap_parker);
        return;
    }
    while (!pool__park(heap_parker, check_choose(2) == 0 ? POOL__NEVER : 1000))
        continue;
    check_free(heap_parker);
}

static void nothing(void)
{
}

const struct scenario scenarios[] = {
    {"posts", 3, 0, 40000, 0, before, thread_posts, after_posts},
    {"one post", 2, 0, 10000, 0, before, thread_look, after_posts},
    {"deadline", 3, 0, 40000, 0, before, thread_deadline, after_deadline},
    {"gone", 2, 0, 20000, 0, before_gone, thread_gone, nothing},
    {0},
};
