/* Google Benchmark, as C sees it: one benchmark run in this process, and the writing of its JSON schema. */
#ifndef GBENCH_H
#define GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One iteration: returns the nanoseconds it took by its own clock, or a negative number to end the
 * benchmark. Its context knows why. */
typedef int64_t gbench_iteration(void *context);

/* Called right before iterations are timed, perhaps several times where their number is searched for.
 * Returns false to end the benchmark. */
typedef bool gbench_prepare(void *context);

struct gbench_result {
    uint64_t iterations; /* timed */
    double elapsed_ns;   /* all of them, by manual time */
    double cpu_ns;       /* processor time of the whole process meanwhile */
};

/* Runs one registered benchmark with manual time: `iterations` of them, or, where that is 0, as many as
 * Google Benchmark's own search needs for min_time_ns. Once a process. */
void gbench_run(const char *name, gbench_prepare *prepare, gbench_iteration *iteration, void *context,
                uint64_t iterations, double min_time_ns, struct gbench_result *result);

/* One row of run_type iteration. */
struct gbench_row {
    const char *name;
    uint64_t iterations;
    double real_ns, cpu_ns; /* of one iteration */
};

/* The rows as the JSON text of "benchmarks": [...], written by Google Benchmark's own JSONReporter.
 * Free with free(). NULL without memory. */
char *gbench_rows_json(const struct gbench_row *rows, size_t n_rows);

#ifdef __cplusplus
}
#endif

#endif
