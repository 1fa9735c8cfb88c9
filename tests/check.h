/* CHECK(condition) prints what does not hold and goes on; a test ends with `return check_failures() != 0;`.
 * CHECK_EQ compares two integers and prints both. Any thread may check. */
#ifndef CHECK_H
#define CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static atomic_int check_n_failures;

static inline bool check_that(bool holds, const char *file, int line, const char *text)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
        atomic_fetch_add(&check_n_failures, 1);
    }
    return holds;
}

static inline bool check_equal(long long a, long long b, const char *file, int line, const char *text)
{
    if (a != b) {
        fprintf(stderr, "%s:%d: %s: %lld is not %lld\n", file, line, text, a, b);
        atomic_fetch_add(&check_n_failures, 1);
    }
    return a == b;
}

static inline int check_failures(void)
{
    return atomic_load(&check_n_failures);
}

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQ(a, b) check_equal((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b)

#endif
