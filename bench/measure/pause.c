/* Looks for what stood still.
 *
 * A process that is stopped and goes on is told by the kernel to its parent. Its helpers (a server, an interpreter) are
 * looked at where a side takes longer than a second. This run, its control group or a virtual machine as a whole that
 * stood still shows in a wait that ended far too late although no CPU was waited for. Sleep of the machine is the
 * difference of two clocks.
 */
#include "measure/pause.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "record/clock.h"

/* Timers may be late by less for reasons of their own. */
static const double least_s = 1;

enum { HELPERS_DEPTH = 8 };

/* How long this thread could have run but had no CPU; NAN where the kernel does not tell. */
static double read_waited_s(void)
{
    double waited_ns = NAN;
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (file && fscanf(file, "%*s %lf", &waited_ns) != 1)
        waited_ns = NAN;
    if (file)
        fclose(file);
    return waited_ns * 1e-9;
}

static int64_t read_boot_ahead_ns(void)
{
    struct timespec boot = { 0, 0 };
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - (int64_t)clock_now_ns();
}

void pause_begin(struct pause_watch *watch)
{
    *watch = (struct pause_watch){ .waited_s = read_waited_s(), .boot_ahead_ns = read_boot_ahead_ns() };
}

static bool is_stopped(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(text, sizeof text, file))
        text[0] = '\0';
    if (file)
        fclose(file);
    const char *name_end = strrchr(text, ')');
    return name_end && strncmp(name_end, ") T", 3) == 0;
}

/* The children of its first thread are those that it started to help it. */
static bool has_stopped_helper(pid_t pid, int depth)
{
    char path[64];
    int child;
    bool has = false;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = depth > 0 ? fopen(path, "re") : NULL;
    while (file && !has && fscanf(file, "%d", &child) == 1)
        has = is_stopped(child) || has_stopped_helper(child, depth - 1);
    if (file)
        fclose(file);
    return has;
}

/* A stop that was over before it was looked at tells its end alone. */
static void take_news(struct pause_watch *watch, pid_t pid, uint64_t now_ns)
{
    siginfo_t info = { 0 };
    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid == pid) {
        watch->was_stopped = true;
        if (info.si_code == CLD_STOPPED) {
            watch->stopped_ns = watch->stopped_ns ? watch->stopped_ns : now_ns;
        } else {
            watch->stopped_s += watch->stopped_ns ? (double)(now_ns - watch->stopped_ns) * 1e-9 : 0;
            watch->stopped_ns = 0;
        }
        info = (siginfo_t){ 0 };
    }
}

uint64_t pause_look(struct pause_watch *watch, pid_t pid, uint64_t due_ns)
{
    uint64_t now_ns = clock_now_ns();
    double waited_s = watch->waited_s, late_s = now_ns > due_ns ? (double)(now_ns - due_ns) * 1e-9 : 0;
    take_news(watch, pid, now_ns);
    if (now_ns >= due_ns)
        watch->was_helper_stopped = watch->was_helper_stopped || has_stopped_helper(pid, HELPERS_DEPTH);
    if (late_s < least_s)
        return 0;
    watch->waited_s = read_waited_s();
    double still_s = late_s - (watch->waited_s - waited_s);
    if (!(still_s >= least_s)) /* NAN neither */
        return 0;
    watch->still_s += still_s;
    return (uint64_t)(still_s * 1e9);
}

bool pause_end(struct pause_watch *watch, char *reason, size_t reason_bytes)
{
    watch->asleep_s = (double)(read_boot_ahead_ns() - watch->boot_ahead_ns) * 1e-9;
    if (watch->stopped_ns)
        watch->stopped_s += (double)(clock_now_ns() - watch->stopped_ns) * 1e-9;
    if (watch->was_stopped)
        snprintf(reason, reason_bytes, "its process was stopped by a signal for %.1f s", watch->stopped_s);
    else if (watch->was_helper_stopped)
        snprintf(reason, reason_bytes, "a process that it needs was stopped by a signal");
    else if (watch->asleep_s >= least_s)
        snprintf(reason, reason_bytes, "the machine slept for %.1f s", watch->asleep_s);
    else if (watch->still_s >= least_s)
        snprintf(reason, reason_bytes, "this run or its machine stood still for %.1f s", watch->still_s);
    else
        return false;
    return true;
}
