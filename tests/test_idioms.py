#!/usr/bin/env python3
"""docs/idioms.md shows the very code of every program, and its lines as another way of counting finds them; so does the
binary. `tests/test_idioms.py --write` renews what the document shows."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ.get("POOLBENCH_TOP", Path(__file__).resolve().parent.parent))
BUILD = Path(os.environ.get("POOLBENCH_BUILD", TOP / "build"))
DOCUMENT = TOP / "docs/idioms.md"
PROGRAMS = TOP / "bench/idioms"

# The heading of a program, and its code.
SHOWN = re.compile(r"^\[(?P<name>\w+)\.c\]\(\.\./bench/idioms/(?P=name)\.c\), (?P<lines>\d+) lines:\n\n"
                   r"```c\n(?P<code>.*?)```\n", re.M | re.S)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.S)


def count_lines(code: str) -> int:
    """Neither blank nor comments alone."""
    bare = COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", "", found[0]), code)
    return sum(bool(line.strip()) for line in bare.split("\n"))


def shown(name: str) -> str:
    code = (PROGRAMS / f"{name}.c").read_text()
    return f"[{name}.c](../bench/idioms/{name}.c), {count_lines(code)} lines:\n\n```c\n{code}```\n"


HARD = """int a; // 1

/* no
 line */
/* 2 */ int b = '"'; /*
*/ char *c = "/* 3"; /**/
   /* none
*/
int d; /* 4 */ // "
"""


def check_counters() -> list[str]:
    """Both ways on what is hard to count."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hard_one.c"
        path.write_text(HARD)
        header = subprocess.run(["awk", "-f", PROGRAMS / "lines.awk", path], capture_output=True, text=True,
                                timeout=20).stdout
    return [f"{what} counts {n} lines, not 4" for what, n in (("this test", str(count_lines(HARD))),
                                                              ("lines.awk", "".join(re.findall(r"= (\d+)", header))))
            if n != "4"]


def main() -> int:
    names = sorted(path.stem for path in PROGRAMS.glob("*_*.c"))
    document = DOCUMENT.read_text()
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(SHOWN.sub(lambda match: shown(match["name"]), document))
        return 0
    faults = check_counters()
    found = [match["name"] for match in SHOWN.finditer(document)]
    faults += [f"docs/idioms.md does not show {name}.c once" for name in names if found.count(name) != 1]
    faults += [f"docs/idioms.md shows {name}.c, which is not there" for name in found if name not in names]
    faults += [f"docs/idioms.md does not show {match['name']}.c as it is: tests/test_idioms.py --write renews it"
               for match in SHOWN.finditer(document) if match["name"] in names and match[0] != shown(match["name"])]
    counted = dict(re.findall(r"LINES_(\w+) = (\d+)", (BUILD / "idiom_lines.h").read_text()))
    faults += [f"the binary has {counted.get(name)} lines of {name}.c, not {lines}" for name in names
               if (lines := str(count_lines((PROGRAMS / f"{name}.c").read_text()))) != counted.get(name)]
    print(*faults, sep="\n")
    return 1 if faults or len(names) < 19 else 0


if __name__ == "__main__":
    sys.exit(main())
