/* A product of two small matrices of doubles, which fit in a cache and are read by all tasks: arithmetic at the rate of
 * the processor's vector units.
 *
 * The elements are small integers, so that every sum is exact in whatever order it is taken and the digest does
 * not depend on the processor. A row of the product is on the stack and is never written elsewhere.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

enum { ORDER_MAX = 256, ELEMENT_RANGE = 15, CACHE_LINE_BYTES = 128 };

struct gemm {
    double *a, *b; /* order x order, row by row */
    size_t order;
    uint64_t digest; /* of the product */
};

static const struct workload_parameter gemm_parameters[] = {
    { "order", "rows and columns of the matrices", 64, 8, ORDER_MAX },
    { NULL, NULL, 0, 0, 0 },
};

/* Never inlined, and the compiler knows nothing of the elements: the work is done each time. */
__attribute__((noinline)) static uint64_t multiply(const struct gemm *gemm)
{
    size_t n = gemm->order;
    const double *a = gemm->a, *b = gemm->b;
    double row[ORDER_MAX];
    uint64_t digest = 0;

    __asm__ volatile("" : "+r"(a), "+r"(b) : : "memory");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            row[j] = 0;
        for (size_t k = 0; k < n; k++) {
            double factor = a[i * n + k];

            for (size_t j = 0; j < n; j++)
                row[j] += factor * b[k * n + j];
        }
        for (size_t j = 0; j < n; j++)
            digest += (uint64_t)(int64_t)row[j] * (2 * (i * n + j) + 1);
    }
    return digest;
}

static void fill(double *elements, size_t n_elements, uint64_t key)
{
    for (size_t i = 0; i < n_elements; i++)
        elements[i] = (double)(workload_mix(i ^ key) % ELEMENT_RANGE) - ELEMENT_RANGE / 2;
}

static int gemm_setup(const struct workload_config *config, void **state)
{
    struct gemm *gemm = malloc(sizeof(*gemm));
    size_t order = config->values[0], n_elements = order * order;
    void *elements = NULL;
    int error = gemm ? posix_memalign(&elements, CACHE_LINE_BYTES, 2 * n_elements * sizeof(double)) : ENOMEM;

    if (error) {
        free(gemm);
        return workload__fail(config, error, "cannot allocate the matrices");
    }
    *gemm = (struct gemm){ .a = elements, .b = (double *)elements + n_elements, .order = order };
    fill(gemm->a, 2 * n_elements, config->seed);
    gemm->digest = multiply(gemm);
    *state = gemm;
    return 0;
}

static uint64_t gemm_run(void *state, uint64_t index)
{
    return workload_mix(index) + multiply(state);
}

static int gemm_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    const struct gemm *gemm = state;
    uint64_t n = tally->n_submitted;

    return workload__check(tally, workload__mix_sum(n, 0) + n * gemm->digest, reason, reason_bytes);
}

static void gemm_teardown(void *state)
{
    struct gemm *gemm = state;

    free(gemm->a);
    free(gemm);
}

const struct workload workload_gemm = {
    .name = "gemm",
    .kind = WORKLOAD_CPU,
    .summary = "product of two small matrices",
    .parameters = gemm_parameters,
    .setup = gemm_setup,
    .run = gemm_run,
    .check = gemm_check,
    .teardown = gemm_teardown,
};
