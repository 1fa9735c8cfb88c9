"""The pool beside the backends that plugins brought, in tables that fit a terminal, and once with all intervals."""
import math
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from base import stats
from base.runs import Run
from base.stats import Estimate
from base.text import estimate, percent, quantity, scale_of, significant
from draw import peers
from draw.peers import (AFTER_PAUSE, BOUNDED_BY_1, BOUNDED_BY_64, COLD_START, HAND_OVER, HANDLE, IDLE, MAP, MAP_OF_2,
                        MAP_OF_64, MEMORY, SHORT_TASKS, SPAWN, SUBMIT_BY_1, SUBMIT_BY_2, WORKERS_2, WORKERS_64, Measure)
from judge import answers

NONE = "\u2013"
WIDTH = 76  # of a table, which summary.md indents by four
DIGITS = 2

LEGEND = [
    "pool: its own values. Others: how many times as much they take, so above 1 the pool is ahead; ? where the 95% "
    "interval holds 1. * is the least of a column.",
    "METG(e): the shortest task of the grid from which on a share e of the CPUs' time goes into tasks. It, the growths "
    "(64/1, 64/2), idle CPU, CPU/wall and shares are each backend's own.",
    "by submitter: the share of tasks that a submitting or waiting thread ran. Above 0, what threads submit one by "
    "one is no contest: shown, but never the least.",
    f"{NONE}: it has no such operation, or that was not measured.",
]

OWN = (SUBMIT_BY_1, SUBMIT_BY_2, BOUNDED_BY_1, BOUNDED_BY_64)  # where tasks run by submitters are not handed over

Column = Callable[[Run], dict[str, str]]  # a cell for each backend


@dataclass(frozen=True)
class Block:
    """Columns that stand together: a title above the subtitle of each."""
    title: str
    columns: list[tuple[str, Column]]


def cells(run: Run, of: Callable[[str], Estimate], show: Callable[[Estimate], str]) -> dict[str, str]:
    found = {backend: of(backend) for backend in peers.backends(run)}
    return {backend: show(each) if each.n else NONE for backend, each in found.items()}


def in_digits(of: Estimate) -> str:
    return significant(of.value, DIGITS)


def as_percent(of: Estimate) -> str:
    return percent(of.value)


def in_unit(unit: str) -> Callable[[Estimate], str]:
    def show(of: Estimate) -> str:
        name, size = scale_of(of.value, unit)
        return f"{significant(of.value / size, DIGITS)} {name}".strip()
    return show


def as_times(of: Estimate) -> str:
    return in_digits(of) + ("" if of.has_interval and not of.lo <= 1 <= of.hi else "?")


def unit_of(run: Run, measure: Measure) -> str:
    return run.metrics[measure.metric].unit if measure.metric in run.metrics else ""


def is_contest(run: Run, measure: Measure, backend: str) -> bool:
    """Not where submitters ran tasks that they should have handed over."""
    return not (measure in OWN and peers.by_submitter(run, measure, backend).value > 0)


def least(run: Run, measure: Measure) -> str:
    """The backend that takes least; none of those whose submitters did the work themselves."""
    found = {backend: of.value for backend in peers.backends(run) if (of := peers.absolute(run, measure, backend)).n
             and is_contest(run, measure, backend)}
    return min(found, key=lambda backend: found[backend], default="")


def compared(measure: Measure, run: Run) -> dict[str, str]:
    """The pool in its own units, the others as multiples of it."""
    found = cells(run, lambda backend: peers.times_the_pool(run, measure, backend), as_times)
    found |= {"pool": cells(run, lambda backend: peers.absolute(run, measure, backend),
                            in_unit(unit_of(run, measure)))["pool"]}
    best = least(run, measure)
    return {backend: cell + "*" * (backend == best and cell != NONE) for backend, cell in found.items()}


def grown(more: Measure, fewer: Measure, run: Run) -> dict[str, str]:
    return cells(run, lambda backend: peers.growth(run, more, fewer, backend), in_digits)


def as_metg(of: Estimate) -> str:
    """With a sign where the shortest task of the grid is long enough, or a longer one than was decided is needed."""
    if of.n:
        return quantity(of.value, "ns") if of.has_interval else f"\u2264 {quantity(of.value, 'ns')}"
    return NONE if math.isnan(of.lo) else f"> {quantity(of.lo, 'ns')}"


def metg(level: float, run: Run) -> dict[str, str]:
    found = peers.metgs(run, level)
    return {backend: as_metg(found.get(backend, stats.median([]))) for backend in peers.backends(run)}


def idle(run: Run) -> dict[str, str]:
    return cells(run, lambda backend: peers.absolute(run, IDLE, backend), as_percent)


def cpu_over_wall(run: Run) -> dict[str, str]:
    return cells(run, lambda backend: peers.cpu_over_wall(run, backend), in_digits)


def share(measure: Measure, run: Run) -> dict[str, str]:
    return cells(run, lambda backend: peers.by_submitter(run, measure, backend), as_percent)


def spread(measure: Measure) -> list[tuple[str, Column]]:
    return [("p50", partial(compared, measure)), ("p99", partial(compared, peers.tail_of(measure)))]


# Measure of each case, with the block and column of its share.
CASES: list[tuple[str, str, Measure]] = [
    ("hand-over", "0", HAND_OVER), ("", "1 ms", AFTER_PAUSE), ("handle", "", HANDLE), ("map of", "2", MAP_OF_2),
    ("", "64", MAP_OF_64), ("", "100,000", MAP), ("submit", "by 1", SUBMIT_BY_1), ("", "by 2", SUBMIT_BY_2),
    ("bound", "by 1", BOUNDED_BY_1), ("", "by 64", BOUNDED_BY_64), ("tasks", "1 us", SHORT_TASKS), ("spawn", "", SPAWN),
    ("workers", "2", WORKERS_2), ("", "64", WORKERS_64),
]

BLOCKS = [
    Block("hand-over", spread(HAND_OVER)), Block("after 1 ms", spread(AFTER_PAUSE)), Block("handle", spread(HANDLE)),
    Block("map of 2", spread(MAP_OF_2)), Block("map of 64", spread(MAP_OF_64)),
    Block("map of", [("100,000", partial(compared, MAP))]), Block("tasks", [("1 us", partial(compared, SHORT_TASKS))]),
    Block("spawn", [("", partial(compared, SPAWN))]),
    Block("submit", [("by 1", partial(compared, SUBMIT_BY_1)), ("by 2", partial(compared, SUBMIT_BY_2))]),
    Block("bound 1,000", [("by 1", partial(compared, BOUNDED_BY_1)), ("by 64", partial(compared, BOUNDED_BY_64)),
                          ("64/1", partial(grown, BOUNDED_BY_64, BOUNDED_BY_1))]),
    Block("workers", [("2", partial(compared, WORKERS_2)), ("64", partial(compared, WORKERS_64)),
                      ("64/2", partial(grown, WORKERS_64, WORKERS_2))]),
    Block("METG", [(f"({percent(level)})", partial(metg, level)) for level in answers.METG_LEVELS]),
    Block("cold", [("start", partial(compared, COLD_START))]), Block("queued", [("task", partial(compared, MEMORY))]),
    Block("idle", [("CPU", idle)]), Block("CPU/", [("wall", cpu_over_wall)]),
]
SHARES = [Block(title, [(subtitle, partial(share, measure))]) for title, subtitle, measure in CASES]


def set_out(run: Run, block: Block) -> list[str]:
    """The block's lines, all of one width; none where nothing was measured."""
    columns = [[subtitle, *column(run).values()] for subtitle, column in block.columns]
    if all(cell == NONE for column in columns for cell in column[1:]):
        return []
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    lines = [block.title, *map("  ".join, zip(*padded))]
    return [line.ljust(max(map(len, lines))) for line in lines]


def packed(run: Run, blocks: list[Block], corner: str) -> Iterator[list[str]]:
    """As many blocks beside each other as fit."""
    names = [corner, "", *peers.backends(run)]
    first = lines = [name.ljust(max(map(len, names))) for name in names]
    for part in filter(None, (set_out(run, block) for block in blocks)):
        if len(lines[0]) + 2 + len(part[0]) > WIDTH:
            yield [line.rstrip() for line in lines]
            lines = first
        lines = list(map("  ".join, zip(lines, part)))
    if lines is not first:
        yield [line.rstrip() for line in lines]


def parts(run: Run) -> list[list[str]]:
    return [*packed(run, BLOCKS, ""), *packed(run, SHARES, "by submitter")]


def terminal(run: Run) -> list[str]:
    out = [line for part in parts(run) for line in ["", *part]]
    return [*out, "", *(line for words in LEGEND for line in textwrap.wrap(words, WIDTH))]


def long_table(run: Run) -> list[list[str]]:
    """A row for each case and backend: its own value and how many times the pool's that is, with their intervals."""
    measures = [of for _, _, measure in CASES
                for of in ([measure, peers.tail_of(measure)] if measure.metric == peers.MEDIAN else [measure])]
    rows = []
    for measure in [*measures, COLD_START, MEMORY]:
        for backend in peers.backends(run):
            of, times = peers.absolute(run, measure, backend), peers.times_the_pool(run, measure, backend)
            if of.n:
                rows.append([measure.title, backend, estimate(of, unit_of(run, measure)),
                             NONE if backend == "pool" else estimate(times) if times.n else NONE])
    return rows
