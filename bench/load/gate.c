/* A batch behind a gate: every task is outstanding before the first one goes on, so that what an outstanding task
 * costs can be read off. A refusal ends the ramp there, and so does a backend that has no place left and runs a task on
 * the thread that submits it. */
#include "load/load.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/clock.h"

struct memory {
    double resident_bytes; /* of this process */
    double kernel_bytes;   /* kernel stacks of the whole machine, page tables of this process */
};

/* The number after `name:` in a file of /proc, in KiB there, in bytes here; NAN if it is not there. */
static double read_kib(const char *path, const char *name)
{
    char line[256];
    double kib = NAN;
    FILE *file = fopen(path, "re");
    size_t length = strlen(name);
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            sscanf(line + length + 1, "%lf", &kib);
    if (file)
        fclose(file);
    return kib * 1024;
}

/* The kernel's own count of resident pages lags behind by some for each thread or CPU, so they are walked where
 * the kernel offers that. */
static struct memory read_memory(void)
{
    double resident_bytes = read_kib("/proc/self/smaps_rollup", "Rss");
    return (struct memory){
        .resident_bytes = isnan(resident_bytes) ? read_kib("/proc/self/status", "VmRSS") : resident_bytes,
        .kernel_bytes = read_kib("/proc/meminfo", "KernelStack") + read_kib("/proc/self/status", "VmPTE"),
    };
}

/* Until the tasks that can run have reached the gate, and so have touched what they touch: when no more came for
 * some milliseconds. */
static void await_arrivals(struct load_side *side)
{
    static const struct timespec pause = { .tv_nsec = 5000000 };
    uint64_t n_before, n_now = 0;
    do {
        n_before = n_now;
        nanosleep(&pause, NULL);
        n_now = atomic_load_explicit(&side->n_arrived, memory_order_relaxed);
    } while (n_now != n_before);
}

static uint64_t submit_until_refused(struct load_side *side)
{
    for (uint64_t i = 0; i < side->n_tasks; i++) {
        side->error = side->executor->submit(side->backend, load_task_gated, side->args + i);
        if (side->error)
            return i;
        if (side->spilled) {
            side->error = -ENOBUFS;
            return i + 1;
        }
    }
    return side->n_tasks;
}

int64_t gate_iterate(struct load_side *side)
{
    pthread_rwlock_wrlock(&side->gate);
    read_memory(); /* what reading itself takes is there from now on */
    struct memory before = read_memory();
    uint64_t start = clock_now_ns();
    uint64_t n_accepted = submit_until_refused(side), n_held = n_accepted - (side->error == -ENOBUFS);
    uint64_t submitted = clock_now_ns();
    await_arrivals(side);
    struct memory after = read_memory();
    uint64_t opened = clock_now_ns();
    pthread_rwlock_unlock(&side->gate);
    int waited = load_wait(side, n_accepted);
    uint64_t end = clock_now_ns();

    double n = n_held ? (double)n_held : 1;
    side->depth = (struct load_depth){
        .n_held = n_held,
        .submit_ns = (double)(submitted - start) / n,
        .bytes_per_task = (after.resident_bytes - before.resident_bytes) / n,
        .kernel_bytes_per_task = (after.kernel_bytes - before.kernel_bytes) / n,
    };
    if (!side->error)
        side->error = waited;
    return side->error ? -1 : (int64_t)(submitted - start + end - opened);
}
