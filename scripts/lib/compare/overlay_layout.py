"""Where everything stands on a sheet, as variables of a gnuplot script: numbers, fixed words and labels of ticks. No
text of a run is among them."""
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from base import text
from compare.overlay import BYTES, LINEAR, RATIO, SHARE, TIME
from compare.overlay_sheets import Plot, Sheet

WIDTH = 1100  # that of style.gp
TOP, SUBTITLE, BOTTOM, RIGHT = 66, 18, 36, 18  # title, footer and margin, in pixels
TITLE, X_TICKS, X_LABEL = 28, 28, 24
Y_TICKS, Y_LABEL, GAP = 62, 26, 22
KEY_LINE, LETTER = 21, 8.3
LIMIT = 1e300


@dataclass(frozen=True)
class Axis:
    lo: float
    hi: float
    is_log: bool
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Box:
    """A panel's place in pixels from the top left corner."""
    left: float
    top: float
    width: float
    height: float
    shows_y: bool  # labels of ticks
    shows_x: bool
    names_y: bool  # what the axis is
    names_x: bool


# Axes.

def count_text(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def tick_text(value: float, kind: str, is_relative: bool) -> str:
    if kind == TIME and not is_relative:
        return text.quantity(value, "ns") if value else "0"
    if kind == BYTES:
        return text.quantity(value, "B")
    if kind == SHARE:
        return f"{100 * value:g}%%"  # gnuplot takes it for a format
    return count_text(value)


MANTISSAS = ((1, 2, 5), (1, 3), (1,))


def log_ticks(lo: float, hi: float, most: int) -> list[float]:
    decades = range(math.floor(math.log10(lo)), math.ceil(math.log10(hi)) + 1)
    for mantissas in MANTISSAS:
        found = [m * 10.0 ** d for d in decades for m in mantissas if lo <= m * 10.0 ** d <= hi]
        if len(found) <= most:
            break
    step = math.ceil(len(found) / most)
    return found[::step] if step > 1 else found


def linear_ticks(lo: float, hi: float, most: int) -> list[float]:
    size = 10.0 ** math.floor(math.log10((hi - lo) / most))
    step = next(m * size for m in (1, 2, 5, 10, 20) if (hi - lo) / (m * size) <= most)
    return [k * step for k in range(math.ceil(lo / step), math.floor(hi / step) + 1)]


def make_axis(values: Iterable[float], kind: str, is_relative: bool, most: int, room: float = 0.05) -> Axis:
    """Logarithmic where positive values span more than a decade. Shares begin at zero, and 1 of ratios is in view."""
    finite = [value for value in values if math.isfinite(value) and abs(value) < LIMIT]
    finite += [1.0] if kind == RATIO else [0.0, 1.0] if kind == SHARE else []
    lo, hi = (min(finite), max(finite)) if finite else (0.0, 1.0)
    is_log = lo > 0 and (hi > 10 * lo or lo == hi) and kind != LINEAR
    if is_log:
        room_log = max(room * math.log10(hi / lo), 0.08)
        lo, hi = lo / 10 ** room_log, hi * 10 ** room_log
    else:
        margin = (hi - lo or abs(hi) or 1) * room
        lo, hi = (0.0 if 0 <= lo < 0.5 * hi or kind == SHARE and lo >= 0 else lo - margin), hi + margin
    places = (log_ticks if is_log else linear_ticks)(lo, hi, most)
    return Axis(lo, hi, is_log, [(value, tick_text(value, kind, is_relative)) for value in places])


def ends(plot: Plot) -> list[float]:
    """Values, and those ends of intervals that do not lie far beyond all values."""
    values = [point.of.value for line in plot.lines for point in line.points]
    lo, hi = min(values, default=0), max(values, default=0)
    limits = [end for line in plot.lines for point in line.points for end in (point.of.lo, point.of.hi)]
    return values + [end for end in limits if lo / 2 <= end <= 2 * hi]


def value_axes(sheet: Sheet, most: int) -> dict[str, Axis]:
    """One for each group of panels."""
    axes = {}
    for group in dict.fromkeys(plot.group for plot in sheet.plots):
        plots = [plot for plot in sheet.plots if plot.group == group]
        band = [end for line in sheet.bands for point in line for end in (point.of.lo, point.of.hi)]
        axes[group] = make_axis([end for plot in plots for end in ends(plot)] + band, plots[0].kind,
                                sheet.is_relative, most)
    return axes


def place_axis(sheet: Sheet, most: int) -> Axis:
    if sheet.categories:
        n = len(sheet.categories)
        return Axis(-0.4, n - 0.6, False, []) if sheet.x_kind else Axis(0.5 - n, 0.5, False, [])
    xs = [point.x for plot in sheet.plots for line in plot.lines for point in line.points]
    return make_axis([*xs, *(point.x for line in sheet.bands for point in line)], sheet.x_kind, sheet.is_relative,
                     most, 0.04)


# Places.

def rows_of(sheet: Sheet) -> list[list[Plot]]:
    n = len(sheet.plots)
    if sheet.is_multiple:
        columns = 5 if n > 12 and category_width(sheet) < 180 else 4
    else:
        columns = n if n <= 3 or sheet.has_categories and n == 4 else 2 if n == 4 else 3
    return [sheet.plots[i:i + columns] for i in range(0, n, columns)]


def category_width(sheet: Sheet) -> float:
    longest = max((len(category) for category in sheet.categories), default=0)
    return min(330, 26 + 6.6 * longest)


def panel_height(sheet: Sheet, n_rows: int) -> float:
    if sheet.has_categories:
        n_lines = max(len(plot.lines) for plot in sheet.plots)
        least = 110 if sheet.is_multiple else 220
        return max(least, len(sheet.categories) * max(22, 14 + 8.5 * n_lines))
    if sheet.is_multiple:
        return 108
    return 350 if n_rows == 1 else 240


def shows_values(sheet: Sheet, row: Sequence[Plot]) -> list[bool]:
    """Where in a row an axis of values, or of categories, has its labels."""
    if sheet.has_categories or sheet.is_multiple:
        return [i == 0 for i in range(len(row))]
    return [i == 0 or row[i - 1].group != plot.group for i, plot in enumerate(row)]


def boxes(sheet: Sheet) -> tuple[list[Box], float]:
    """Of each panel, and where the lowest of them ends with its labels."""
    rows, found = rows_of(sheet), []
    shows = [shows_values(sheet, row) for row in rows]
    room = category_width(sheet) if sheet.has_categories else Y_TICKS + Y_LABEL
    pads = [max(room if of[i] else GAP for of in shows if i < len(of)) for i in range(len(shows[0]))]
    width = (WIDTH - RIGHT - sum(pads)) / len(pads)
    height = panel_height(sheet, len(rows))
    top = float(TOP if sheet.is_relative else TOP - SUBTITLE)
    for number, row in enumerate(rows):
        top += TITLE
        for i in range(len(row)):
            left = sum(pads[:i + 1]) + i * width
            is_lowest = number + 1 == len(rows) or number + 2 == len(rows) and i >= len(rows[-1])
            names_y = shows[number][i] and (not sheet.is_multiple or number == len(rows) // 2)
            names_x = is_lowest and not sheet.is_multiple or sheet.has_categories and not sheet.is_multiple \
                or sheet.is_multiple and number + 1 == len(rows) and i == len(row) // 2
            found.append(Box(left, top, width, height, shows[number][i], is_lowest or not sheet.is_multiple, names_y,
                             names_x))
        is_last = number + 1 == len(rows)
        top += height + (X_TICKS + X_LABEL if is_last or sheet.has_categories and not sheet.is_multiple else
                         0 if sheet.is_multiple else X_TICKS + 10)
    return found, top


def key_places(sheet: Sheet) -> tuple[list[tuple[float, float]], float]:
    """Of each entry, in pixels from the left and from the top of the key; and its height."""
    longest = max((len(label) for _, label in sheet.key), default=0)
    columns = max(1, min(len(sheet.key), int((WIDTH - 40) / (62 + LETTER * longest))))
    rows = math.ceil(len(sheet.key) / columns)
    columns = math.ceil(len(sheet.key) / rows)
    width = min((WIDTH - 40) / columns, 70 + LETTER * longest)
    return [(20 + (i // rows) * width, (i % rows) * KEY_LINE + 14) for i in range(len(sheet.key))], rows * KEY_LINE


def label_offset(axis: Axis) -> float:
    """How far left of its axis a name stands: just beyond the longest label."""
    longest = max((len(label.replace("%%", "%")) for _, label in axis.ticks), default=0)
    return min(Y_TICKS + Y_LABEL - 10, 30 + 7.6 * longest)


def tick_labels(sheet: Sheet) -> list[str]:
    """Of categories and steps. Of steps, as many as do not run into each other."""
    if sheet.has_categories or not sheet.categories:
        return sheet.categories
    width = boxes(sheet)[0][0].width
    letter = 6.5 if sheet.is_multiple else 8
    room = sum(max(len(label), 2) + 1.5 for label in sheet.categories) * letter
    stride = max(1, math.ceil(room / width))
    return [label if i % stride == 0 else "" for i, label in enumerate(sheet.categories)]


# The script.

def listed(name: str, values: Iterable[object]) -> str:
    return f"{name} = '{' '.join(map(str, values))}'\n"


def number(value: float) -> str:
    return f"{value:.8g}"


def tick_list(axis: Axis, is_named: bool = True) -> str:
    return "(" + ", ".join(f"'{label * is_named}' {number(value)}" for value, label in axis.ticks) + ")"


def script(sheet: Sheet) -> str:
    placed, end = boxes(sheet)
    entries, key_height = key_places(sheet)
    key_top = end + 10
    height = math.ceil(key_top + key_height + BOTTOM)
    across, upward = 1 / WIDTH, 1 / height
    width = placed[0].width
    x_most = max(2, int(width / 62))
    y_most = max(3, int(placed[0].height / 32))
    values = value_axes(sheet, x_most if sheet.has_categories else y_most)
    place = place_axis(sheet, x_most)
    out = [f"name = '{sheet.name}'\n", f"picture_height = {height}\n",
           f"n_panels = {len(sheet.plots)}\n", f"n_series = {len(sheet.plots[0].lines)}\n",
           f"n_bands = {len(sheet.bands)}\n",
           f"has_dots = {int(sheet.has_categories)}\n", f"n_categories = {len(sheet.categories)}\n",
           listed("styles", (line.style for line in sheet.plots[0].lines)),
           listed("lefts", (number(box.left * across) for box in placed)),
           listed("rights", (number((box.left + box.width) * across) for box in placed)),
           listed("tops", (number(1 - box.top * upward) for box in placed)),
           listed("bottoms", (number(1 - (box.top + box.height) * upward) for box in placed)),
           listed("shows_x", (int(box.shows_x) for box in placed)),
           listed("shows_y", (int(box.shows_y) for box in placed)),
           listed("names_x", (int(box.names_x) for box in placed)),
           listed("names_y", (int(box.names_y) for box in placed)),
           listed("label_offsets", (number(label_offset(values[plot.group]) * across) for plot in sheet.plots)),
           listed("has_one", (int(plot.kind == RATIO) for plot in sheet.plots)),
           listed("groups", (list(values).index(plot.group) + 1 for plot in sheet.plots)),
           listed("key_styles", (style for style, _ in sheet.key)),
           listed("key_xs", (number(x * across) for x, _ in entries)),
           listed("key_ys", (number(1 - (key_top + y) * upward) for _, y in entries)),
           f"place_lo = {number(place.lo)}\nplace_hi = {number(place.hi)}\nplace_log = {int(place.is_log)}\n",
           f'place_ticks = "{tick_list(place)}"\nbare_place_ticks = "{tick_list(place, False)}"\n']
    for i, axis in enumerate(values.values(), 1):
        out.append(f"lo_{i} = {number(axis.lo)}\nhi_{i} = {number(axis.hi)}\nlog_{i} = {int(axis.is_log)}\n"
                   f'ticks_{i} = "{tick_list(axis)}"\nbare_ticks_{i} = "{tick_list(axis, False)}"\n')
    out.append("load 'overlay.gp'\n")
    return "".join(out)

