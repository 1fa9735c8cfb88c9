/* Writes the job of a measuring process. */
#include "measure/side.h"

#include <stdio.h>
#include <string.h>

#include "record/document.h"

static json_t *cpus_json(const cpu_set_t *set)
{
    json_t *cpus = json_array();
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set))
            json_array_append_new(cpus, json_integer(cpu));
    return cpus;
}

static json_t *cpusets_json(const struct side_setting *setting)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < setting->n_cpusets; i++)
        json_array_append_new(sets, cpus_json(&setting->cpusets[i]));
    return sets;
}

json_t *side_job(const struct cell *cell, const struct side *side, const struct side_setting *setting,
                 uint64_t iterations, double min_time_ns)
{
    const char *workload = cell->workload ? cell->workload->name : "";
    json_t *calibration = json_object_get(setting->calibration, workload);
    json_t *job = json_object();
    json_object_set_new(job, "cell", json_string(cell->name));
    json_object_set_new(job, "experiment", json_string(cell->experiment->name));
    json_object_set_new(job, "workload", json_string(workload));
    json_object_set_new(job, "keys", document_keys(cell));
    json_object_set_new(job, "backend", json_string(side->backend));
    json_object_set_new(job, "workers", json_integer((json_int_t)side->workers));
    json_object_set_new(job, "iterations", json_integer((json_int_t)iterations));
    json_object_set_new(job, "once", json_boolean(cell->once));
    json_object_set_new(job, "side_ms", json_integer(cell->side_ms));
    json_object_set_new(job, "min_time_ns", json_real(min_time_ns));
    json_object_set_new(job, "seed", json_integer((json_int_t)setting->seed));
    json_object_set_new(job, "calibration", calibration ? json_incref(calibration) : json_integer(0));
    json_object_set_new(job, "stack_bytes", json_integer((json_int_t)setting->stack_bytes));
    json_object_set_new(job, "max_threads", json_integer((json_int_t)setting->max_threads));
    json_object_set_new(job, "thread_limit", json_string(setting->thread_limit));
    json_object_set_new(job, "scratch_dir", json_string(setting->scratch_dir));
    json_object_set_new(job, "plugins", plugins_paths(setting->plugins, setting->n_plugins, side->backend, workload));
    json_object_set_new(job, "python", json_string(setting->python));
    json_object_set_new(job, "cpusets", cpusets_json(setting));
    json_object_set_new(job, "round", json_integer((json_int_t)setting->round));
    json_object_set_new(job, "service_ns", json_real(setting->service_ns));
    json_object_set_new(job, "capacity_per_s", json_real(setting->capacity_per_s));
    json_object_set_new(job, "generator_cpu", json_integer(setting->open_place->generator_cpu));
    json_object_set_new(job, "task_cpus", cpus_json(&setting->open_place->task_cpus));
    json_object_set_new(job, "floor_cpus", json_pack("[ii]", setting->floor_cpus[0], setting->floor_cpus[1]));
    return job;
}
