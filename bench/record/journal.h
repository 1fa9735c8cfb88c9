/* The journal: the plan's line, then one line per side and round, appended and synced one by one. What a run
 * measured is in it or was not measured; results/README.md describes the lines. */
#ifndef RECORD_JOURNAL_H
#define RECORD_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { JOURNAL_SCHEMA = 1 };

struct journal {
    int fd;
    json_t *plan;  /* the first line, or NULL if it is not there yet */
    json_t *lines; /* array of all others */
};

/* Opens or makes the journal of a run folder, locks it, reads it, and cuts off a torn last line.
 * Returns 0 or a negative errno: -EWOULDBLOCK if another process holds it, -EBADMSG for a line that is
 * no journal's, -EPROTO for one of a newer version. */
int journal_open(struct journal *journal, const char *run_dir);
void journal_close(struct journal *journal);

/* Appends one line and syncs it; the first one must be the plan. The line's reference is taken.
 * Returns 0 or a negative errno; the line is then not part of the journal. */
int journal_append(struct journal *journal, json_t *line);

#endif
