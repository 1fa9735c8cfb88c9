#!/usr/bin/env python3
"""The rules that `make mutants-rules` removes stand in the code, each in one place, and the tests that it names are
there."""
from harness import TOP, check, check_equal
from rules_of_pool import MUTANTS

check_equal("rules of one name", len({mutant.name for mutant in MUTANTS}), len(MUTANTS))
for mutant in MUTANTS:
    text = (TOP / "pool" / mutant.file).read_text()
    check_equal(f"{mutant.name}: places in {mutant.file}", text.count(mutant.there), 1)
    check(mutant.tests or mutant.survives, f"{mutant.name}: neither a test nor why there is none")
    for test in mutant.tests.split():
        check((TOP / f"tests/test_pool_{test}.c").exists(), f"{mutant.name}: no test {test}")
