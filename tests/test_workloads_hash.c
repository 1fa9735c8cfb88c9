/* Hash: every byte counts, also in a buffer that is no whole number of words, size and seed decide the value,
 * and a buffer that cannot be had is reported. */
#include "hash.h"
#include "test_workloads.h"

static void check_digest(void)
{
    unsigned char data[100] = { 0 };

    for (size_t n = 64; n < sizeof(data); n++) {
        uint64_t digest = hash__digest(data, n, 1);

        CHECK(digest == hash__digest(data, n, 1));
        CHECK(digest != hash__digest(data, n, 2));
        CHECK(digest != hash__digest(data, n - 1, 1));
        for (size_t at = 0; at < n; at++) {
            data[at] ^= 0x80;
            CHECK(digest != hash__digest(data, n, 1));
            data[at] ^= 0x80;
        }
    }
}

static uint64_t value_of(uint64_t size_bytes, uint64_t seed)
{
    struct trial trial;
    uint64_t value;

    trial_init(&trial, "hash");
    trial.config.values[0] = size_bytes;
    trial.config.seed = seed;
    CHECK_EQ(set_up(&trial), 0);
    value = run_task(&trial, 0);
    CHECK(passes(&trial, 20, run_from_threads(&trial, 20)));
    tear_down(&trial);
    return value;
}

/* A sanitizer's allocator is to fail as libc's does. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void check_too_large(void)
{
    struct trial trial;

    trial_init(&trial, "hash");
    trial.config.values[0] = UINT64_C(1) << 62;
    CHECK_EQ(trial.workload->setup(&trial.config, &trial.state), -ENOMEM);
    CHECK(!strcmp(trial.reason, "cannot allocate the buffer to hash: cannot allocate memory"));
}

int main(void)
{
    check_digest();
    for (uint64_t size_bytes = 64; size_bytes < 90; size_bytes++) {
        CHECK(value_of(size_bytes, 1) == value_of(size_bytes, 1));
        CHECK(value_of(size_bytes, 1) != value_of(size_bytes + 1, 1));
        CHECK(value_of(size_bytes, 1) != value_of(size_bytes, 2));
    }
    check_too_large();
    return check_failures() != 0;
}
