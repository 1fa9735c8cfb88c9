#!/usr/bin/env bash
# Containerfile against the tree, without a container: its lines name targets, variables, scripts and folders that
# there are, both images are one distribution, and nothing that is built from is ignored.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failures=0
fault() {
    echo "$*"
    failures=$((failures + 1))
}
lines() { sed -n "s/^$1 //p" "${2-Containerfile}"; }
json_words() { sed 's/^\[//; s/\]$//; s/", "/ /g; s/"//g'; }

# What make would do: nothing is built.
# shellcheck disable=SC2317 # by eval
dry() { env -u MAKEFLAGS -u MFLAGS make -n BUILD="$work/build" "$@" >"$work/out" 2>&1; }

lines RUN >"$work/run"
[ "$(wc -l <"$work/run")" = 4 ] || fault "other RUN lines than this test knows: $(cat "$work/run")"
script=$(head -n 1 "$work/run")
[ -x "$script" ] || fault "not a script of this tree: $script"
COMMIT=0badc0de DIRTY=yes SOURCE_DATE_EPOCH=12345
export COMMIT DIRTY SOURCE_DATE_EPOCH
while read -r command arguments; do
    [ "$command" = make ] || continue
    eval "dry $arguments" || fault "make $arguments: $(cat "$work/out")"
    for argument in $arguments; do
        case $argument in
        *=*) grep -qE "^${argument%%=*} [:?]?=" Makefile || fault "Makefile has no variable ${argument%%=*}" ;;
        esac
    done
done <"$work/run"
name=$(grep -o "poolbench-[0-9.]*-0badc0de-modified-[a-z0-9_]*' '$work/build/dist' '12345'" "$work/out")
[ -n "$name" ] || fault "make dist does not take commit, changes and time: $(grep scripts/dist "$work/out")"
for argument in COMMIT DIRTY SOURCE_DATE_EPOCH; do
    lines ARG | grep -q "^$argument=" || fault "no ARG $argument"
done

# The archive is unpacked where the second image takes it from, and started from where that puts it.
unpacked=$(sed -n 's,^mkdir \([^ ]*\) && tar -xzf build/dist/poolbench-\*\.tar\.gz -C \([^ ]*\) .*,\1 \2,p' \
    "$work/run")
read -r _ from to < <(lines COPY | grep -e '^--from=build ')
[ "$unpacked" = "$from $from" ] || fault "unpacked into '$unpacked', taken from '$from'"
[ "$(lines ENTRYPOINT | json_words)" = "$to/poolbench" ] || fault 'ENTRYPOINT is not the program'
[ "$(lines FROM | sed 's/ AS .*//' | sort -u | wc -l)" = 1 ] || fault 'two distributions: one glibc may be older'

results=$(lines VOLUME)
mapfile -t commands < <(lines CMD | json_words)
[ "${commands[1]}" = "run --results $results" ] || fault "the image runs '${commands[1]}'"
"$POOLBENCH_BUILD/poolbench" run --help | grep -q -e '--results DIR' || fault 'run has no --results'
[ "${commands[0]}" = "make bench RESULTS=$results" ] || fault "the image with tools runs '${commands[0]}'"
eval "dry ${commands[0]#make }" || fault "${commands[0]}: $(cat "$work/out")"
grep -qF -e "--results '$results'" "$work/out" || fault "make bench does not write to $results"

# Ignored is what is not of the tree, and the runs.
if git rev-parse --git-dir >/dev/null 2>&1; then
    while read -r pattern; do
        ignored=$(git ls-files -- ":(glob)$pattern" ":(glob)$pattern/**" | grep -v '^results/')
        [ -z "$ignored" ] || fault ".dockerignore: $pattern leaves out $ignored"
    done <.dockerignore
fi

# What docs/containers.md shows is what the file takes.
for argument in COMMIT DIRTY; do
    grep -qF -e "--build-arg $argument=" docs/containers.md || fault "docs/containers.md does not give $argument"
done
exit $((failures > 0))
