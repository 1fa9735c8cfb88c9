/* The only file that knows Google Benchmark. */
#include "gbench/gbench.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace {

/* Keeps the one run that is not an aggregate, and prints nothing. */
class Catcher : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context &) override { return true; }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            if (run.run_type != Run::RT_Iteration)
                continue;
            result.iterations = static_cast<uint64_t>(run.iterations);
            result.elapsed_ns = run.real_accumulated_time * 1e9;
            result.cpu_ns = run.cpu_accumulated_time * 1e9;
        }
    }

    gbench_result result = {};
};

} // namespace

void gbench_run(const char *name, gbench_prepare *prepare, gbench_iteration *iteration, void *context,
                uint64_t iterations, double min_time_ns, gbench_result *result)
{
    auto body = [=](benchmark::State &state) {
        if (!prepare(context))
            state.SkipWithError("not prepared");
        for (auto _ : state) {
            int64_t elapsed_ns = iteration(context);
            if (elapsed_ns < 0) {
                state.SkipWithError("failed");
                break;
            }
            state.SetIterationTime(static_cast<double>(elapsed_ns) * 1e-9);
        }
    };
    auto *registered = benchmark::RegisterBenchmark(name, body);
    registered->UseManualTime()->MeasureProcessCPUTime()->Unit(benchmark::kNanosecond)->Repetitions(1);
    if (iterations > 0)
        registered->Iterations(static_cast<benchmark::IterationCount>(iterations));
    else
        registered->MinTime(min_time_ns * 1e-9);
    Catcher catcher;
    benchmark::RunSpecifiedBenchmarks(&catcher, "all");
    *result = catcher.result;
}

char *gbench_rows_json(const gbench_row *rows, size_t n_rows)
{
    std::vector<benchmark::BenchmarkReporter::Run> runs;
    runs.reserve(n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        benchmark::BenchmarkReporter::Run run;
        run.run_name.function_name = rows[i].name;
        run.iterations = static_cast<benchmark::IterationCount>(rows[i].iterations);
        run.time_unit = benchmark::kNanosecond;
        run.real_accumulated_time = rows[i].real_ns * static_cast<double>(run.iterations) * 1e-9;
        run.cpu_accumulated_time = rows[i].cpu_ns * static_cast<double>(run.iterations) * 1e-9;
        run.family_index = 0;
        run.per_family_instance_index = 0;
        run.repetition_index = 0;
        run.repetitions = 1;
        run.statistics = nullptr;
        runs.push_back(run);
    }
    std::ostringstream text;
    benchmark::JSONReporter reporter;
    reporter.SetOutputStream(&text);
    reporter.SetErrorStream(&text);
    reporter.ReportRuns(runs);
    return strdup(text.str().c_str());
}
