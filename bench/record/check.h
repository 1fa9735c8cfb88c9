/* Whether what was read can be what a run wrote: the answer of a measuring process, the lines of a journal.
 * All that is read back is looked at here before anything is measured, so that no later reader finds a surprise.
 *
 * Each returns 0, or -EBADMSG with a reason, in one line that can be printed. */
#ifndef RECORD_CHECK_H
#define RECORD_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

/* A number is 0, or its size lies between these: scripts read no others. */
#define CHECK_NUMBER_MIN 1e-9
#define CHECK_NUMBER_MAX 1e18

enum {
    CHECK_REASON_BYTES = 256,
    CHECK_TASKS_MAX_LOG2 = 40, /* more tasks than any process runs */
};

/* What a field holds: a printable text, a count (a whole number that is not negative), a number, an object, a list. */
enum check_kind { CHECK_TEXT, CHECK_COUNT, CHECK_NUMBER, CHECK_OBJECT, CHECK_LIST };

struct check_field {
    const char *name; /* NULL ends a table */
    enum check_kind kind;
    bool optional;
};

/* An object that has these fields, each of its kind; and no others, if it is closed. */
int check_fields(const json_t *object, const struct check_field *fields, bool is_closed, char *reason,
                 size_t reason_bytes);

/* What a side brings: status, reason, metrics, and histogram, timeline and lateness where the cell has them. The object
 * may have other fields. */
int check_result(const struct cell *cell, const json_t *result, char *reason, size_t reason_bytes);

/* The first line of a journal. Whether it is of this plan tells its hash. */
int check_plan_line(const json_t *line, char *reason, size_t reason_bytes);

/* A line with a sample: of which round and which side of the plan it is. */
int check_line(const struct plan *plan, const json_t *line, size_t *round, struct plan_step *step, char *reason,
               size_t reason_bytes);

/* All lines but the first, of which none is there twice; *number is that of the line at fault, as an editor counts. */
int check_lines(const struct plan *plan, const json_t *lines, size_t *number, char *reason, size_t reason_bytes);

#endif
