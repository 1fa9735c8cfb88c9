/* Which CPython a run's sides use, where some of them do: it is asked once, and all of them start the same. */
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/spawn.h"
#include "record/text.h"

enum { ASK_TIMEOUT_S = 30 };

static bool plan_has_python(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_cells; i++)
        if (strcmp(cell_word(&plan->cells[i], "load", ""), "python") == 0)
            return true;
    return false;
}

struct python {
    char text[64]; /* which one, or "none", or "unknown" */
    char executable[sizeof ((struct run *)0)->python_executable];
};

/* Returns 0, or an exit code. */
static int ask(struct python *python)
{
    struct spawn_result result;
    const char *text = "unknown", *executable = "python3";
    json_t *job = json_pack("{s:b}", "ask_python", 1);
    int error = spawn_side(job, NULL, ASK_TIMEOUT_S, &result);
    json_decref(job);
    if (error == -EINTR)
        return RUN_STOPPED;
    if (error) {
        fprintf(stderr, "poolbench: cannot start a process: %s\n", strerror(-error));
        return RUN_ERROR;
    }
    if (strcmp(result.status, "ok") == 0)
        json_unpack(result.metrics, "{s:s, s:s}", "text", &text, "executable", &executable);
    else if (strcmp(result.status, "limit") == 0)
        text = "none";
    snprintf(python->text, sizeof python->text, "%s", text);
    text_clean(python->text);
    snprintf(python->executable, sizeof python->executable, "%s", executable);
    spawn_release(&result);
    return 0;
}

int run_find_python(struct run *run)
{
    struct python python;
    if (!plan_has_python(&run->plan))
        return 0;
    int code = ask(&python);
    if (code)
        return code;
    json_t *now = json_pack("{s:s}", "python", python.text);
    const struct run_change *change = run_find_change(run->surroundings, now);
    json_object_update(run->surroundings, now);
    memcpy(run->python_executable, python.executable, sizeof run->python_executable);
    json_decref(now);
    return change ? run_refuse(run, "%s", change->refusal) : 0;
}

int run_look_at_python(const struct run *run, json_t *now)
{
    struct python python;
    if (!plan_has_python(&run->plan))
        return 0;
    int code = ask(&python);
    if (!code)
        json_object_set_new(now, "python", json_string(python.text));
    return code;
}
