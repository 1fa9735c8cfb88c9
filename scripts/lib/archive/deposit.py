"""The texts that go along with an archived run: how to cite it, and what to do with it."""
import json

from archive.manifests import CITATION, MANIFEST, README, check_names
from base.runs import Run
from base.text import clean, plural
from judge.verdicts import Judgement
from report import lastpage, rules
from report.grades import GRADES, Grade, grade_of

ANONYMOUS = "anonymous"


def identity(run: Run) -> tuple[str, str]:
    """The names of machine and run. Raises RunError where they are none."""
    of = run.document["run"]
    check_names(of["machine"], of["id"], f"'{run.path / 'run.json'}'")
    return of["machine"], of["id"]


def grade(judgement: Judgement) -> Grade:
    """As if all of its pictures were drawn, so that it does not hang on a program of this machine."""
    names = frozenset(name for name, _, _ in rules.pictures_of(judgement))
    return grade_of(judgement, rules.check(judgement, rules.Drawn(names, "")))


def _quoted(text: str) -> str:
    """As YAML takes a text, of which the format wants at least a letter."""
    return json.dumps(clean(text) or "unknown", ensure_ascii=False)


def _day(run: str) -> str:
    return f"{run[:4]}-{run[4:6]}-{run[6:8]}"


def citation(judgement: Judgement, authors: list[str]) -> str:
    """CITATION.cff of this very run. Who measured it is in none of its files, so that must be said by hand."""
    run = judgement.run
    machine, name = identity(run)
    of, found = run.document["suite"], grade(judgement)
    title = f"poolbench {run.profile} on {lastpage.processor(run)}, {_day(name)}"
    abstract = (f"A run of the benchmark suite poolbench: {plural(len(run.cells), 'cell')} in "
                f"{plural(run.rounds_done, 'round')}, with every sample. Quality grade {found.letter} "
                f"({found.meaning}). {MANIFEST} has the digests of its files; {README} says how to verify it.")
    lines = ["cff-version: 1.2.0",
             "message: If you use these measurements, please cite them; for one claim or figure, the block that "
             "scripts/cite makes.",
             "type: dataset", f"title: {_quoted(title)}", "authors:",
             *(f"  - name: {_quoted(author)}" for author in authors or [ANONYMOUS]),
             f"version: {_quoted(of['version'])}", f'date-released: "{_day(name)}"', "identifiers:",
             "  - type: other", f"    value: {_quoted(f'poolbench:{machine}/{name}')}",
             "    description: machine and run", f"abstract: {_quoted(abstract)}",
             "keywords:", "  - benchmark", "  - thread pool", "references:", "  - type: software",
             "    title: poolbench", "    authors:", "      - name: The poolbench contributors",
             f"    version: {_quoted(of['version'])}", f"    commit: {_quoted(of['commit'])}"]
    return "\n".join(lines) + "\n"


def readme(judgement: Judgement, archive: str) -> str:
    run = judgement.run
    machine, name = identity(run)
    found = grade(judgement)
    state = "" if run.is_complete else f"It was stopped after {run.rounds_done} of {run.rounds_planned} rounds.\n"
    return f"""\
A run of poolbench {run.document['suite']['version']} ({run.document['suite']['commit']})

machine   {machine}: {lastpage.processor(run)}
run       {name}
profile   {run.profile}, {lastpage.rounds(run)}
grade     {found.letter}: {GRADES[found.letter]}
{state}
Open it with poolbench, which checks every file first and puts the run below results/:

    scripts/archive --open {archive}

Without poolbench: tar --zstd -xf {archive}
Then, in the folder of {MANIFEST}, check its files with

    python3 -c 'import json; [print(f["sha256"], "", f["path"]) for f in json.load(open("{MANIFEST}"))["files"]]' |
    sha256sum --check --quiet --ignore-missing

With R as results/{machine}/{name}:

    scripts/report R             draws the report
    scripts/compare R OTHER      compares it with another run
    scripts/cite R               lists what can be cited
    scripts/cite --verify FILE   recomputes every number of a citation from the samples

{CITATION} says how to cite the run as a whole. Digests show that nothing changed on the way; they do not
show where the samples came from.
"""

