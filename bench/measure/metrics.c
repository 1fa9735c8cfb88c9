/* What a measuring process tells of its side, as the metrics of results/README.md. */
#include "measure/measuring.h"

#include <math.h>

#include "measure/open.h"

void set_real(json_t *object, const char *name, double value)
{
    if (isfinite(value))
        json_object_set_new(object, name, json_real(value));
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* Only those with at least one task on either side of them. */
static void add_quantiles(json_t *metrics, struct recorder *recorder)
{
    static const struct { const char *name; double quantile; } quantiles[] = {
        { "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 },
    };
    const struct histogram *sojourn = &recorder->sojourn;
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        if ((double)sojourn->n * (1 - quantiles[i].quantile) >= 1 - 1e-9)
            set_count(metrics, quantiles[i].name, histogram_quantile(sojourn, quantiles[i].quantile));
    set_count(metrics, "max_ns", sojourn->max_ns);
    set_real(metrics, "mean_ns", sojourn->sum_ns / (double)sojourn->n);
    if (recorder->service.n == 0) /* whole batches, which have no parts */
        return;
    set_count(metrics, "lateness_p50_ns", histogram_quantile(&recorder->lateness, 0.5));
    set_count(metrics, "queue_p50_ns", histogram_quantile(&recorder->queue, 0.5));
    set_count(metrics, "service_p50_ns", histogram_quantile(&recorder->service, 0.5));
    set_count(metrics, "delivery_p50_ns", histogram_quantile(&recorder->delivery, 0.5));
}

static void add_depth(json_t *metrics, const struct load_depth *depth)
{
    set_count(metrics, "held", depth->n_held);
    if (depth->n_held == 0)
        return;
    set_real(metrics, "submit_ns", depth->submit_ns);
    set_real(metrics, "bytes_per_task", depth->bytes_per_task);
    set_real(metrics, "kernel_bytes_per_task", depth->kernel_bytes_per_task);
}

static void add_program(json_t *metrics, const struct load_program *program, double iterations)
{
    set_count(metrics, "first_result_ns", histogram_quantile(&program->result.first, 0.5));
    if (program->setting.poll_ns >= 0)
        set_real(metrics, "polls", (double)program->result.n_looks / iterations);
}

/* What was timed, of a side that did all its tasks. */
static void add_times(json_t *metrics, const struct measuring *m)
{
    const struct load_side *side = &m->side;
    double tasks_each = m->floor ? (double)m->floor->n_operations : (double)(side->n_tasks * side->n_batches);
    double n_tasks = tasks_each * (double)m->result.iterations;
    if (side->load && side->load->iterate == open_iterate) {
        n_tasks = (double)side->open.n_accepted;
        if (n_tasks > 0)
            add_quantiles(metrics, side->recorder);
        open_add_metrics(metrics, side);
    } else if (side->stamped) {
        n_tasks = (double)side->recorder->sojourn.n;
        add_quantiles(metrics, side->recorder);
        set_real(metrics, "cpu_ns", (m->result.cpu_ns - (double)side->spun_ns) / n_tasks);
    } else if (side->idle_ns) {
        set_real(metrics, "idle_cpu_share", (double)side->idle_cpu_ns / (double)side->idle_ns);
    } else if (!side->gated) {
        set_real(metrics, "time_ns", m->result.elapsed_ns / n_tasks);
        bool elsewhere = !m->floor && side->executor->capabilities & EXECUTOR_ELSEWHERE;
        if (!elsewhere || side->elsewhere_cpu_ns)
            set_real(metrics, "cpu_ns", (elsewhere ? (double)side->elsewhere_cpu_ns : m->result.cpu_ns) / n_tasks);
        set_real(metrics, "first_ns", m->first_ns / tasks_each);
    }
    set_count(metrics, "iterations", m->result.iterations);
    set_count(metrics, "tasks", (uint64_t)n_tasks);
    if (m->settled != SETTLED_UNKNOWN)
        set_count(metrics, "settled", m->settled == SETTLED);
    for (size_t i = 0; i < m->n_measures; i++)
        set_real(metrics, m->measures[i].name, m->measures[i].value / (double)side->n_submitted);
}

json_t *measuring_metrics(struct measuring *m, int error)
{
    json_t *metrics = json_object();
    const struct load_side *side = &m->side;
    if (!error)
        add_times(metrics, m);
    if (m->floor)
        return metrics;
    if (side->gated)
        add_depth(metrics, &side->depth);
    if (side->counts_threads)
        set_count(metrics, "threads_seen", atomic_load(&side->n_threads_seen));
    if (side->program.idiom)
        set_count(metrics, "lines", side->program.idiom->n_lines);
    struct tally_sum sum = tally_sum(&side->tally);
    set_count(metrics, "inline_tasks", sum.n_inline);
    if (side->executor && side->executor->capabilities & EXECUTOR_HELPS)
        set_real(metrics, "inline_share", (double)sum.n_inline / (double)sum.n_run);
    if (!error)
        set_real(metrics, "same_cpu", load_same_cpu(side));
    if (load_is_program(side)) { /* which tells nothing of its threads */
        if (!error)
            add_program(metrics, &side->program, (double)m->result.iterations);
        return metrics;
    }
    set_count(metrics, "threads_created", side->counters.threads_created);
    set_count(metrics, "threads_refused", side->counters.threads_refused);
    set_count(metrics, "threads_peak", side->counters.threads_peak);
    return metrics;
}

json_t *measuring_histogram(const struct histogram *histogram)
{
    json_t *buckets = json_array();
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i])
            json_array_append_new(buckets, json_pack("[iI]", (int)i, (json_int_t)histogram->counts[i]));
    return buckets;
}
