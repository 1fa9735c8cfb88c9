"""Words and numbers as people read them, and text of others made harmless for where it is going.

Runs come from anywhere. clean() is applied to every string when a run is read, so no control character gets
further; the others are applied where text leaves.
"""
import math
import re
import unicodedata
from typing import Protocol

from base.stats import Estimate

PLAIN = re.compile(r"[^A-Za-z0-9 ._:@/+,?()%'-]")
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # categories of Unicode
INTERVAL = r"\[[\w.,%: -]*\](?![(\[:])"  # brackets that make no link
MARKUP = re.compile(rf"({INTERVAL})|([\\`*_{{}}\[\]#|~!^$])")


def clean(text: str) -> str:
    """One line without control characters, changes of direction, invisible characters or lone surrogates."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = re.sub(r"\s+", " ", text)
    return "".join(c for c in text if unicodedata.category(c) not in INVISIBLE).strip()


def plain(text: str) -> str:
    """For pictures and their data: a small set of characters that gnuplot gives no meaning to."""
    return PLAIN.sub("", text)[:160]


def markdown(text: str) -> str:
    """For running text and cells of tables: nothing of it is markup, and nothing becomes a link."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = MARKUP.sub(lambda found: found[1] or f"\\{found[2]}", text)
    return text.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def code(text: str) -> str:
    """A name, set as code where that cannot end early."""
    return f"`{text}`" if text and PLAIN.search(text.replace("_", "")) is None else markdown(text)


def csv_field(text: str) -> str:
    """A spreadsheet takes a field that begins like this for a formula."""
    return "'" + text if text[:1] in {"=", "+", "-", "@"} else text


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits, or all of a whole number, never an exponent."""
    if not math.isfinite(value):
        return "unknown"
    if value == int(value):
        return f"{value:,.0f}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if round(abs(value), places) >= 10 ** (digits - places):  # 9.999 became 10.0
        places -= 1
    return f"{round(value, places):,.{max(places, 0)}f}"


# Unit of a metric -> units that it is shown in, each with its size, the largest first.
SCALES = {
    "ns": [("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0)],
    "B": [("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)],
}
SCALES["bytes"] = SCALES["B"]
UNITLESS = {"", "1", "count", "tasks", "threads", "none"}


def scale_of(value: float, unit: str) -> tuple[str, float]:
    """The unit that a value is best shown in, and its size."""
    scales = SCALES.get(unit, [("" if unit in UNITLESS else unit, 1.0)])
    return next(((name, size) for name, size in scales if abs(value) >= size * 0.9995), scales[-1])


def quantity(value: float, unit: str) -> str:
    name, size = scale_of(value, unit)
    return f"{significant(value / size)} {name}".strip()


def estimate(of: Estimate, unit: str = "") -> str:
    """A value with its interval in the same unit: `12.3 us [12.1, 12.8]`."""
    name, size = scale_of(of.value, unit)
    shown = f"{significant(of.value / size)} {name}".strip()
    if not of.has_interval:
        return f"{shown} [no interval]"
    return f"{shown} [{significant(of.lo / size)}, {significant(of.hi / size)}]"


def percentile(of: Estimate, unit: str) -> str:
    """A percentile, or where its interval is too wide or does not exist, that."""
    if of.is_printable:
        return estimate(of, unit)
    if of.has_interval:
        return f"within [{quantity(of.lo, unit)}, {quantity(of.hi, unit)}]"
    return "too few samples"


def percent(fraction: float) -> str:
    return f"{significant(100 * fraction, 2)}%"


def plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


class HasWorkers(Protocol):
    """A side, as far as it is named here."""
    @property
    def backend(self) -> str: ...
    @property
    def workers(self) -> int: ...


def side_name(side: HasWorkers) -> str:
    return f"{side.backend}, {plural(side.workers, 'worker')}" if side.workers else side.backend
