#!/usr/bin/env bash
# make dist: what is in the archive, that it is made the same twice, that it runs in a root that has the C library and
# nothing else, and that what it measured there is reported here.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM HUP

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
need readelf objdump ldd tar gzip sha256sum unshare gnuplot
! grep -q -e -fsanitize= "$POOLBENCH_BUILD/flags" || { echo 'not on this machine: a sanitizer is built in'; exit 77; }

# The objects that are there, in a folder where nobody else builds. Those that know the commit are made anew, because
# their .d files name the other folder.
build=$work/build
mkdir "$build"
(cd "$POOLBENCH_BUILD" && cp -a bench pool.[do] rawthread.[do] workloads ./*.h flags packages "$build/") || exit 1
grep -rl --include='*.d' 'version\.h' "$build" | sed 's/d$/o/' | xargs rm -f
compiler=$(sed -n 's/ | .*//p' "$build/flags")
make_here() {
    env -u MAKEFLAGS -u MFLAGS make BUILD="$build" SAN= LDFLAGS= CC="$compiler" "$@" >"$work/out" 2>"$work/err"
}
says() { # <text wanted> <file> <what it is of>
    grep -qF -e "$1" "$2" || fault "$3: does not say '$1' but: $(cat "$2")"
}

! make_here dist SAN=thread || fault 'a sanitizer was not refused'
says 'SAN=thread is for tests' "$work/err" 'SAN=thread'
make_here dist || { cat "$work/out" "$work/err"; exit 1; }
archive=$(sed -n 's/^[0-9a-f]\{64\}  //p' "$work/out")
grep "$archive" "$work/out" >"$work/sum"
(cd / && sha256sum --quiet -c "$work/sum") || fault 'the digest that is printed is not the archive'\''s'

# The same bytes, whatever the umask and the time.
cp "$archive" "$work/first"
rm -r "$build/dist"
(umask 077 && make_here dist) || fault "made again: $(cat "$work/err")"
cmp "$work/first" "$archive" || fault 'made twice it is not the same'
[ "$(find "$build/dist" -mindepth 1 | wc -l)" = 2 ] || fault "left behind: $(ls "$build/dist")"

node="$work/a node"
mkdir -p "$node/opt/some where"
tar -C "$node/opt/some where" -xf "$archive" || exit 1
name=$(basename "$archive" .tar.gz)
top="$node/opt/some where/$name"
[ "$(ls "$node/opt/some where")" = "$name" ] || fault "more than one folder: $(ls "$node/opt/some where")"
[ -s "$top/LICENSE" ] || fault 'no licence'
! grep -rlF -e "$POOLBENCH_TOP" -e "$work" "$top" || fault 'paths of this machine are in these files'

glibc='ld-linux[a-z0-9-]*\.so\.[0-9]|lib(c|m|pthread|dl|rt)\.so\.[0-9]'
for file in "$top/poolbench" "$top"/lib/*; do
    while read -r needed; do
        [ -e "$top/lib/$needed" ] || [[ $needed =~ ^($glibc)$ ]] || fault "${file##*/} needs $needed: not there"
    done < <(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
done
for library in "$top"/lib/*; do
    [[ ! ${library##*/} =~ ^($glibc)$ ]] || fault "${library##*/} belongs to the node"
    grep -qF "  ${library##*/}" "$top/README.txt" || fault "README.txt does not name ${library##*/}"
    if command -v dpkg-query >/dev/null; then
        package=$(sed -n "s/^  ${library##*/} (\([^ ]*\) .*/\1/p" "$top/README.txt")
        [ -s "$top/licenses/$package.txt" ] || fault "no licence of ${library##*/} ($package)"
    fi
done
while read -r common; do
    [ ! -e "/usr/share/common-licenses/$common" ] || [ -s "$top/licenses/$common.txt" ] ||
        fault "licenses/ names $common and does not have it"
done < <(grep -ohE 'common-licenses/[A-Za-z0-9.+-]*[A-Za-z0-9]' "$top"/licenses/*.txt | sed 's,.*/,,' | sort -u)
! grep -q SIGILL "$top/README.txt" || fault 'README.txt says that it is for one processor'
version=$(objdump -T "$top/poolbench" "$top"/lib/* | grep -o 'GLIBC_[0-9][0-9.]*' | sort -Vu | tail -n 1)
says "glibc >= ${version#GLIBC_}," "$top/README.txt" README.txt

# Refused, and nothing left.
refuses() { # <text wanted> <arguments of scripts/dist>...
    ! PATH=${path-$PATH} scripts/dist "${@:2}" >"$work/out" 2>"$work/err" || fault "scripts/dist ${*:2}: not refused"
    says "make dist: $1" "$work/err" "scripts/dist ${*:2}"
    [ "$(wc -l <"$work/err")" = 1 ] || fault "scripts/dist ${*:2}: more than a line: $(cat "$work/err")"
}
mkdir "$work/refused"
refuses "the program looks for libraries in ''" "$POOLBENCH_BUILD/poolbench" some "$work/refused" 0
refuses "SOURCE_DATE_EPOCH is 'today'" "$build/dist/poolbench" some "$work/refused" today
mkdir "$work/tools"
for tool in bash mktemp cp mkdir sed ldd env; do ln -s "$(command -v "$tool")" "$work/tools/"; done
path=$work/tools refuses 'readelf is missing' "$build/dist/poolbench" some "$work/refused" 0
mkdir "$work/foreign" # as ldd is for a program of another architecture
printf '#!/bin/sh\necho "\tnot a dynamic executable"\nexit 1\n' >"$work/foreign/ldd"
chmod +x "$work/foreign/ldd"
path=$work/foreign:$PATH refuses 'ldd cannot read the program' "$build/dist/poolbench" some "$work/refused" 0
[ -z "$(ls "$work/refused")" ] || fault "a refused archive left $(ls "$work/refused")"

# What is built for one processor says so; flags stand in the program, wherever.
mkdir "$work/native"
{ cat "$build/dist/poolbench" && echo '-O2 -march=native -g'; } >"$work/native/poolbench"
chmod +x "$work/native/poolbench"
scripts/dist "$work/native/poolbench" some "$work/native" 0 >"$work/out" 2>"$work/err" ||
    fault "make dist with -march=native: $(cat "$work/err")"
says 'built with -march=native: it may die' "$work/err" 'make dist with -march=native'
tar -C "$work/native" -xf "$work/native/some.tar.gz"
says 'Built with -march=native: ' "$work/native/some/README.txt" 'its README.txt'

# What a cluster's modules put into LD_LIBRARY_PATH is not taken.
mkdir "$work/modules"
for library in "$top"/lib/*; do echo 'not this one' >"$work/modules/${library##*/}"; done
LD_LIBRARY_PATH=$work/modules "$top/poolbench" --version >"$work/out" 2>&1 ||
    fault "LD_LIBRARY_PATH goes first: $(cat "$work/out")"

# The node: the loader and glibc's libraries where the program looks for them, the kernel's file systems, no more.
mkdir -p "$node/proc" "$node/sys" "$node/dev" "$node/tmp" "$node/bin"
while read -r path; do
    mkdir -p "$node/$(dirname "$path")" && cp -L "$path" "$node/$path"
done < <(ldd "$top/poolbench" | sed -n 's,^[^/]*\(/.*\) (0x.*,\1,p' | grep -vF "$top/")
ln -s "../opt/some where/$name/poolbench" "$node/bin/short"
spaces=(unshare --mount --pid --fork --kill-child)
[ "$(id -u)" = 0 ] || spaces+=(--user --map-root-user)
on_node() {
    # shellcheck disable=SC2016 # that shell's variables
    "${spaces[@]}" bash -c 'mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" &&
        mount --rbind /dev "$0/dev" && PATH=/bin:$PATH:/usr/sbin TMPDIR=/tmp exec chroot "$0" "$@"' \
        "$node" "$@" >"$work/out" 2>"$work/err"
}
if ! "${spaces[@]}" true 2>"$work/err"; then
    echo "not on this machine: $(tail -n 1 "$work/err")"
    exit $((failures ? 1 : 77))
fi
fails_on_node() { fault "$1: $(cat "$work/out" "$work/err")"; }

program="/opt/some where/$name/poolbench"
for way in "$program" "${program#/}" /bin/short short; do
    on_node "$way" --version || fails_on_node "as $way"
    says "poolbench $(sed -n 's/^VERSION := //p' Makefile) (" "$work/out" "as $way"
done
on_node "$program" list || fails_on_node list
says oneoff "$work/out" list
on_node "$program" machine --json || fails_on_node machine
cp "$work/out" "$work/machine.json"
on_node "$program" run --profile smoke --filter '^(grain|oneoff|gil)/' --results /tmp/results || fails_on_node run
run=$node$(cat "$work/out")
[ -s "$run/run.json" ] || [ -s "$run/run.json.gz" ] || { fault "no run in '$run'"; exit 1; }

# Back here.
cp -a "$node/tmp/results" "$work/results"
run=$work/results/${run#"$node/tmp/results/"}
"$PYTHON" scripts/report "$run" >"$work/out" 2>&1 || fault "report: $(cat "$work/out")"
[ -s "$run/report.html" ] || fault 'no report.html'
"$PYTHON" - "$run" "$work/machine.json" <<'PROGRAM' || fault 'the run is not what it should be'
import gzip
import json
import pathlib
import sys

run, described = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
plain = run / "run.json"
text = plain.read_text() if plain.exists() else gzip.decompress((run / "run.json.gz").read_bytes())
samples = json.loads(text)["samples"]
statuses = {name: {s["status"] for s in samples if s["cell"].startswith(name + "/")} for name in ("grain", "oneoff")}
python = {(s["status"], s["backend"].split("-")[0]) for s in samples if s["cell"].startswith("gil/")}
assert statuses == {"grain": {"ok"}, "oneoff": {"ok"}}, statuses
assert ("limit", "python") in python and ("ok", "python") not in python, python
assert described["build"]["libc"].startswith("glibc "), described["build"]
assert described["processor"]["model"] == json.loads((run / "machine.json").read_text())["processor"]["model"]
PROGRAM
exit $((failures > 0))
