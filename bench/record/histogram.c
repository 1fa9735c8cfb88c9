/* Reading and printing of histograms. */
#include "record/histogram.h"

#include <math.h>

uint64_t histogram_lowest(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB_BUCKETS)
        return bucket;
    unsigned doubling = bucket / HISTOGRAM_HALF - 1;
    return (uint64_t)(bucket - doubling * HISTOGRAM_HALF) << doubling;
}

uint64_t histogram_highest(unsigned bucket)
{
    return histogram_lowest(bucket + 1) - 1;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    if (histogram->n == 0)
        return 0;
    double exact = quantile * (double)histogram->n;
    uint64_t rank = exact < 1 ? 1 : (uint64_t)ceil(exact - 1e-9 * exact), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen >= rank) {
            uint64_t highest = histogram_highest(i);
            return highest < histogram->max_ns ? highest : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}

void histogram_print_percentiles(const struct histogram *histogram, FILE *file)
{
    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    double mean = histogram->n ? histogram->sum_ns / (double)histogram->n : 0, squares = 0;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = histogram->counts[i];
        if (count == 0)
            continue;
        double middle = (double)(histogram_lowest(i) + histogram_highest(i)) / 2;
        squares += (middle - mean) * (middle - mean) * (double)count;
        seen += count;
        double quantile = (double)seen / (double)histogram->n;
        uint64_t value = histogram_quantile(histogram, quantile);
        if (seen < histogram->n)
            fprintf(file, "%12.3f %2.12f %10llu %14.2f\n", (double)value, quantile, (unsigned long long)seen,
                    1 / (1 - quantile));
        else
            fprintf(file, "%12.3f %2.12f %10llu\n", (double)value, quantile, (unsigned long long)seen);
    }
    double deviation = histogram->n ? sqrt(squares / (double)histogram->n) : 0;
    fprintf(file, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean, deviation);
    fprintf(file, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)histogram->max_ns,
            (unsigned long long)histogram->n);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_DOUBLINGS + 1, HISTOGRAM_SUB_BUCKETS);
}

void histogram_print_buckets(const struct histogram *histogram, FILE *file)
{
    fprintf(file, "lowest_ns,highest_ns,count\n");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i])
            fprintf(file, "%llu,%llu,%llu\n", (unsigned long long)histogram_lowest(i),
                    (unsigned long long)histogram_highest(i), (unsigned long long)histogram->counts[i]);
}
