#!/usr/bin/env bash
# What is given to make: a mistyped name is an error that says the nearest one, a target is given nothing that it does
# not use, and what make help and the Makefile name is known.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
dry() { env -u MAKEFLAGS -u MFLAGS make -n "$@" >"$work/out" 2>&1; }
refuses() { # <text wanted> <make's arguments>...
    ! dry "${@:2}" || fault "make ${*:2}: not refused"
    grep -qF -e "$1" "$work/out" || fault "make ${*:2}: does not say '$1' but: $(cat "$work/out")"
    [ "$(wc -l <"$work/out")" = 1 ] || fault "make ${*:2}: more than a line: $(cat "$work/out")"
}
takes() { # <text wanted> <make's arguments>...
    dry BUILD="$work/build" "${@:2}" || fault "make ${*:2}: refused: $(cat "$work/out")"
    grep -qF -e "$1" "$work/out" || fault "make ${*:2}: does not do '$1'"
}

refuses 'no variable is called PROFIL: did you mean PROFILE?' bench PROFIL=smoke
refuses 'no variable is called profile: did you mean PROFILE?' bench profile=smoke
refuses 'no variable is called CFLAG: did you mean CFLAGS?' CFLAG=-O3
refuses 'no variable is called ROUND: did you mean ROUNDS?' peers ROUND=3
refuses 'no variable is called prefix: did you mean PREFIX?' install prefix=/usr
refuses 'no variable is called PROFIL: did you mean PROFILE?' bench PROFIL=
refuses 'no variable is called FRUITCAKE: make help names all' test FRUITCAKE=1
refuses 'make report does not use FILTER: it is for make bench peers' report RUN=x FILTER=y
refuses 'make peers does not use PROFILE: it is for make bench' peers PROFILE=full
refuses 'make does not use PROFILE: it is for make bench' PROFILE=smoke
refuses "SAN is 'adress': it must be address, thread or undefined" SAN=adress
refuses "BUILD is '': it must be one folder, without spaces" BUILD=
refuses "BUILD is 'a b': it must be one folder, without spaces" BUILD='a b'
MAKEFLAGS=PROFIL=smoke make -n bench >"$work/out" 2>&1 && fault 'PROFIL in MAKEFLAGS is not refused'

# Compilers give up where TMPDIR is no folder.
for folder in /proc/none /proc; do
    TMPDIR=$folder make -s BUILD="$work/build" --eval 'show:;@echo "$$TMPDIR"' show >"$work/out" 2>&1
    [ "$(cat "$work/out")" = /tmp ] || fault "TMPDIR=$folder stays $(cat "$work/out")"
done
[ "$(TMPDIR=$work make -s --eval 'show:;@echo "$$TMPDIR"' show)" = "$work" ] || fault 'TMPDIR is not kept'

# What is in the environment was put there for someone else, too.
PROFIL=smoke takes "--profile 'quick'" bench
takes '--profile '\''smoke'\' bench test PROFILE=smoke RUNFLAGS=-j2
takes "--profile ''" bench PROFILE=
takes 'tests/run' test-lib CFLAGS+=-g CPPFLAGS= V=1 SHELL=/bin/sh
takes 'install' install VERBOSE=1 INSTALL='install -p' PREFIX=/usr LIBDIR=/usr/lib DESTDIR="$work/root"
takes "'CC' 'pool'" libraries V=0
takes 'scripts/cite' cite RUN=x ID=C1 FORCE=0
! grep -q -e --force "$work/out" || fault 'FORCE=0 forces'

# The quick check, and what it says where GLib is missing.
takes "--profile 'peers'" sanity ROUNDS=3
grep -qF -e "--rounds '3'" "$work/out" && grep -qF -e "--plugin '$work/build/peers/glib.so'" "$work/out" ||
    fault "make sanity does not measure GLib: $(tail -n 1 "$work/out")"
mkdir -p "$work/build" && touch "$work/build/poolbench"
env -u MAKEFLAGS -u MFLAGS make -s BUILD="$work/build" PKG_CONFIG=false CC=gcc -o "$work/build/poolbench" sanity \
    >"$work/out" 2>&1 && fault 'make sanity: GLib is not missed'
grep -q 'make sanity: gcc does not find GLib: scripts/setup --peers' "$work/out" || fault "no GLib: $(cat "$work/out")"
refuses 'make sanity does not use PROFILE' sanity PROFILE=full

# A resumed run is given what stands beside it, for the program to refuse, and no defaults.
takes "--resume 'x'" bench RESUME=x SCRATCH=/here ROUNDS=3 PROFILE=full
for option in "--scratch '/here'" "--rounds '3'" "--profile 'full'"; do
    grep -qF -e "$option" "$work/out" || fault "make bench RESUME= drops $option"
done
! grep -qF -e '--results' "$work/out" || fault 'make bench RESUME= gives a default'

# What is named is known: by make help, and by the Makefile as something that may be set.
make -s help >"$work/help"
named=$({ grep -oE '\b[A-Z_]+=' "$work/help"; sed -nE 's/^([A-Z_]+) \?=.*/\1=/p' Makefile; } | sort -u)
[ "$(wc -w <<<"$named")" -gt 30 ] || fault "too few variables found: $named"
# shellcheck disable=SC2086 # one word each
! dry help $named || fault 'make help takes all variables'
grep -qF 'make help does not use' "$work/out" || fault "one of make's own variables is not known: $(cat "$work/out")"
exit $((failures > 0))
