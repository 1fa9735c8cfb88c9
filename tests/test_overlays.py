#!/usr/bin/env python3
"""Overlays of several machines: their numbers are those of the runs, each machine keeps its mark, and what is
missing is named."""
import math
import pickle
import re
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path

from report_helpers import TOP, main, skip

from base import stats
from base.runs import Side
from compare import overlays
from compare.overlay_sheets import sheets
from draw import pictures
from judge import answers
from judge.effects import ratio_values
from report import as_html, as_markdown

from overlay_fleet import fleet, judged, page_document

Rows = dict[tuple[str, str], list[dict[str, str]]]
HOSTILE = ["a'b", 'a"b', "a;b", "a\\b", "a\nb", "`id`", "$(id)", "@x", "50%d", "{/*9 x}", "\u65e5\u672c", "nan"]


def subjects_of(n: int, profile: str = "full") -> list[overlays.Subject]:
    return [overlays.Subject(f"machine {i}", i + 1, overlays.reduce(of)) for i, of in enumerate(judged(n, profile))]


def written(subjects: list[overlays.Subject], folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return overlays.write_inputs(subjects, folder)


def rows(path: Path) -> Rows:
    """Rows of a data file by the panel's number and the subject."""
    lines = path.read_text().splitlines()
    columns = lines[0].removeprefix("# ").split("\t")
    found: Rows = {}
    for line in lines[1:]:
        if line and not line.startswith("#"):
            row = dict(zip(columns, line.split("\t"), strict=True))
            found.setdefault((row["panel"], row["subject"]), []).append(row)
    return found


def check_value(row: dict[str, str], of: stats.Estimate, factor: float = 1) -> None:
    for name, value in (("value", of.value), ("lo", of.lo), ("hi", of.hi)):
        found = float(row[name])
        assert math.isnan(value) and math.isnan(found) or math.isclose(found, value * factor, rel_tol=1e-6), (row, of)
    assert int(row["rounds"]) == of.n, (row, of)


def test_values_are_those_of_the_runs(folder: Path) -> None:
    written(subjects_of(2), folder)
    for number, judgement in enumerate(judged(2), 1):
        run, name = judgement.run, f"{number} machine {number - 1}"
        floor = answers.floor_estimate(run, "pthread-tuned").value
        assert floor > 0
        cell = next(cell for cell in run.cells_of("grain") if cell.number("length_ns") == 10000)
        pool, raw = Side(cell.name, "pool", 2), Side(cell.name, "raw", 0)
        for variant, length in (("grain", 10000.0), ("grain-relative", 10000 / floor)):
            data = rows(folder / "data" / f"{variant}.dat")
            for panel, of in (("1", answers.efficiency(run, cell, pool)), ("2", answers.efficiency(run, cell, raw)),
                              ("3", stats.median(ratio_values(run, "time_ns", pool, raw)))):
                check_value(next(row for row in data[panel, name]
                                 if math.isclose(float(row["x"]), length, rel_tol=1e-6)), of)
        cell = next(cell for cell in run.cells_of("reuse") if cell.number("batches") == 10
                    and cell.keys["life"] == "run")
        for variant, factor in (("reuse", 1), ("reuse-relative", 1 / floor)):
            data = rows(folder / "data" / f"{variant}.dat")
            for panel, side in (("1", Side(cell.name, "pool", 2)), ("2", Side(cell.name, "raw", 0))):
                row = next(row for row in data[panel, name] if float(row["x"]) == 10)
                check_value(row, run.estimate(side, "time_ns"), factor)
        cell = next(cell for cell in run.cells_of("io") if cell.number("inflight") == 64 and cell.workload == "sleep")
        rate = answers.rate_of(run.estimate(Side(cell.name, "pool", 64), "time_ns"))
        for variant, factor in (("io", 1), ("io-relative", floor * 1e-9)):
            data = rows(folder / "data" / f"{variant}.dat")
            check_value(next(row for row in data["1", name] if float(row["x"]) == 64), rate, factor)
        clone = answers.floor_estimate(run, "clone")
        for variant, factor in (("floors", 1), ("floors-relative", 1 / floor)):
            row = next(row for row in rows(folder / "data" / f"{variant}.dat")["1", name] if row["label"] == "clone")
            check_value(row, clone, factor)
        percent = next(cell for cell in answers.open_cells(run, "openload", "poisson", "spin")
                       if cell.number("percent") == 80)
        p99 = answers.latency(run, Side(percent.name, "pool", 1), 0.99)
        panels = [plot.title for plot in next(s for s in sheets(subjects_of(2)) if s.name == "openload").plots]
        row = next(row for row in rows(folder / "data" / "openload.dat")[
            str(panels.index("pool: 99th percentile") + 1), name] if float(row["x"]) == 80)
        check_value(row, p99)
        assert row["in_doubt"] == str(int(not p99.is_printable)), row


def test_relative_is_absolute_over_the_own_floor(folder: Path) -> None:
    """Of every experiment: times and rates change by the floor, all else stays."""
    subjects = subjects_of(3)
    by_name = {sheet.name: sheet for sheet in sheets(subjects)}
    n_changed = 0
    for name, sheet in by_name.items():
        other = by_name.get(f"{name}-relative")
        if sheet.is_relative or other is None:
            continue
        for plot, scaled in zip(sheet.plots, other.plots, strict=True):
            for subject, line, as_scaled in zip(subjects, plot.lines, scaled.lines, strict=True):
                floor = subject.overlays["floors"].floor.value
                factor = {"time": 1 / floor, "rate": floor * 1e-9}.get(plot.kind, 1)
                n_changed += factor != 1
                assert [math.isclose(a.of.value * factor, b.of.value) for a, b in
                        zip(line.points, as_scaled.points, strict=True)].count(False) == 0, (name, plot.title)
    assert n_changed > 50, n_changed
    floors = [subject.overlays["floors"].floor.value for subject in subjects]
    assert len(set(floors)) == 3 and max(floors) > 1.1 * min(floors), floors
    assert "gil-relative" not in by_name and "grain-relative" in by_name


def test_every_experiment_has_its_picture(folder: Path) -> None:
    judgement = judged(1)[0]
    names = written(subjects_of(1), folder)
    for experiment in judgement.run.experiments:
        assert experiment.name in names or not judgement.run.cells_of(experiment.name), experiment.name
    assert len(set(names)) == len(names)


def test_a_machine_keeps_its_mark(folder: Path) -> None:
    """Also where others are missing, whatever the order."""
    subjects = subjects_of(4)
    del subjects[1].overlays["grain"]
    styles: dict[str, set[int]] = {}
    for sheet in [*sheets(subjects), *sheets(subjects[::-1])]:
        for plot in sheet.plots:
            for line, (style, name) in zip(plot.lines, sheet.key, strict=True):
                assert (line.style, line.name) == (style, name), sheet.name
                styles.setdefault(name, set()).add(style)
    assert styles == {f"{i} machine {i - 1}": {200 + i} for i in range(1, 5)}, styles


def test_twelve_marks_differ(folder: Path) -> None:
    style = (TOP / "scripts/plot/style.gp").read_text()
    marks = re.findall(r"^set style line 2(\d\d) lc rgb '(#\w{6})' lw [\d.]+ pt (\d+) ", style, re.M)
    assert [int(number) for number, _, _ in marks] == list(range(1, 13)), marks
    assert len({colour for _, colour, _ in marks}) == 12 and len({shape for _, _, shape in marks}) == 12, marks


def test_all_numbers_of_machines_draw(folder: Path) -> None:
    program, reason = pictures.find_gnuplot()
    if not program:
        skip(reason)
    for n in (1, 2, 12, 13, 31):
        subjects = fleet(n)
        names = written(subjects, folder / str(n))
        assert pictures.draw(program, folder / str(n) / "plots", names, lambda _: None) == [], n
        assert all((folder / str(n) / "plots" / f"{name}.{kind}").stat().st_size > 2000
                   for name in names for kind in ("svg", "png")), n
        drawn = {sheet.name: sheet for sheet in sheets(subjects)}
        assert list(drawn) == names
        lines = {name for plot in drawn["grain"].plots for name in [plot.title, *(line.name for line in plot.lines)]}
        if n <= 12:
            assert len(drawn["grain"].key) == n and {"pool", "one thread per task"} < lines, lines
        else:
            assert len(drawn["grain"].plots) == min(n, 30) and {"pool", "one thread per task"} < lines, lines
        if n == 31:
            assert len(drawn["grain-2"].plots) == 1 and "31 of 31" in drawn["grain-2"].part
        shutil.rmtree(folder / str(n))


def test_bands_hold_every_line(folder: Path) -> None:
    for sheet in sheets(fleet(14)):
        for i, band in enumerate(sheet.bands):
            ends = {point.x: point.of for point in band}
            points = [point for plot in sheet.plots for point in plot.lines[i].points if point.x in ends]
            assert points, (sheet.name, i)
            for point in points:
                assert ends[point.x].lo <= point.of.value * 1.0001, (sheet.name, point)
                assert ends[point.x].hi >= point.of.value * 0.9999, (sheet.name, point)


def test_what_is_missing_is_named(folder: Path) -> None:
    subjects = subjects_of(3)
    del subjects[1].overlays["grain"]
    for name, overlay in subjects[2].overlays.items():
        changed = {**overlay.__dict__, "floor": stats.median([])}
        subjects[2].overlays[name] = type(overlay)(**changed)
    names = written(subjects, folder)
    notes = {sheet.name: sheet.note for sheet in sheets(subjects)}
    assert notes["grain"] == "Not measured: 2 machine 1.", notes["grain"]
    assert "create + join was not measured: 3 machine 2." in notes["grain-relative"], notes["grain-relative"]
    assert notes["reuse"] == "" and "machine 2" in notes["reuse-relative"], notes
    assert "grain" in names and "3 machine 2" not in (folder / "data" / "grain-relative.dat").read_text()
    shown = as_markdown.render(page_document(subjects, names))
    assert "Not measured: 2 machine 1." in shown, shown[:300]
    nothing = [overlays.Subject("bare", 1, {}), overlays.Subject("bare", 2, {})]
    assert written(nothing, folder / "none") == [] and overlays.sections(nothing, []) == []


def test_one_cell_fewer(folder: Path) -> None:
    """A panel or a point that one machine lacks leaves a gap, and shifts nothing."""
    subjects = subjects_of(2)
    overlay = subjects[0].overlays["gap"]
    panels = tuple(panel for panel in overlay.panels if panel.title != "pool: median")
    panels = tuple(type(panel)(**{**panel.__dict__, "points": panel.points[1:]}) for panel in panels)
    subjects[0].overlays["gap"] = type(overlay)(**{**overlay.__dict__, "panels": panels})
    written(subjects, folder)
    data = rows(folder / "data" / "gap.dat")
    assert [row["value"] for row in data["1", "1 machine 0"]] == ["nan"], data["1", "1 machine 0"]
    for number in ("2", "3", "4"):
        ours, others = data[number, "1 machine 0"], data[number, "2 machine 1"]
        assert len(ours) + 1 == len(others)
        assert [(row["x"], row["label"]) for row in ours] == [(row["x"], row["label"]) for row in others[1:]]


def test_labels_cannot_harm(folder: Path) -> None:
    program, _ = pictures.find_gnuplot()
    harm = folder / "harm"
    labels = [*HOSTILE[:10], f"`touch {harm}`", f"'; system('touch {harm}'); '"]
    for i in range(0, len(HOSTILE), 6):
        labels = [*HOSTILE[i:i + 6], f"`touch {harm}`", f"'; system('touch {harm}'); '", f'"; system("touch {harm}") "']
        subjects = [overlays.Subject(label, j + 1, of.overlays) for j, (label, of) in
                    enumerate(zip(labels, fleet(len(labels))))]
        at = folder / str(i)
        names = written(subjects, at)
        for path in (at / "plots").glob("*.gp"):
            assert "touch" not in path.read_text() and "`" not in path.read_text(), path
        for sheet in sheets(subjects):
            assert len({name for _, name in sheet.key}) == len(sheet.key), sheet.key
        if program:
            assert pictures.draw(program, at / "plots", names[:4], lambda _: None) == []
        page = as_html.render_comparison(page_document(subjects, names), at / "plots")
        assert not re.search(r"<[^>]*touch", page.replace("aria-label", "")), "markup of a label"
    assert not harm.exists()


def test_names_do_not_meet(folder: Path) -> None:
    """Experiments of plugins may be called like pictures and like files of ours."""
    subjects = subjects_of(2, "quick")
    for subject in subjects:
        for name in ("style", "overlay", "grain-relative", "io-workloads", "trend-1"):
            subject.overlays[name] = subject.overlays["reuse"]
    names = written(subjects, folder)
    assert len(set(names)) == len(names) and {"grain", "grain-relative"} < set(names), names
    assert not {"style", "overlay", "trend-1"} & set(names), names
    scripts = TOP / "scripts" / "plot"
    for name in ("style", "overlay"):
        assert (folder / "plots" / f"{name}.gp").read_bytes() == (scripts / f"{name}.gp").read_bytes()


def test_long_labels_keep_their_ends(folder: Path) -> None:
    long = "a-machine-with-a-name-that-nobody-can-remember"
    base = fleet(2)
    subjects = [overlays.Subject(f"{long}, {cpus} of 64 CPUs", i + 1, of.overlays)
                for i, (cpus, of) in enumerate(zip((1, 64), base))]
    keys = [name for _, name in sheets(subjects)[0].key]
    assert keys[0].endswith(", 1 of 64 CPUs") and keys[1].endswith("64 of 64 CPUs"), keys
    assert all(len(key) <= 34 and key[:2] == f"{i} " for i, key in enumerate(keys, 1)), keys


def test_values_of_any_size(folder: Path) -> None:
    """None is too large, too small, or too equal for an axis."""
    program, reason = pictures.find_gnuplot()
    for number, factor in enumerate((1e-30, 1e30, 0.0, -1.0)):
        subjects = fleet(2)
        for name in ("reuse", "floors", "gap"):
            overlay = subjects[1].overlays[name]
            panels = tuple(type(panel)(**{**panel.__dict__, "points": tuple(
                point._replace(of=stats.Estimate(point.of.value * factor, math.nan, math.inf, 1))
                for point in panel.points)}) for panel in overlay.panels)
            subjects[1] = subjects[1]._replace(overlays={
                **subjects[1].overlays, name: type(overlay)(**{**overlay.__dict__, "panels": panels})})
        names = [name for name in written(subjects, folder / str(number)) if name in ("reuse", "floors", "gap")]
        if program:
            assert pictures.draw(program, folder / str(number) / "plots", names, lambda _: None) == [], factor


def test_the_same_every_time(folder: Path) -> None:
    for n in (3, 14):
        for name in ("a", "b"):
            written(pickle.loads(pickle.dumps(fleet(n))), folder / str(n) / name)
        for path in sorted((folder / str(n) / "a").rglob("*")):
            if path.is_file():
                other = folder / str(n) / "b" / path.relative_to(folder / str(n) / "a")
                assert path.read_bytes() == other.read_bytes(), path


def test_reducing_is_quick_and_small(folder: Path) -> None:
    judgement = judged(1)[0]
    began = time.monotonic()
    reduced = overlays.reduce(judgement)
    assert time.monotonic() - began < 10
    assert len(pickle.dumps(reduced)) < 200_000


# The page.

class Elements(HTMLParser):
    VOID = {"meta", "link", "input", "br"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.figures = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if tag in ("a", "link") else []
        self.figures += tag == "figure"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


def test_the_page_holds_every_picture(folder: Path) -> None:
    program, reason = pictures.find_gnuplot()
    if not program:
        skip(reason)
    subjects = fleet(3)
    names = written(subjects, folder)
    assert pictures.draw(program, folder / "plots", names, lambda _: None) == []
    page = as_html.render_comparison(page_document(subjects, names), folder / "plots")
    found = Elements(page)
    assert found.open == [] and found.figures == len(names)
    assert len(set(found.ids)) == len(found.ids)
    for link in found.links:
        assert link[1:] in found.ids if link.startswith("#") else link == "data:," or (folder / link).exists(), link
    assert all(f'href="data/{name}.dat"' in page and f'href="plots/{name}.gp"' in page for name in names)
    assert "<comparison>" not in page and "beware <of>" not in page
    assert "://" not in re.sub(r"http://www\.w3\.org/[\w/]+", "", page)
    assert 'id="samples"' not in page and "undefined" not in page
    assert 'data-v="9"' in page


main(globals())
