#!/usr/bin/env python3
"""scripts/man: each page of a call stands alone, and manual readers find no fault. First a header with all that can
stand in one, of which every word of the pages is known; then the two of this tree."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ["POOLBENCH_TOP"])

HEADER = '''/* Boxes.
 *
 * FORK. There every call that returns int returns -EFORK for a box from before. Or so.
 */
#ifndef BOX_H

/* One box. */
struct box;

/* Constants. */
enum {
    BOX_FOREVER = -1, /* for timeout_ns */
    BOX_MAX = 8
};

/* What is put in. It sees `'quoted' \\\\n`. */
typedef int box_fn(struct box_item *item);

/* An item. */
struct box_item {
    char text[BOX_MAX]; /* its text */
};

/* How. */
struct box_options {
    box_fn *fn; /* may be NULL */
    struct box_other *other;
};

/* Nobody's. */
struct box_unused {
    int x;
};


/*
 * Calls
 *
 * All of them are fast.
 */

/* Makes one.
 *
 * -EINVAL  options are
 *          wrong
 * -ENOTRECOVERABLE in a long column
 */
int box_create(struct box **out, const struct box_options *options);

/* As box_wait(), but looks. Errors are those of box_create() and
 * box_close().
 *
 * -EAGAIN  it is full
 */
int box_try(struct box *box);

/* Waits.
 *
 * -ETIMEDOUT  too long
 * -EDEADLK    its own
 */
int box_wait(struct box *box, int64_t timeout_ns);

/* Closes it, as box_wait() does, and returns 7. */
int box_close(struct box *box);

/* Whether it is open. One that never returns is. */
bool box_is_open(const struct box *box);

/* Its name. Valid for long. */
const char *box_name(const struct box *box);

/* Frees it. */
void box_free(struct box *box);

#endif
'''
FORK, CREATE = "-EFORK in the child of a fork, for a box from before", "-EINVAL options are wrong"
LONG, DEADLK = "-ENOTRECOVERABLE in a long column", "-EDEADLK its own"
# Call: structs and types in its synopsis, what it returns, its errors.
WANTED = {
    "box_create": ("BOX_FOREVER box_fn box_item box_options", "0 on success.", [CREATE, LONG]),
    "box_try": ("", "0 on success.", ["-EAGAIN it is full", CREATE, LONG, DEADLK, FORK]),
    "box_wait": ("BOX_FOREVER", "0 on success.", ["-ETIMEDOUT too long", DEADLK, FORK]),
    "box_close": ("", "Closes it, as box_wait() does, and returns 7.", [DEADLK, FORK]),
    "box_is_open": ("", "true or false: whether it is open.", []),
    "box_name": ("", "Its name.", []),
    "box_free": ("", "None.", []),
}
ALL_TYPES = ["BOX_FOREVER", "box_fn", "box_item", "box_options", "box_unused"]
CALL = re.compile(r"^(?!typedef)[a-z].*?\b((?:pool|rawthread)_\w+)\(", re.M)

faults: list[str] = []


def check(holds: object, what: str) -> None:
    if not holds:
        faults.append(what)


def sections(page: Path) -> dict[str, str]:
    """Its sections as text, in plain words with single spaces; those of the roff itself are not there."""
    text = re.sub(r"^\.(?!SH).*?(?: |$)", "", page.read_text(), flags=re.M)
    text = text.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
    parts = re.split(r"^\.SH (.*)$", text, flags=re.M)
    return {title: " ".join(part.replace('"', " ").split()) for title, part in zip(parts[1::2], parts[2::2])}


def make(header: Path, library: str, folder: Path) -> None:
    subprocess.run([sys.executable, TOP / "scripts/man", header, library, "1.2.3", folder], check=True)


def check_readers(folder: Path) -> None:
    """The manual readers that are here. In a page of many structs some lines are longer than a terminal."""
    readers = {"groff": ["groff", "-man", "-I", str(folder.parent), "-Tutf8", "-ww", "-rLL=130n", "-z"],
               "mandoc": ["mandoc", "-Tlint", "-W", "warning"]}
    for name, command in readers.items():
        if shutil.which(name):
            done = subprocess.run([*command, *sorted(folder.glob("*.3"))], capture_output=True, text=True,
                                  cwd=folder.parent)
            lines = [line for line in (done.stdout + done.stderr).splitlines()
                     if not re.search("missing date|so is fragile", line)]
            check(not lines, f"{name}: {lines[:3]}")


def test_small(work: Path) -> None:
    header, folder = work / "box.h", work / "small/man3"
    header.write_text(HEADER)
    make(header, "box-library", folder)
    check_readers(folder)
    for call, (types, returns, errors) in WANTED.items():
        page = sections(folder / f"{call}.3")
        for name in ALL_TYPES:
            check((re.search(rf"\b{name}( =|\(struct| \{{)", page["SYNOPSIS"]) is not None) == (name in types.split()),
                  f"{call}: {name} in {page['SYNOPSIS']}")
        said = page["RETURN VALUE"].removesuffix(" If the call itself fails, a negative number: see ERRORS.")
        check(said == returns, f"{call} returns: {said}")
        check((said != page["RETURN VALUE"]) == bool(errors), f"{call}: errors in {page['RETURN VALUE']}")
        check(page.get("ERRORS", "") == " ".join(errors), f"{call} fails: {page.get('ERRORS')}")
        check(page["DESCRIPTION"].endswith("All of them are fast."), f"{call} lacks what is said of all")
        check("(3)" in page["SEE ALSO"] and "box-library" in page["SEE ALSO"], f"{call}: {page['SEE ALSO']}")
    check("quoted" in sections(folder / "box_create.3")["TYPES"], "box_create: a type's comment is lost")


def test_library(work: Path, name: str) -> None:
    header, folder = TOP / name / f"{name}.h", work / name / "man3"
    text = header.read_text()
    make(header, f"poolbench-{name}", folder)
    check_readers(folder)
    bodies = set(re.findall(r"^struct (\w+) \{", text, re.M))
    functions = set(re.findall(r"^typedef .*?(\w+)\(", text, re.M))
    declarations = {match[1]: text[match.start():text.index(";", match.start())] for match in CALL.finditer(text)}
    check(len(declarations) > 15, f"{name}: too few calls: {sorted(declarations)}")
    for call, declaration in declarations.items():
        page = sections(folder / f"{call}.3")
        order = [title for title in page if title not in ("TYPES", "ERRORS")]
        check(order == ["NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUE", "SEE ALSO"], f"{call}: sections {order}")
        check(f"#include <poolbench/{name}.h>" in page["SYNOPSIS"], f"{call}: no header to include")
        check(" ".join(declaration.split()) in page["SYNOPSIS"], f"{call} does not show itself")
        for struct in bodies & set(re.findall(r"struct (\w+)", page["SYNOPSIS"])):
            check(f"struct {struct} {{" in page["SYNOPSIS"], f"{call} does not show struct {struct}")
        for function in functions & set(re.findall(r"\w+", page["SYNOPSIS"])):
            check(re.search(rf"typedef \w+ {function}\(", page["SYNOPSIS"]), f"{call} does not show {function}")
        comment = text[:text.index(declaration)].rpartition("\n/*")[2]
        listed = set(re.findall(r"^ \* (-E[A-Z]+)\s", comment, re.M)) - {"-ECANCELED"}
        check(listed <= set(re.findall(r"-E[A-Z]+", page.get("ERRORS", ""))), f"{call} lacks one of {listed}")
        check(page["RETURN VALUE"], f"{call}: an empty RETURN VALUE")
        check((page["RETURN VALUE"] == "None.") == declaration.startswith("void"), f"{call} returns nothing?")


def test_known(work: Path) -> None:
    """What readers missed."""
    for name, section, texts in [
            ("pool_map", "SYNOPSIS", ["struct pool_calls {", "struct pool_error {", "POOL_MESSAGE_BYTES = "]),
            ("pool_imap", "SYNOPSIS", ["struct pool_feed {", "pool_call_fn(void *arg, void *result)"]),
            ("pool_create", "SYNOPSIS", ["struct pool_options {", "typedef void pool_fn("]),
            ("pool_map", "ERRORS", ["-EINVAL", "-ESHUTDOWN", "-EOVERFLOW", "-ENOTRECOVERABLE"]),
            ("pool_starmap", "ERRORS", ["n_args is 0", "fn is NULL", "-ESHUTDOWN"]),
            ("pool_timed_submit", "ERRORS", ["-ETIMEDOUT", "-ESHUTDOWN", "-EOVERFLOW"]),
            ("rawthread_timed_join", "ERRORS", ["-ETIMEDOUT", "-EDEADLK", "-ENOTRECOVERABLE"]),
            ("rawthread_fork", "RETURN VALUE", ["0 on success"])]:
        page = sections(work / name.partition("_")[0] / f"man3/{name}.3")
        for text in texts:
            check(text in page[section], f"{name}: {section} lacks {text}")
    check("-EAGAIN" not in sections(work / "pool/man3/pool_timed_submit.3")["ERRORS"], "pool_timed_submit: -EAGAIN")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        test_small(Path(made))
        for library in ("pool", "rawthread"):
            test_library(Path(made), library)
        test_known(Path(made))
    print(*faults, sep="\n")
    sys.exit(1 if faults else 0)
