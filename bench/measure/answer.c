/* An answer is held against what scripts can read and against what was asked. */
#include "measure/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/check.h"

static const struct check_field of_question[] = {
    { "status", CHECK_TEXT, false }, { "reason", CHECK_TEXT, false }, { "metrics", CHECK_OBJECT, false },
    { NULL, CHECK_TEXT, false },
};

static const struct check_field of_side[] = {
    { "iteration_ns", CHECK_NUMBER, true }, { "resident_peak_bytes", CHECK_NUMBER, true }, { NULL, CHECK_NUMBER, true },
};

static int check_beside(const json_t *answer, char *reason, size_t reason_bytes)
{
    int error = check_fields(answer, of_side, false, reason, reason_bytes);
    for (const struct check_field *f = of_side; f->name && !error; f++)
        if (json_number_value(json_object_get(answer, f->name)) < 0) {
            snprintf(reason, reason_bytes, "its '%s' is negative", f->name);
            error = -1;
        }
    return error;
}

/* A side that was well did what it was asked to do, as often as it was. */
static int check_work(const json_t *job, const json_t *answer, char *reason, size_t reason_bytes)
{
    json_int_t asked = json_integer_value(json_object_get(job, "iterations"));
    json_int_t done = json_integer_value(json_object_get(json_object_get(answer, "metrics"), "iterations"));
    bool is_ok = strcmp(json_string_value(json_object_get(answer, "status")), "ok") == 0;
    if (!is_ok || asked == 0 || asked == done)
        return 0;
    snprintf(reason, reason_bytes, "it did %lld iterations, and %lld were asked for", (long long)done,
             (long long)asked);
    return -1;
}

json_t *answer_read(const json_t *job, const struct cell *cell, const char *text, size_t n_text, char *reason,
                    size_t reason_bytes)
{
    char what[CHECK_REASON_BYTES] = "it is no line of JSON";
    json_t *answer = json_loadb(text, n_text, JSON_REJECT_DUPLICATES, NULL);
    int error = answer ? check_fields(answer, of_question, false, what, sizeof what) : -1;
    if (!error && cell)
        error = check_result(cell, answer, what, sizeof what);
    if (!error && cell)
        error = check_beside(answer, what, sizeof what);
    if (!error && cell)
        error = check_work(job, answer, what, sizeof what);
    if (!error)
        return answer;
    snprintf(reason, reason_bytes, "its answer is damaged: %.200s", what);
    json_decref(answer);
    return NULL;
}

void answer_take(const json_t *answer, struct spawn_result *result)
{
    snprintf(result->status, sizeof result->status, "%s", json_string_value(json_object_get(answer, "status")));
    snprintf(result->reason, sizeof result->reason, "%s", json_string_value(json_object_get(answer, "reason")));
    json_decref(result->metrics);
    result->metrics = json_incref(json_object_get(answer, "metrics"));
    result->histogram = json_incref(json_object_get(answer, "histogram"));
    result->timeline = json_incref(json_object_get(answer, "timeline"));
    result->lateness = json_incref(json_object_get(answer, "lateness"));
    json_t *iteration_ns = json_object_get(answer, "iteration_ns");
    result->iteration_ns = iteration_ns ? json_number_value(iteration_ns) : NAN;
}
