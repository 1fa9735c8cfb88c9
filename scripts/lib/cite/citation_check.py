"""Holds a citation against the samples that it says it was made from.

The citation is built again from the run, and compared in this order: numbers, samples of each side, files, id, and of
the same edition every word, of an older one the names beside the numbers. The first difference is named. Neither the
block nor the run is trusted.
"""
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from base.files import RunError, check_kind
from base.read import read_run
from base.runs import Run
from base.text import clean
from cite import citation_formats as formats
from cite.citation_blocks import ENDING, ID, Block, facts
from cite.citations import EDITION, FACTS, PROVES, Citation, Citer, citer_of, digest
from judge.verdicts import judge

TOP = Path(__file__).resolve().parent.parent.parent.parent
RELATIVE = 5e-13  # less than the last of a citation's digits says
WHAT = {"a": "the first side", "b": "the second side", "effect": "the effect", "test": "the test"}


class Differs(RunError):
    def __init__(self, id: str, where: str) -> None:
        super().__init__(f"{id} does not hold: {where}")


# The run.

def find_run(block: Block, file: Path, given: Path | None) -> Run:
    if given is not None:
        return read_run(given)
    places = [file.parent] if str(file) != "-" else []
    places += [top / "results" / block.machine / block.run for top in (Path("."), TOP)]
    broken = None
    for place in filter(has_run, places):
        try:
            run = read_run(place)
        except RunError as error:  # it need not be the one that is looked for
            broken = broken or error
            continue
        if run.document["run"]["id"] == block.run and run.document["run"]["machine"] == block.machine:
            return run
    raise broken or RunError(f"{block.id} is of run {block.run} on {block.machine}, which is neither beside the block "
                             "nor in results/: name its folder with --run")


def has_run(place: Path) -> bool:
    return any(os.path.lexists(place / name) for name in ("run.json", "run.json.gz"))


def rebuilt(block: Block, citer: Citer) -> Citation:
    of, name = citer.run.document["run"], ID.fullmatch(block.id)
    if (of["id"], of["machine"]) != (block.run, block.machine):
        raise Differs(block.id, f"it is of run {block.run} on {block.machine}, not of {of['id']} on {of['machine']}")
    assert name
    subjects = [subject for subject in citer.subjects if subject.name == name[1]]
    if not subjects:
        raise Differs(block.id, f"the run has no claim or figure '{name[1]}' that was measured")
    if block.document:
        subjects = [subject for subject in subjects if subject.kind == block.document.get("kind")
                    and subject.experiment.name == block.document.get("experiment")] or subjects
    made = [of if of.schema == block.schema else replace(of, schema=block.schema)
            for of in map(citer.cite, subjects)]
    return next((each for each in made if each.id == block.id), made[0])


def hold(block: Block, citer: Citer) -> str:
    """Raises Differs with the first difference. Returns what else there is to say."""
    of = rebuilt(block, citer)
    return verify_json(block, of) if block.document else verify_text(block, of)


def verify(blocks: list[Block], file: Path, given: Path | None) -> Iterator[str]:
    """A line for each block that holds, run by run: each is read once, wherever blocks of it stand, and one is kept."""
    by_run: dict[tuple[str, str], list[Block]] = {}
    for block in blocks:
        by_run.setdefault((block.machine, block.run), []).append(block)
    for of in by_run.values():
        citer = citer_of(judge(find_run(of[0], file, given)))
        for block in of:
            yield f"{block.id} holds: {hold(block, citer)}"


# Text, Markdown and BibTeX.

def verify_text(block: Block, of: Citation) -> str:
    wanted = formats.records(of)
    numbers = len(formats.number_records(of))
    for record in wanted:
        compare_record(block, record, of)
    extra = next((key for key in block.records if key not in {record.key for record in wanted}), None)
    if extra:
        raise Differs(block.id, f"it has {extra}, which the run has not")
    compare_id(block, of)
    made = formats.FORMATS[block.format](of)
    if block.edition == EDITION:
        compare_words(block, made)
        return says(block, of, numbers)
    compare_facts(block, made, of)
    if own_digest(block.text) != block.digest:
        raise Differs(block.id, "its words were changed: they do not give its digest. All numbers hold")
    return says(block, of, numbers)


def says(block: Block, of: Citation, numbers: int) -> str:
    words = "every word is as these scripts write it"
    if block.edition != EDITION:
        now = f"{of.verdict['word']}, " if of.verdict else ""
        words = (f"its words are of edition {block.edition} and were not compared, those of these scripts are of "
                 f"{EDITION}, by whose rules it is {now}grade {of.grade['letter']}")
    return f"{numbers} rows of numbers, the samples behind them and the files are as cited; {words}. {PROVES}"


def compare_record(block: Block, wanted: formats.Record, of: Citation) -> None:
    cited, where = block.records.get(wanted.key), place(wanted, of)
    if cited is None:
        raise Differs(block.id, f"{where}: its row {wanted.key} is not there")
    for name, value in wanted.fields.items():
        if name not in cited:
            raise Differs(block.id, f"{where}: {name} is not there")
        if not is_same(cited[name], value, name):
            raise Differs(block.id, f"{where}: {told(wanted, name)} is cited as {cited[name][:80]}, the samples say "
                          f"{value}" if wanted.key[0] not in "df" else changed(wanted, where))
    extra = next((name for name in cited if name not in wanted.fields), None)
    if extra:
        raise Differs(block.id, f"{where}: {extra} is no number of it")


def changed(wanted: formats.Record, where: str) -> str:
    """All numbers hold where this is found, as they are compared first."""
    what = f"the file {wanted.words} is" if wanted.key[0] == "f" else f"the samples of {wanted.words} are"
    return f"{where}: {what} not what was cited, though all numbers still follow from the samples"


def told(wanted: formats.Record, name: str) -> str:
    return "the digest of its points" if name == "sha256" else name


def place(wanted: formats.Record, of: Citation) -> str:
    """Where a row stands, in words."""
    if wanted.key[0] in "df":
        return of.name
    if wanted.key[0] == "s":
        return f"{of.name}, series {wanted.words}"
    number, _, what = wanted.key.partition(".")
    contrast = of.contrasts[int(number) - 1]
    side = f" ({wanted.words})" if what in ("a", "b") else ""
    return f"{of.name}, '{contrast['name']}', {contrast['metric']} of {WHAT[what]}{side}"


EXACT = ("sha256", "n", "rounds", "points", "samples")


def is_same(cited: str, wanted: str, name: str) -> bool:
    """Whether a number is what is wanted, rounded: an edition may round to more digits, or to fewer, but three."""
    if cited == wanted or name in EXACT or "none" in (cited, wanted):
        return cited == wanted
    try:
        number, other = Decimal(cited), Decimal(wanted)
        if not number.is_finite():
            return False
        last = int(number.as_tuple().exponent)
        if last > int(other.as_tuple().exponent) and len(number.as_tuple().digits) < 3:
            return False
        return abs(number - other) <= Decimal(1).scaleb(last) / 2
    except ArithmeticError:  # no number, or one of an exponent beyond all that is counted
        return False


def own_digest(block: str) -> str:
    above = block[:block.rindex(formats.ENDING)]
    return hashlib.sha256("".join(above.split()).encode()).hexdigest()[:formats.SHORT]


def compare_id(block: Block, of: Citation) -> None:
    if block.id != of.id:
        raise Differs(block.id, f"its content has the id {of.id}; all numbers hold")


def compare_facts(block: Block, made: str, of: Citation) -> None:
    """What stands beside the numbers: contrasts, metrics, units, sides, files, and of which run they are."""
    rows = [*formats.number_lines(of), *(record.line() for record in formats.records(of))]
    first = facts(f"{formats.latex(rows[0]) if block.format == 'bibtex' else rows[0]} schema citation=")
    wanted = facts(made)
    wanted = wanted[wanted.rindex(first):]
    if not facts(block.text).endswith(wanted):
        raise Differs(block.id, "the words of its rows are not those of the run; all numbers hold")


def compare_words(block: Block, made: str) -> None:
    cited, wanted = block.text.split(), made[:ENDING.search(made).end()].split()  # type: ignore[union-attr]
    for i, (one, other) in enumerate(zip(cited, wanted)):
        if one != other:
            before = " ".join(cited[max(0, i - 4):i])
            raise Differs(block.id, f"its words: '{before} {one[:60]}' stands where '{other[:60]}' should; all numbers "
                          "of its rows hold")
    if len(cited) != len(wanted):
        raise Differs(block.id, "its words are not as many as they should be")


# JSON.

def verify_json(block: Block, of: Citation) -> str:
    cited, made = block.document, of.document()
    for name in made:
        if name not in cited:
            raise Differs(block.id, f"it has no '{name}'")
    extra = next((name for name in cited if name not in made), None)
    if extra:
        raise Differs(block.id, f"it has '{clean(extra)[:60]}', which no citation of schema {block.schema} has")
    has_words = block.edition == EDITION
    late = ("samples", "files")
    for name in [*(name for name in FACTS if name not in late), "design", "machine", "software", *late]:
        compare(block, cited[name], made[name], path_of(of, name), has_words or name not in ("machine", "software"))
    if digest({"schema": block.schema, **{name: cited[name] for name in FACTS}})[:8] != block.id[-8:]:
        raise Differs(block.id, f"its content has the id {of.id}; all numbers hold")
    for name in made if has_words else []:
        if name not in ("digest", "id"):
            compare(block, cited[name], made[name], name, has_words)
    if digest({name: value for name, value in cited.items() if name != "digest"}) != block.digest:
        raise Differs(block.id, "its words were changed: they do not give its digest. All numbers hold")
    return says(block, of, len(formats.number_records(of)))


def path_of(of: Citation, name: str) -> str:
    return of.name if name in ("contrasts", "figure") else name


def compare(block: Block, cited: Any, made: Any, where: str, has_words: bool) -> None:
    """Every number and name, by the place where it stands."""
    if isinstance(made, dict):
        compare_objects(block, check_kind(cited, dict, f"{where} of {block.id}"), made, where, has_words)
    elif isinstance(made, list):
        if len(check_kind(cited, list, f"{where} of {block.id}")) != len(made):
            raise Differs(block.id, f"{where} has {len(cited)} entries, the samples say {len(made)}")
        for i, (one, other) in enumerate(zip(cited, made)):
            compare(block, one, other, f"{where}, {label(other, i)}", has_words)
    elif isinstance(made, str):
        if cited != made and has_words:
            raise Differs(block.id, f"{where} is cited as '{clean(str(cited))[:80]}', the run says '{made[:80]}'")
    elif not is_equal(cited, made):
        raise Differs(block.id, f"{where} is cited as {clean(str(cited))[:40]}, the samples say {made}")


def compare_objects(block: Block, cited: dict[str, Any], made: dict[str, Any], where: str, has_words: bool) -> None:
    for name, value in made.items():
        if name not in cited:
            raise Differs(block.id, f"{where} has no '{name}'")
        if name == "sha256" and cited[name] != value:
            raise Differs(block.id, f"the samples of {formats.named(made)} in {made['cell']} are not what was cited, "
                          "though all numbers still follow from the samples")
        if where == "files" and cited[name] != value:
            raise Differs(block.id, f"the file {name} is not what was cited, though all numbers still follow from the "
                          "samples")
        compare(block, cited[name], value, f"{where}, {name}", has_words)
    extra = next((name for name in cited if name not in made), None)
    if extra is not None:
        raise Differs(block.id, f"{where} has '{clean(extra)[:60]}', which it should not")


def label(of: Any, place: int) -> str:
    """Of an entry of a list: by its name where it has one."""
    if isinstance(of, dict) and isinstance(of.get("name"), str):
        return f"'{of['name']}'" + (f", panel {of['panel']}" if "panel" in of else "")
    if isinstance(of, dict) and "x" in of:
        return f"the point at {of['x']}"
    return f"entry {place + 1}"


def is_equal(cited: Any, made: float | None) -> bool:
    if made is None or cited is None:
        return cited is made
    if isinstance(made, int):  # a count or a seed: nothing of it was rounded
        return type(cited) is int and cited == made
    if isinstance(cited, bool) or not isinstance(cited, (int, float)):
        return False
    return abs(cited - made) <= RELATIVE * abs(made)
