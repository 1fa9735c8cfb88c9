"""Overlays of several machines: what each run contributes, the files that gnuplot draws them from, and their sections
in a document."""
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from base import text
from compare.overlay import Overlay, Point
from compare.overlay_builders import reduce
from compare.overlay_layout import script, tick_labels
from compare.overlay_sheets import Sheet, Subject, sheets
from draw.pictures import PLOT_DIR
from report.blocks import Figure, Section

__all__ = ["Overlay", "Subject", "reduce", "sections", "write_inputs"]

COLUMNS = ["x", "value", "lo", "hi", "rounds", "in_doubt", "panel", "style", "subject", "label"]
FOOTER = "Medians, 95% intervals. Small points: no interval, too few samples, a late generator, or stopped at a limit."
RANGE = " Grey: the range of all machines."
RELATIVE = "Times in thread creations (create + join) of the same machine, ratios and efficiencies as they were."


def _number(value: float) -> str:
    return f"{value:.8g}"


def _word(words: str) -> str:
    return text.plain(words).replace("%", "") or "-"


def _block(points: Iterable[Point], panel: str, style: int, name: str) -> list[str]:
    """One row for nothing, so that there always is a block."""
    rows = ["\t".join([*(_number(v) for v in (point.x, point.of.value, point.of.lo, point.of.hi)), str(point.of.n),
                       str(int(point.in_doubt)), panel, str(style), name, _word(point.label)]) for point in points]
    return rows or ["\t".join(["nan"] * 4 + ["0", "0", panel, str(style), name, "-"])]


def dat(sheet: Sheet) -> str:
    out = ["# " + "\t".join(COLUMNS)]

    def add(comment: str, rows: list[str]) -> None:
        out.extend(["", ""] * (len(out) > 1) + [f"# {comment}", *rows])

    for number, plot in enumerate(sheet.plots, 1):
        for line in plot.lines:
            name = _word(plot.title if sheet.is_multiple else line.name)
            add(f"panel {number}, {_word(plot.title)}: {_word(line.name)}",
                _block(line.points, str(number), line.style, name))
    for (style, name), points in zip(sheet.key, sheet.bands):
        add(f"range of all: {_word(name)}", _block(points, "0", style, "all"))
    return "\n".join(out) + "\n"


def text_dat(sheet: Sheet) -> str:
    """What is written on the picture."""
    question = sheet.question[:1].upper() + sheet.question[1:]
    said = [("title", question + f" ({sheet.part})" * bool(sheet.part)), ("footer", FOOTER + RANGE * sheet.is_multiple),
            ("subtitle", RELATIVE if sheet.is_relative else ""), ("x", sheet.x_label)]
    for plot in sheet.plots:
        said += [("panel", plot.title), ("values", plot.y_label)]
    said += [("key", name) for _, name in sheet.key]
    said += [("category", name.replace("%", "")) for name in tick_labels(sheet)]
    return "# what\ttext\n" + "".join(f"{what}\t{text.plain(words) or '-'}\n" for what, words in said)


def write_inputs(subjects: Sequence[Subject], folder: Path) -> list[str]:
    """Writes data/ and plots/ below folder. Returns the names of all pictures, for pictures.draw()."""
    data, plots = folder / "data", folder / "plots"
    data.mkdir(exist_ok=True)
    plots.mkdir(exist_ok=True)
    made = sheets(subjects)
    for sheet in made:
        (data / f"{sheet.name}.dat").write_text(dat(sheet))
        (data / f"{sheet.name}.text.dat").write_text(text_dat(sheet))
        (plots / f"{sheet.name}.gp").write_text(script(sheet))
    for name in ("style", "overlay"):
        shutil.copyfile(PLOT_DIR / f"{name}.gp", plots / f"{name}.gp")
    return [sheet.name for sheet in made]


def alt(sheet: Sheet) -> str:
    of = "relative to each machine's own thread creation" if sheet.is_relative else "in absolute units"
    return f"{sheet.experiment}: {sheet.question} Several machines, {of}" + f", {sheet.part}" * bool(sheet.part) + "."


def figure(sheet: Sheet) -> Figure:
    return Figure(sheet.name, alt(sheet), sheet.note)


def sections(subjects: Sequence[Subject], names: Sequence[str]) -> list[Section]:
    """A section for each experiment of which a picture was drawn, absolute before relative."""
    drawn, found = set(names), {}
    for sheet in sheets(subjects):
        if sheet.name in drawn:
            found.setdefault(sheet.experiment, []).append(sheet)
    out = []
    for experiment, of_one in found.items():
        out.append(Section(experiment, [figure(sheet) for sheet in of_one], f"overlay-{experiment}"))
    return out


