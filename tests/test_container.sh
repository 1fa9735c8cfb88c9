#!/usr/bin/env bash
# Containerfile against the tree, without a container: its lines name targets, variables, scripts and folders that
# there are, both images are one distribution, and nothing that is built from is ignored.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
lines() { sed -n "s/^$1 //p" "${2-Containerfile}"; }
json_words() { sed 's/^\[//; s/\]$//; s/", "/ /g; s/"//g'; }
# The shell command of a line of JSON that is ["sh", "-c", "..."].
shell_command() { "$PYTHON" -c 'import json, sys
words = json.loads(sys.argv[1])
print(words[2] if words[:2] == ["sh", "-c"] else "")' "$1"; }

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
        *=*) grep -qwF -e "${argument%%=*}" Makefile || fault "Makefile has no variable ${argument%%=*}" ;;
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

# What the image with tools measures knows its commit: as in a container, from its ENV lines alone.
tools=$(shell_command "$(lines CMD | head -n 1)")
[ "${tools%% RESULTS=*}" = "exec make bench" ] || fault "the image with tools runs '$tools'"
# shellcheck disable=SC2016 # the file's variables
read -r -a kept < <(lines ENV | sed 's/\$COMMIT/c0ffee00/; s/\$DIRTY/yes/')
# shellcheck disable=SC2317 # by eval
stamp() { env -u MAKEFLAGS -u MFLAGS make BUILD="$work/build" "$@" >"$work/stamps" 2>&1; }
as_kept() { # <command>: with no other variables of the build
    [ "${#kept[@]}" -gt 0 ] || { echo 'no ENV' | tee "$work/out" >"$work/stamps"; return 1; }
    (unset COMMIT DIRTY SOURCE_DATE_EPOCH && export "${kept[@]}" && eval "$1")
}
as_kept "dry ${tools#exec make }" || fault "$tools: $(cat "$work/out")"
grep -qF -e "--results '$results'" "$work/out" || fault "make bench does not write to $results"
as_kept "stamp ${tools#exec make bench RESULTS=* } stamps" || fault "$tools: $(cat "$work/stamps")"
for text in 'COMMIT "c0ffee00"' 'DIRTY "yes"'; do
    grep -qF -e "POOLBENCH_$text" "$work/build/version.h" || fault "the image with tools measures another version:" \
        "not $text but $(grep -e COMMIT -e DIRTY "$work/build/version.h")"
done

# Ignored is what is not of the tree, and the runs.
if git rev-parse --git-dir >/dev/null 2>&1; then
    while read -r pattern; do
        ignored=$(git ls-files -- ":(glob)$pattern" ":(glob)$pattern/**" | grep -v '^results/')
        [ -z "$ignored" ] || fault ".dockerignore: $pattern leaves out $ignored"
    done <.dockerignore
fi

# What docs/containers.md shows is what the file takes.
n_images=$(grep -c '^podman build' docs/containers.md)
for argument in COMMIT DIRTY; do
    [ "$(grep -cF -e "--build-arg $argument=" docs/containers.md)" = "$n_images" ] ||
        fault "docs/containers.md does not give $argument to each image"
done
exit $((failures > 0))
