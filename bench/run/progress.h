/* How far a run is, on stderr: one line that is drawn over on a terminal, a line per round elsewhere. */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool terminal;
    double done_ms, total_ms; /* as expected beforehand; their ratio to real time corrects the rest */
    uint64_t start_ns;
};

void progress_start(struct progress *progress, double total_ms);

/* What is measured now. */
void progress_show(const struct progress *progress, const char *what, const char *backend);

/* That has been done. */
void progress_add(struct progress *progress, double expected_ms);

/* A line that stays, such as the end of a round. */
void progress_note(const struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Clears the line that is drawn over. */
void progress_end(const struct progress *progress);

#endif
