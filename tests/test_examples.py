#!/usr/bin/env python3
"""The examples in docs/: each prints what it says it prints, in C and where there is one in Python too."""
import os
import re
import subprocess
import sys
from pathlib import Path

TOP, BUILD = Path(os.environ["POOLBENCH_TOP"]), Path(os.environ["POOLBENCH_BUILD"])
EXAMPLES = TOP / "docs/examples"
COMMENT = re.compile(r"/\*.*? \* Prints:\n((?: \*     .*\n)+) \*/\n", re.S)

faults: list[str] = []


def run(command: list[str | Path], wanted: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        faults.append(str(error))
        return
    if done.returncode != 0 or done.stderr or done.stdout != wanted:
        faults.append(f"{command[-1]}: exit code {done.returncode}, {done.stderr!r}, prints {done.stdout!r}, "
                      f"not {wanted!r}")


names = {path.stem for path in EXAMPLES.glob("*.c")}
for name in sorted(names):
    match = COMMENT.match((EXAMPLES / f"{name}.c").read_text())
    if match is None:
        faults.append(f"{name}.c does not say what it prints")
        continue
    wanted = re.sub(r"^ \*     ", "", match[1], flags=re.M)
    run([BUILD / "docs/examples" / name], wanted)
    if (EXAMPLES / f"{name}.py").exists():
        run([sys.executable, EXAMPLES / f"{name}.py"], wanted)
faults += [f"{path.name} stands alone" for path in EXAMPLES.glob("*.py") if path.stem not in names]
if len(names) < 19:
    faults.append(f"only {len(names)} examples")
print(*faults, sep="\n")
sys.exit(bool(faults))
