#!/usr/bin/env python3
"""The rooms of the pool stand in the order of docs/pool.md: each calls and includes only those below it, and says in a
header of its own what it offers. And atomic operations come from one place."""
import re
import subprocess

from harness import BUILD, TOP, check

SHARED = {"state", "pool"}  # no rooms as headers: the structures, and what users see
IN_POOL_H = {"calls", "submit", "iterator", "several"}  # rooms that offer nothing but to users


def floors(page: str) -> dict[str, int]:
    rows = page.partition("| rooms | what |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    return {room: i for i, row in enumerate(rows) for room in re.split(r",\s*", row.split("|")[1].strip())}


def symbols(room: str) -> tuple[set[str], set[str]]:
    """Defined and used ones."""
    room_object = BUILD / "counting/pool" / f"{room}.o"  # the library is compiled as a whole; these are for a test
    lines = subprocess.run(["nm", room_object], capture_output=True, text=True, check=True).stdout
    words = [line.split() for line in lines.splitlines()]
    return ({word[2] for word in words if len(word) == 3 and word[1] in "TBDRC"},
            {word[1] for word in words if len(word) == 2 and word[0] == "U"})


def wrong(floor: dict[str, int], calls: dict[str, set[str]], includes: dict[str, set[str]]) -> list[str]:
    return ([f"{room} calls {other}" for room in calls for other in sorted(calls[room])
             if floor[other] >= floor[room]] +
            [f"{room} includes {other}.h" for room in includes for other in sorted(includes[room] - {room} - SHARED)
             if floor[other] >= floor[room]])


def test_order() -> None:
    floor = floors((TOP / "docs/pool.md").read_text())
    rooms = {path.stem for path in (TOP / "pool").glob("*.c")}
    check(rooms == floor.keys(), f"the table and pool/ have not the same rooms: {sorted(rooms ^ floor.keys())}")
    tables = {room: symbols(room) for room in rooms}
    home = {name: room for room, (defined, _) in tables.items() for name in defined}
    calls = {room: {home[name] for name in used if name in home} - {room} for room, (_, used) in tables.items()}
    includes = {path.stem: set(re.findall(r'^#include "(\w+)\.h"', path.read_text(), re.M))
                for path in (TOP / "pool").glob("*.c")}
    check(not wrong(floor, calls, includes), "; ".join(wrong(floor, calls, includes)))
    for room in rooms - IN_POOL_H - SHARED:
        check((TOP / f"pool/{room}.h").exists(), f"{room} has no header")
    check(sum(len(names) for names in calls.values()) > 2 * len(rooms), "no calls were found")


def test_atomics() -> None:
    """All atomic operations and futex calls come from one header."""
    for path in sorted((TOP / "pool").glob("*.[ch]")):
        own = path.name == "atomics.h"
        found = re.findall(r"stdatomic\.h>|SYS_futex|__atomic_\w+|__sync_\w+", path.read_text())
        check(bool(found) == own, f"{path.name} has {', '.join(found) or 'none'}")


def test_faults() -> None:
    """What is wrong is found."""
    floor = {"low": 0, "side": 0, "high": 1}
    check(wrong(floor, {"low": {"high"}, "high": {"low"}}, {}) == ["low calls high"], "a call upwards")
    check(wrong(floor, {"low": {"side"}}, {}) == ["low calls side"], "a call beside")
    check(wrong(floor, {}, {"low": {"low", "high", "state"}}) == ["low includes high.h"], "a header from above")


test_order()
test_atomics()
test_faults()
