#!/usr/bin/env python3
"""What reading takes grows no faster than what is read. It is counted, not timed: twice as much more input may take
little more than twice as many steps more. What is not Python's own, regular expressions above all, gets an input of
2 MiB, for which what grows with its square would take an hour."""
import copy
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from count_work import count_work, steps
from report_helpers import TOP, main

count_work()

from madeup_run import make_documents, write_run  # noqa: E402

from archive import manifests  # noqa: E402
from base import files  # noqa: E402
from base.files import RunError  # noqa: E402
from base.read import read_run  # noqa: E402
from cite import citation_blocks, citation_check, citation_page  # noqa: E402
from cite.citation_formats import FORMATS  # noqa: E402
from cite.citations import citer_of  # noqa: E402
from compare.reduced import reduce_run  # noqa: E402
from draw import pictures  # noqa: E402
from judge import advice, verdicts  # noqa: E402
from report import as_html, as_markdown, tables  # noqa: E402
from report.contents import contents  # noqa: E402

GROWTH_MAX = 2.4  # n log n comes near 2.2, a square is 4
CPU_MAX_S, FILE_BYTES = 100, citation_blocks.SIZE_MAX_BYTES >> 3
Document = dict[str, Any]


def check_grows(what: str, work: Callable[[int], Callable[[], Any]], n: int) -> None:
    """work(n) makes the input and returns what is counted."""
    one, two, four = (steps(work(n * times)) for times in (1, 2, 4))
    assert four - two <= GROWTH_MAX * max(two - one, 0) + 0.01 * four, f"{what}: {one}, {two}, {four} steps"


def caught(of: Callable[[], Any]) -> Callable[[], None]:
    def work() -> None:
        try:
            of()
        except RunError:
            pass
    return work


# Runs.

def add_cells(document: Document, n: int, n_sides: int = 0, with_experiments: bool = False) -> None:
    """Copies of the first primary cell of grain, with samples."""
    cell = next(of for of in document["cells"] if of["experiment"] == "grain" and of["primary"])
    experiment = next(of for of in document["experiments"] if of["name"] == "grain")
    samples = [of for of in document["samples"] if of["cell"] == cell["name"]]
    for i in range(n):
        new = {**cell, "name": f"{cell['name']}/{i}", "primary": with_experiments,
               "keys": {**cell["keys"], "length_ns": 100 + i, f"k{i}": i}}
        if n_sides:
            new["sides"] = [{"backend": f"b{i}", "workers": 0} for i in range(n_sides)]
        if with_experiments:
            rule = json.loads(json.dumps(experiment["rule"]).replace(cell["name"], new["name"]))
            document["experiments"].append({**experiment, "name": f"g{i}", "claim": f"C{100 + i}", "rule": rule})
            new["experiment"] = f"g{i}"
        document["cells"].append(new)
        document["samples"] += [{**samples[0], **side, "round": number, "cell": new["name"]}
                                for number in range(document["factors"]["rounds"]) for side in new["sides"]]


def change(document: Document, shape: str, n: int) -> None:
    experiment = next(of for of in document["experiments"] if of["name"] == "grain")
    first = document["samples"][0]
    if shape in ("cells", "experiments"):
        add_cells(document, n, with_experiments=shape == "experiments")
    elif shape == "sides":
        document["backends"] = [{"name": f"b{i}", "plugin": True} for i in range(5 * n)]
        add_cells(document, 2, 5 * n)
    elif shape == "contrasts":
        contrast = experiment["rule"]["contrasts"][0]
        experiment["rule"]["contrasts"] = [{**contrast, "name": f"c{i}"} for i in range(n)]
    elif shape == "metrics":
        first["metrics"].update({f"m{i}": 1.0 + i for i in range(50 * n)})
        first["environment"].update({f"e{i}": 1.0 + i for i in range(50 * n)})
    elif shape == "text":
        experiment["statement"] = "\u00e9 [1, 2] (`*" * 50 * n
        first["reason"] = "\u202e" * 50 * n
    elif shape == "wide":
        document["more"] = {f"k\u00e9{i}": [i, "x", {"a": "[]"}] for i in range(50 * n)}


def change_line(line: Document, shape: str, n: int) -> None:
    if shape == "counts":
        line["histogram"] = line["lateness"] = [[i % 8000, 1] for i in range(50 * n)]
        line["timeline"] = {"bin_ms": 1.0, **{name: [1] * 50 * n for name in ("offered", "done", "in_time")}}


MADE = make_documents("smoke", 3, only=["grain"])


def made(folder: Path, shape: str, n: int) -> Path:
    document, lines = copy.deepcopy(MADE if shape != "rounds" else make_documents("smoke", n, only=["grain"]))
    change(document, shape, n)
    known = {(line["round"], line["cell"], line["backend"], line["workers"]) for line in lines[1:]}
    lines += [{**lines[1], **of} for of in document["samples"]
              if (of["round"], of["cell"], of["backend"], of["workers"]) not in known]
    for line in lines[1:]:
        change_line(line, shape, n)
    return write_run(folder / f"{shape} {n}", document, lines)


def use(run: Any, folder: Path) -> None:
    """As report, cite, advise and compare do."""
    judgement = verdicts.judge(run)
    citer = citer_of(judgement)
    folder.mkdir()
    document = contents(judgement, pictures.write_inputs(judgement, folder), "", partial(citation_page.cited, citer))
    as_markdown.render(document)
    as_html.render(document, run, folder / "plots")
    tables.data_csv(run)
    citation_page.page(citer)
    reduce_run(run)
    advice.advise(judgement, advice.Question(1e4, 1.0, 1e3))


def test_runs_are_read(folder: Path) -> None:
    for shape in ("cells", "experiments", "sides", "contrasts", "metrics", "text", "wide", "counts", "rounds"):
        def work(n: int, shape: str = shape) -> Callable[[], Any]:
            path = made(folder, shape, n)
            return lambda: read_run(path)
        check_grows(f"reading {shape}", work, 4)


def test_runs_are_used(folder: Path) -> None:
    for shape in ("experiments", "sides"):
        def work(n: int, shape: str = shape) -> Callable[[], Any]:
            run = read_run(made(folder, shape, n))
            return lambda: use(run, folder / f"{shape} {n} used")
        check_grows(f"using {shape}", work, 4)


# JSON and citations.

JSON = {
    "names": lambda n: json.dumps({f"k{i}": i for i in range(n)}),
    "one name, last": lambda n: json.dumps({f"k{i}": i for i in range(n)})[:-1] + f', "k{n - 1}": 1}}',
    "names in lists": lambda n: json.dumps({"a": [{"b": i, "c": [i]} for i in range(n)]}),
    "one name": lambda n: "{" + '"a": 1, ' * n + '"a": 1}',
    "a text": lambda n: json.dumps({"a": "\u00e9 " * n}), "digits": lambda n: '{"a": ' + "1" * n + "}",
    "digits behind": lambda n: '{"a": 0.' + "1" * n + "}", "an exponent": lambda n: '{"a": 1e' + "1" * n + "}",
    "deep": lambda n: '{"a": ' * n + "1" + "}" * n, "lists": lambda n: '{"a": ' + "[" * n + "]" * n + "}",
    "escapes": lambda n: '{"a": "' + "\\u00e9" * n + '"}', "spaces": lambda n: "{" + " " * n + "}",
    "torn": lambda n: '{"a": [' + "1," * n,
}


def test_json_is_read(_: Path) -> None:
    for name, make in JSON.items():
        for read in (files.parse, files.parse_strictly, manifests.parse_manifest):
            check_grows(f"{read.__name__} of {name}", lambda n: caught(
                partial(read, make(n).encode(), "it")), 1000)  # noqa: B023


def test_citations_are_read(folder: Path) -> None:
    runs = [write_run(folder / f"results/made-up/{i}", *make_documents("quick", 6, seed=i, only=["floors", "grain"]))
            for i in (1, 2)]
    citers = []
    for i, run in enumerate(runs):
        document = json.loads((run / "run.json").read_text())
        document["run"]["id"] = f"20260102T030405Z-0123abc{i}"
        (run / "run.json").write_text(json.dumps(document))
        run.rename(run.parent / "x")
        target = folder / "results" / document["run"]["machine"] / document["run"]["id"]
        target.parent.mkdir(parents=True, exist_ok=True)
        (run.parent / "x").rename(target)
        citers.append(citer_of(verdicts.judge(read_run(target))))
    n_read, kept = 0, citation_check.find_run

    def find_run(block: Any, *_: Any) -> Any:
        nonlocal n_read
        n_read += 1
        return next(of.run for of in citers if of.run.document["run"]["id"] == block.run)
    citation_check.find_run = find_run
    try:
        for form in ("text", "markdown", "bibtex"):
            blocks = [FORMATS[form](of.named("C2")[0]) for of in citers]

            def work(n: int, blocks: list[str] = blocks) -> Callable[[], Any]:
                (folder / "blocks").write_text("\n".join(blocks * n))
                return lambda: list(citation_check.verify(citation_blocks.read_blocks(folder / "blocks"),
                                                          folder / "blocks", None))
            check_grows(f"{form} of many", work, 4)
        assert n_read == 3 * 3 * 2, n_read  # each run once
    finally:
        citation_check.find_run = kept


START = "poolbench citation C2-0123abcd\n"
LARGE = {
    "spaces": " ", "tabs and lines": "\t\n", "starts": START, "names": "@misc{poolbench-" + "a" * 100 + "\n",
    "records": "1.a value=1 ", "words of records": "1.a " + "v=" * 40 + " ", "runs": "run x on y started ",
    "digests": '"digest":' + " " * 50, "braces": "} ", "backslashes": "\\_", "one word": "x", "endings":
    "digest of this block: 01234567", "marks": "\ufeff", "returns": "\r", "one digit": "1"}


def test_large_files(folder: Path) -> None:
    """Each in turn, in one process that may use so much of a processor, for all of them."""
    names = []
    for i, (name, part) in enumerate(LARGE.items()):
        text = START + part * ((FILE_BYTES - 200) // len(part.encode()))
        names.append(folder / f"{i}")
        names[-1].write_text(text)
    for i, (name, make) in enumerate(JSON.items()):
        if name not in ("names in lists",):
            names.append(folder / f"json{i}")
            size = len(make(2000)) - len(make(1000))
            names[-1].write_text(make(1000 * (FILE_BYTES // 2 // size)))
    code = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\nfrom base.files import RunError\n"
            "from cite.citation_blocks import read_blocks\nfor name in sys.argv[2:]:\n    try:\n"
            "        read_blocks(Path(name))\n    except RunError as error:\n        print(str(error)[:80])\n")
    done = subprocess.run([sys.executable, "-c", code, str(TOP / "scripts" / "lib"), *map(str, names)],
                          capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(
                              resource.RLIMIT_CPU, (CPU_MAX_S, CPU_MAX_S)))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(names), (done.returncode, done.stdout,
                                                                                 done.stderr[-500:])


main(globals())
