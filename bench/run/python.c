/* Which CPython a run's sides use, where some of them do: it is asked once, and all of them start the same. */
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/spawn.h"

enum { ASK_TIMEOUT_S = 30 };

static bool plan_has_python(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_cells; i++)
        if (strcmp(cell_word(&plan->cells[i], "load", ""), "python") == 0)
            return true;
    return false;
}

int run_find_python(struct run *run)
{
    struct spawn_result result;
    const char *text = "unknown", *executable = "python3";
    if (!plan_has_python(&run->plan))
        return 0;
    json_t *job = json_pack("{s:b}", "ask_python", 1);
    int error = spawn_side(job, ASK_TIMEOUT_S, &result);
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
    bool is_another = run->python[0] && strcmp(run->python, text) != 0;
    snprintf(run->python, sizeof run->python, "%s", text);
    snprintf(run->python_executable, sizeof run->python_executable, "%s", executable);
    spawn_release(&result);
    if (is_another)
        fprintf(stderr, "poolbench: cannot resume '%s': it was measured with another python3\n", run->dir);
    return is_another ? RUN_ERROR : 0;
}
