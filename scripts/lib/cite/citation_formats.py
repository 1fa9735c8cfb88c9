"""A citation as text, Markdown, JSON and BibTeX.

Text, Markdown and BibTeX are made of the same parts. Their numbers stand in records, `1.effect value=3.42 lo=3.31 ...`,
so that they can be read out again and held against the samples; the last line is a digest of the block above it.
"""
import hashlib
import json
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from base import text
from cite.citations import EDITION, Citation, digest

COLUMNS, LABEL = 100, 12
DIGITS = 6
SIDES_SHOWN = 12  # beyond it, the samples of a backend are told together
SHORT = 16        # letters of a digest that tells where; those of files are whole
ENDING = "digest of this block:"


@dataclass(frozen=True)
class Record:
    """Labelled numbers, and words beside them."""
    key: str
    fields: dict[str, str]
    words: str = ""

    def line(self) -> str:
        numbers = " ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.key:<10}{numbers}{f'   {self.words}' if self.words else ''}"


def sentence(words: str) -> str:
    return words if words.endswith((".", ":")) else f"{words}."


@dataclass(frozen=True)
class Part:
    """Words are set as paragraphs, lines as they are."""
    label: str
    words: list[str]
    lines: list[str]


def shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.{DIGITS}g}"


def estimate(of: dict[str, Any]) -> dict[str, str]:
    return {name: shown(of[name]) for name in ("value", "lo", "hi")} | {"n": str(of["n"])}


def named(of: dict[str, Any]) -> str:
    return f"{of['backend']}, {text.plural(of['workers'], 'worker')}" if of["workers"] else of["backend"]


def contrast_records(number: int, of: dict[str, Any]) -> list[Record]:
    test = {name: shown(of[name]) for name in ("p", "p_holm", "floor", "delta", "smallest")}
    return [Record(f"{number}.a", estimate(of["a"]), named(of["a"])),
            Record(f"{number}.b", estimate(of["b"]), named(of["b"])),
            Record(f"{number}.effect", estimate(of["effect"]), "times"), Record(f"{number}.test", test)]


def series_record(number: int, of: dict[str, Any]) -> Record:
    """Where a series lies, and a digest of all its points."""
    points = of["points"]
    xs, ys = ([point[name] for point in points if point[name] is not None] for name in ("x", "value"))
    bounds = {"x": xs, "y": ys}
    fields = {"points": str(len(points))}
    for name, values in bounds.items():
        fields |= {f"{name}_min": shown(min(values, default=None)), f"{name}_max": shown(max(values, default=None))}
    rounded = [[shown(point[name]) for name in ("x", "value", "lo", "hi", "n")] for point in points]
    return Record(f"s{number}", {**fields, "sha256": digest(rounded)[:SHORT]}, f"{of['name']}, panel {of['panel']}")


def number_records(of: Citation) -> list[Record]:
    found = [record for i, each in enumerate(of.contrasts, 1) for record in contrast_records(i, each)]
    return found + [series_record(i, each) for i, each in enumerate(of.figure["series"] if of.figure else [], 1)]


def sample_records(of: Citation) -> list[Record]:
    """A digest for each side, or where there are many, one for all sides of a backend and size."""
    if len(of.samples) <= SIDES_SHOWN:
        return [Record(f"d{i}", {"rounds": str(each["rounds"]), "sha256": each["sha256"][:SHORT]},
                       f"{named(each)} in {each['cell']}") for i, each in enumerate(of.samples, 1)]
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for each in of.samples:
        groups.setdefault((each["backend"], each["workers"]), []).append(each)
    return [Record(f"d{i}", {"samples": str(sum(each["rounds"] for each in sides)),
                             "sha256": digest([each["sha256"] for each in sides])[:SHORT]},
                   f"{named(sides[0])} in {text.plural(len(sides), 'cell')}")
            for i, sides in enumerate(groups.values(), 1)]


def file_records(of: Citation) -> list[Record]:
    return [Record(f"f{i}", {"sha256": value or "none"}, name) for i, (name, value) in enumerate(of.files.items(), 1)]


def records(of: Citation) -> list[Record]:
    return [*number_records(of), *sample_records(of), *file_records(of)]


# Parts.

def listed(of: dict[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in of.items())


def keys_of(cell: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell["keys"].items() if key not in ("load", "mode")}


def design(of: Citation) -> list[str]:
    plan = of.design
    words = [listed({name: plan[name] for name in ("profile", "rounds", "seed", "bind", "metric")})]
    if of.contrasts:
        words += [f"{cell['name']}: {cell['load']} of {cell['workload'] or 'nothing'}, {cell['mode']}, "
                  f"{listed(keys_of(cell))}; {cell['iterations']} iterations a round" for cell in plan["cells"]]
        return words
    kinds = {name: ", ".join(dict.fromkeys(cell[name] for cell in plan["cells"] if cell[name]))
             for name in ("workload", "load", "mode")}
    return [*words, f"{text.plural(len(plan['cells']), 'cell')} over {', '.join(plan['axes']) or 'nothing'}; "
            f"{listed(kinds)}"]


def result(of: Citation) -> list[str]:
    verdict = of.verdict
    if verdict is None:
        figure = of.figure or {"series": []}
        return [f"{len(figure['series'])} series of {figure['y']} over {figure['x']}: data/{of.name}.dat and "
                f"plots/{of.name}.svg"]
    effects = [f"{each['name']}: {effect_text(each['effect'])}" for each in of.contrasts]
    return [words for words in (f"{verdict['word']}: {verdict['reason']}", "; ".join(effects), verdict["values"])
            if words]


def effect_text(of: dict[str, Any]) -> str:
    """As the report has it."""
    if of["value"] is None:
        return "no ratio"
    interval = "no interval" if of["lo"] is None else f"{text.significant(of['lo'])}, {text.significant(of['hi'])}"
    return f"{text.significant(of['value'])} [{interval}]"


FORCED = "GRADE D: DO NOT CITE THIS. The block was forced."


def grade(of: Citation) -> list[str]:
    failed = [f"not met, costs {each['costs']}: {each['check']} ({each['found']})" for each in of.grade["failed"]]
    return [f"{of.grade['letter']}: {of.grade['meaning']}", *failed]


def number_lines(of: Citation) -> list[str]:
    lines: list[str] = []
    for i, each in enumerate(of.contrasts, 1):
        lines.append(f"{i}. {each['name']}: {each['metric']}{' in ' * bool(each['unit'])}{each['unit']}, "
                     f"{each['better']} is better")
        lines += [record.line() for record in contrast_records(i, each)]
    return lines + [record.line() for record in number_records(of) if of.figure]


def parts(of: Citation) -> Iterator[Part]:
    yield Part("result", result(of), [])
    if of.verdict and of.verdict["rule"]:
        yield Part("rule", [of.verdict["rule"]], [])
    yield Part("scope", [of.scope], [])
    yield Part("design", design(of), [])
    yield Part("statistics", of.statistics, [])
    yield Part("machine", [listed(of.machine)], [])
    yield Part("software", [listed(of.software)], [])
    yield Part("grade", grade(of), [])
    yield Part("limits", of.limits, [])
    yield Part("numbers", [], number_lines(of))
    yield Part("samples", [], [record.line() for record in sample_records(of)])
    yield Part("files", [], [record.line() for record in file_records(of)])
    yield Part("run", [], [f"run       {of.run['id']} on {of.run['machine']}", f"started   {of.run['started']}",
                           f"schema    citation={of.schema} edition={EDITION}"])
    yield Part("reproduce", [], shell_lines(of.reproduce, COLUMNS))
    yield Part("verify", [of.verify], [])


def shell_lines(command: str, columns: int) -> list[str]:
    """A command over several lines, each but the last ending in a backslash. They begin at the margin, so that a word
    may go on in the next one."""
    lines, room = [""], columns - 2
    for word in shlex.split(command):
        quoted = shlex.quote(word)
        if len(lines[-1]) + len(quoted) <= room:
            lines[-1] += f"{quoted} "
            continue
        pieces = [quoted] if len(quoted) <= room else [
            shlex.quote(word[i:i + room - 8]) for i in range(0, len(word), room - 8)]
        lines += pieces
        lines[-1] += " "
    return [f"{line}\\" for line in lines[:-1] if line] + [lines[-1].rstrip()]


def ended(block: str) -> str:
    """With the digest of all before it. Spaces and ends of lines do not count: mail changes them."""
    return f"{block}{ENDING} {hashlib.sha256(''.join(block.split()).encode()).hexdigest()[:SHORT]}\n"


# Formats.

def wrapped(words: str, first: str, rest: str) -> list[str]:
    lines = textwrap.wrap(words, COLUMNS, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return lines or [first]


def as_text(of: Citation) -> str:
    lines = [f"poolbench citation {of.id}", *wrapped(f"{of.name}: {of.title}", "", "")]
    lines += [f"*** {FORCED} ***"] * of.grade["forced"] + [""]
    for part in parts(of):
        margin = " " * LABEL
        if part.lines:
            lines += ["", part.label]
        for line in part.lines:
            lines += [line] if part.label == "reproduce" else wrapped(line, "  ", margin)
        for i, words in enumerate(part.words):
            lines += wrapped(words, margin if i else f"{part.label:<{LABEL}}", margin)
        lines += [""] * bool(part.lines and part.label == "reproduce")
    return ended("\n".join([*lines, ""]))


def as_markdown(of: Citation) -> str:
    lines = [f"**poolbench citation {of.id}**", "", f"{text.markdown(of.name)}: {text.markdown(of.title)}", ""]
    lines += [f"**{FORCED}**", ""] * of.grade["forced"]
    for part in parts(of):
        if part.lines:
            lines += [f"**{part.label}**", "", *(f"    {line}" for line in part.lines), ""]
        else:
            lines += [f"**{part.label}**: {text.markdown(' '.join(map(sentence, part.words)))}", ""]
    return ended("\n".join([*lines, ""]))


LATEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", '"': "''", "\u03b4": r"$\delta$", "\u2013": "--",
         "\u201c": "``", "\u201d": "''", "\u2019": "'", "<": r"\textless{}", ">": r"\textgreater{}", "`": "'"}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def latex(words: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in words)


def dated(started: str) -> list[str]:
    """Of the run's start, where it is one."""
    found = re.match(r"(\d{4})-(\d\d)-\d\dT", started)
    if not found or not 1 <= int(found[2]) <= 12:
        return []
    return [f"  year = {{{found[1]}}},", f"  month = {MONTHS[int(found[2]) - 1]},"]


def as_bibtex(of: Citation) -> str:
    """All of the block is in the entry: styles that show no `annote` show what is needed in `note`."""
    note = "; ".join([*[FORCED] * of.grade["forced"], *result(of)[:2], f"grade {of.grade['letter']}: "
                      f"{of.grade['meaning']}"])
    title = f"{of.name}: {of.title}"
    where = (f"poolbench {of.software['version']}, commit {of.software['commit']}, results/{of.run['machine']}/"
             f"{of.run['id']}")
    lines = [f"@misc{{poolbench-{of.id},", "  author = {{The poolbench contributors}},",
             f"  title = {{{{{latex(title)}}}}},", *dated(str(of.run["started"])),
             f"  howpublished = {{{latex(where)}}},", f"  note = {{{latex(note)}}},", "  annote = {"]
    for part in parts(of):
        if part.label == "reproduce":
            lines.append(f"    reproduce: {latex(of.reproduce)}.")
        else:
            lines += [f"    {part.label}: {latex(' '.join(map(sentence, part.words)))}"] * bool(part.words)
            lines += [f"    {latex(line)};" if part.label not in RECORDED else f"    {latex(line)}"
                      for line in part.lines]
    return ended("\n".join([*lines, "    "])) + "  }\n}\n"


RECORDED = ("numbers", "samples", "files", "run")


def as_json(of: Citation) -> str:
    return json.dumps(of.document(), indent=1, ensure_ascii=True) + "\n"


FORMATS: dict[str, Callable[[Citation], str]] = {"text": as_text, "markdown": as_markdown, "json": as_json,
                                                 "bibtex": as_bibtex}
