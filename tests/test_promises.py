#!/usr/bin/env python3
"""What tests/promises.py finds in a header, and which faults of a table."""
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import check, check_equal
from promises import faults, sentences

HEADER = """
/* Things: one at a time. A second one, (in brackets.) thing_make() makes it, e.g. once.
 *
 *     struct thing thing;
 *     thing_make(&thing);
 *
 * ERRORS. All return 0.
 */
#ifndef THING_H
enum {
    THING_MAX = 8, /* the most; more are
                      refused */
};

/*
 * A title
 */

/* A thing. */
struct thing {
    int n; /* how many */
    /* Called once.
     * Returns 0. */
    int (*fn)(void *arg);
};

/* Makes it.
 *
 * -EINVAL  no thing, or it
 *          was made
 * -ENOMEM  no memory
 * other    as fn returned it
 *
 * -ENOMEM may come later too.
 */
int thing_make(struct thing *thing);

/*
 * Another title
 *
 * Words of it.
 */

/* Ends it. */
void thing_end(struct thing *thing);
"""

SENTENCES = [
    ("top", "Things: one at a time."), ("top", "A second one, (in brackets.)"),
    ("top", "thing_make() makes it, e.g. once."), ("top", "struct thing thing; thing_make(&thing);"),
    ("top", "All return 0."), ("THING_MAX", "the most; more are refused"), ("thing", "A thing."),
    ("thing.n", "how many"), ("thing.fn", "Called once."), ("thing.fn", "Returns 0."), ("thing_make", "Makes it."),
    ("thing_make", "-EINVAL no thing, or it was made"), ("thing_make", "-ENOMEM no memory"),
    ("thing_make", "other as fn returned it"), ("thing_make", "-ENOMEM may come later too."),
    ("Another title", "Words of it."), ("thing_end", "Ends it."),
]

PART = """
/* Takes it. Gives it. Gives up.
 *
 * -EINVAL  no thing
 */
int thing_take(void);
"""

TABLE = """
[thing_take]
Takes it. | test_a.c:test_take docs/examples/a.c
Gives it  | test_b.py:test_give
Gives up  | - says the caller
-EINVAL   | test_a.c:test_take
"""


def test_sentences() -> None:
    check_equal("sentences", sentences(HEADER), SENTENCES)


def test_faults() -> None:
    with TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "tests").mkdir()
        (top / "docs/examples").mkdir(parents=True)
        (top / "tests/test_a.c").write_text("static void test_take(void)\n{\n    test_called();\n}\n")
        (top / "tests/test_b.py").write_text("def test_give() -> None:\n")
        (top / "docs/examples/a.c").write_text("")
        check_equal("a table without a fault", faults(PART, TABLE, top), [])
        for old, new, fault in [
                ("Takes it. | test_a.c:test_take docs/examples/a.c\n", "", "[thing_take] no row for: Takes it."),
                ("Gives up ", "Gives in ", "[thing_take] Gives in: no sentence begins so"),
                ("Gives up ", "Gives ", "[thing_take] Gives: begins several sentences"),
                ("Gives it ", "Gives up. ", "[thing_take] Gives up: has two rows"),
                ("Gives up ", " ", "[thing_take] : no sentence begins so"),
                ("[thing_take]", "[thing_give]", "[thing_give] Takes it.: no sentence begins so"),
                ("- says the caller", "-", "[thing_take] Gives up: neither a test nor why there is none"),
                ("- says the caller", "", "[thing_take] Gives up: neither a test nor why there is none"),
                *((name, other, f"there is no test {other}") for name, other in [
                    ("docs/examples/a.c", "docs/examples/b.c"), ("test_a.c:test_take", "test_a.c"),
                    ("test_a.c:test_take", "test_a.c:test_called"), ("test_a.c:test_take", "test_c.c:test_take"),
                    ("test_b.py:test_give", "test_b.py:test_giv")])]:
            found = faults(PART, TABLE.replace(old, new), top)
            check(any(fault in line for line in found), f"overlooked: {fault}: {found}")


test_sentences()
test_faults()
