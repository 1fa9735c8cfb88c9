#!/usr/bin/env python3
"""A message names the true cause, and text from outside is looked at where it enters: what is no printable UTF-8 is
refused in one line or made printable, and no file lands anywhere else because of it."""
import os
import shutil
import signal

from broken_plugin import backend, build
from harness import (RUN_ERROR, RUN_OK, RUN_SOME_FAILED, Bench, await_true, check, check_complete, check_ended,
                     check_equal, document, end, journal, run_folders, run_parts)

PLAN = ("--profile", "smoke", "--filter", "^gap/", "--backends", "pool,raw,serial", "--rounds")
LATIN_1 = os.fsdecode(b"caf\xe9")
ESCAPES = "\x1b[31mred"


def limited(kib: int) -> tuple[str, ...]:
    """Files may have so many KiB."""
    return "bash", "-c", f'ulimit -f {kib} && exec "$@"', "bash"


def test_file_size() -> None:
    """`ulimit -f` is named, at the first file and at the journal; and the run can go on without it."""
    with Bench() as bench:
        ended = bench.run(*PLAN, "1", "--results", bench.results, before=limited(4))
        check_ended("a small limit", ended, RUN_ERROR, "cannot write", "File too large", "ulimit -f")
        results = bench.results / "journal"
        sample = bench.run(*PLAN, "1", "--results", results)
        check_ended("without a limit", sample, RUN_OK)
        kib = (sample.folder / "run.json").stat().st_size // 1024 + 8
        ended = bench.run(*PLAN, "200", "--results", results / "limited", before=limited(kib))
        check_ended("a limit", ended, RUN_ERROR, "cannot write the journal", "File too large", "ulimit -f")
        folder = run_folders(results / "limited")[0]
        lines = (folder / "journal.jsonl").read_text()
        check(lines.endswith("\n") and len(lines) <= kib * 1024, "half a line is left")
        process = bench.start("--resume", folder)
        await_true("it goes on", lambda: len(journal(folder)) > lines.count("\n"))
        process.send_signal(signal.SIGINT)
        end(process)


def take_away(bench: Bench, name: str, remove: str) -> None:
    """While a side is held, so that it is known to be in mid-run."""
    results = bench.results / name
    process = bench.start(*PLAN, "20", "--results", results)
    await_true("a line", lambda: any(len(journal(folder)) > 1 for folder in run_folders(results)))
    pid, folder = bench.hold(bench.sides), run_folders(results)[0]
    if remove == "moved":
        folder.rename(folder.with_name("moved"))
    elif remove == "made anew":
        shutil.rmtree(folder)
        folder.mkdir()
    elif remove == "journal":
        (folder / "journal.jsonl").unlink()
    else:
        shutil.rmtree(results)
    os.kill(pid, signal.SIGCONT)
    ended = end(process)
    check_ended(name, ended, RUN_ERROR, str(folder), "removed or moved")
    check("no room" not in ended.stderr and "--resume" not in ended.stderr, f"{name}: untrue:\n{ended.stderr}")
    check_equal(f"{name}: left running", bench.processes(), [])


def test_removed() -> None:
    with Bench() as bench:
        for i, remove in enumerate(("all", "moved", "made anew", "journal")):
            take_away(bench, str(i), remove)


def test_names() -> None:
    """Names of files that are no text: one line, and nothing is written. Relative names below such a folder work."""
    with Bench() as bench:
        odd = bench.top / LATIN_1
        odd.mkdir()
        (bench.top / "here").mkdir()
        for option in "--results", "--scratch", "--plugin", "--resume", "--filter", "--backends":
            for value in LATIN_1, ESCAPES, "two\nlines", "\u202eback":
                ended = bench.run(*PLAN, "1", option, value, cwd=bench.top / "here")
                check_ended(f"{option} {value!r}", ended, RUN_ERROR, "printable UTF-8")
                check(ended.stderr.rstrip("\n").isprintable(), f"printed: {ended.stderr!r}")
        ended = bench.run(*PLAN, "1", cwd=bench.top / "here", env={**os.environ, "TMPDIR": str(odd)})
        check_ended("TMPDIR", ended, RUN_ERROR, "TMPDIR", "printable UTF-8", "--scratch")
        check_equal("written", [*odd.iterdir(), *(bench.top / "here").iterdir()], [])
        plugin = backend(bench.top, "fine")
        shutil.copy(plugin, odd / "fine.so")
        ended = bench.run(*PLAN, "1", "--plugin", "fine.so", cwd=odd)
        check_ended("a plugin below such a folder", ended, RUN_ERROR, "plugin 'fine.so'", "printable UTF-8")
        files = ("--profile", "full", "--filter", "^io/read-warm/inflight:1/", "--backends", "pool", "--rounds", "1")
        ended = bench.run(*files, "--scratch", ".", "--results", "results", cwd=odd)
        check_ended("a run below such a folder", ended, RUN_OK)
        check_equal("left there", sorted(path.name for path in odd.iterdir()), ["fine.so", "results"])
        os.mkfifo(bench.top / "fifo.so")
        ended = bench.run(*PLAN, "1", "--plugin", bench.top / "fifo.so")
        check_ended("a plugin that is a FIFO", ended, RUN_ERROR, "no regular file")


def test_plugins() -> None:
    """What a plugin says of itself is text, or the plugin is refused; a reason is made one."""
    summaries = {"latin": r"caf\xe9", "colour": r"\033[31mred", "turned": r"\u202eback", "none": ""}
    with Bench() as bench:
        for name, summary in summaries.items():
            plugin = backend(bench.top, name)
            source = plugin.with_suffix(".c").read_text().replace("made to be broken", summary)
            plugin = build(bench.top, name, source)
            ended = bench.run(*PLAN, "1", "--plugin", plugin, "--results", bench.results)
            check_ended(name, ended, RUN_ERROR, f"backend '{name}'", "summary")
        reasons = {"words": r"caf\xe9 \033[31mred\nline", "cut": "x" + 200 * "\u00e9"}
        plugins = [backend(bench.top, name, create=f'snprintf(o->reason, o->reason_bytes, "%s", "{text}"); return -5')
                   for name, text in reasons.items()]
        options = [word for plugin in plugins for word in ("--plugin", plugin)]
        ended = bench.run(*options, "--profile", "smoke", "--filter", "^gap/", "--rounds", "1", "--backends",
                          "pool,words,cut", "--results", bench.results)
        check_ended("odd reasons", ended, RUN_SOME_FAILED)
        check_complete(ended.folder)
        seen = {sample["reason"] for sample in document(ended.folder)["samples"] if sample["backend"] == "words"}
        check_equal("a reason", seen, {"caf? ?[31mred line"})
        cut = {sample["reason"] for sample in document(ended.folder)["samples"] if sample["backend"] == "cut"}
        check_equal("a reason that was cut off", {text.strip("\u00e9") for text in cut}, {"x"})
        check("\x1b" not in ended.stderr and "caf? ?[31mred line" in ended.stderr, f"printed: {ended.stderr!r}")


MEASURING = r"""
#include <plugin.h>
#include <stddef.h>
static int setup(const struct workload_config *config, void **state) { (void)config; *state = (void *)1; return 0; }
static uint64_t run(void *state, uint64_t number) { (void)state; return number; }
static int check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    (void)state; (void)tally; (void)reason; (void)reason_bytes;
    return 0;
}
static size_t measure(void *state, struct workload_measure *measures, size_t n_max)
{
    (void)state; (void)n_max;
    measures[0] = (struct workload_measure){ MEASURE, 5 };
    return COUNT;
}
static void teardown(void *state) { (void)state; }
static const struct workload workload = { .name = "odd", .summary = "one with a measure", .setup = setup, .run = run,
                                          .check = check, .measure = measure, .teardown = teardown };
static const struct workload *const workloads[] = { &workload, NULL };
const struct poolbench_plugin poolbench_plugin = { POOLBENCH_PLUGIN_VERSION, NULL, workloads };
"""


def test_measures() -> None:
    """What a workload measures has a name, or its sides fail."""
    with Bench() as bench:
        for measure, count, words in ((r'"caf\xe9"', 1, "printed"), ('"fine"', 99, "more than 8"), ('"fine"', 1, "")):
            plugin = build(bench.top, "odd", MEASURING.replace("MEASURE,", f"{measure},").replace("COUNT", str(count)))
            ended = bench.run("--plugin", plugin, "--profile", "smoke", "--filter", "^cpu/odd", "--rounds", "1",
                              "--backends", "serial", "--results", bench.results)
            check_ended(measure, ended, RUN_SOME_FAILED if words else RUN_OK)
            check(words in ended.stderr, f"{measure}, {count}: {ended.stderr}")
            check_complete(ended.folder)


def test_closed() -> None:
    """Where nobody listens, no file of the run gets what was meant for him."""
    with Bench() as bench:
        ended = bench.run(*PLAN, "1", "--results", bench.results, before=("bash", "-c", 'exec "$@" <&- >&- 2>&-', "-"))
        check_equal("exit code", ended.code, RUN_ERROR)  # its folder could not be said
        check_complete(run_folders(bench.results)[0])


if __name__ == "__main__":
    run_parts([test_file_size, test_removed, test_names, test_plugins, test_measures, test_closed])
