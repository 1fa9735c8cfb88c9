#!/usr/bin/env python3
"""What scripts/report says when a run cannot be read or a tool is missing: one line, and nothing is lost."""
import shutil
import subprocess
import sys
from pathlib import Path

from report_helpers import LIB, REPORT, main, report, rewrite

from madeup_run import make_documents, make_run, write_run


def path_without(folder: Path, *commands: str) -> str:
    """A PATH that has what the scripts need apart from these commands."""
    bin_ = folder / "bin"
    bin_.mkdir()
    if "python3" not in commands:
        (bin_ / "python3").symlink_to(sys.executable)
    (bin_ / "env").symlink_to(shutil.which("env"))
    return str(bin_)


def test_without_gnuplot_all_else_is_written(folder: Path) -> None:
    run = make_run(folder, "smoke")
    done = report(run, PATH=path_without(folder, "gnuplot"))
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "gnuplot-nox" in done.stderr and "make report" in done.stderr
    assert (run / "summary.md").exists() and (run / "data.csv").exists() and (run / "data/grain.dat").exists()
    assert "gnuplot" in (run / "summary.md").read_text()


def test_old_gnuplot_is_no_gnuplot(folder: Path) -> None:
    run = make_run(folder, "smoke")
    path = Path(path_without(folder))
    (path / "gnuplot").write_text(f"#!{shutil.which('sh')}\necho 'gnuplot 4.6 patchlevel 6'\n")
    (path / "gnuplot").chmod(0o755)
    done = report(run, PATH=str(path))
    assert done.returncode == 0 and "gnuplot 4.6 is older than 5.0" in done.stderr, done


def test_failed_picture_is_named_and_the_rest_is_there(folder: Path) -> None:
    run = make_run(folder, "smoke")
    path = Path(path_without(folder))
    (path / "gnuplot").write_text(f"#!{shutil.which('sh')}\n"
                                  f"[ \"$1\" = --version ] && echo 'gnuplot 5.4 patchlevel 4' && exit\n"
                                  f"[ \"$2\" = gap.gp ] && echo 'no memory' >&2 && exit 1\n"
                                  f"exec {shutil.which('gnuplot')} \"$@\"\n")
    (path / "gnuplot").chmod(0o755)
    done = report(run, PATH=str(path))
    assert done.returncode == 1 and done.stderr == "scripts/report: cannot draw gap: no memory\n", done
    assert (run / "plots/grain.svg").exists() and (run / "summary.md").exists()


def fails(message: str, *arguments: object, **environment: str) -> None:
    done = report(*arguments, **environment)
    assert done.returncode == 1, done
    assert len(done.stderr.splitlines()) == 1 and message in done.stderr, done.stderr
    assert done.stdout == ""


def test_errors_are_one_line(folder: Path) -> None:
    fails("see scripts/report --help")
    fails("see scripts/report --help", "--colour", folder)
    fails("is no folder", folder / "nothing")
    fails("has no run.json", folder)
    for name, text, message in (
            ("torn", '{"schema": 1, "su', "no complete JSON"),
            ("deep", "[" * 100000, "no complete JSON"),
            ("list", "[]", "is not an object"),
            ("nan", '{"schema": NaN}', "no complete JSON"),
            ("latin", "\udcff", "no complete JSON"),
            ("newer", '{"schema": 2}', "has schema 2, these scripts read up to 1"),
            ("other", '{"schema": 1}', "has no 'suite'")):
        (folder / name).mkdir()
        (folder / name / "run.json").write_text(text, errors="surrogateescape")
        fails(message, folder / name)
        assert [path.name for path in (folder / name).iterdir()] == ["run.json"]


def test_wrong_contents_are_one_line(folder: Path) -> None:
    def change(document: dict, path: list, value: object) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    for i, (path, value, message) in enumerate((
            (["cells", 3, "keys"], [], "'keys' of cells[3]"),
            (["cells", 0, "experiment"], "nowhere", "is of no experiment"),
            (["experiments", 1, "name"], "../../x", "has a name that is none"),
            (["experiments", 1, "name"], "grain", "two experiments of one name"),
            (["samples", 0, "metrics", "time_ns"], "fast", "is not a number"),
            (["samples", 0, "metrics", "same_cpu"], 1.5, "it is a share, and cannot be more than 1"),
            (["samples", 0, "status"], "great", "unknown status"),
            (["metrics", 0, "unit"], "`ns`", "has a unit that is none"),
            (["samples", 0, "cell"], "grain/none", "is of no side"),
            (["samples"], [], "nothing was measured"),
            (["factors", "rounds"], True, "is not a whole number"))):
        run = make_run(folder / str(i), "smoke")
        rewrite(run, lambda document: change(document, path, value))
        fails(message, run)
        assert not (run / "summary.md").exists()


def test_doubled_line_of_the_journal(folder: Path) -> None:
    run, journal = make_documents("smoke")
    for incomplete in (True, False):
        written = write_run(folder / str(incomplete), run, [*journal, journal[5]], incomplete=incomplete)
        fails("is there twice", written)


def test_nothing_is_written_through_a_link(folder: Path) -> None:
    run, outside = make_run(folder / "run", "smoke"), folder / "outside"
    outside.mkdir()
    (run / "data").symlink_to(outside)
    fails("symbolic link", run, "--no-plots")
    assert not list(outside.iterdir())


def bare_python(folder: Path) -> str:
    """A Python that does not see installed modules."""
    bare = Path(path_without(folder, "python3")) / "python3"
    bare.write_text(f"#!{shutil.which('sh')}\nexec '{sys.executable}' -S -I \"$@\"\n")
    bare.chmod(0o755)
    return str(bare)


def test_python_without_modules_is_replaced(folder: Path) -> None:
    run, bare = make_run(folder, "smoke"), bare_python(folder)
    done = subprocess.run([bare, str(REPORT), str(run), "--no-plots"], capture_output=True, text=True,
                          env={"PATH": str(Path(bare).parent), "PYTHON": sys.executable})
    assert done.returncode == 0 and done.stdout.startswith("poolbench smoke"), done


def test_no_python_with_modules_is_said(folder: Path) -> None:
    code = (f"import sys; sys.path.insert(0, '{LIB}'); from base import interpreter; "
            "interpreter._is_new = lambda _: False; interpreter._serves_itself = lambda _: False; "
            "interpreter.require_modules()")
    done = subprocess.run([bare_python(folder), "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "python3-numpy, python3-scipy and python3-jinja2" in done.stderr


main(globals())
