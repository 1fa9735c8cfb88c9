#!/usr/bin/env bash
# make install: what it puts where, that programs in C11 and C++17 build and run against that alone, that nothing but
# the public names can be seen, that the manual pages are sound, and what it refuses.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
need gcc g++ clang-14 clang++-14 nm pkg-config groff

# make_here <target> <variables>...: apart from the make around this test
make_here() {
    env -u MAKEFLAGS -u MFLAGS make BUILD="$work/build" SAN= CFLAGS=-O1 LDFLAGS= CC=gcc CXX=g++ "$@" >"$work/out" 2>&1
}

refuses() { # <text wanted> <make's arguments>...
    ! make_here "${@:2}" || fault "make ${*:2}: not refused"
    grep -qF -e "$1" "$work/out" || fault "make ${*:2}: does not say '$1' but: $(cat "$work/out")"
}

dest="$work/a root"
lib=$dest/opt/it/lib
refuses "LIBDIR is 'here/lib'" install PREFIX=here DESTDIR="$dest"
refuses 'SAN=thread is for tests' install PREFIX=/opt/it DESTDIR="$dest" SAN=thread
touch "$work/file"
refuses "$work/file" install PREFIX=/opt/it DESTDIR="$work/file"
[ ! -e "$dest" ] || fault 'a refused install left files behind'
make_here install PREFIX=/opt/it DESTDIR="$dest" || { cat "$work/out"; exit 1; }

calls() { sed -nE "/^typedef/d; s/^[a-z].*\b($1_[a-z_]+)\(.*/\1/p" "$1/$1.h" | sort; }

for library in pool rawthread; do
    calls $library >"$work/$library.calls"
    [ "$(wc -l <"$work/$library.calls")" -gt 15 ] || fault "$library.h: fewer calls found than there are"
    nm -D --defined-only "$lib/libpoolbench-$library.so" | awk '$2 != "A" { print $3 }' >"$work/exported"
    if grep -v '@@POOLBENCH_0$' "$work/exported"; then fault "$library: names without a version"; fi
    sed 's/@.*//' "$work/exported" | sort | diff "$work/$library.calls" - ||
        fault "$library: the shared library's names"
    nm -g --defined-only "$lib/libpoolbench-$library.a" | awk 'NF == 3 && $2 != "V" { print $3 }' | sort |
        diff "$work/$library.calls" - || fault "$library: the archive's names"
    readelf -d "$lib/libpoolbench-$library.so" | grep -qF "[libpoolbench-$library.so.0]" || fault "$library: soname"
done

# Each has its page; what a page shows and refers to is there.
pages=$dest/opt/it/share/man/man3
{ sed 's/$/.3/' "$work"/*.calls && sed -n 's/^struct \([a-z_]*\) {$/\1.3/p' pool/pool.h rawthread/rawthread.h &&
    printf 'poolbench-%s.3\n' pool rawthread; } | sort -u >"$work/pages"
ls "$pages" | sort | diff "$work/pages" - || fault 'manual pages'
for page in "$pages"/*; do
    warnings=$(groff -man -I "$pages/.." -Tutf8 -ww -rLL=100n -z "$page" 2>&1)
    [ -z "$warnings" ] || fault "$warnings"
done
says() { # <page> <texts>...
    groff -man -I "$pages/.." -Tascii -P-cbu "$pages/$1.3" | tr -s ' \n' ' ' >"$work/text"
    for text in "${@:2}"; do
        grep -qF -e "$text" "$work/text" || fault "$1.3 does not say: $text"
    done
}
says pool_timed_join 'int pool_timed_join(struct pool *pool, int64_t timeout_ns)' -ETIMEDOUT \
    'workers or tasks are still running'
says pool_resize 'pool_resize - changes the number of workers, and up to how many an elastic pool may go SYNOPSIS'
says pool_options 'poolbench-pool -' 'size_t n_workers; /*' 'void (*dropped)(pool_fn *fn, void *arg); };' POOL_ARGS_MAX

cat >"$work/program.c" <<'PROGRAM'
#include <pool.h>
#include <rawthread.h>
#include <stdio.h>

static int square(void *arg, void *result)
{
    *(int *)result = *(int *)arg * *(int *)arg;
    return 0;
}

static void say(void *arg)
{
    puts((const char *)arg);
}

int main(void)
{
    POOL_CLOSED_BY_SCOPE struct pool *pool = NULL;
    struct rawthread thread;
    char text[] = "from a thread";
    int arg = 7, result = 0;

    if (pool_create(&pool, NULL) != 0 || pool_apply(pool, square, &arg, &result, NULL) != 0)
        return 1;
    printf("%d\n", result);
    if (rawthread_init(&thread, say, text, NULL) != 0 || rawthread_start(&thread) != 0)
        return 1;
    fflush(stdout);
    return rawthread_join(&thread) != 0 || rawthread_release(&thread) != 0;
}
PROGRAM
cp "$work/program.c" "$work/program.cc"
cd "$work" || exit 1 # where nothing of the tree is found

ask() { PKG_CONFIG_SYSROOT_DIR="$work/root" PKG_CONFIG_LIBDIR="$work/root/opt/it/lib/pkgconfig" pkg-config "$@"; }
ln -s "$dest" "$work/root" # pkg-config knows no spaces
warn='-Wall -Wextra -Wpedantic -Werror'
modules='poolbench-pool poolbench-rawthread'
version=$(sed -n 's/^VERSION := //p' "$POOLBENCH_TOP/Makefile")
[ "$(ask --modversion poolbench-pool)" = "$version" ] || fault 'pkg-config: version'
build() { # <compiler> <options and sources>...
    # shellcheck disable=SC2046,SC2086
    "$1" $warn "${@:2}" -o program >out 2>&1 || fault "$*: $(cat out)"
    LD_LIBRARY_PATH=$lib ./program >out 2>&1 || fault "$*: the program fails"
    [ "$(cat out)" = $'49\nfrom a thread' ] || fault "$*: the program prints: $(cat out)"
    rm -f program
}
# shellcheck disable=SC2046,SC2086
for c in 'gcc -std=c11 program.c' 'clang-14 -std=c11 program.c' \
    'g++ -std=c++17 program.cc' 'clang++-14 -std=c++17 program.cc'; do
    build $c $(ask --cflags --libs $modules)
    build $c $(ask --cflags $modules) "$lib/libpoolbench-pool.a" "$lib/libpoolbench-rawthread.a"
done
# shellcheck disable=SC2046,SC2086
build gcc -static -std=c11 program.c $(ask --static --cflags --libs $modules)

cd "$POOLBENCH_TOP" || exit 1
touch "$pages/another.3"
make_here uninstall PREFIX=/opt/it DESTDIR="$dest" || fault "uninstall: $(cat "$work/out")"
left=$(cd "$dest" && find . ! -type d)
[ "$left" = ./opt/it/share/man/man3/another.3 ] || fault "after uninstall there is: $left"
exit $((failures > 0))
