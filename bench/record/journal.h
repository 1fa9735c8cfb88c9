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
    long long n_bytes; /* of whole lines; what stands behind them is torn */
    json_t *plan;      /* the first line, or NULL if it is not there yet */
    json_t *lines;     /* array of all others */
};

/* Opens or makes the journal of a run folder, locks it, and reads it; nothing of it is changed.
 * Returns 0, or a negative errno with a reason: -EWOULDBLOCK if another process holds it, -EBADMSG for a line that is
 * no journal's, -EPROTO for one of a newer version. */
int journal_open(struct journal *journal, const char *run_dir, char *reason, size_t reason_bytes);
void journal_close(struct journal *journal);

/* How far it goes now; and back to there, on the disk too. Returns 0 or a negative errno. */
struct journal_mark {
    size_t n_lines;
    long long n_bytes;
};
struct journal_mark journal_mark(const struct journal *journal);
int journal_cut(struct journal *journal, struct journal_mark mark);
/* Cuts off a torn last line, before the first line is appended. Returns 0 or a negative errno. */
int journal_settle(struct journal *journal);

/* Appends one line and syncs it; the first one must be the plan. The line's reference is taken.
 * Returns 0 or a negative errno; the line is then not part of the journal. -ENOENT: the file was removed meanwhile. */
int journal_append(struct journal *journal, json_t *line);

#endif
