#!/usr/bin/env python3
"""Weakens the orderings of the pool one by one and runs the scenarios of tests/relacy against each: make mutants.

Each memory order of the files in SUITES is replaced by those next below it (acq_rel, or what a load or a store has of
it, for seq_cst; acquire and release for acq_rel; relaxed for both), and where nothing notices that by those below. What
the scenarios do not notice is in SURVIVORS, with the reason: any other survivor is an error, and so is one there that
is caught or that does not exist. RULES are changes of another kind, each of which must be caught.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from relacy.build import NO_TOOLS, Builder, missing_tools

TOP = Path(__file__).resolve().parent.parent

# The files whose orderings are weakened, and the scenarios that are run, the quickest first.
SUITES = {
    "deque.c": ["deque", "pool"],
    "port.c": ["port", "pool"],
    "park.c": ["park"],
    "handle.c": ["pool"],
    "complete.c": ["pool"],
    "notice.c": ["pool"],
    "quiet.c": ["pool"],
    "calls.c": ["pool"],
    "seat.c": ["pool"],
    "several.c": ["pool"],
    "pool.c": ["pool"],
    "submit.c": ["pool"],
    "worker.c": ["pool"],
    "ticket.c": ["pool"],
}

# What no scenario notices: file, function, what is replaced by what, and why nothing needs to.
SURVIVORS: dict[tuple[str, str, int, str], str] = {
    ("deque.c", "pool__deque_push", 2, "relaxed"):
        "relacy lets no load return what is stored later in the run: docs/pool.md says why acquire stays",
    ("deque.c", "pool__deque_steal", 1, "acquire"):
        "equivalent: the step that the load returns happens before the load of bottom",
    ("deque.c", "pool__deque_steal", 1, "relaxed"):
        "wrong, but for the same reason as in pool__deque_push() relacy cannot show it",
    ("deque.c", "pool__deque_pop", 5, "relaxed"):
        "equivalent in C11, where this thread's earlier release goes on with its later stores; not in C23",
    ("deque.c", "pool__deque_count", 1, "acquire"):
        "equivalent: a top that is too old counts too many, and who sees that looks again",
    ("deque.c", "pool__deque_count", 1, "relaxed"):
        "no fault, for the same reason",
    ("port.c", "pool__port_await", 1, "relaxed"):
        "wrong, but relacy runs what is seq_cst in the order of the run: the look at n_put that follows sees all",
    ("port.c", "pool__port_count", 1, "acquire"):
        "equivalent: an n_taken that is too old counts too many, and who sees that looks again",
    ("port.c", "pool__port_count", 1, "relaxed"):
        "no fault: without order the count may be too large, and who acts on it looks again under the port's lock",
    ("seat.c", "pool__seat", 1, "relaxed"):
        "equivalent: who asks for a seat holds the lock or has read n_seats, which is stored after the block",
    ("seat.c", "pool__new_seats", 2, "relaxed"):
        "equivalent, for the same reason",
    ("worker.c", "count_one", 1, "relaxed"):
        "wrong: who adds up could see an end and not what that task has submitted; no scenario reaches it yet",
}


class Rule(NamedTuple):
    """Another mistake than a weak order."""
    file: str
    old: str
    new: str
    suites: list[str]


RULES: list[Rule] = [
    Rule("pool.c", "    pool__await_visits(pool);\n", "", ["pool"]),
    Rule("submit.c", "        pool__drop_spawned(handle);\n", "        ;\n", ["pool"]),
    Rule("submit.c", "& (POOL__CLOSED | POOL__CALL)))\n        return;", "& POOL__CLOSED))\n        return;", ["pool"]),
]

OPERATION = re.compile(r"atomic_(load|store|exchange|fetch_\w+|compare_exchange_\w+)_explicit\s*\(")
ORDER = re.compile(r"memory_order_(\w+)")


class Ordering(NamedTuple):
    """One memory order of the text of a file."""
    file: str
    function: str
    number: int  # of it in the function
    operation: str
    order: str
    begin: int
    end: int

    def key(self, to: str) -> tuple[str, str, int, str]:
        return self.file, self.function, self.number, to

    def weaker(self, order: str) -> list[str]:
        if order == "seq_cst":
            return {"load": ["acquire"], "store": ["release"]}.get(self.operation, ["acq_rel"])
        return {"acq_rel": ["acquire", "release"], "acquire": ["relaxed"], "release": ["relaxed"]}.get(order, [])


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)


def orderings(file: str, text: str) -> Iterator[Ordering]:
    """All but those for the failure of a comparison, which are relaxed everywhere."""
    code = without_comments(text)
    heads = re.finditer(r"^\w[^;{}]*?(\w+)\([^;{}]*\)\n\{", code, re.M)
    functions = [(head.start(), head[1]) for head in heads]
    numbers: dict[str, int] = {}
    for operation in OPERATION.finditer(code):
        depth, at = 1, operation.end()
        begin = at
        while depth > 0:
            depth += {"(": 1, ")": -1}.get(code[at], 0)
            at += 1
        inner = code[begin:at]
        while nested := OPERATION.search(inner):
            hole, level, end = nested.start(), 1, nested.end()
            while level > 0:
                level += {"(": 1, ")": -1}.get(inner[end], 0)
                end += 1
            inner = inner[:hole] + " " * (end - hole) + inner[end:]
        order = ORDER.search(inner)
        assert order is not None, f"{file}: an operation without an order"
        function = next(name for start, name in reversed(functions) if start < operation.start())
        numbers[function] = numbers.get(function, 0) + 1
        yield Ordering(file, function, numbers[function], operation[1], order[1],
                       begin + order.start(1), begin + order.end(1))


class Mutant(NamedTuple):
    name: str
    file: str
    text: str
    suites: list[str]


def verdict(builder: Builder, mutant: Mutant, percent: int) -> str:
    """Which check catches it; empty: none does."""
    with tempfile.TemporaryDirectory(prefix="poolbench-mutant-") as folder:
        for suite in mutant.suites:
            program = builder.build(suite, Path(folder), {mutant.file: mutant.text})
            done = subprocess.run([program, str(percent)], capture_output=True, text=True, timeout=900)
            if done.returncode != 0:
                lines = done.stdout.strip().splitlines()
                return f"{suite}: " + "; ".join(line for line in lines if ": good," not in line)
    return ""


def weakened(builder: Builder, ordering: Ordering, text: str, percent: int) -> Iterator[tuple[str, str]]:
    """Each weaker order with its verdict, as far down as none is noticed."""
    waiting = ordering.weaker(ordering.order)
    while waiting:
        order = waiting.pop(0)
        changed = text[:ordering.begin] + order + text[ordering.end:]
        name = f"{ordering.file} {ordering.function}() {ordering.number}"
        found = verdict(builder, Mutant(name, ordering.file, changed, SUITES[ordering.file]), percent)
        yield order, found
        if not found:
            waiting += [lower for lower in ordering.weaker(order) if lower not in waiting]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/mutants.py", allow_abbrev=False,
                                     description="Weakens the orderings of the pool one by one.")
    parser.add_argument("--files", nargs="*", default=list(SUITES), help="only these")
    parser.add_argument("--percent", type=int, default=100, help="of the runs of each scenario")
    parser.add_argument("--only", default="", help="only those with this in their names")
    parser.add_argument("-j", dest="jobs", type=int, default=min(2, len(os.sched_getaffinity(0))))
    options = parser.parse_args()
    if lacking := missing_tools():
        print(f"{NO_TOOLS}: {lacking}")
        return 77
    n_caught, faults, seen = 0, [], set()
    with tempfile.TemporaryDirectory(prefix="poolbench-relacy-") as folder:
        builder = Builder(Path(folder))

        def lines_of(ordering: Ordering, text: str) -> list[tuple[Ordering, str, str, float]]:
            begin, rows = time.monotonic(), []
            for order, found in weakened(builder, ordering, text, options.percent):
                rows.append((ordering, order, found, time.monotonic() - begin))
                begin = time.monotonic()
            return rows

        def line_of(rule: Rule) -> tuple[Rule, str]:
            text = (TOP / "pool" / rule.file).read_text()
            assert text.count(rule.old) == 1, f"{rule.file} has not exactly one '{rule.old}'"
            return rule, verdict(builder, Mutant(rule.old, rule.file, text.replace(rule.old, rule.new), rule.suites),
                                 options.percent)

        with ThreadPoolExecutor(options.jobs) as workers:
            texts = {file: (TOP / "pool" / file).read_text() for file in options.files}
            todo = [(ordering, text) for file, text in texts.items() for ordering in orderings(file, text)
                    if options.only in f"{file} {ordering.function}() {ordering.number}"]
            for rows in workers.map(lambda pair: lines_of(*pair), todo):
                for ordering, order, found, seconds in rows:
                    key = ordering.key(order)
                    seen.add(key)
                    n_caught += bool(found)
                    reason = SURVIVORS.get(key, "")
                    if bool(found) == bool(reason):
                        faults.append(key)
                    print(f"{ordering.file} {ordering.function}() {ordering.number} {ordering.operation}: "
                          f"{ordering.order} -> {order}: {found or 'survives'}"
                          f"{'  (' + reason + ')' if reason else ''}  {seconds:.0f} s", flush=True)
            for rule, found in workers.map(line_of, [rule for rule in RULES if rule.file in options.files
                                                     and options.only in f"{rule.file} rule {rule.old}"]):
                n_caught += bool(found)
                if not found:
                    faults.append((rule.file, rule.old, 0, rule.new))
                print(f"{rule.file} '{rule.old}' -> '{rule.new}': {found or 'survives'}", flush=True)
    if not options.only:
        faults += [key for key in SURVIVORS if key[0] in options.files and key not in seen]
    print(f"{n_caught} caught, {len(seen & SURVIVORS.keys())} survivors that are known")
    for fault in faults:
        print("unexpected:", *fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
