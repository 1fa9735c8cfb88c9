/* The table of profiles: how many rounds, which grids, and the milliseconds that one side may take in one
 * round. Fixed before a run, so that two machines measure the same things. `poolbench list budget` prints
 * what it adds up to. */
#include "plan/plan.h"

#include <string.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define KIB UINT64_C(1024)

static const struct profile_row smoke[] = {
    { "floors", "", 5, { 0 } },
    { "reuse", "empty", 8, { 10 } },
    { "grain", "spin", 8, { 10 * US } },
    { "depth", "empty", 10, { 1000 } },
    { "oneoff", "empty", 8, { 0 } },
    { "io", "sleep", 8, { 1, 64 } },
    { "cpu", "hash", 8, { 0 } },
    { "gil", "gil-cpu", 8, { 2 } },
    { "gil", "gil-io", 8, { 4 } },
    { "threads", "empty", 8, { 1000 } },
    { "gap", "empty", 8, { 1 * MS } },
    { "forget", "empty", 8, { 10000 } },
    { "kinds", "bimodal", 8, { 1 } },
    { "kinds", "spin", 8, { 1 } },
    { "longrun", "spin", 20, { 20 * MS } },
    { "sizing", "mix", 8, { 10 } },
    { "openload", "spin", 20, { 120 } },
    { "burst", "spin", 20, { 80, 150 } },
    { "spawn", "fib", 8, { 10 } },
    { "map", "spin", 8, { 100 } },
    { "idle", "empty", 60, { 50 * MS } },
    { "inject", "empty", 8, { 2 } },
    { "bounded", "empty", 8, { 2 } },
    { "shortmap", "empty", 8, { 2 } },
    { "handle", "empty", 8, { 0 } },
    { "metg", "spin", 8, { 1 * US } },
    { "crowd", "empty", 8, { 2, 64 } },
    { "fanout", "spin", 8, { 10000 } },
    { "results", "empty", 8, { GRID_ZERO, 8 } },
    { "status", "spin", 8, { GRID_ZERO, 1000 } },
    { "state", "spin", 8, { 1 * MS } },
    { "first", "spin", 8, { 0 } },
    { "steps", "spin", 8, { 0 } },
    { .experiment = NULL },
};

static const struct profile_row quick[] = {
    { "floors", "", 30, { 0 } },
    { "reuse", "empty", 60, { 1, 10, 100 } },
    { "grain", "spin", 60, { 100, 1 * US, 3 * US, 10 * US, 30 * US, 100 * US, 300 * US, 1 * MS, 10 * MS } },
    { "depth", "empty", 400, { 1000, 10000, 100000 } },
    { "oneoff", "empty", 60, { 0 } },
    { "io", "sleep", 60, { 1, 8, 64 } },
    { "io", "echo", 60, { 1, 64 } },
    { "gap", "empty", 60, { GRID_ZERO, 10 * US, 1 * MS, 100 * MS } },
    { .experiment = NULL },
};

/* Lengths of grain: three a decade, and ten a decade from 30 us to 3 ms, where threads break even. */
static const struct profile_row full[] = {
    { "floors", "", 50, { 0 } },
    { "reuse", "empty", 100, { 1, 2, 5, 10, 20, 50, 100 } },
    { "grain", "spin", 100, {
        50, 100, 200, 500, 1 * US, 2 * US, 5 * US, 10 * US, 20 * US,
        30 * US, 38 * US, 48 * US, 60 * US, 75 * US, 95 * US, 120 * US, 150 * US, 190 * US, 240 * US,
        300 * US, 380 * US, 480 * US, 600 * US, 750 * US, 950 * US, 1200 * US, 1500 * US, 1900 * US, 2400 * US,
        3 * MS, 5 * MS, 10 * MS } },
    { "grain", "hash", 100, { 4 * KIB, 16 * KIB, 256 * KIB, 4096 * KIB } },
    { "depth", "empty", 500, { 100, 1000, 10000, 100000, 1000000 } },
    { "oneoff", "empty", 100, { 0 } },
    { "io", "sleep", 100, { 1, 4, 16, 64, 256, 1024, 4096 } },
    { "io", "echo", 100, { 1, 4, 16, 64, 256, 1024, 4096 } },
    { "io", "pipe", 100, { 1, 16, 64, 1024 } },
    { "io", "read-warm", 100, { 1, 16, 64 } },
    { "io", "read-cold", 100, { 1, 4, 16, 64, 256 } },
    { "io", "write-sync", 100, { 1, 4, 16, 64 } },
    { "io", "lock-wait", 100, { 1, 8, 64 } },
    { "cpu", "hash", 100, { 0 } },
    { "cpu", "gemm", 100, { 0 } },
    { "cpu", "chase", 100, { 0 } },
    { "cpu", "alloc", 100, { 0 } },
    { "cpu", "triad", 100, { 0 } },
    { "cpu", "false-share", 100, { 0 } },
    { "gil", "gil-cpu", 200, { 8 } },
    { "gil", "gil-io", 100, { 16 } },
    { "threads", "empty", 50, { 1000 } },
    { "gap", "empty", 150, { GRID_ZERO, 10 * US, 100 * US, 1 * MS, 10 * MS, 100 * MS } },
    { "forget", "empty", 400, { 100, 1000, 10000 } },
    { "fanout", "spin", 250, { 10000 } },
    { "results", "empty", 200, { GRID_ZERO, 8, 64, 1 * KIB, 64 * KIB } },
    { "status", "spin", 500, { GRID_ZERO, 100, 1000, 10000 } },
    { "state", "spin", 150, { GRID_ZERO, 100 * US, 1 * MS, 10 * MS } },
    { "first", "spin", 300, { 0 } },
    { "steps", "spin", 250, { 0 } },
    { "kinds", "spin", 100, { 1 } },
    { "kinds", "bimodal", 100, { 1, 8, 64 } },
    { "kinds", "pareto", 100, { 1 } },
    { "longrun", "spin", 1000, { 1000 * MS } },
    { "sizing", "mix", 100, { 10, 50 } },
    { "openload", "spin", 300, { 10, 50, 80, 90, 100, 120, 150 } },
    { "openload", "exponential", 300, { 80 } },
    { "burst", "spin", 300, { 50, 80, 150 } },
    { .experiment = NULL },
};

/* What tells pools apart, for which backends of plugins are given: see docs/peers.md. */
static const struct profile_row peers[] = {
    { "floors", "", 30, { 0 } },
    { "grain", "spin", 60, { 300, 1 * US, 10 * US, 100 * US, 1 * MS } },
    { "metg", "spin", 24, { 20, 50, 100, 200, 500, 1 * US, 2 * US, 5 * US, 10 * US, 20 * US, 50 * US, 100 * US } },
    { "inject", "empty", 30, { 1, 2 } },
    { "bounded", "empty", 30, { 1, 64 } },
    { "crowd", "empty", 30, { 2, 64 } },
    { "gap", "empty", 60, { GRID_ZERO, 1 * MS } },
    { "handle", "empty", 30, { 0 } },
    { "shortmap", "empty", 30, { 2, 64 } },
    { "spawn", "fib", 60, { 16, 20 } },
    { "map", "spin", 60, { 100, 1 * US } },
    { "oneoff", "empty", 60, { 0 } },
    { "idle", "empty", 200, { 200 * MS } },
    { "depth", "empty", 100, { 1000, 10000, 100000 } },
    { .experiment = NULL },
};

const struct profile profile_table[] = {
    { "smoke", "every part once, in seconds: decides nothing", 3, smoke, false, 1, 0, false },
    { "quick", "the headline claims within five minutes", 10, quick, false, 1, 0, true },
    { "full", "every claim in about an hour", 80, full, false, 4, 60, true },
    { "peers", "the pool beside those of other libraries, given as plugins", 12, peers, true, 1, 0, false },
    { .name = NULL },
};

const struct profile *profile_find(const char *name)
{
    for (const struct profile *p = profile_table; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}
