/* What this machine is, what this process may use of it, and where its threads may stand.
 *
 * The only place that knows hwloc. Called by the parent alone, never by a process that measures.
 * Every reader of /proc, /sys and cgroups takes a root, "" for the real machine, so that recorded trees
 * can test it. What cannot be known is the string "unknown", never empty and never 0.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <jansson.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "unknown.h"

struct machine; /* a loaded topology and the description made from it */

/* Reads the machine below root. Returns 0 or a negative errno. The caller ends it with machine_close(). */
int machine_open(const char *root, struct machine **out);
void machine_close(struct machine *machine);

/* The description, as the object that machine.json holds: processor, memory, kernel, cpufreq, clock,
 * virtualization, limits, build, ... Borrowed: lives as long as the machine. No host name, user name,
 * home path or free command line is in it. */
json_t *machine_description(const struct machine *machine);

/* The description as indented lines of text. */
void machine_print(const struct machine *machine, FILE *file);

/* What lies below a folder that IO workloads work in: type and options of the file system, model and kind of
 * the device; never the path. Returns 0 with a new reference in *out, or a negative errno: -ENOENT where the
 * folder is not there. */
int machine_describe_path(const char *root, const char *path, json_t **out);

/* A readable slug of processor and cores with a hash of the hardware only: amd-epyc-9b14-2c-1f3a9c07. */
const char *machine_id(const struct machine *machine);

/* CPUs that this process may use: the affinity mask, cut by the cgroup quota (rounded up), at least 1. */
size_t machine_usable_cpus(const struct machine *machine);

/* A short text of mask and quota, the same text only if both are the same: "0-1 quota none"; and the same as it is
 * now. */
enum { MACHINE_SETTING_BYTES = 512 };
const char *machine_cpu_setting(const struct machine *machine);
void machine_read_cpu_setting(const char *root, char *text, size_t size);

/* Prints hwloc's XML without HostName, ProcessName and other identifying values. Returns 0 or -ENOMEM. */
int machine_print_topology(const struct machine *machine, FILE *file);

enum machine_bind { MACHINE_BIND_NONE, MACHINE_BIND_CORE, MACHINE_BIND_PU };

/* The CPU sets to bind threads to, in the order in which to use them: one per allowed core or PU, cores
 * before second hardware threads. *n_sets is 0 for MACHINE_BIND_NONE, and for it alone. Free with free().
 * Each set is tried on the calling thread, whose mask is then as it was.
 * Returns 0 or a negative errno: -ENOTSUP where the topology is not this system's own, has none of the CPUs that may
 * be used, or where the system takes a mask and does not keep to it; the error of sched_setaffinity(2). */
int machine_placement(const struct machine *machine, enum machine_bind bind, cpu_set_t **sets, size_t *n_sets);

/* The same sets without the trial; and the trial of some. Both return 0 or the same errors. */
int machine_list_places(const struct machine *machine, enum machine_bind bind, cpu_set_t **sets, size_t *n_sets);
int machine_try_places(const cpu_set_t *sets, size_t n_sets);

/* How many more threads a run may create before the reserve begins (at least 1), and the name of the limit
 * that binds: "pid_max" (or "pid_max, assumed" where it is not shown), "threads-max", "RLIMIT_NPROC", "RLIMIT_AS",
 * "RLIMIT_DATA", "cgroup pids.max", "max_map_count", "memory". */
struct machine_headroom {
    size_t max_threads;
    char limit[32];
};

/* The reserve that a run leaves untouched, as constants that docs name. */
enum {
    MACHINE_RESERVE_PIDS = 2000,          /* process ids and threads, of every limit that counts them; a */
    MACHINE_RESERVE_PIDS_FRACTION = 4,    /* limit below 4 x 2000 keeps a quarter of itself instead */
    MACHINE_RESERVE_MEMORY_PERCENT = 20,  /* of MemTotal (or of a lower limit), at least 512 MiB or half */
    MACHINE_RESERVE_DISK_MIB = 256,       /* free space below which a run does not start or go on */
    MACHINE_THREAD_COST_BYTES = 64 << 10, /* of memory that a waiting thread may cost, kernel and user side */
};

void machine_headroom(const char *root, struct machine_headroom *headroom);

enum { MACHINE_FREQUENCY_CPUS = 16 }; /* the most CPUs whose frequency is read: each may take milliseconds */

/* Counters that a cell is bracketed with. Fields that cannot be read are NAN. */
struct machine_sample {
    double load1;          /* load average of the last minute */
    double steal_ms;       /* since boot, all CPUs */
    double throttled_ms;   /* since the cgroup was made */
    double frequency_mhz;  /* mean of the usable CPUs (the first 16) as the kernel reports it now */
    double oom_kills;      /* processes killed for lack of memory since boot, of a group or of the machine */
};

void machine_sample(const char *root, struct machine_sample *sample);

/* The least memory limit of the control groups of this process, above which memory is refused: INFINITY where they have
 * none, NAN where there are no groups. */
double machine_memory_limit_bytes(const char *root);

/* What will blur a run here, one row each, made once before a run. */
struct machine_warning {
    char name[32];    /* load, governor, quota, clock, steal, ... */
    char text[160];   /* what is the case */
    char advice[160]; /* what to do about it */
};

/* Fills at most n_max warnings, most important first; returns how many. */
size_t machine_warnings(const struct machine *machine, struct machine_warning *warnings, size_t n_max);

#endif
