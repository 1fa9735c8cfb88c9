#!/bin/sh
# Built with -Ofast, what is not known is still not known: the harness keeps NAN whatever CFLAGS say, and refuses to be
# compiled without it.
set -eu
cd "${POOLBENCH_TOP:-$(dirname "$0")/..}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
object=bench/machine/limits.o
for flags in -Ofast '-O2 -ffast-math' '-O2 -ffinite-math-only'; do
    make -s BUILD="$folder" CFLAGS="$flags" "$folder/$object" >"$folder/log" 2>&1 || {
        echo "CFLAGS='$flags': $(cat "$folder/log")"
        exit 1
    }
done
for source in bench/machine/limits.c bench/plan/budget.c bench/measure/metrics.c; do
    if ${CC:-cc} -ffinite-math-only -D_GNU_SOURCE -Ibench -Ipool -Irawthread -Iworkloads -I"$folder" \
        -fsyntax-only $source 2>"$folder/log"; then
        echo "$source is compiled without NAN"
        exit 1
    fi
    grep -q 'NAN and INFINITY are needed here' "$folder/log" || { echo "$source: $(cat "$folder/log")"; exit 1; }
done
