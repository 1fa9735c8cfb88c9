/* Buckets cover every duration once and closely, and quantiles are those of the sorted values. With the word
 * `print` it reads numbers from stdin instead and prints their histogram, for the comparison with other
 * implementations. */
#include "check.h"
#include "record/histogram.h"
#include "workload.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t longest_ns = UINT64_C(1) << (HISTOGRAM_DOUBLINGS + 8);

static void test_buckets(void)
{
    CHECK_EQ(histogram_lowest(0), 0);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t lowest = histogram_lowest(i), highest = histogram_highest(i);
        CHECK_EQ(histogram_bucket(lowest), i);
        CHECK_EQ(histogram_bucket(highest), i);
        CHECK(lowest <= highest);
        CHECK((highest - lowest) * HISTOGRAM_HALF <= lowest);
        if (i + 1 < HISTOGRAM_BUCKETS)
            CHECK_EQ(histogram_lowest(i + 1), highest + 1);
        else
            CHECK_EQ(highest + 1, longest_ns);
    }
}

static void test_powers_of_two(void)
{
    for (uint64_t power = 1; power < longest_ns; power *= 2)
        for (int step = -1; step <= 1; step++) {
            uint64_t value = power + (uint64_t)step;
            unsigned bucket = histogram_bucket(value);
            CHECK(histogram_lowest(bucket) <= value && value <= histogram_highest(bucket));
        }
    CHECK_EQ(histogram_lowest(histogram_bucket(255)), 255);
    CHECK_EQ(histogram_highest(histogram_bucket(256)), 257);
}

/* Durations that are too long are counted, and the maximum stays exact. */
static void test_huge_values(void)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    const uint64_t values[] = { longest_ns - 1, longest_ns, UINT64_MAX / 2, UINT64_MAX };
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(histogram_bucket(values[i]), HISTOGRAM_BUCKETS - 1);
        histogram_add(histogram, values[i]);
    }
    CHECK_EQ(histogram->counts[HISTOGRAM_BUCKETS - 1], 4);
    CHECK_EQ(histogram->n, 4);
    CHECK(histogram->max_ns == UINT64_MAX);
    CHECK_EQ(histogram_quantile(histogram, 0.5), longest_ns - 1);
    free(histogram);
}

static void test_empty(void)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    CHECK_EQ(histogram_quantile(histogram, 0), 0);
    CHECK_EQ(histogram_quantile(histogram, 1), 0);
    free(histogram);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum { N_VALUES = 20000 };

/* From nanoseconds to minutes, evenly in the logarithm. */
static uint64_t *random_values(uint64_t seed)
{
    uint64_t *values = malloc(N_VALUES * sizeof *values);
    for (size_t i = 0; i < N_VALUES; i++) {
        uint64_t random = workload_mix(seed * N_VALUES + i);
        values[i] = (random | 1) >> (64 - 1 - random % 37);
    }
    return values;
}

static void add_all(struct histogram *histogram, const uint64_t *values)
{
    for (size_t i = 0; i < N_VALUES; i++)
        histogram_add(histogram, values[i]);
}

static void test_quantiles(uint64_t seed)
{
    static const double quantiles[] = { 0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 };
    struct histogram *histogram = calloc(1, sizeof *histogram);
    uint64_t *values = random_values(seed);
    double sum_ns = 0;
    add_all(histogram, values);
    qsort(values, N_VALUES, sizeof *values, compare);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        size_t rank = (size_t)ceil(quantiles[i] * N_VALUES - 1e-6);
        uint64_t exact = values[rank ? rank - 1 : 0], found = histogram_quantile(histogram, quantiles[i]);
        CHECK(found >= exact);
        CHECK(found - exact <= exact / HISTOGRAM_HALF);
    }
    CHECK_EQ(histogram_quantile(histogram, 1), values[N_VALUES - 1]);
    for (size_t i = 0; i < N_VALUES; i++)
        sum_ns += (double)values[i];
    CHECK(fabs(histogram->sum_ns - sum_ns) <= 1e-9 * sum_ns);
    free(values);
    free(histogram);
}

static int print_histogram(void)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    uint64_t value;
    while (scanf("%" SCNu64, &value) == 1)
        histogram_add(histogram, value);
    histogram_print_percentiles(histogram, stdout);
    printf("\n");
    histogram_print_buckets(histogram, stdout);
    free(histogram);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "print") == 0)
        return print_histogram();
    test_buckets();
    test_powers_of_two();
    test_huge_values();
    test_empty();
    for (uint64_t seed = 1; seed <= 5; seed++)
        test_quantiles(seed);
    return check_failures() != 0;
}
