"""What a header promises, sentence by sentence, held against a table that names the test of each.

A table is text, in groups of rows:

    [rawthread_join]
    Waits until it has ended.  | test_rawthread_thread.c:test_life test_rawthread_cancel.c:test_join
    -EDEADLK                   | test_rawthread_thread.c:test_service
    (Python's                  | - compares with Python

The group is what the comment stands at: a function, struct.field, a constant, `top` for what stands before the code,
or the title of a comment that stands alone. A row begins with the first words of its sentence, enough to tell it from
the others of its group, or with all of them. An error with its causes and a piece of code count as one sentence each;
a comment's title and words all in capitals as none. After the bar come tests, each `file:case`, where the case is a
function of that file in tests/, or an example in docs/examples/, all of which are run; or a dash and why no test can
make the sentence false: it is a duty of the caller, a comparison, a name for what follows.

`python3 tests/promises.py pool/pool.h` prints all groups and sentences of a header, to begin a table with.
"""
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
ERROR = re.compile(r"-E[A-Z0-9]+ |[a-z]+ {2,}\S")
END_OF_SENTENCE = re.compile(r"(?:(?<=[.!?])|(?<=[.!?]\)))(?<!e\.g\.)(?<!i\.e\.)\s+")

Sentence = tuple[str, str]
Row = tuple[str, str, list[str]]


def declared(code: str) -> str:
    """The name that a declaration declares."""
    pointer = re.match(r"[^;{]*?\(\*(\w+)\)", code)
    names = re.findall(r"\w+", re.split(r"[;,=\[({]", code, maxsplit=1)[0])
    return pointer[1] if pointer else names[-1] if names else ""


def container(before: str) -> str:
    """The struct in which a place is, with a dot; "" for none."""
    opened = re.findall(r"^(?:struct|union) (\w+) \{|^(\})", before, re.M)
    return f"{opened[-1][0]}." if opened and opened[-1][0] else ""


def items(text: str) -> Iterator[str]:
    """Sentences, errors with their causes, which go on in indented lines, and pieces of code; each in one line."""
    kind, held = "", ""
    for line in [*text.splitlines(), ""]:
        line = re.sub(r"^ *\* ?", "", line).rstrip()
        if line.startswith("    "):
            new = kind or "code"
        elif kind in ("", "error") and ERROR.match(line):
            new = "error"
        else:
            new = "words" if line else ""
        if held and (new != kind or new == "error" and not line.startswith("    ")):
            yield from (END_OF_SENTENCE.split(held) if kind == "words" else [held])
            held = ""
        kind, held = new, f"{held} {line.strip()}".strip()


def sentences(header: str) -> list[Sentence]:
    """All groups and sentences of a header."""
    found = []
    for match in COMMENT.finditer(header):
        text, before, after = match[1], header[:match.start()], header[match.end():].lstrip()
        line = before.rpartition("\n")[2].strip()
        title = re.match(r"\n \* (\w[^\n]*[^.\n])\n( \*\n|\s*$)", text)
        if title:
            text = text[title.end():]
        if line:
            group, text = container(before) + declared(line), " ".join(text.split())
        elif after.startswith("#"):
            group = "top"
        elif title:
            group = title[1]
        else:
            group = container(before) + declared(after)
        found += [(group, re.sub(r"\s+", " ", item)) for item in items(text) if re.search("[a-z]", item)]
    return found


def rows(table: str) -> list[Row]:
    """Groups, first words, and what stands after the bar."""
    found, group = [], ""
    for line in filter(None, map(str.strip, table.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
            continue
        words, _, tests = line.rpartition(" |")
        found.append((group, words.strip(), tests.split()))
    return found


def missing_test(name: str, top: Path) -> bool:
    """Whether there is no such test."""
    file, _, case = name.partition(":")
    if file.startswith("docs/examples/") and not case:
        return not (top / file).is_file()
    try:
        text = (top / "tests" / file).read_text()
    except OSError:
        return True
    return not re.search(rf"^(?:static [\w *]*?\b|def ){re.escape(case)}\(" if case else r"(?!)", text, re.M)


def faults(header: str, table: str, top: Path = TOP) -> list[str]:
    """Sentences without a row, rows without a sentence or a test, tests that are not there."""
    found, known = [], sentences(header)
    left = list(known)
    for group, words, tests in rows(table):
        own = [sentence for sentence in known if sentence[0] == group and words]
        fitting = ([sentence for sentence in own if sentence[1] == words]
                   or [sentence for sentence in own if sentence[1].startswith(words)])
        if len(fitting) != 1:
            found.append(f"[{group}] {words}: {'begins several sentences' if fitting else 'no sentence begins so'}")
            continue
        if fitting[0] not in left:
            found.append(f"[{group}] {words}: has two rows")
            continue
        left.remove(fitting[0])
        if not tests or tests == ["-"]:
            found.append(f"[{group}] {words}: neither a test nor why there is none")
        elif tests[0] != "-":
            found += [f"[{group}] {words}: there is no test {test}" for test in tests if missing_test(test, top)]
    return found + [f"[{group}] no row for: {sentence}" for group, sentence in left]


def main(header: str, table: str) -> None:
    """Ends with the faults of a header's table."""
    found = faults((TOP / header).read_text(), table)
    print(*found, sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    last = ""
    for at, words_of_it in sentences(Path(sys.argv[1]).read_text()):
        print(*([f"[{at}]"] if at != last else []), f"{words_of_it} | ", sep="\n")
        last = at
