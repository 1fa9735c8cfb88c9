#!/usr/bin/env bash
# scripts/setup against machines made of stubs: nothing is installed, and nothing of this machine is asked.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
chmod 755 "$home"

# A tree without git that anyone may read, beside a bin/ that holds the tools of a bare system.
mkdir -p "$home/tree/scripts" "$home/tree/tests" "$home/bare" "$home/full"
cp "$top/scripts/setup" "$home/tree/scripts/"
cp -r "$top/tests/npm" "$home/tree/tests/npm"
rm -rf "$home/tree/tests/npm/node_modules"
for tool in bash cat cmp cp dirname env id ls mktemp rm; do
    ln -s "$(type -P $tool)" "$home/bare/$tool"
done

# stub <folder> <name> <shell text>
stub() {
    printf '#!/bin/sh\n%s\n' "$3" >"$home/$1/$2"
    chmod 755 "$home/$1/$2"
}
for tool in gcc g++ make pkg-config gnuplot python3 zstd; do stub full $tool 'exit 0'; done

. "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

check() { # what, exit code wanted, exit code got; then patterns that the output must have
    local what=$1 wanted=$2 got=$3 pattern
    shift 3
    [ "$got" = "$wanted" ] || fault "$what: exit code $got, not $wanted"
    for pattern; do
        grep -qE -e "$pattern" "$home/out" || fault "$what: output lacks '$pattern'"
    done
    [ $failures = 0 ] || cat "$home/out"
}

# setup_on <PATH folders>... -- <options of setup>: from another folder, with the stub Python
setup_on() {
    local path=''
    while [ "$1" != -- ]; do path+=$home/$1: && shift; done
    shift
    (cd / && exec "${prefix[@]}" env -i PATH="${path%:}" PYTHON="$python" HOME="$home" \
        "$home/bare/bash" "$home/tree/scripts/setup" "$@") >"$home/out" 2>&1 </dev/null
}
prefix=()
python=$home/full/python3

setup_on bare -- --help
check 'help' 0 $? '--test' '--peers' '--check'

setup_on bare -- --chekc
check 'unknown option' 1 $? "unknown option '--chekc'"
[ "$(wc -l <"$home/out")" = 1 ] || fault 'unknown option: more than one line'

setup_on bare full -- --check
check 'nothing missing' 0 $?
setup_on bare full --
check 'nothing to install' 0 $?
[ ! -s "$home/out" ] || fault 'nothing to install: not quiet'

setup_on bare -- --check
check 'list of a bare system' 1 $? 'command gcc' 'command g\+\+' 'command make' 'command pkg-config' \
    'module benchmark' 'module hwloc' 'module jansson' 'gnuplot' 'command zstd'

setup_on bare -- --check --peers
check 'list for the peers' 1 $? 'module glib-2.0' 'module libuv' 'header pthreadpool.h' 'header oneapi/' \
    'header boost/' 'header concurrentqueue/' 'header unsupported/Eigen/' 'command clang$' 'header omp.h'

# A Python without the modules: whatever the system's own one has, what it lacks is named.
python=$home/none
setup_on bare full -- --check --test
check 'list for the tests' 1 $? 'command clang-14' 'command musl-gcc' 'command spin$' 'command node$' \
    'npm packages' 'header omp.h'
setup_on bare -- --check --test
check 'list for the tests of a bare system' 1 $? 'header relacy/relacy.hpp'

# A library that pkg-config knows counts whatever the packages are; one that it does not know is named.
python=$home/full/python3
mkdir "$home/part"
stub part pkg-config "[ \"\$2\" != hwloc ]"
stub part gcc "case \$(cat) in *hwloc.h*) exit 1 ;; esac"
setup_on part bare full -- --check
check 'one library missing' 1 $? 'module hwloc'
[ "$(wc -l <"$home/out")" = 1 ] || fault 'one library missing: more is named'

setup_on part bare full --
check 'no apt-get' 1 $? 'module hwloc' 'no Debian'

# From here on the system says what it is in /etc/os-release.
finish() {
    [ $failures = 0 ] || exit 1
    [ -z "${1-}" ] || { echo "$1"; exit 77; }
    exit 0
}
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release || finish 'not on this machine: is no Debian'

# An apt-get that writes down its arguments and "installs" hwloc; its first lists know nothing.
mkdir "$home/apt"
stub apt dpkg 'exit 0'
cat >"$home/apt/apt-get" <<EOF
#!/bin/sh
echo "\$DEBIAN_FRONTEND \$*" >>$home/calls
case "\$*" in
*update*) : >$home/updated ;;
*--simulate*) [ -e $home/updated ] ;;
*) [ -e $home/broken ] && echo 'apt is broken' && exit 100; [ -e $home/useless ] || : >$home/installed ;;
esac
EOF
chmod 755 "$home/apt/apt-get"
stub part pkg-config "[ \"\$2\" != hwloc ] || [ -e $home/installed ]"

mkdir "$home/sudo" "$home/nosudo"
stub sudo sudo "shift; [ \"\$1\" = true ] && exit; echo sudo >>$home/calls; exec \"\$@\""
stub nosudo sudo 'echo "sudo: a password is required"; exit 1'

calls_are() { # what, then one line each
    local what=$1
    shift
    printf '%s\n' "$@" | cmp -s - "$home/calls" && return
    fault "$what: apt-get was called otherwise than expected:"
    cat "$home/calls"
}
forget() {
    rm -f "$home"/{calls,updated,installed,broken,useless}
    : >"$home/calls"
    chmod 777 "$home"
    chmod 666 "$home/calls"
}

pty='-o Dpkg::Use-Pty=0'
simulation="noninteractive $pty install --simulate libhwloc-dev"
installation="noninteractive $pty install -y --no-install-recommends libhwloc-dev"

[ "$(id -u)" = 0 ] || as_nobody=()
prefix=("${as_nobody[@]}")

forget
setup_on apt part bare full --
check 'neither root nor sudo' 1 $? 'neither root nor sudo' '^apt-get install .* libhwloc-dev$'
setup_on apt nosudo part bare full --
check 'sudo wants a password' 1 $? '^apt-get install .* libhwloc-dev$'
[ ! -s "$home/calls" ] || fault 'no rights: apt-get was called'

forget
setup_on apt sudo part bare full --
check 'sudo' 0 $? '^installing libhwloc-dev$' 'sudo -n .*apt-get install' 'apt-get update'
calls_are 'sudo' sudo "$simulation" sudo "noninteractive $pty update" sudo "$installation"

[ "$(id -u)" = 0 ] || finish 'not on this machine: needs root for the rest'
prefix=()

forget
touch "$home/updated"
setup_on apt part bare full --
check 'root' 0 $? '^installing libhwloc-dev$'
calls_are 'root: lists are fresh' "$simulation" "$installation"
setup_on apt part bare full --
check 'second time' 0 $?
[ ! -s "$home/out" ] || fault 'second time: not quiet'

forget
touch "$home/broken"
setup_on apt part bare full --
check 'apt-get fails' 1 $? 'apt is broken' 'cannot install: libhwloc-dev'
forget
touch "$home/useless"
setup_on apt part bare full --
check 'apt-get installs nothing of use' 1 $? 'still missing' 'module hwloc'

# Another distribution: its name stands where this one's stood, for this one command.
echo 'ID=fedora' >"$home/os-release"
forget
if unshare --mount true 2>/dev/null; then
    # shellcheck disable=SC2016
    prefix=(unshare --mount bash -c 'mount --bind "$0" "$(realpath /etc/os-release)" && exec "$@"'
        "$home/os-release")
    setup_on apt part bare full --
    check 'another distribution' 1 $? 'module hwloc' 'no Debian'
    [ ! -s "$home/calls" ] || fault 'another distribution: apt-get was called'
    finish
fi
finish 'not on this machine: cannot make a mount namespace'
