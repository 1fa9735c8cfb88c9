#!/usr/bin/env python3
"""Both sides and the harness spin for the same time before they sleep, the one that docs/method.md names."""
import os
import re
from pathlib import Path

TOP = Path(os.environ["POOLBENCH_TOP"])


def budget_us(path: str, pattern: str) -> int:
    found = re.findall(pattern, (TOP / path).read_text())
    assert found, f"{path} does not say for how long"
    assert len(set(found)) == 1, f"{path}: {found}"
    return int(found[0])


budgets = {path: budget_us(path, pattern) for path, pattern in (
    ("pool/pool.c", r"\bSPIN_NS = (\d+) \* 1000 }"),
    ("bench/backends/executor.h", r"\bEXECUTOR_SPIN_NS = (\d+) \* 1000 }"),
    ("docs/method.md", r"(\d+) microseconds \(the \*spin budget\*\)"))}
assert len(set(budgets.values())) == 1, budgets
