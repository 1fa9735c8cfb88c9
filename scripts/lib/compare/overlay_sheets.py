"""Lays the overlays of several machines on each other: a sheet for each picture, with what is in it and who is not."""
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from base import text
from base.stats import Estimate
from compare.overlay import FLOOR_UNIT, RATE, TIME, Overlay, Panel, Point, scaled

MARKS = 12       # as many machines can be told apart in one picture; more stand side by side
PAGE = 30        # of them on one sheet
PANELS_MAX, CATEGORIES_MAX = 6, 24
LABEL_MAX, TITLE_MAX = 32, 27
BAND_PLACES = 60
RESERVED = {"style", "overlay"}  # names of other files in plots/
RESERVED_PREFIX = "trend"


class Subject(NamedTuple):
    """A machine in a setting."""
    label: str
    mark: int  # from 1; the same in every picture
    overlays: dict[str, Overlay]


@dataclass
class Line:
    """What a panel draws of one subject, or of one side."""
    name: str
    style: int
    points: list[Point]


@dataclass
class Plot:
    title: str
    group: str
    kind: str
    y_label: str
    lines: list[Line]


@dataclass
class Sheet:
    name: str
    experiment: str
    is_relative: bool
    question: str
    x_label: str
    x_kind: str
    categories: list[str]  # or the labels of steps
    plots: list[Plot]
    key: list[tuple[int, str]]
    note: str
    bands: list[list[Point]] = field(default_factory=list)  # of each line's range over all machines
    part: str = ""

    @property
    def has_categories(self) -> bool:
        return not self.x_kind

    @property
    def is_multiple(self) -> bool:
        return bool(self.bands)


# Labels.

def shortened(label: str, most: int) -> str:
    """Without its middle: what tells settings of one machine apart stands at its end."""
    kept = most - 3
    return label if len(label) <= most else f"{label[:kept - kept // 2].rstrip()}...{label[-(kept // 2):].lstrip()}"


def short_labels(subjects: Sequence["Subject"]) -> list[str]:
    """Fit for a key, or for the title of a small panel. The number before it keeps two from being alike."""
    plain = [text.plain(subject.label).replace("%", "").strip() for subject in subjects]
    most = LABEL_MAX if len(subjects) <= MARKS else TITLE_MAX
    return [f"{subject.mark} {shortened(label, most)}".rstrip() for subject, label in zip(subjects, plain)]


# One axis of categories or steps for all.

def merged(lists: Iterable[Sequence[str]]) -> list[str]:
    """What all have, in the order of the longest list, and after it what it lacks."""
    ordered = sorted(lists, key=len, reverse=True)
    return list(dict.fromkeys(name for names in ordered for name in names))


def categories_of(overlays: Sequence[Overlay]) -> list[str]:
    if overlays[0].has_steps:
        steps = {point.x: point.label for overlay in overlays for panel in overlay.panels for point in panel.points}
        return [steps[x] for x in sorted(steps)]
    if overlays[0].has_categories:
        return merged([point.label for panel in overlay.panels for point in panel.points] for overlay in overlays)
    return []


def relative(point: Point, kind: str, floor_ns: float, divides_x: bool) -> Point:
    factor = 1 / floor_ns if kind == TIME else floor_ns * 1e-9 if kind == RATE else 1
    return point._replace(x=point.x / floor_ns if divides_x else point.x, of=scaled(point.of, factor))


def placed(points: Iterable[Point], overlay: Overlay, categories: Sequence[str]) -> list[Point]:
    """By their places on the axis that all have. Categories go down from 0."""
    if overlay.has_steps or overlay.has_categories:
        places = {label: i for i, label in enumerate(categories)}
        sign = 1 if overlay.has_steps else -1
        points = [point._replace(x=float(sign * places[point.label])) for point in points if point.label in places]
    return sorted(points, key=lambda point: point.x)


# Sheets.

@dataclass
class Gathered:
    """All subjects that have an overlay of one name, in one variant."""
    name: str
    subjects: list[Subject]
    labels: list[str]
    is_relative: bool
    note: str

    @property
    def overlays(self) -> list[Overlay]:
        return [subject.overlays[self.name] for subject in self.subjects]

    def points(self, subject: Subject, key: tuple[str, str], categories: Sequence[str]) -> list[Point]:
        overlay = subject.overlays[self.name]
        panel = next((panel for panel in overlay.panels if (panel.group, panel.title) == key), None)
        points: Iterable[Point] = panel.points if panel else []
        if panel and self.is_relative:
            divides_x = overlay.x_kind == TIME and not overlay.has_steps
            points = [relative(point, panel.kind, overlay.floor.value, divides_x) for point in points]
        return placed(points, overlay, categories)


def panels_of(overlays: Sequence[Overlay]) -> list[Panel]:
    """All panels, in the order of the overlay that has most."""
    ordered = sorted(overlays, key=lambda overlay: len(overlay.panels), reverse=True)
    found = {(panel.group, panel.title): panel for overlay in reversed(ordered) for panel in overlay.panels}
    keys = dict.fromkeys((panel.group, panel.title) for overlay in ordered for panel in overlay.panels)
    return [found[key] for key in keys][:PANELS_MAX]


def y_label_of(panel: Panel, is_relative: bool) -> str:
    if is_relative and panel.kind == TIME:
        return FLOOR_UNIT
    if is_relative and panel.kind == RATE:
        return panel.y_label.replace("per second", "per thread creation")
    return panel.y_label


def absent(what: str, labels: Sequence[str]) -> list[str]:
    named = ", ".join(labels[:6]) + (f" and {len(labels) - 6} more" if len(labels) > 6 else "")
    return [f"{what}: {named}."] if labels else []


def gathered(subjects: Sequence[Subject], labels: Sequence[str], name: str, is_relative: bool) -> Gathered | None:
    """None where the picture would show nothing."""
    has = [(subject, label) for subject, label in zip(subjects, labels) if name in subject.overlays]
    notes = absent("Not measured", [label for subject, label in zip(subjects, labels) if name not in subject.overlays])
    if is_relative:
        without = [label for subject, label in has if not subject.overlays[name].floor.value > 0]
        has = [(subject, label) for subject, label in has if subject.overlays[name].floor.value > 0]
        notes += absent("Left out, as its create + join was not measured" if len(without) == 1 else
                        "Left out, as their create + join was not measured", without)
    first = next((subject.overlays[name] for subject, _ in has), None)
    if first is None or is_relative and not any(s.overlays[name].changes_with_floor for s, _ in has):
        return None
    alike = [(s, label) for s, label in has if (s.overlays[name].x_kind, s.overlays[name].has_steps)
             == (first.x_kind, first.has_steps)]
    notes += absent("Left out, as it was measured over something else", [pair[1] for pair in has if pair not in alike])
    cut = [s for s, _ in alike if len(s.overlays[name].panels) > PANELS_MAX]
    if cut or len(categories_of([s.overlays[name] for s, _ in alike])) > CATEGORIES_MAX:
        notes.append(f"Shown are the first {PANELS_MAX} series or {CATEGORIES_MAX} categories.")
    return Gathered(name, [s for s, _ in alike], [label for _, label in alike], is_relative, " ".join(notes))


def one_sheet(of: Gathered, name: str) -> Sheet:
    """A line for each machine."""
    overlays = of.overlays
    categories = categories_of(overlays)[:CATEGORIES_MAX]
    styles = [201 + (subject.mark - 1) % MARKS for subject in of.subjects]
    plots = [Plot(panel.title, panel.group, panel.kind, y_label_of(panel, of.is_relative), [
        Line(label, style, of.points(subject, (panel.group, panel.title), categories))
        for subject, label, style in zip(of.subjects, of.labels, styles)]) for panel in panels_of(overlays)]
    return Sheet(name, of.name.partition("/")[0], of.is_relative, overlays[0].question, x_label_of(of),
                 overlays[0].x_kind, categories, plots, list(zip(styles, of.labels)), of.note)


def x_label_of(of: Gathered) -> str:
    overlay = of.overlays[0]
    divides = of.is_relative and overlay.x_kind == TIME and not overlay.has_steps
    return f"{overlay.x_label}, in {FLOOR_UNIT}" if divides else overlay.x_label


def many_sheets(of: Gathered, name: str) -> Iterator[tuple[str, Sheet]]:
    """A small panel for each machine, a sheet for each group of panels and page."""
    overlays = of.overlays
    categories = categories_of(overlays)[:CATEGORIES_MAX]
    panels = panels_of(overlays)
    for group in dict.fromkeys(panel.group for panel in panels):
        sides = [panel for panel in panels if panel.group == group]
        if of.is_relative and not any(panel.kind in (TIME, RATE) for panel in sides) and overlays[0].x_kind != TIME:
            continue  # it would be the absolute one
        lines = [[of.points(subject, (group, side.title), categories) for side in sides] for subject in of.subjects]
        bands = [band([of_subject[i] for of_subject in lines], is_discrete=bool(categories))
                 for i in range(len(sides))]
        key = [(style, side.title or "this machine") for side, style in zip(sides, side_styles(sides))]
        for start in range(0, len(of.subjects), PAGE):
            page = range(start, min(start + PAGE, len(of.subjects)))
            plots = [Plot(of.labels[i], group, sides[0].kind, y_label_of(sides[0], of.is_relative), [
                Line(title, style, points) for (style, title), points in zip(key, lines[i])]) for i in page]
            part = f"machines {page.start + 1} to {page.stop} of {len(of.subjects)}"
            suffix = f"-{group}" * bool(group) + f"-{start // PAGE + 1}" * (start > 0)
            yield name + suffix, Sheet(
                "", of.name.partition("/")[0], of.is_relative, overlays[0].question, x_label_of(of),
                overlays[0].x_kind, categories, plots, key, of.note, bands, part)


def side_styles(sides: Sequence[Panel]) -> list[int]:
    """Those of the backends, each once."""
    found: list[int] = []
    for spare, side in zip((12, 65, 66, 60, 91, 92), sides):
        found.append(spare if side.style in found else side.style)
    return found


def band(lines: Sequence[Sequence[Point]], is_discrete: bool) -> list[Point]:
    """From the lowest to the highest line at each place that one of them has; between places a line is straight, on the
    logarithms where all are positive."""
    places = sorted({point.x for line in lines for point in line})
    places = places[::math.ceil(len(places) / BAND_PLACES)] + places[-1:] if not is_discrete else places
    ends: dict[float, list[float]] = {x: [] for x in places}
    for line in filter(None, lines):
        if is_discrete:
            for point in line:
                ends[point.x].append(point.of.value)
            continue
        inside = [x for x in places if line[0].x <= x <= line[-1].x]
        for x, y in zip(inside, interpolated(inside, line)):
            ends[x].append(y)
    return [Point(x, "", Estimate((min(ys) + max(ys)) / 2, min(ys), max(ys), len(ys)), False)
            for x, ys in ends.items() if ys]


def interpolated(places: Sequence[float], line: Sequence[Point]) -> list[float]:
    xs, ys = [point.x for point in line], [point.of.value for point in line]
    if min(xs) > 0 and min(ys) > 0:
        return [math.exp(y) for y in np.interp(np.log(places), np.log(xs), np.log(ys))]
    return [float(y) for y in np.interp(places, xs, ys)]


def names_of(subjects: Sequence[Subject]) -> list[str]:
    return merged(list(subject.overlays) for subject in subjects)


def sheets(subjects: Sequence[Subject]) -> list[Sheet]:
    """Absolute and relative, in the order of the experiments."""
    taken = RESERVED | {name for name in names_of(subjects) if "/" not in name}
    labels = short_labels(subjects)
    found = []
    for name in names_of(subjects):
        for is_relative in (False, True):
            of = gathered(subjects, labels, name, is_relative)
            if of is None:
                continue
            base = re.sub(r"[^A-Za-z0-9_-]+", "-", name) + "-relative" * is_relative
            made = many_sheets(of, base) if len(subjects) > MARKS else [(base, one_sheet(of, base))]
            for wanted, sheet in made:
                sheet.name = free_name(wanted, taken - {name} if wanted == name and name not in RESERVED else taken)
                taken.add(sheet.name)
                found.append(sheet)
    return found


def free_name(wanted: str, taken: set[str]) -> str:
    if wanted.startswith(RESERVED_PREFIX):
        wanted = f"of-{wanted}"
    while wanted in taken:
        wanted += "_"
    return wanted

