/* Who stands where in open loads: a core, or a CPU where there is one core alone, for the generator; its tasks have the
 * others. */
#include "run/run.h"

void run_place_open(struct open_place *place, const cpu_set_t *cores, size_t n_cores, const cpu_set_t *pus,
                    size_t n_pus, size_t n_usable)
{
    const cpu_set_t *sets = n_cores < 2 ? pus : cores;
    size_t n_sets = n_cores < 2 ? n_pus : n_cores;
    *place = (struct open_place){ .generator_cpu = -1, .n_task_cpus = n_usable };
    if (n_usable < 2 || n_sets < 2)
        return;
    for (size_t i = 0; i + 1 < n_sets; i++)
        CPU_OR(&place->task_cpus, &place->task_cpus, &sets[i]);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &sets[n_sets - 1]))
            place->generator_cpu = cpu;
    size_t n = (size_t)CPU_COUNT(&place->task_cpus), most = n_usable - 1;
    place->n_task_cpus = n < most ? n : most;
}
