"""Builds the programs of tests/relacy: the pool's own C with a runtime that asks relacy."""
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

# Which files of pool/ each program has beside its scenarios.
PROGRAMS = {
    "deque": ["deque.c"],
    "port": ["port.c", "deque.c", "spare.c"],
    "park": ["park.c"],
    "pool": sorted(path.name for path in (TOP / "pool").glob("*.c")),
}

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-w", "-fsanitize=thread", "-fexceptions",
         '-D_Thread_local=__attribute__((section("pool_tls")))', '-DPOOL__ATOMICS="relacy/atomics.h"']
NO_TOOLS = "not found"


def gcc() -> list[str]:
    """With other compilers the calls for atomic operations are others."""
    return shlex.split(os.environ.get("GNU_CC", "gcc"))


def gxx() -> list[str]:
    return [*gcc()[:-1], re.sub(r"gcc(?=[-0-9.]*$)", "g++", gcc()[-1])]


def missing_tools() -> str:
    """What this machine lacks, or nothing."""
    with tempfile.TemporaryDirectory(prefix="poolbench-relacy-") as folder:
        source = Path(folder) / "look.cc"
        source.write_text("#include <relacy/relacy.hpp>\n")
        try:
            done = subprocess.run([*gxx(), "-std=gnu++17", "-w", "-E", "-o", os.devnull, source], capture_output=True)
            subprocess.run([*gcc(), "--version"], capture_output=True, check=True)
        except OSError as error:
            return str(error.filename)
        return "" if done.returncode == 0 else "header relacy/relacy.hpp"


def run(command: list[object]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(str(word) for word in command)}:\n{done.stderr}")


class Builder:
    """Compiles into a folder; what does not change is compiled once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.runtime = folder / "runtime.o"
        run([*gxx(), "-std=gnu++17", "-O1", "-w", f"-I{TOP / 'tests'}", "-c", "-o", self.runtime, HERE / "runtime.cc"])
        sources = {HERE / f"{name}.c" for name in PROGRAMS}
        sources |= {TOP / "pool" / file for files in PROGRAMS.values() for file in files}
        self.compile(sorted(sources), TOP / "pool", folder)

    def compile(self, sources: list[Path], headers: Path, into: Path) -> None:
        for source in sources:
            run([*gcc(), *FLAGS, f"-I{TOP / 'tests'}", f"-I{headers}", "-c", "-o",
                 into / f"{source.parent.name}-{source.stem}.o", source])

    def build(self, name: str, into: Path, changed: dict[str, str]) -> Path:
        """The program, with other texts of some files of pool/."""
        program = into / f"check-{name}"
        objects = {file: self.folder / f"pool-{Path(file).stem}.o" for file in PROGRAMS[name]}
        scenarios = self.folder / f"relacy-{name}.o"
        if changed:
            copy = into / "pool"
            copy.mkdir(exist_ok=True)
            for path in (TOP / "pool").glob("*.[ch]"):
                (copy / path.name).write_text(changed.get(path.name, path.read_text()))
            again = [file for file in PROGRAMS[name] if file in changed or any(key.endswith(".h") for key in changed)]
            self.compile([copy / file for file in again], copy, into)
            objects.update({file: into / f"pool-{Path(file).stem}.o" for file in again})
        run([*gxx(), "-o", program, self.runtime, scenarios, *objects.values()])
        return program
