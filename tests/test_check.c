/* What is read back is held against the plan: whatever field of a journal's line is not as it was written is found, and
 * the reason can be printed. And what makes a text printable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "record/check.h"
#include "record/folder.h"
#include "record/journal.h"
#include "record/text.h"

/* A cell of each kind, by the start of its name, and what its sides measure. */
static const char throughput[] = "reuse/", latency[] = "gap/", open_load[] = "openload/";

static json_t *parse(const char *text)
{
    json_error_t where;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &where);
    if (!json)
        fprintf(stderr, "%s: %s\n", text, where.text);
    return json;
}

static const struct cell *find_cell(const struct plan *plan, const char *start)
{
    for (size_t i = 0; i < plan->n_cells; i++) {
        const char *load = cell_word(&plan->cells[i], "load", "");
        if (strncmp(plan->cells[i].name, start, strlen(start)) == 0
            && (start != open_load || strcmp(load, "open") == 0))
            return &plan->cells[i];
    }
    abort();
}

static json_t *make_line(const struct cell *cell)
{
    const char *mode = cell_word(cell, "mode", ""), *load = cell_word(cell, "load", "");
    json_t *line = parse("{\"schema\": 1, \"round\": 1, \"status\": \"ok\", \"reason\": \"\", \"wall_s\": 0.5,"
                         " \"metrics\": {\"iterations\": 3, \"tasks\": 5, \"time_ns\": 9.5, \"mean_ns\": 7},"
                         " \"environment\": {\"load1\": 0.5, \"steal_ms\": \"unknown\"}}");
    json_object_set_new(line, "cell", json_string(cell->name));
    json_object_set_new(line, "backend", json_string(cell->sides[0].backend));
    json_object_set_new(line, "workers", json_integer((json_int_t)cell->sides[0].workers));
    if (strcmp(mode, "latency") == 0)
        json_object_set_new(line, "histogram", parse("[[3, 2], [5, 3]]"));
    if (strcmp(load, "open") == 0) {
        json_object_set_new(line, "lateness", parse("[[4, 5]]"));
        json_object_set_new(line, "timeline", parse(
            "{\"bin_ms\": 2.5, \"offered\": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1], \"done\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"
            " \"in_time\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"));
    }
    return line;
}

/* One field, or one of an object in it, is another: a part of the reason. A value "-" takes it away. */
static const struct {
    const char *cell, *field, *value, *reason;
} wrong[] = {
    { throughput, "schema", "-", "no 'schema'" },
    { throughput, "round", "999", "round 999" },
    { throughput, "round", "2", "round 2" },
    { throughput, "round", "-1", "'round' is not a count" },
    { throughput, "round", "1.0", "'round' is not a count" },
    { throughput, "round", "true", "'round' is not a count" },
    { throughput, "cell", "\"reuse/nothing\"", "not one of the plan" },
    { throughput, "cell", "\"\"", "not one of the plan" },
    { throughput, "cell", "\"\\u001b[31mred\"", "'cell' is not a printable text" },
    { throughput, "cell", "null", "'cell' is not a printable text" },
    { throughput, "backend", "\"nonsense\"", "no side 'nonsense'" },
    { throughput, "backend", "[]", "'backend'" },
    { throughput, "workers", "4095", "4095 workers" },
    { throughput, "workers", "-1", "'workers'" },
    { throughput, "status", "\"fine\"", "status is 'fine'" },
    { throughput, "status", "1", "'status'" },
    { throughput, "status", "\"failed\"", "failed with no reason" },
    { throughput, "reason", "\"none\"", "ok with a reason" },
    { throughput, "reason", "\"a\\u202eb\"", "'reason' is not a printable text" },
    { throughput, "metrics", "{}", "iterations" },
    { throughput, "metrics", "[]", "'metrics' is not an object" },
    { throughput, "metrics", "{\"iterations\": 1, \"tasks\": 1}", "no metric 'time_ns'" },
    { throughput, "metrics.tasks", "-", "tasks" },
    { throughput, "metrics.iterations", "0.5", "iterations" },
    { throughput, "metrics.time_ns", "\"fast\"", "'time_ns'" },
    { throughput, "metrics.time_ns", "-5", "'time_ns' is negative" },
    { throughput, "metrics.time_ns", "1e300", "'time_ns'" },
    { throughput, "metrics.time_ns", "1e-300", "'time_ns'" },
    { throughput, "metrics.time_ns", "null", "'time_ns'" },
    { throughput, "metrics.same_cpu", "1.001", "'same_cpu' is a share of more than all" },
    { throughput, "metrics.same_cpu", "-0.5", "'same_cpu' is negative" },
    { throughput, "metrics.same_cpu", "\"unknown\"", "'same_cpu'" },
    { throughput, "metrics.\x1b[31m", "1", "name that is none" },
    { throughput, "environment", "-", "'environment'" },
    { throughput, "environment.load1", "\"much\"", "'load1'" },
    { throughput, "environment.load1", "{}", "'load1'" },
    { throughput, "wall_s", "-1", "'wall_s' is negative" },
    { throughput, "wall_s", "\"1\"", "'wall_s'" },
    { throughput, "histogram", "[[3, 5]]", "'histogram', which no side" },
    { throughput, "timeline", "{}", "'timeline', which no side" },
    { throughput, "else", "1", "'else', which nothing" },
    { latency, "histogram", "-", "lacks 'histogram'" },
    { latency, "histogram", "{}", "'histogram' is not a list" },
    { latency, "histogram", "[[3, 4]]", "histogram is of 4 tasks" },
    { latency, "histogram", "[[3, 2], [3, 3]]", "order" },
    { latency, "histogram", "[[5, 2], [3, 3]]", "order" },
    { latency, "histogram", "[[3, -5]]", "no [bucket, count]" },
    { latency, "histogram", "[[99999, 5]]", "no [bucket, count]" },
    { latency, "histogram", "[[3, 5, 1]]", "no [bucket, count]" },
    { latency, "histogram", "[5]", "no [bucket, count]" },
    { latency, "histogram", "[[3, 9000000000000000000]]", "no [bucket, count]" },
    { latency, "metrics.mean_ns", "-", "no metric 'mean_ns'" },
    { latency, "lateness", "[]", "'lateness', which no side" },
    { open_load, "timeline", "-", "lacks 'timeline'" },
    { open_load, "lateness", "-", "lacks 'lateness'" },
    { open_load, "lateness", "[[4, \"5\"]]", "no [bucket, count]" },
    { open_load, "timeline.bin_ms", "0", "'bin_ms'" },
    { open_load, "timeline.done", "[1]", "'done' is no list" },
    { open_load, "timeline.done", "-", "'done'" },
    { open_load, "timeline.offered", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,-1]", "'offered' is no list" },
    { open_load, "timeline.else", "1", "'else'" },
};

static void change(json_t *line, const char *field, const char *value)
{
    char name[64];
    const char *dot = strchr(field, '.');
    json_t *object = line;
    if (dot) {
        snprintf(name, sizeof name, "%.*s", (int)(dot - field), field);
        object = json_object_get(line, name);
        field = dot + 1;
    }
    if (strcmp(value, "-") == 0)
        json_object_del(object, field);
    else
        json_object_set_new(object, field, parse(value));
}

static void check_wrong_lines(const struct plan *plan)
{
    char reason[CHECK_REASON_BYTES];
    size_t round;
    struct plan_step step;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *line = make_line(find_cell(plan, wrong[i].cell));
        CHECK_EQ(check_line(plan, line, &round, &step, reason, sizeof reason), 0);
        change(line, wrong[i].field, wrong[i].value);
        reason[0] = '\0';
        bool refused = check_line(plan, line, &round, &step, reason, sizeof reason) != 0;
        if (!CHECK(refused) || !CHECK(strstr(reason, wrong[i].reason)) || !CHECK(text_is_printable(reason)))
            fprintf(stderr, "%s%s = %s: '%s'\n", wrong[i].cell, wrong[i].field, wrong[i].value, reason);
        json_decref(line);
    }
}

/* Sides that did not end well have no latencies, and may have no metrics. */
static void check_failed_side(const struct plan *plan)
{
    char reason[CHECK_REASON_BYTES];
    size_t round;
    struct plan_step step;
    json_t *line = make_line(find_cell(plan, latency));
    change(line, "status", "\"limit\"");
    change(line, "reason", "\"refused\"");
    CHECK(check_line(plan, line, &round, &step, reason, sizeof reason) != 0);
    change(line, "histogram", "-");
    change(line, "metrics", "{}");
    CHECK_EQ(check_line(plan, line, &round, &step, reason, sizeof reason), 0);
    CHECK_EQ(round, 1);
    json_decref(line);
}

static void check_twice(const struct plan *plan)
{
    char reason[CHECK_REASON_BYTES];
    size_t number = 0;
    json_t *lines = json_array();
    json_array_append_new(lines, make_line(find_cell(plan, throughput)));
    json_array_append_new(lines, make_line(find_cell(plan, latency)));
    CHECK_EQ(check_lines(plan, lines, &number, reason, sizeof reason), 0);
    json_array_append_new(lines, make_line(find_cell(plan, throughput)));
    CHECK(check_lines(plan, lines, &number, reason, sizeof reason) != 0 && strstr(reason, "there already"));
    CHECK_EQ(number, 4);
    json_decref(lines);
}

static void check_plan_lines(void)
{
    static const struct { const char *field, *value; } wrong_plans[] = {
        { "plan", "7" }, { "plan", "-" }, { "iterations", "[[1, 0]]" }, { "iterations", "[[1], [-3]]" },
        { "iterations", "[[1, 1.5]]" }, { "iterations", "[[1], [\"2\"]]" }, { "iterations", "2" },
        { "iterations", "[[]]" }, { "iterations", "[[1], 2]" }, { "iterations", "[[1], {}]" },
        { "calibration", "[]" }, { "calibration.spin", "0" }, { "calibration.spin", "-1" },
        { "calibration.spin", "\"fast\"" }, { "calibration.spin", "1.5" }, { "else", "1" },
    };
    char reason[CHECK_REASON_BYTES];
    for (size_t i = 0; i < sizeof wrong_plans / sizeof *wrong_plans; i++) {
        json_t *line = parse("{\"schema\": 1, \"plan\": \"ab\", \"calibration\": {\"spin\": 5},"
                             " \"iterations\": [[1, 2], [3]]}");
        CHECK_EQ(check_plan_line(line, reason, sizeof reason), 0);
        change(line, wrong_plans[i].field, wrong_plans[i].value);
        if (!CHECK(check_plan_line(line, reason, sizeof reason) != 0))
            fprintf(stderr, "%s = %s\n", wrong_plans[i].field, wrong_plans[i].value);
        json_decref(line);
    }
}

/* What is no line of a journal at all: the second one, behind a plan. */
static void check_no_lines(const char *folder)
{
    static const struct { const char *line, *reason; } broken[] = {
        { "{\"schema\": 1, \"wall_s\": NaN}", "line 2 is damaged" },
        { "{\"schema\": 1, \"wall_s\": 1e999}", "line 2 is damaged" },
        { "{\"schema\": 1, \"round\": 99999999999999999999}", "line 2 is damaged" },
        { "{\"schema\": 1, \"round\": 1, \"round\": 2}", "duplicate" },
        { "{\"schema\": 1, \"round\"", "line 2 is damaged" },
        { "{\"schema\": 1} {}", "line 2 is damaged" },
        { "{\"schema\": 1, \"reason\": \"\xe9\"}", "line 2 is damaged" },
        { "{\"schema\": 1, \"reason\": \"\\u0000\"}", "line 2 is damaged" },
        { "{\"schema\": \"1\"}", "no 'schema'" },
        { "{\"schema\": 2}", "newer version" },
        { "{\"schema\": 0}", "no version" },
        { "{}", "no 'schema'" },
        { "[1]", "no 'schema'" },
        { "7", "line 2 is damaged" },
        { "", "line 2 is damaged" },
        { "\x1b[31m", "line 2 is damaged" },
        { NULL, "depth" },
    };
    static char deep[100000];
    char path[256], reason[FOLDER_REASON_BYTES];
    struct journal journal;
    memset(deep, '[', sizeof deep - 1);
    snprintf(path, sizeof path, "%s/journal.jsonl", folder);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        FILE *file = fopen(path, "w");
        fprintf(file, "{\"schema\": 1, \"plan\": \"ab\"}\n%s\n{\"torn", broken[i].line ? broken[i].line : deep);
        fclose(file);
        reason[0] = '\0';
        bool refused = journal_open(&journal, folder, reason, sizeof reason) != 0;
        if (!CHECK(refused) || !CHECK(strstr(reason, broken[i].reason)) || !CHECK(text_is_printable(reason)))
            fprintf(stderr, "%s: '%s'\n", broken[i].line, reason);
    }
    unlink(path);
}

static void check_texts(void)
{
    static const struct { const char *text, *clean; } texts[] = {
        { "plain", "plain" },           { "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL },
        { "a\x1b[31mb", "a?[31mb" },    { "two\nlines\tand\r", "two lines and " },
        { "\xe9t\xe9", "?t" },          { "cut \xe2\x82", "cut " },
        { "\xc0\xaf", "??" },           { "\xed\xa0\x80", "???" },
        { "\xf4\x90\x80\x80", "????" }, { "\xc2\x9b" "31m", "?31m" },
        { "a\xe2\x80\xae" "b", "a?b" }, { "\xef\xbb\xbf" "bom", "?bom" },
        { "\x7f", "?" },                { "\xf8\x88\x80\x80\x80", "?????" },
        { "\xef\xbf\xbf", "?" },        { "", "" },
    };
    char text[64];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *clean = texts[i].clean ? texts[i].clean : texts[i].text;
        snprintf(text, sizeof text, "%s", texts[i].text);
        CHECK(text_is_printable(text) == (strcmp(clean, text) == 0));
        text_clean(text);
        if (!CHECK(strcmp(text, clean) == 0) || !CHECK(text_is_printable(text)))
            fprintf(stderr, "text %zu became '%s'\n", i, text);
    }
}

int main(void)
{
    static const char *const backends[] = { "pool", "raw", "serial", "pool-reject", NULL };
    const struct plan_factors factors = {
        .profile = profile_find("smoke"), .seed = 1, .rounds = 2, .cpus_usable = 2, .workers = { 2 }, .n_workers = 1,
        .backends = backends,
    };
    struct plan plan;
    if (!CHECK(plan_init(&plan, &factors) == 0))
        return 1;
    check_wrong_lines(&plan);
    check_failed_side(&plan);
    check_twice(&plan);
    check_plan_lines();
    check_texts();
    char folder[] = "/tmp/poolbench-test-XXXXXX";
    if (CHECK(mkdtemp(folder) != NULL)) {
        check_no_lines(folder);
        rmdir(folder);
    }
    plan_release(&plan);
    return check_failures() != 0;
}
