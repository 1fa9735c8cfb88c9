/* What a measuring process answered: foreign code ran in it, so nothing of it is believed before it was looked at. */
#ifndef MEASURE_ANSWER_H
#define MEASURE_ANSWER_H

#include <jansson.h>
#include <stddef.h>

#include "measure/spawn.h"

enum { ANSWER_MAX_BYTES = 2 << 20 }; /* several times what the largest histograms take */

/* Parses and checks the one line that answers this job, which measures a side of this cell or, without one, is a
 * question: whoever asked looks at what is said. Returns a new reference, or NULL with a reason. */
json_t *answer_read(const json_t *job, const struct cell *cell, const char *text, size_t n_text, char *reason,
                    size_t reason_bytes);

/* Takes what is in it. */
void answer_take(const json_t *answer, struct spawn_result *result);

#endif
