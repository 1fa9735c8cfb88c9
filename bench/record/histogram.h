/* Counts of durations in HdrHistogram's layout with 2 significant digits: 256 buckets up to 255 ns, then 128
 * buckets for each doubling, so that no value is off by more than 1/128. Adding never allocates. */
#ifndef RECORD_HISTOGRAM_H
#define RECORD_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

enum {
    HISTOGRAM_SUB_BUCKETS = 256,
    HISTOGRAM_HALF = HISTOGRAM_SUB_BUCKETS / 2,
    HISTOGRAM_DOUBLINGS = 34, /* up to 2^42 ns, which is over an hour; longer durations count as that */
    HISTOGRAM_BUCKETS = (HISTOGRAM_DOUBLINGS + 2) * HISTOGRAM_HALF,
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t n, max_ns;
    double sum_ns;
};

static inline unsigned histogram_bucket(uint64_t value_ns)
{
    if (value_ns >> (HISTOGRAM_DOUBLINGS + 8))
        return HISTOGRAM_BUCKETS - 1;
    unsigned doubling = 56u - (unsigned)__builtin_clzll(value_ns | (HISTOGRAM_SUB_BUCKETS - 1));
    return doubling * HISTOGRAM_HALF + (unsigned)(value_ns >> doubling);
}

static inline void histogram_add(struct histogram *histogram, uint64_t value_ns)
{
    histogram->counts[histogram_bucket(value_ns)]++;
    histogram->n++;
    histogram->sum_ns += (double)value_ns;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
}

/* Smallest and largest value that share a bucket. */
uint64_t histogram_lowest(unsigned bucket);
uint64_t histogram_highest(unsigned bucket);

/* The largest value equivalent to the one at this quantile (0 to 1), at most the maximum; 0 if empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

/* HdrHistogram's text format of percentiles (values in nanoseconds), and bucket counts as CSV. */
void histogram_print_percentiles(const struct histogram *histogram, FILE *file);
void histogram_print_buckets(const struct histogram *histogram, FILE *file);

#endif
