/* A thread that the system refuses: pool_create() gives -EAGAIN and leaves no thread and no memory behind. */
#include "check.h"
#include "refuse_threads.h"
#include "pool.h"

#include <errno.h>

enum { N_WORKERS = 5 };

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

int main(void)
{
    struct pool_options options = {.n_workers = N_WORKERS, .start_all = true};
    atomic_int n = 0;

    for (int k = 0; k <= N_WORKERS; k++) {
        struct pool *pool = NULL;

        refuse_threads(k, 1);
        if (k < N_WORKERS) {
            CHECK_EQ(pool_create(&pool, &options), -EAGAIN);
            CHECK(pool == NULL);
            CHECK_EQ(refuse_n_tried, k + 1);
        } else if (CHECK_EQ(pool_create(&pool, &options), 0)) {
            CHECK_EQ(pool_submit_many(pool, add_one, &n, 0, 100, NULL), 0);
            CHECK_EQ(pool_destroy(pool), 0);
        }
        CHECK_EQ(refuse_n_unjoined(), 0);
    }
    CHECK_EQ(n, 100);
    return check_failures() != 0;
}
