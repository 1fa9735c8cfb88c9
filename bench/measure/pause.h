/* Whether something stood still while a side was measured: its process, stopped by a signal; this run; the machine.
 *
 * Each is seen as such and not guessed from how long a side took, so that a slow side is never taken for a paused one:
 * leaving out what was slow would be a bias.
 */
#ifndef MEASURE_PAUSE_H
#define MEASURE_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pause_watch {
    uint64_t stopped_ns;  /* when its process was stopped; 0: it runs */
    double stopped_s;     /* how long in all */
    bool was_stopped, was_helper_stopped;
    double still_s;       /* how long this process did not run, though it could have */
    double asleep_s;      /* how long the machine slept */
    double waited_s;      /* for a CPU, at the start: what other programs take is no pause */
    int64_t boot_ahead_ns;
};

/* Whoever waits looks about so often at a side that takes long. */
enum { PAUSE_LOOK_NS = 1000000000 };

void pause_begin(struct pause_watch *watch);

/* After each wait for the process of a side, which was to end at due_ns. Returns the nanoseconds for which this process
 * stood still, which a time-out must not count. */
uint64_t pause_look(struct pause_watch *watch, pid_t pid, uint64_t due_ns);

/* Whether there was a pause, and which. */
bool pause_end(struct pause_watch *watch, char *reason, size_t reason_bytes);

#endif
