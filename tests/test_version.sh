#!/usr/bin/env bash
# scripts/version, and through it make: the commit of this very tree and whether its sources were changed, in a git tree
# and in an archive of one; and that a release's version is in what is built from it.
set -u
cd "$POOLBENCH_TOP" || exit 1
command -v git >/dev/null || { echo 'git is missing'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_NOSYSTEM=1
# shellcheck disable=SC2046 # a hook that runs the tests has them
unset $(git rev-parse --local-env-vars) MAKEFLAGS MFLAGS

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
is() { # <what> <version wanted> <tree>
    local found
    found=$("$3/scripts/version" 2>&1)
    [ "$found" = "$2" ] || fault "$1: '$found', not '$2'"
}
commit() { git -C "$1" -c user.name=n -c user.email=e commit -qm "$2" "${@:3}" && git -C "$1" rev-parse HEAD; }

# A small tree with what make needs to write its stamps, and a neighbour that it lies in.
tree=$work/around/a-tree
mkdir -p "$tree/scripts" "$tree/pool" "$tree/rawthread" "$tree/workloads" "$tree/bench/plan"
cp Makefile .gitattributes "$tree/"
cp scripts/nearest.awk "$tree/scripts/"
# As it is in git: where the tests run in an archive it has that one's commit.
sed "s/^archived=.*/archived='\$Format:%H %ct\$'/" scripts/version >"$tree/scripts/version"
chmod +x "$tree/scripts/version"
for file in pool/pool.c rawthread/thread.c workloads/spin.c bench/plan/plan.c bench/main.c; do echo >"$tree/$file"; done
is 'no git, no archive' 'nogit unknown 0' "$tree"
git -C "$work/around" init -q && touch "$work/around/x" && git -C "$work/around" add x
other=$(commit "$work/around" around)
is "in somebody else's tree" 'nogit unknown 0' "$tree"
GIT_DIR=$work/around/.git is "GIT_DIR of another" 'nogit unknown 0' "$tree"

git -C "$tree" init -q
is 'before the first commit' 'nogit unknown 0' "$tree"
git -C "$tree" add . && export GIT_COMMITTER_DATE='1700000000 +0000'
full=$(commit "$tree" first) && unset GIT_COMMITTER_DATE
[ -n "$full" ] || { echo 'git cannot commit'; exit 1; }
short=${full:0:8} time=1700000000
is 'a git tree' "$short no $time" "$tree"
GIT_DIR=$work/around/.git GIT_INDEX_FILE=/none is 'GIT_DIR of another' "$short no $time" "$tree"
(cd / && is 'from elsewhere' "$short no $time" "$tree")
git -C "$tree" worktree add -q --detach "$work/worktree" && is 'a worktree' "$short no $time" "$work/worktree"
git clone -q --depth 1 "file://$tree" "$work/shallow" && is 'a shallow clone' "$short no $time" "$work/shallow"
git -C "$work/around" -c protocol.file.allow=always submodule --quiet add "file://$tree" sub
is 'a submodule' "$short no $time" "$work/around/sub"
[ "$other" != "$full" ] || fault 'the neighbour is the same commit'
if [ "$(id -u)" = 0 ]; then
    cp -a "$tree" "$work/foreign" && chown -R 65534:65534 "$work/foreign"
    is "somebody else's files" "$short no $time" "$work/foreign"
fi
mkdir "$work/bin" # what the script uses, and no git
for tool in sh dirname sort find stat grep; do ln -s "$(command -v $tool)" "$work/bin/"; done
PATH=$work/bin is 'without git' 'nogit unknown 0' "$tree"

changed() { # <what> <file added> [version wanted]
    mkdir -p "$(dirname "$tree/$2")" && echo >"$tree/$2"
    is "$1" "$short ${3-yes} $time" "$tree"
    rm "$tree/$2"
}
changed 'a source that is not in git' pool/more.c
changed 'a source in C++' bench/peers/mine.cc
changed 'a header' workloads/deep/string.h
changed 'a makefile that make takes first' GNUmakefile
echo '*_local.c' >"$tree/.git/info/exclude"
changed 'a source that git ignores' rawthread/my_local.c
changed 'a note' notes.txt no
changed 'an object' build/pool.o no
changed "an editor's copy" pool/pool.c~ no
changed "an editor's lock" pool/.#pool.c no
echo change >"$tree/pool/pool.c" && is 'a change' "$short yes $time" "$tree"
git -C "$tree" add pool && is 'a staged change' "$short yes $time" "$tree"
git -C "$tree" reset -q && git -C "$tree" update-index --assume-unchanged pool/pool.c
is 'a change that git may not see' "$short unknown $time" "$tree"
git -C "$tree" update-index --no-assume-unchanged pool/pool.c && git -C "$tree" checkout -q .
printf broken >"$work/index" && mv "$tree/.git/index" "$work/kept" && cp "$work/index" "$tree/.git/index"
is 'a broken index' "$short unknown $time" "$tree"
mv "$work/kept" "$tree/.git/index"

# The archive, in somebody else's tree too.
release=$work/around/release
unpack() { rm -rf "$release" && mkdir "$release" && git -C "$tree" archive HEAD | tar -xf - -C "$release" "$@"; }
unpack && is 'an archive' "$short no $time" "$release"
touch "$release/notes.txt" && mkdir "$release/results" "$release/build" && touch "$release/build/x.c"
is 'an archive with results' "$short no $time" "$release"
PATH=$work/bin is 'an archive without git' "$short no $time" "$release"
GIT_DIR=$work/around/.git is 'an archive and GIT_DIR' "$short no $time" "$release"
cp -r "$release" "$work/copied" && is 'a copy without times' "$short unknown $time" "$work/copied"
cp -a "$release" "$work/kept" && is 'a copy' "$short no $time" "$work/kept"
echo change >"$release/pool/pool.c" && is 'a changed archive' "$short yes $time" "$release"
unpack && touch "$release/bench/plan/more.c" && is 'an archive with a source more' "$short yes $time" "$release"
unpack && touch -d 2020-01-01 "$release/pool/pool.c" && is 'an older source' "$short yes $time" "$release"
unpack -m && is 'unpacked without times' "$short unknown $time" "$release"
git -C "$work/around/release" init -q && is 'git without a commit there' "$short unknown $time" "$release"

# What make does with it.
stamps() { make -s -C "$release" BUILD="$work/build" CC=gcc "$@" stamps >"$work/out" 2>&1; }
says() {
    grep -qxF -e "#define POOLBENCH_$1" "$work/build/version.h" ||
        fault "not $1 but: $(cat "$work/out" "$work/build/version.h")"
}
unpack && stamps && says "COMMIT \"$short\"" && says 'DIRTY "no"'
stamps COMMIT= DIRTY= && says "COMMIT \"$short\"" && says 'DIRTY "no"'
stamps COMMIT=c0ffee00 DIRTY=yes && says 'COMMIT "c0ffee00"' && says 'DIRTY "yes"'
! stamps COMMIT="$full" || fault 'a commit of 40 digits is not refused'
grep -qF "COMMIT is '$full'" "$work/out" || fault "COMMIT=$full: $(cat "$work/out")"
! stamps DIRTY=perhaps || fault 'DIRTY=perhaps is not refused'
make -n -C "$release" SAN= dist >"$work/out" 2>&1
grep -qE "scripts/dist .*-$short-[a-z0-9_]+' '[^']*' '$time'" "$work/out" || fault "make dist: $(tail -n 1 "$work/out")"
exit $((failures > 0))
