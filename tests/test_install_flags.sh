#!/usr/bin/env bash
# The libraries built and installed as distributions and users do it: with their flags, compilers, linkers, folders and
# umask. Programs in C and C++ build against each, in either way to include, shared and static, and run.
set -u
cd "$POOLBENCH_TOP" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"
need gcc g++ clang clang++ nm pkg-config
unset MAKEFLAGS MFLAGS CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS SAN BUILD PREFIX DESTDIR LIBDIR INCLUDEDIR MANDIR
quietly() { # <command>...: succeeds and says no word of the compiler's
    "$@" >"$work/out" 2>&1 || fault "$*: $(cat "$work/out")"
    ! grep -iE 'warning|error:' "$work/out" || fault "$*: warns"
}

# Which compiler of C++ belongs to which of C.
while read -r wanted given; do
    found=$(make -s CC="${given//_/ }" BUILD="$work/none" --eval 'show:;@echo $(CXX)' show 2>&1)
    [ "$found" = "${wanted//_/ }" ] || fault "CC=$given: CXX is '$found', not '${wanted//_/ }'"
done <<'PAIRS'
g++ gcc
g++-12 gcc-12
clang++_-m64 clang_-m64
/opt/clang/bin/clang++-14 /opt/clang/bin/clang-14
/opt/gcc/bin/g++ /opt/gcc/bin/gcc
ccache_/gcc/clang/g++ ccache_/gcc/clang/gcc
aarch64-linux-gnu-g++ aarch64-linux-gnu-gcc
c++ cc
g++_-B/opt/gcc gcc_-B/opt/gcc
g++ tcc
PAIRS

cat >"$work/program.c" <<'PROGRAM'
#define POOL_H /* another library has such a name */
#define RAWTHREAD_H
#ifdef LONG_NAMES
#include <poolbench/pool.h>
#include <poolbench/rawthread.h>
#else
#include <pool.h>
#include <rawthread.h>
#endif

static void add(void *arg) { ++*(int *)arg; }

int main(void)
{
    struct pool *pool = NULL;
    struct rawthread thread;
    int n = 0;

    if (pool_create(&pool, NULL) != 0 || pool_submit(pool, add, &n) != 0 || pool_wait(pool) != 0 || n != 1)
        return 1;
    pool_destroy(pool);
    if (rawthread_init(&thread, add, &n, NULL) != 0 || rawthread_start(&thread) != 0 || rawthread_join(&thread) != 0)
        return 2;
    return rawthread_release(&thread) != 0 || n != 2;
}
PROGRAM
cp "$work/program.c" "$work/program.cc"

# link <what> <folder of libraries> <compiler and flags>...: in C or C++, shared and static
link() {
    local what=$1 lib=$2 source=$work/program.c kind
    shift 2
    case $1 in *++*) source=$work/program.cc ;; esac
    for kind in shared static; do
        rm -f "$work/program"
        # pkg-config quotes for a shell
        if [ $kind = shared ]; then
            set_flags --cflags --libs
        else
            set_flags --cflags
            flags+=("$lib/libpoolbench-pool.a" "$lib/libpoolbench-rawthread.a")
        fi
        "$@" -Wall -Wextra -Werror "$source" -o "$work/program" "${flags[@]}" >"$work/out" 2>&1 &&
            LD_LIBRARY_PATH=$lib "$work/program" >>"$work/out" 2>&1 ||
            fault "$what, $kind: $*: fails: $(cat "$work/out")"
    done
}
set_flags() {
    eval "flags=($(PKG_CONFIG_LIBDIR=$lib/pkgconfig pkg-config "$@" poolbench-pool poolbench-rawthread))"
}
# installed <what> <root> <folder of libraries>: what anyone may read, with public names alone
installed() {
    local what=$1 unreadable library
    unreadable=$(find "$2" ! -type l ! -perm -444 -o -type d ! -perm 755 -o -name '*.so.*' -type f ! -perm 755)
    [ -z "$unreadable" ] || fault "$what: not for everyone: $unreadable"
    for library in pool rawthread; do
        nm -D --defined-only "$3/libpoolbench-$library.so" | grep -q "T ${library}_.*@@POOLBENCH_0" ||
            fault "$what: the shared $library exports nothing"
        ! nm -g --defined-only "$3/libpoolbench-$library.a" | awk 'NF == 3 && $2 != "V" { print $3 }' |
            grep -v "^${library}_[a-z]" ||
            fault "$what: the archive of $library has names of its own"
        ! readelf -SW "$3/libpoolbench-$library.a" 2>/dev/null | grep -q 'gnu.lto' || fault "$what: $library is no code"
    done
}

# As Debian does it, from the environment, with a multiarch folder and a strict umask. The flags that make programs
# independent of their position don't belong to shared libraries and come all the same.
hardened='-O1 -fstack-protector-strong -fPIE -Wformat -Werror=format-security'
(
    umask 077
    export CFLAGS="$hardened -pie" CPPFLAGS='-D_FORTIFY_SOURCE=2 -DFROM_CPPFLAGS' VERBOSE=1
    export LDFLAGS='-pie -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections'
    set -- BUILD="$work/debian" PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu INCLUDEDIR=/usr/include
    quietly make "$@" libraries
    grep -q -e '-DFROM_CPPFLAGS.* -c ' "$work/out" || fault 'CPPFLAGS are not heard'
    quietly make "$@" install INSTALL='install -p' DESTDIR="$work/root"
    exit $failures
) || failures=1
lib=$work/root/usr/lib/x86_64-linux-gnu
installed Debian "$work/root" "$lib"
readelf -dW "$lib/libpoolbench-pool.so" | grep -q BIND_NOW || fault 'LDFLAGS are not heard'
[ "$(ls "$work/root/usr/include")" = poolbench ] || fault "headers are in $(ls "$work/root/usr/include")"
grep -qF 'libdir=/usr/lib/x86_64-linux-gnu' "$lib/pkgconfig/poolbench-pool.pc" || fault 'pkg-config: another LIBDIR'
sed -i "s,^\([a-z]*\)=,\1=$work/root," "$lib/pkgconfig/"*.pc
# shellcheck disable=SC2086
link Debian "$lib" g++ $hardened -pie -Wl,-z,relro,-z,now -Wl,--as-needed -D_FORTIFY_SOURCE=2

# Link time optimisation of the library, the program, both, or in another compiler; and all names hidden.
lto='-O1 -flto=auto -ffat-lto-objects -fvisibility=hidden -DNDEBUG'
odd="$work/a @ root"
quietly make -j4 BUILD="$work/lto" CFLAGS="$lto" PREFIX="$odd" install
lib=$odd/lib
installed LTO "$odd" "$lib"
link 'LTO of neither' "$lib" clang
link 'LTO of the library alone' "$lib" gcc -DLONG_NAMES
# shellcheck disable=SC2086
link 'LTO of both' "$lib" gcc $lto
link 'LTO of another compiler' "$lib" g++ -flto -fno-fat-lto-objects -fuse-ld=bfd -fvisibility=hidden
for linker in gold lld; do
    ! command -v ld.$linker >/dev/null || link "$linker" "$lib" clang++ -flto -DLONG_NAMES -fuse-ld=$linker
done

# clang's own, from a folder that has its name.
mkdir -p "$work/clang/bin" && ln -s "$(command -v clang)" "$(command -v clang++)" "$work/clang/bin/"
linker=$(command -v ld.lld >/dev/null && echo -fuse-ld=lld)
quietly make BUILD="$work/clang-build" CC="$work/clang/bin/clang" CFLAGS='-O1 -flto' LDFLAGS="$linker" V=1 \
    PREFIX=/opt DESTDIR="$work/clang-root" install
installed clang "$work/clang-root" "$work/clang-root/opt/lib"
sed -i "s,^\([a-z]*\)=,\1=$work/clang-root," "$work/clang-root/opt/lib/pkgconfig/"*.pc
lib=$work/clang-root/opt/lib
link clang "$lib" gcc -flto

# The same bytes from another folder, at another time, by another umask.
mkdir "$work/elsewhere" && cp -r Makefile scripts pool rawthread "$work/elsewhere/" || exit 1
same() { # <source folder> <name>
    quietly make -C "$1" BUILD="$work/$2" CFLAGS="-g -O0 -ffile-prefix-map=$(cd "$1" && pwd)=." COMMIT=nogit DIRTY=no \
        PREFIX=/usr DESTDIR="$work/$2-root" install
}
same . one
(umask 002 && SOURCE_DATE_EPOCH=1 TZ=UTC+11 LANG=C same "$work/elsewhere" two && exit $failures) || failures=1
diff -r "$work/one-root" "$work/two-root" || fault 'made twice it is not the same'
exit $((failures > 0))
