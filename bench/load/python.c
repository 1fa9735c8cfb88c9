/* A batch at a time as a script has it: CPython runs the tasks, in a process of its own, and times them. */
#include "load/load.h"

#include <errno.h>

#include "backends/python.h"

/* The batch in words: the script knows the workload by its name. */
static json_t *make_order(const struct load_side *side)
{
    const struct workload_parameter *parameter = side->workload->parameters;
    json_t *order = json_pack("{s:s, s:I, s:I, s:I}", "workload", side->workload->name,
                              "first", (json_int_t)side->n_submitted, "tasks", (json_int_t)side->n_tasks,
                              "seed", (json_int_t)side->seed);
    for (size_t i = 0; parameter[i].name; i++)
        json_object_set_new(order, parameter[i].name, json_integer((json_int_t)side->values[i]));
    return order;
}

int64_t python_iterate(struct load_side *side)
{
    struct python_answer answer;
    if (!python_is(side->executor)) {
        side->error = -EINVAL;
        return -1;
    }
    json_t *order = make_order(side);
    side->error = python_run(side->backend, order, &answer);
    json_decref(order);
    if (side->error)
        return -1;
    side->n_submitted += side->n_tasks;
    tally_add_many(&side->tally, answer.n_run, answer.value_sum);
    side->elsewhere_cpu_ns += answer.cpu_ns;
    return (int64_t)answer.elapsed_ns;
}
