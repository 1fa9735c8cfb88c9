#!/usr/bin/env bash
# The settings of the stress programs, and how `make soak` ends at a round that fails: with what begins with it again.
set -u
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir "$home/tests"
cp Makefile "$home/"
cp tests/run tests/check.h tests/stress.h "$home/tests/"

# Fails at every seed that can be divided by 7, and tells of it.
cat >"$home/tests/test_pool_stress_seven.c" <<'END'
#include "stress.h"

static void run_round(uint64_t seed)
{
    CHECK(seed % 7 != 0);
}

int main(void)
{
    return stress_run(run_round);
}
END

failures=0
check() { # what, exit code wanted, exit code got; then patterns that the output must have
    local what=$1 wanted=$2 got=$3 pattern
    shift 3
    [ "$got" = "$wanted" ] || { echo "$what: exit code $got, not $wanted"; failures=$((failures + 1)); }
    for pattern; do
        grep -qE -e "$pattern" "$home/out" || { echo "$what: output lacks '$pattern'"; failures=$((failures + 1)); }
    done
    [ $failures = 0 ] || cat "$home/out"
}

soak() {
    make -C "$home" BUILD=build SAN= CFLAGS=-O1 LDFLAGS= RUNFLAGS= V= "$@" soak >"$home/out" 2>&1
}

soak SOAK=60
check 'soak with a fault' 2 $? 'does not hold: seed % 7' '^again with: POOLBENCH_STRESS_SEED='
seed=$(sed -n 's/^ *again from this round: POOLBENCH_STRESS_SEED=\([0-9]*\) .*/\1/p' "$home/out")
[ $((${seed:-1} % 7)) = 0 ] || { echo "not the seed of a round that fails: '$seed'"; failures=$((failures + 1)); }
for seconds in '' 0 x 5s -1; do
    soak SOAK="$seconds"
    check "SOAK='$seconds'" 2 $? "make soak: SOAK is '$seconds'"
done

program=$home/build/tests/test_pool_stress_seven
for setting in SEED= SEED=x SEED=-1 SEED=1.5 SEED=18446744073709551616 SECONDS=0 SECONDS= SECONDS=2s SECONDS=-2; do
    env "POOLBENCH_STRESS_$setting" "$program" >"$home/out" 2>&1
    check "$setting" 1 $? "^POOLBENCH_STRESS_${setting%=*} is '${setting#*=}': it must be a whole number"
    [ "$(wc -l <"$home/out")" = 1 ] || { echo "$setting: more than one line"; failures=$((failures + 1)); }
done
POOLBENCH_STRESS_SEED=18446744073709551615 POOLBENCH_STRESS_SECONDS=1 "$program" >"$home/out" 2>&1
check 'a seed' 1 $? '^seed 18446744073709551615$' '^2 rounds$' 'POOLBENCH_STRESS_SEED=0 '
exit $((failures > 0))
