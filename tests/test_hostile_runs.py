#!/usr/bin/env python3
"""Run folders that nobody measured: missing, torn, empty, absurd, endless, and made at random. Each ends in one clear
line or in a report; no code runs, nothing is written outside of the folder, and no more than 1 GiB of memory is taken.

What reading refuses is tried on the reader that all scripts share; some of it on every script.
"""
import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_helpers import REPORT, TOP, main

from madeup_run import EXPERIMENTS, make_documents, write_run

from base.files import RunError
from base.read import read_run
from draw import peers_table, pictures
from judge import advice, verdicts
from report import as_html, as_markdown, lastpage, tables
from report.contents import contents

MEMORY_MAX_BYTES = 1 << 30
SECONDS_MAX = 60
READERS = [[str(REPORT), "--no-plots"], [str(TOP / "scripts" / "advise"), "--task-us", "10", "--rate", "1000"],
           [str(TOP / "scripts" / "trust"), "smallest"], [str(TOP / "scripts" / "cite")]]
SEED = int(os.environ.get("POOLBENCH_FUZZ_SEED", "1"))
TRIALS = int(os.environ.get("POOLBENCH_FUZZ_TRIALS", "60"))


class Ended:
    """How a script ended, with what it took at most."""

    def __init__(self, command: list[str]) -> None:
        begin = time.monotonic()
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, errors="replace")
        assert process.stdout and process.stderr
        killer = threading.Timer(SECONDS_MAX, process.kill)
        killer.start()
        self.out, self.err = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.peak_bytes = usage.ru_maxrss * 1024
        self.seconds = time.monotonic() - begin

    def check_refused(self, *words: str) -> None:
        assert self.code == 1 and self.out == "", (self.code, self.out[:200], self.err[:500])
        check_line(self.err.removesuffix("\n"), *words)
        self.check_modest()

    def check_modest(self) -> None:
        assert "Traceback" not in self.err, self.err[-2000:]
        assert self.peak_bytes <= MEMORY_MAX_BYTES, f"{self.peak_bytes >> 20} MiB"
        assert self.seconds < SECONDS_MAX, f"{self.seconds:.0f} s"


def check_line(line: str, *words: str) -> None:
    assert line.isprintable() and len(line) < 1000, line[:2000]
    assert any(word in line for word in words), line


def sound(folder: Path, **options: Any) -> Path:
    return write_run(folder, *make_documents("smoke", only=["floors", "grain", "gap"], **options))


def refused(folder: Path, change: Callable[[Path], Any], *words: str) -> None:
    run = sound(folder)
    change(run)
    try:
        read_run(run)
    except RunError as error:
        check_line(str(error), *words)
        return
    raise AssertionError(f"it was read: {folder.name}")


def refused_by(readers: list[list[str]], folder: Path, change: Callable[[Path], Any], *words: str) -> None:
    """For what takes a process of its own: memory, time, and how a script ends."""
    run = sound(folder)
    change(run)
    for reader in readers:
        Ended([*reader, str(run)]).check_refused(*words)


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def write(run: Path) -> None:
        document = json.loads((run / name).read_text())
        change(document)
        (run / name).write_text(json.dumps(document))
    return write


def metric(value: str) -> Callable[[Path], None]:
    """One value of run.json, as it stands in the file."""
    def write(run: Path) -> None:
        text = (run / "run.json").read_text()
        (run / "run.json").write_text(re.sub(r'("time_ns": )[\d.]+', lambda found: found[1] + value, text, count=1))
    return write


def of_samples(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return changed("run.json", lambda document: change(document["samples"][0]))


def write_bytes(name: str, data: bytes) -> Callable[[Path], None]:
    def write(run: Path) -> None:
        (run / name).write_bytes(data)
    return write


def packed(name: str, parts: Callable[[], Any]) -> Callable[[Path], None]:
    """In place of the file, as .gz: what is small on disk and large in memory."""
    def write(run: Path) -> None:
        (run / name).unlink()
        with gzip.open(run / f"{name}.gz", "wb", compresslevel=1) as file:
            for part in parts():
                file.write(part)
    return write


def test_missing_and_torn(folder: Path) -> None:
    refused_by(READERS, folder / "nowhere", lambda run: (run / "run.json").rename(run / "x.json"), "has no run.json")
    refused(folder / "none", lambda run: (run / "run.json").unlink(), "has no run.json")
    refused(folder / "empty", write_bytes("run.json", b""), "is no complete JSON")
    refused_by(READERS, folder / "torn", lambda run: os.truncate(run / "run.json", 5000), "is no complete JSON")
    refused(folder / "list", write_bytes("run.json", b"[]"), "is not an object")
    refused(folder / "journal", write_bytes("journal.jsonl", b"{}\n{\n"), "line 2 is no complete JSON")
    refused(folder / "machine", write_bytes("machine.json", b"\xff\xfe"), "is no complete JSON")
    refused(folder / "gz", lambda run: (run / "run.json").rename(run / "run.json.gz"), "cannot read")
    refused(folder / "no samples", changed("run.json", lambda of: of.update(samples=[])), "nothing was measured")
    refused(folder / "newer", changed("run.json", lambda of: of.update(schema=99)), "use a newer poolbench")


def test_absurd_numbers(folder: Path) -> None:
    for i, (value, words) in enumerate((
            ("NaN", "no number of JSON"), ("Infinity", "no number of JSON"), ("1e999", "too large"),
            ("-5", "it cannot be negative"), ("1e300", "nothing is measured so"), ("1e-300", "nothing is measured so"),
            ("9" * 5000, "too large"), ('"x"', "is not a number"), ("true", "is not a number"),
            ("null", "is not a number"), ("{}", "is not a number"))):
        refused(folder / str(i), metric(value), words)


def test_absurd_counts(folder: Path) -> None:
    """Loops would go on for as long as these say."""
    def of_first(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
        return changed("run.json", lambda document: change(document[name][0]))

    def line(change: dict[str, Any]) -> Callable[[Path], None]:
        def write(run: Path) -> None:
            lines = (run / "journal.jsonl").read_text().splitlines()
            lines[1] = json.dumps({**json.loads(lines[1]), **change})
            (run / "journal.jsonl").write_text("\n".join(lines) + "\n")
        return write

    refused(folder / "workers", of_first("cells", lambda of: of["sides"][0].update(workers=10 ** 9)), "no backend has")
    refused(folder / "twice", of_first("cells", lambda of: of["sides"].append(of["sides"][0])), "has one side twice")
    refused(folder / "keys", of_first("cells", lambda of: of["keys"].update(percent=1e300)), "nothing is measured so")
    refused(folder / "cells", changed("run.json", lambda of: of["cells"].extend(of["cells"] * 1000)), "no run has more")
    refused(folder / "alike", changed("run.json", lambda of: of["cells"].append(of["cells"][0])), "two cells of one")
    refused(folder / "cpus", changed("run.json", lambda of: of["factors"].update(cpus_usable=10 ** 12)), "CPUs 1 to")
    refused(folder / "backends", changed("run.json", lambda of: of["factors"].update(backends=[[]])), "is not a text")
    refused(folder / "long", changed("run.json", lambda of: of["run"].update(duration_s=1e17)), "has a duration")
    refused(folder / "tasks", line({"histogram": [[5, 1 << 52]]}), "is no [bucket, count]")
    refused(folder / "sum", line({"histogram": [[5, 1 << 40]] * 3}), "more tasks than any")
    refused(folder / "no list", line({"histogram": 5}), "is not a list")
    refused(folder / "bins", line({"timeline": {"bin_ms": 1e-300, "offered": [], "done": [], "in_time": []}}),
            "nothing is measured so")


def test_absurd_samples(folder: Path) -> None:
    refused(folder / "round", of_samples(lambda of: of.update(round=10 ** 6)), "is of round 1000000")
    refused(folder / "before", of_samples(lambda of: of.update(round=-1)), "is of round -1")
    refused(folder / "cell", of_samples(lambda of: of.update(cell="../../etc/passwd")), "of no side of a cell")
    refused(folder / "status", of_samples(lambda of: of.update(status="fine")), "unknown status")
    refused(folder / "rounds", changed("run.json", lambda of: of["factors"].update(rounds=10 ** 9)), "rounds are 1 to")
    refused(folder / "cpus", changed("run.json", lambda of: of["factors"].update(cpus_usable=0)), "CPUs 1 to")
    refused(folder / "name", changed("run.json", lambda of: of["experiments"][0].update(name="../x")),
            "a name that is none")

    def twice(document: dict[str, Any]) -> None:
        document["samples"].append(document["samples"][0])
    refused(folder / "twice", changed("run.json", twice), "is there twice")


def test_what_never_ends(folder: Path) -> None:
    def pipe(run: Path) -> None:
        (run / "run.json").unlink()
        os.mkfifo(run / "run.json")

    def zeros(run: Path) -> None:
        (run / "journal.jsonl").unlink()
        (run / "journal.jsonl").symlink_to("/dev/zero")

    refused_by(READERS[:1], folder / "pipe", pipe, "is no file")
    refused_by(READERS[:1], folder / "zeros", zeros, "is no file")
    refused(folder / "loop", lambda run: ((run / "run.json").unlink(), (run / "run.json").symlink_to("run.json")),
            "is no file")
    loop, long = folder / "again", folder / ("x" * 300)
    loop.symlink_to(loop)
    for path in (loop, long):
        for reader in READERS:
            Ended([*reader, str(path)]).check_refused("is no folder")


def test_what_is_too_large(folder: Path) -> None:
    line = (sound(folder / "x") / "journal.jsonl").read_bytes().splitlines()[1] + b"\n"
    zeros, lists = b"0" * (1 << 24), b"[]," * (1 << 20)
    refused(folder / "deep", write_bytes("run.json", b'{"a":' * 100000), "is no complete JSON")
    refused(folder / "deep list", write_bytes("machine.json", b'{"a":' + b"[" * 200000), "is no complete JSON")
    refused(folder / "deeper", write_bytes("machine.json", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"), "nested too deep")
    refused(folder / "machine", packed("machine.json", lambda: [zeros] * 2), "is larger than 16 MiB")
    refused(folder / "rows", packed("journal.jsonl", lambda: [b"{}\n", *[line * 1000] * 1000]), "is there twice")
    for name, change in (("bomb", packed("run.json", lambda: [zeros] * 64)),
                         ("line", packed("journal.jsonl", lambda: [zeros] * 64))):
        refused_by(READERS[:1], folder / name, change, "is larger than")
    refused_by(READERS[:1], folder / "dense", packed("run.json", lambda: [b'{"a":[', *[lists] * 60, b"0]}"]),
               "of memory")


def test_what_is_large_where_it_lies(folder: Path) -> None:
    """What comes out of it is little, or nothing at all."""
    def made(name: str, change: Callable[[bytes], bytes], size: int = 0) -> Callable[[Path], None]:
        def write(run: Path) -> None:
            data = change(gzip.compress((run / name).read_bytes()))
            (run / name).unlink()
            (run / f"{name}.gz").write_bytes(data)
            if size:
                os.truncate(run / f"{name}.gz", size)
        return write

    empty, behind = gzip.compress(b""), "goes on behind its end"
    long = bytes([*empty[:3], 0x10, *empty[4:10]]) + b"a comment " * (1 << 20) + b"\0"
    for name in ("run.json", "journal.jsonl", "machine.json"):
        refused_by(READERS[:1], folder / f"holes {name}", made(name, lambda data: data, 1 << 40), "is larger than")
        refused(folder / f"zeros {name}", made(name, lambda data: data, 1 << 23), behind)
        refused(folder / f"member {name}", made(name, lambda data: data + empty), behind)
        refused(folder / f"members {name}", made(name, lambda data: empty * 10000 + data), behind)
        refused(folder / f"tail {name}", made(name, lambda data: data + b"x"), behind)
        refused(folder / f"cut {name}", made(name, lambda data: data[:-1]), "ends early")
        refused(folder / f"sum {name}", made(name, lambda data: data[:-8] + bytes(8)), "cannot read")
        refused(folder / f"plain {name}", lambda run, name=name: os.truncate(run / name, 1 << 40), "is larger than")
    commented = sound(folder / "commented")
    made("run.json", lambda data: long + data[10:])(commented)
    made("journal.jsonl", lambda data: data)(commented)
    assert read_run(commented).samples


CANARY = "canary"


def test_links_lead_nowhere(folder: Path) -> None:
    """What a report writes goes into the folder of the run, whatever lies there."""
    outside = folder / "outside"
    outside.mkdir()
    run = sound(folder / "files")
    for name in ("data.csv", "summary.md", "report.html"):
        (outside / name).write_text(CANARY)
        (run / name).symlink_to(outside / name)
    ended = Ended([*READERS[0], str(run)])
    assert ended.code == 0, ended.err
    assert all((outside / name).read_text() == CANARY and not (run / name).is_symlink()
               for name in ("data.csv", "summary.md", "report.html"))
    run = sound(folder / "folders")
    (run / "data").symlink_to(outside)
    Ended([*READERS[0], str(run)]).check_refused("symbolic link")
    assert sorted(path.name for path in outside.iterdir()) == ["data.csv", "report.html", "summary.md"]


# At random.

WORDS = ["", "x", "../../x", "\x1b[2J", "=1+1", f"`touch {CANARY}`", f"$(touch {CANARY})", "<script>alert(1)</script>",
         "\u202e", "a" * 3000, f"'; system('touch {CANARY}') #", "pool", "raw", "serial", "ok", "limit", "unknown",
         "depth", "kinds", "status", "ahead", "time_ns"]
INTEGERS = [0, -1, 1, 2, 64, 1000, 2 ** 31, 2 ** 53, 10 ** 18, 10 ** 30, -10 ** 30]
NUMBERS = [0.0, -0.0, 0.5, -1.0, 1e-9, 1e17, 1e18, 1e-320, 1e300]


def place(document: Any, rng: random.Random) -> tuple[Any, Any]:
    """Somewhere in it: what holds a value, and the value's key or index."""
    at = document
    while True:
        step = rng.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[step], (dict, list)) or not at[step] or rng.random() < 0.1:
            return at, step
        at = at[step]


def other(value: Any, rng: random.Random) -> Any:
    """Of the same kind."""
    if isinstance(value, bool):
        return not value
    return rng.choice(WORDS if isinstance(value, str) else INTEGERS if isinstance(value, int) else NUMBERS)


def mutate(document: Any, rng: random.Random) -> None:
    """One value: of the same kind, of any kind, gone, or that of its neighbour."""
    at, key = place(document, rng)
    kind = rng.randrange(6)
    if kind < 3 and not isinstance(at[key], (dict, list)):
        at[key] = other(at[key], rng)
    elif kind == 3:
        at[key] = rng.choice([*WORDS, *INTEGERS, *NUMBERS, True, None, [], {}, [[]], {"": 0}])
    elif kind == 4:
        del at[key]
    else:
        at[key] = json.loads(json.dumps(at[rng.choice(list(at) if isinstance(at, dict) else range(len(at)))]))


def sweep(run: dict[str, Any], journal: list[dict[str, Any]], rng: random.Random) -> None:
    """One value wherever it stands under that key, or all under that key: the whole stays sound enough to be read."""
    part = rng.choice([run[name] for name in ("cells", "experiments", "samples", "factors", "clock", "metrics")])
    at, key = place(part, rng)
    old, is_all = at[key], rng.random() < 0.5 and not isinstance(at[key], str)
    new, is_gone = other(old, rng), rng.random() < 0.2

    def walk(of: Any) -> None:
        for k in list(of) if isinstance(of, dict) else range(len(of)):
            if isinstance(of[k], (dict, list)):
                walk(of[k])
            elif k == key and type(of[k]) is type(old) and (is_all or of[k] == old):
                of[k] = new
                if is_gone and isinstance(of, dict):
                    del of[k]
    if not isinstance(old, (dict, list)):
        walk([run, journal])


def rewrite_rules(run: dict[str, Any], _: list[dict[str, Any]], rng: random.Random) -> None:
    """A rule's parts fit each other no more."""
    rules = [experiment["rule"] for experiment in run["experiments"] if experiment.get("rule")]
    rule, condition = rng.choice(rules), {"contrast": 0, "op": rng.choice(["ahead", "below", "beside"]), "value": 1}
    rule.update(rng.choice([{"evaluator": rng.choice([*WORDS, "cpu", "threads", "openload", "sizing", None])},
                            {"contrasts": rule["contrasts"] * rng.randrange(4)}, {"supported_all": [condition]},
                            {"contrasts": rng.choice(rules)["contrasts"]}]))


def made_at_random(rng: random.Random, folder: Path) -> Path:
    only = ["floors", *rng.sample(sorted(EXPERIMENTS), 4)]
    run, journal = make_documents("smoke", rounds=rng.choice([3, 7]), only=only)
    run["factors"]["profile"] = rng.choice(["smoke", "quick", "full", "peers"])
    for backend in run["backends"]:
        backend["plugin"] = rng.random() < 0.1
    for _ in range(rng.randrange(3)):
        rng.choice([sweep, sweep, rewrite_rules])(run, journal, rng)
    for _ in range(rng.choice([0, 0, 1, 2])):
        mutate(rng.choice([run, journal]), rng)
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in journal))
    return folder


def read_all_ways(path: Path) -> tuple[str, str]:
    """What all scripts make of a run, in one process: the page, and all else."""
    judgement = verdicts.judge(read_run(path))
    document = contents(judgement, pictures.write_inputs(judgement, path), "")
    made = [as_markdown.render(document), tables.data_csv(judgement.run), *lastpage.page(document.answer),
            *peers_table.terminal(judgement.run)]
    made += [path.read_text() for path in (path / "data").iterdir()]
    for question in (advice.Question(1e4, 1.0, 1e3), advice.Question(1e6, 0.1, 64e3)):
        made.append(str(advice.advise(judgement, question)))
    return as_html.render(document, judgement.run, path), "\n".join(made)


def test_documents_at_random(folder: Path) -> None:
    """Also says that neither all nor none are refused: then nothing but the first check would have been tried."""
    passed = 0
    for trial in range(TRIALS):
        try:
            page, rest = read_all_ways(made_at_random(random.Random(f"{SEED} {trial}"), folder / str(trial)))
            assert "\x1b" not in page + rest and "<script>alert" not in page
            passed += 1
        except RunError as error:
            check_line(str(error), "")
        except Exception:
            print(f"again with: POOLBENCH_FUZZ_SEED={SEED}, trial {trial}")
            raise
    assert not (Path.cwd() / CANARY).exists()
    assert TRIALS < 20 or TRIALS / 4 < passed < TRIALS, f"{passed} of {TRIALS} were no error"


def test_bytes_at_random(folder: Path) -> None:
    """Bits that turned over on a disk."""
    path = sound(folder)
    whole = {name: (path / name).read_bytes() for name in ("run.json", "journal.jsonl", "machine.json")}
    for trial in range(TRIALS):
        rng = random.Random(f"bytes {SEED} {trial}")
        for name, data in whole.items():
            damaged = bytearray(data)
            for _ in range(rng.randrange(4)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            (path / name).write_bytes(damaged[:rng.choice([len(damaged), len(damaged), rng.randrange(len(damaged))])])
        try:
            verdicts.judge(read_run(path))
        except RunError as error:
            check_line(str(error), "")
        except Exception:
            print(f"again with: POOLBENCH_FUZZ_SEED={SEED}, trial {trial}")
            raise


def test_unknown_rules_are_named(folder: Path) -> None:
    """A condition that these scripts do not know is none that does not hold."""
    for i, change in enumerate(({"supported_all": [{"contrast": 0, "op": "beside", "value": 0}]},
                                {"refuted_any": [{"contrast": 0, "op": "beside", "value": 0}]},
                                {"evaluator": "oracle"}, {"evaluator": "cpu"})):
        run, journal = make_documents("quick", only=["floors", "grain"])
        next(of for of in run["experiments"] if of["name"] == "grain")["rule"].update(change)
        verdict = verdicts.judge(read_run(write_run(folder / str(i), run, journal))).verdict("grain")
        assert verdict and verdict.word == "not measured" and "do not know its rule" in verdict.reason, verdict


main(globals())
