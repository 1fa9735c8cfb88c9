#!/usr/bin/env bash
# tests/run in a tree of its own: how tests end, what it prints and returns, and that nothing outlives a test.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tests" "$tree/build/tests"
cp "$top/tests/run" "$tree/tests/"

# A Python that claims to have every module: the search for one is not what is tested here.
# shellcheck disable=SC2016
printf '#!/bin/sh\ncase $2 in import*) exit 0 ;; esac\nexec python3 "$@"\n' >"$tree/python"
chmod +x "$tree/python"
export PYTHON=$tree/python

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

# returns <code wanted> <arguments of tests/run>...
returns() {
    local wanted=$1 code
    shift
    "$tree/tests/run" "$@" >"$tree/out" 2>&1
    code=$?
    [ $code = "$wanted" ] || fault "tests/run $*: exit code $code, not $wanted: $(cat "$tree/out")"
}
prints() { grep -qxE -e "$1" "$tree/out" || fault "not printed: $1, but: $(cat "$tree/out")"; }
ends_with() {
    local last
    last=$(tail -n 1 "$tree/out")
    [ "$last" = "$1" ] || fault "last line is not: $1, but: $last"
}

unset CI
test_is() { printf '%s\n' "$2" >"$tree/tests/$1"; }
returns 1
ends_with '0 passed, 0 failed, 0 skipped'

test_is test_good.sh 'echo unseen'
test_is test_where.py 'import os; assert os.path.samefile(os.environ["POOLBENCH_BUILD"], "build")'
cp "$(type -P true)" "$tree/build/tests/test_program"
returns 0
prints 'ok [0-9.]+s test_good.sh'
ends_with '3 passed, 0 failed, 0 skipped'
grep -q unseen "$tree/out" && fault 'the output of a test that passed is shown'
returns 0 --wrap 'env WRAPPED=yes false' good
returns 1 --wrap 'env WRAPPED=yes false' program
prints 'FAIL test_program: exit code 1'
returns 0 -j 2 good 'prog*'
ends_with '2 passed, 0 failed, 0 skipped'
returns 1 goood
returns 1 --lits

test_is test_skip.sh 'echo a tool is missing; exit 77'
returns 0
prints 'skip test_skip.sh: a tool is missing'
ends_with '3 passed, 0 failed, 1 skipped'
CI=true returns 1
prints 'FAIL test_skip.sh: .*a tool is missing'
test_is test_skip.sh 'echo not on this machine: a second socket; exit 77'
CI=true returns 0

test_is test_bad.sh 'echo seen; exit 3'
test_is test_crash.py 'import os; os.abort()'
touch "$tree/tests/test_unbuilt.c"
returns 1
prints 'FAIL test_bad.sh: exit code 3'
prints '    seen'
prints 'FAIL test_crash.py: killed: .*'
prints 'FAIL test_unbuilt: not built: .*'
prints 'failed:( test_(bad.sh|crash.py|unbuilt)){3}'
ends_with '3 passed, 3 failed, 1 skipped'

# One test never ends, one leaves a child behind: none of their processes is there afterwards.
test_is test_hang.sh "echo \$\$ >>$tree/pids; sleep 1000"
test_is test_leave.sh "sleep 1000 & echo \$! >>$tree/pids"
returns 0 leave
returns 1 --timeout 1 hang
prints 'FAIL test_hang.sh: no end after .*'

# One runs another that never ends: a time-out reaches both.
test_is test_outer.sh "tests/run hang"
returns 1 --timeout 2 outer
prints 'FAIL test_outer.sh: no end after .*'

# What a test sees does not depend on who starts it and how; nothing of it stays.
test_is test_setting.py "import os, signal, tempfile
ignored = [s for s in signal.valid_signals() if signal.getsignal(s) is signal.SIG_IGN]
assert set(ignored) <= {signal.SIGPIPE, signal.SIGXFSZ}, ignored  # Python's own
assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
assert os.umask(0) == 0o22 and os.access(os.environ['HOME'], os.W_OK)
folder = tempfile.mkdtemp()
open('$tree/where', 'w').write(folder)"
where() { # <what> <folder wanted>: where the test was, which is gone
    case $(cat "$tree/where") in "$2"/pb-*/setting.py/*) ;; *) fault "$1: the test was in $(cat "$tree/where")" ;; esac
    [ ! -e "$(cat "$tree/where")" ] || fault "$1: left behind"
}
mkdir "$tree/tmp"
TMPDIR=$tree/tmp returns 0 setting
where TMPDIR "$(realpath "$tree/tmp")"
[ -z "$(ls "$tree/tmp")" ] || fault "left behind: $(ls "$tree/tmp")"
TMPDIR=/proc/none HOME=/proc/none returns 0 setting
where 'a TMPDIR that is none' /tmp
(umask 077 && trap '' HUP USR1 && TMPDIR=$tree/tmp returns 0 setting && exit $failures) || fault 'behind nohup'
python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$tree/tests/run" setting >"$tree/out" 2>&1 || fault "blocked: $(cat "$tree/out")"

# Ctrl-C. A job in the background ignores it unless monitoring is on.
mv "$tree/pids" "$tree/ended"
set -m
"$tree/tests/run" hang >"$tree/out" 2>&1 &
runner=$!
set +m
for _ in {1..1000}; do [ -s "$tree/pids" ] && break; sleep 0.02; done
kill -INT $runner
wait $runner
code=$?
[ $code = 130 ] || fault "stopped by SIGINT: exit code $code, not 130"

# A killed process may take a moment to go, and an orphan is reaped by someone else.
lives() { grep -qsv '^[0-9]* ([^)]*) [ZX]' "/proc/$1/stat"; }
while read -r pid; do
    for _ in {1..500}; do lives "$pid" || continue 2; sleep 0.02; done
    fault "process $pid outlived its test"
done < <(cat "$tree/ended" "$tree/pids")
[ $failures = 0 ]
