/* Sleep: a wait that was interrupted goes on to its end, and one that returned early is refused. */
#include "test_workloads.h"

#include <sys/syscall.h>
#include <time.h>

static atomic_int n_interrupts; /* this many of the next waits are interrupted */
static atomic_bool is_early;    /* waits return at once */

/* Stands in for libc's, which is this system call. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    if (atomic_load(&is_early))
        return 0;
    if (atomic_load(&n_interrupts) > 0 && atomic_fetch_sub(&n_interrupts, 1) > 0)
        return EINTR;
    return syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
}

int main(void)
{
    struct trial trial;
    uint64_t sum;

    trial_init(&trial, "sleep");
    CHECK_EQ(set_up(&trial), 0);
    CHECK(passes(&trial, 20, run_from_threads(&trial, 20)));

    atomic_store(&n_interrupts, 10);
    CHECK(passes(&trial, 20, run_from_threads(&trial, 20)));
    CHECK(atomic_load(&n_interrupts) <= 0);
    tear_down(&trial);

    trial.config.values[0] = UINT64_C(10000000000);
    CHECK_EQ(set_up(&trial), 0);
    atomic_store(&is_early, true);
    sum = run_from_threads(&trial, 20);
    CHECK_EQ(judge(&trial, 20, 20, sum), -EBADMSG);
    CHECK(!strcmp(trial.reason, "20 of 20 tasks woke before their time"));
    tear_down(&trial);
    return check_failures() != 0;
}
