"""Writes what the pictures show to data/<experiment>.dat and has gnuplot draw it.

The scripts in scripts/plot are fixed. Everything that differs from run to run, titles included, reaches them as
data, in a set of characters without meaning to gnuplot.
"""
import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from base import text
from base.runs import FILE_NAME, Experiment, Run
from draw import peers
from draw.picture import Picture, Row, View
from draw.views import views_of
from judge.verdicts import Judgement

PLOT_DIR = Path(__file__).resolve().parent.parent.parent / "plot"
GNUPLOT_OLDEST = (5, 0)
TIMEOUT_S = 60
AT_ONCE_MAX = 8  # each has a thread here, whose stack counts against the limit of memory


# Files for gnuplot.

def _number(value: float) -> str:
    return "nan" if math.isnan(value) else f"{value:.8g}"


def dat(picture: Picture) -> str:
    """A block for each series and panel, named in the comment above it, with a tab between columns."""
    y = picture.y_name
    columns = [picture.x_name, y, f"{y}_lo", f"{y}_hi", "rounds", "open", "panel", "style", "series", "label"]
    blocks: dict[tuple[int, str], list[Row]] = {}
    for row in picture.rows:
        if row.of.n or row.series.startswith("ideal"):
            blocks.setdefault((row.panel, row.series), []).append(row)
    out = ["# " + "\t".join(columns)]
    for (panel, series), rows in sorted(blocks.items(), key=lambda block: (block[1][0].style, block[0])):
        out += ["", ""] * (len(out) > 1) + [f"# panel {panel}: {text.plain(series)}"]
        for row in sorted(rows, key=lambda row: row.x):
            out.append("\t".join([*(_number(v) for v in (row.x, row.of.value, row.of.lo, row.of.hi)), str(row.of.n),
                                  str(int(row.open)), str(row.panel), str(row.style), text.plain(row.series) or "-",
                                  text.plain(row.label).replace("%", "") or "-"]))
    return "\n".join(out) + "\n"


def limits_dat(picture: Picture) -> str:
    """Lines and regions that bound what is shown. The last row stands for nothing, so that there always is one."""
    rows = ["# axis\tvalue\tuntil\tpanel\tlabel"]
    for limit in sorted(picture.limits, key=lambda limit: (limit.panel, limit.axis, limit.value)):
        rows.append("\t".join([limit.axis, _number(limit.value), _number(limit.until), str(limit.panel),
                               text.plain(limit.label)]))
    return "\n".join([*rows, "none\t0\t0\t0\t-"]) + "\n"


def text_dat(run: Run, experiment: Experiment, view: View, picture: Picture) -> str:
    """What is written on the picture."""
    question = view.title or experiment.question[:1].upper() + experiment.question[1:]
    done = f"{run.rounds_done} of {run.rounds_planned} rounds, INCOMPLETE" if not run.is_complete else \
        run.in_rounds(run.cells_of(experiment.name))
    footer = f"{run.document['run']['machine']}   {run.document['run']['id']}   {done}, median and 95% interval"
    if run.profile == "smoke":
        footer += ", smoke decides nothing"
    fields = [question, footer, picture.x_label, picture.y_label]
    return "# title\tfooter\tx_label\ty_label\n" + "\t".join(text.plain(f) or "-" for f in fields) + "\n"


def script(name: str, view: View) -> str:
    """The picture's own script, or one of three lines that makes a general one draw it."""
    if view.script == name:
        return (PLOT_DIR / f"{view.script}.gp").read_text()
    assert FILE_NAME.fullmatch(name)
    return f"name = '{name}'\nload 'style.gp'\nload '{view.script}.gp'\n"


def shown(run: Run) -> list[tuple[Experiment, str, View]]:
    """All that there is to draw, by the names of the pictures."""
    found = [(experiment, name, view) for experiment in run.experiments if run.cells_of(experiment.name)
             for name, view in views_of(run, experiment).items()]
    if run.plugin_backends:
        found.append((peers.EXPERIMENT, "peers", View("peers", peers.picture, [])))
    return found


def write_inputs(judgement: Judgement, folder: Path) -> list[str]:
    """Writes data/ and the scripts in plots/ below folder. Returns the names of what can be drawn."""
    run, drawable = judgement.run, []
    data, plots = folder / "data", folder / "plots"
    data.mkdir()
    plots.mkdir()
    for experiment, name, view in shown(run):
        picture = view.build(judgement, experiment)
        (data / f"{name}.dat").write_text(dat(picture))
        (data / f"{name}.limits.dat").write_text(limits_dat(picture))
        (data / f"{name}.text.dat").write_text(text_dat(run, experiment, view, picture))
        if any(row.of.n for row in picture.rows):
            drawable.append(name)
            (plots / f"{name}.gp").write_text(script(name, view))
    for name in ("style", "lines", "dots"):
        shutil.copyfile(PLOT_DIR / f"{name}.gp", plots / f"{name}.gp")
    return drawable


# gnuplot itself.

def _environment() -> dict[str, str]:
    """No settings of a user reach the drawing, so that the same run gives the same pictures."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("GNUPLOT", "GNUTERM", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def find_gnuplot() -> tuple[str | None, str]:
    """The program, or None with what to do about it."""
    advice = "install gnuplot-nox (Debian's name) and draw with make report"
    program = shutil.which("gnuplot")
    if program is None:
        return None, f"gnuplot is not installed: {advice}"
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        shown = ""
    found = re.match(r"gnuplot (\d+)\.(\d+)", shown)
    if not found:
        return None, f"gnuplot does not tell its version: {advice}"
    if (int(found[1]), int(found[2])) < GNUPLOT_OLDEST:
        return None, f"gnuplot {found[1]}.{found[2]} is older than {GNUPLOT_OLDEST[0]}.{GNUPLOT_OLDEST[1]}: {advice}"
    return program, ""


def _draw_one(program: str, plots: Path, name: str) -> str:
    """Returns what went wrong, or ""."""
    try:
        done = subprocess.run([program, "-d", f"{name}.gp"], cwd=plots, env=_environment(), capture_output=True,
                              text=True, errors="replace", timeout=TIMEOUT_S)
        error = text.clean(done.stderr)[:200] if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as problem:
        error = text.clean(str(problem))[:200]
    if error or not (plots / f"{name}.svg").exists():
        return f"cannot draw {name}: {error or 'no picture came out'}"
    return ""


def draw(program: str, plots: Path, names: Sequence[str], tell: Callable[[str], None]) -> list[str]:
    """Draws each picture as SVG and PNG, up to 8 at once. Returns a line for each that failed."""
    failed = []
    with ThreadPoolExecutor(min(AT_ONCE_MAX, len(os.sched_getaffinity(0)))) as pool:
        for n, problem in enumerate(pool.map(lambda name: _draw_one(program, plots, name), names), 1):
            tell(f"{n} of {len(names)} pictures")
            failed += [problem] if problem else []
    return failed
