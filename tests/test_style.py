#!/usr/bin/env python3
"""Who includes and imports whom, where C++ stands, labels of atomic operations, long lines, unfinished work.

The rules are first held against a small tree that breaks each of them, then against this one.
"""
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
COLUMNS_MAX = 120

LIBC = re.compile(r"(sys|linux|net|netinet|arpa|asm)/[\w-]+\.h|(" + "|".join("""
    aio alloca assert ctype dirent dlfcn elf endian err errno execinfo fcntl fenv float fnmatch ftw getopt
    glob ifaddrs inttypes iso646 libgen limits link locale malloc math mntent netdb poll pthread pwd regex
    sched
    search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
    stdnoreturn string strings syscall syslog tgmath threads time uchar ucontext unistd values wchar wctype
    """.split()) + r")\.h")

# A program, and what its user would include.
IDIOM = re.compile(r"bench/idioms/[a-z]+_(pool|raw)\w*\.c")

# Folder -> what it may include beside libc and itself. A deeper folder's row counts for it.
MAY_INCLUDE = {
    "pool": "",
    "rawthread": "",
    "workloads": "",
    "bench": "pool.h rawthread.h workload.h jansson.h version.h idiom_lines.h",
    "bench/backends": "pool.h rawthread.h workload.h jansson.h python_script.h",
    "bench/machine": "pool.h rawthread.h workload.h jansson.h version.h hwloc.h",
}
MAY_INCLUDE_OWN_LIBRARY = {"bench/gbench": re.compile(r"benchmark/benchmark\.h|[a-z_]+"),  # and C++'s own
                           "bench/peers": re.compile(r"(?!hwloc\.h|benchmark/).+")}
MAY_BE_CPP = ("bench/gbench/", "bench/peers/", "tests/")

# Folders of scripts/lib, in the order in which each may use those before it. The last ones do not know each other.
LAYERS, SCRIPTS = ["base", "judge", "draw", "report"], ["compare", "cite", "archive"]

ATOMIC = re.compile(r"\b(?:atomic_(?!init\b)\w+|__atomic_\w+|__sync_\w+)\s*\(")
LABEL = re.compile(r"\[([A-Z][A-Z0-9_]*)\]")
UNFINISHED = re.compile("TO" r"DO|FIX" "ME")


def source_files(top: Path) -> list[Path]:
    """All that was written by hand, relative to the top."""
    def skipped(parts: tuple[str, ...]) -> bool:
        return (parts[0].startswith("build") or parts[0] == "results" and len(parts) > 2
                or parts[:2] == ("docs", "comparison") or bool({".git", "node_modules", "__pycache__"} & set(parts)))

    paths = (path.relative_to(top) for path in top.rglob("*") if path.is_file())
    known = {".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".py", ".sh", ".gp", ".md", ".cff",
             ".pml", ""}
    return sorted(path for path in paths if not skipped(path.parts) and path.suffix in known)


def split_comments(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The code, comments and strings blanked, and the comments with their first and last line."""
    comments = []

    def blank(match: re.Match[str]) -> str:
        if match[0].startswith("/"):
            first = text.count("\n", 0, match.start()) + 1
            comments.append((first, first + match[0].count("\n"), match[0]))
        return re.sub(r"[^\n]", " ", match[0])

    code = re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)
    return code, comments


def check_includes(top: Path, files: list[Path]) -> list[str]:
    faults = []
    for path in files:
        folder = next((row for row in (path.parent.as_posix(), path.parts[0]) if row in MAY_INCLUDE), None)
        if folder is None or path.suffix not in {".c", ".h", ".cc", ".hh", ".cpp", ".hpp"}:
            continue
        own = {file.name for file in files if file.parts[0] == path.parts[0]}
        library = MAY_INCLUDE_OWN_LIBRARY.get("/".join(path.parts[:2]))
        if path.as_posix() == "bench/plugin.h":  # found from its own folder alone
            library = re.compile(r"\.\./workloads/workload\.h")
        if path.parts[:2] == ("bench", "peers"):
            own = {"plugin.h"} | {file.name for file in files if file.parent == path.parent}
        allowed = MAY_INCLUDE[folder].split()
        if program := IDIOM.fullmatch(path.as_posix()):
            own, allowed = {"idiom.h"}, [{"pool": "pool.h", "raw": "rawthread.h"}[program[1]]]
        for match in re.finditer(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', (top / path).read_text(), re.M):
            name = match[1]
            if not (LIBC.fullmatch(name) or name in allowed
                    or ".." not in name and Path(name).name in own
                    or library and library.fullmatch(name) and name not in {f.name for f in files}):
                faults.append(f"{path}: may not include {name}")
    return faults


def check_cpp(files: list[Path]) -> list[str]:
    return [f"{path}: C++ stands in bench/gbench and bench/peers only" for path in files
            if path.suffix in {".cc", ".cpp", ".cxx", ".hh", ".hpp"}
            and not path.as_posix().startswith(MAY_BE_CPP)]


def check_imports(top: Path, files: list[Path]) -> list[str]:
    faults = []
    for path in files:
        if path.parts[:2] != ("scripts", "lib"):
            continue
        own = path.parts[2]
        may = {own, *(LAYERS if own in SCRIPTS else LAYERS[:LAYERS.index(own)] if own in LAYERS else [])}
        for name in re.findall(r"^\s*(?:from|import) (\w+)", (top / path).read_text(), re.M):
            if name in {*LAYERS, *SCRIPTS} - may:
                faults.append(f"{path}: may not import {name}")
    return faults


def wrappers(code: str) -> list[tuple[str, int, int]]:
    """Functions of a header that wrap an operation: name, begin, end. Their callers carry the label."""
    functions = re.finditer(r"^static inline [^;{}]*?\b(\w+)\([^;{}]*\)\s*\{.*?^\}", code, re.M | re.S)
    return [(match[1], match.start(), match.end()) for match in functions if ATOMIC.search(match[0])]


def check_labels(top: Path, files: list[Path], folder: str) -> list[str]:
    """Each operation has a label beside its statement or in the two lines above, each label a partner."""
    paths = [path for path in files if path.parts[0] == folder and path.suffix in {".c", ".h"}]
    sources = {path: split_comments((top / path).read_text()) for path in paths}
    wrapped = {path: wrappers(code) if path.suffix == ".h" else [] for path, (code, _) in sources.items()}
    names = [re.escape(name) for rows in wrapped.values() for name, _, _ in rows]
    operation = re.compile("|".join([ATOMIC.pattern, *(rf"\b{name}\s*\(" for name in names)]))

    faults, places = [], defaultdict(set)
    for path, (code, comments) in sources.items():
        for match in operation.finditer(code):
            if any(begin <= match.start() < end for _, begin, end in wrapped[path]):
                continue
            line = code.count("\n", 0, match.start()) + 1
            end = re.compile(r"[;{]|\Z").search(code, match.end())
            last = code.count("\n", 0, end.start()) + 1
            labels = [(label, first) for first, until, comment in comments
                      if line - 2 <= until and first <= last for label in LABEL.findall(comment)]
            if not labels:
                faults.append(f"{path}:{line}: atomic operation without a [LABEL]")
            for label, first in labels:
                places[label].add((path, first))
    return faults + [f"{path}:{first}: label [{label}] stands alone" for label, at in sorted(places.items())
                     if len(at) == 1 for path, first in at]


def check_text(top: Path, files: list[Path]) -> list[str]:
    faults = []
    for path in files:
        for number, line in enumerate((top / path).read_text().splitlines(), 1):
            if UNFINISHED.search(line):
                faults.append(f"{path}:{number}: unfinished work")
            if len(line) > COLUMNS_MAX and path.suffix not in {".md", ".cff"}:
                faults.append(f"{path}:{number}: {len(line)} columns")
    return faults


def check(top: Path) -> list[str]:
    files = source_files(top)
    return [*check_includes(top, files), *check_imports(top, files), *check_cpp(files),
            *check_labels(top, files, "pool"), *check_labels(top, files, "rawthread"), *check_text(top, files)]


def check_bad_tree() -> list[str]:
    """What the rules overlook in a tree that breaks them, or blame in what is right."""
    tree = {
        "pool/pool.h": "#include <stddef.h>\n",
        "pool/a.c": '#include "pool.h"\n#include "workload.h"\n#include <hwloc.h>\n',
        "pool/sync.h": "static inline int pool__take(int *x)\n{\n    return atomic_load(x);\n}\n",
        "pool/b.c": "void f(void)\n{\n    /* [PAIR] release */\n    atomic_store(&x,\n                 1);\n"
                    "    y = 1;\n    y = 2;\n    atomic_store(&x, 2);\n    y = 1;\n    y = 2;\n"
                    "    pool__take(&x); /* [PAIR] acquire */\n    y[MAX] = '\"';\n    y = 2;\n"
                    "    pool__take(&x);\n    y = 1;\n    y = 2;\n    atomic_store(&x, 3); // [LONE]\n}\n",
        "rawthread/rawthread.c": "#include <pool.h>\n#include <pthread.h>\n",
        "workloads/workload.h": "",
        "workloads/spin.c": '#include "workload.h"\n#include "../bench/executor.h"\n#include <sys/un.h>\n',
        "bench/executor.h": '#include "pool.h"\n#include <hwloc.h>\n#include "sync.h"\n',
        "bench/machine/machine.c": "#include <hwloc.h>\n#include <benchmark/benchmark.h>\n",
        "bench/gbench/gbench.cc": "#include <benchmark/benchmark.h>\n#include <vector>\n#include <hwloc.h>\n",
        "bench/peers/glib.c": '#include <glib.h>\n#include "plugin.h"\n#include "executor.h"\n',
        "bench/idioms/idiom.h": "",
        "bench/idioms/fanout_pool.c": '#include "idiom.h"\n#include "pool.h"\n#include "executor.h"\n',
        "bench/idioms/fanout_raw_group.c": '#include "rawthread.h"\n#include "pool.h"\n',
        "bench/main.cc": "",
        "tests/check.cc": '#include "sync.h"\n',
        "scripts/report": f"{'x' * (COLUMNS_MAX + 1)}\n# TO" "DO\n",
        "scripts/lib/draw/a.py": "import os\nfrom judge.effects import A\nfrom report import rules\n",
        "scripts/lib/cite/a.py": "from report.rules import A\nfrom compare.gate import gate\n",
        "docs/a.md": "x" * (COLUMNS_MAX + 1),
        "build-asan/x.c": "// FIX" "ME\n",
    }
    wanted = {
        "pool/a.c: may not include workload.h", "pool/a.c: may not include hwloc.h",
        "pool/b.c:8: atomic operation without a [LABEL]", "pool/b.c:14: atomic operation without a [LABEL]",
        "pool/b.c:17: label [LONE] stands alone",
        "rawthread/rawthread.c: may not include pool.h",
        "workloads/spin.c: may not include ../bench/executor.h",
        "bench/executor.h: may not include hwloc.h", "bench/executor.h: may not include sync.h",
        "bench/machine/machine.c: may not include benchmark/benchmark.h",
        "bench/gbench/gbench.cc: may not include hwloc.h",
        "bench/peers/glib.c: may not include executor.h",
        "bench/idioms/fanout_pool.c: may not include executor.h",
        "bench/idioms/fanout_raw_group.c: may not include pool.h",
        "bench/main.cc: C++ stands in bench/gbench and bench/peers only",
        "scripts/lib/draw/a.py: may not import report", "scripts/lib/cite/a.py: may not import compare",
        f"scripts/report:1: {COLUMNS_MAX + 1} columns", "scripts/report:2: unfinished work",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in tree.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_text(text)
        found = set(check(Path(folder)))
    return [*(f"the rules overlook: {fault}" for fault in sorted(wanted - found)),
            *(f"the rules wrongly blame: {fault}" for fault in sorted(found - wanted))]


if __name__ == "__main__":
    all_faults = check_bad_tree() or check(TOP)
    print(*all_faults, sep="\n")
    sys.exit(1 if all_faults else 0)
