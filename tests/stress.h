/* What the stress programs share: rounds of choices from a printed seed, until the time is over.
 *
 * Round n makes its choices from seed + n, so that a round that failed can be begun with. Threads still meet as they
 * like: a seed repeats what they do, not when. POOLBENCH_STRESS_SEED sets the first seed, POOLBENCH_STRESS_SECONDS
 * for how many whole seconds rounds are begun. */
#ifndef STRESS_H
#define STRESS_H

#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    STRESS_SECONDS = 5,
    STRESS_SECONDS_MAX = 1000 * 1000 * 1000,
    STRESS_HANG_SECONDS = 80 /* for a round that takes milliseconds */
};

/* The sequence is Steele's and Vigna's splitmix64. */
static inline uint64_t stress_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline size_t stress_below(uint64_t *state, size_t n)
{
    return (size_t)((stress_random(state) >> 32) * n >> 32);
}

static inline bool stress_one_in(uint64_t *state, size_t n)
{
    return stress_below(state, n) == 0;
}

static inline void stress_sleep(int64_t ns)
{
    const struct timespec pause = {ns / 1000000000, ns % 1000000000};

    nanosleep(&pause, NULL);
}

/* Nothing, a yield, a little work or, rarely, a sleep. */
static inline void stress_dawdle(uint64_t *state)
{
    uint64_t random = stress_random(state);

    if (random % 64 == 0)
        stress_sleep((int64_t)(random >> 40) % 50000);
    else if (random % 8 == 0)
        sched_yield();
    else if (random % 8 == 1)
        for (atomic_int i = 0; i < (int)(random >> 54); i++)
            continue;
}

/* Lets the calling thread, and those that it creates from now on, run on the first n_cpus of the CPUs that the program
 * was given; 0 = on all. */
static inline void stress_bind(int n_cpus)
{
    static cpu_set_t all;
    static bool is_known;
    cpu_set_t some;

    if (!is_known)
        is_known = sched_getaffinity(0, sizeof all, &all) == 0;
    if (!is_known)
        return;
    CPU_ZERO(&some);
    for (int cpu = 0, n = 0; cpu < CPU_SETSIZE && (n_cpus == 0 || n < n_cpus); cpu++) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &some);
            n++;
        }
    }
    sched_setaffinity(0, sizeof some, &some);
}

static inline void stress_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    int error = pthread_create(thread, NULL, fn, arg);

    if (error != 0) {
        fprintf(stderr, "cannot create a thread: %s\n", strerror(error));
        exit(1);
    }
}

/* The value of a variable, a whole number from min to max; ends the program if it is none. */
static inline uint64_t stress_setting(const char *name, uint64_t otherwise, uint64_t min, uint64_t max)
{
    const char *text = getenv(name);
    uint64_t value;
    char *end;

    if (text == NULL)
        return otherwise;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < min || value > max) {
        fprintf(stderr, "%s is '%s': it must be a whole number from %" PRIu64 " to %" PRIu64 "\n", name, text,
                min, max);
        exit(1);
    }
    return value;
}

/* How to begin with the round that runs. */
static char stress_again[200];

static inline void stress_hang(int number)
{
    (void)number;
    if (write(STDOUT_FILENO, stress_again, strlen(stress_again)) >= 0)
        abort();
}

static inline void stress_run_one(void (*round)(uint64_t seed), uint64_t seed)
{
    snprintf(stress_again, sizeof stress_again, "again from this round: POOLBENCH_STRESS_SEED=%" PRIu64 " %s\n", seed,
             program_invocation_name);
    alarm(STRESS_HANG_SECONDS);
    round(seed);
    alarm(0);
}

/* Runs rounds; what main() returns. */
static inline int stress_run(void (*round)(uint64_t seed))
{
    uint64_t seconds = stress_setting("POOLBENCH_STRESS_SECONDS", STRESS_SECONDS, 1, STRESS_SECONDS_MAX);
    struct timespec now, began;
    uint64_t seed, n = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = stress_setting("POOLBENCH_STRESS_SEED", (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec, 0,
                          UINT64_MAX);
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    signal(SIGALRM, stress_hang);
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        stress_run_one(round, seed + n++);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (check_failures() == 0 && (uint64_t)(now.tv_sec - began.tv_sec) < seconds);
    printf("%" PRIu64 " rounds\n", n);
    if (check_failures() != 0)
        fputs(stress_again, stdout);
    return check_failures() != 0;
}

#endif
