#!/usr/bin/env bash
# The libraries' tests with another C library.
. "$(dirname "${BASH_SOURCE[0]}")/variant.sh"

library='
#include <stdio.h>

int main(void)
{
#ifdef __GLIBC__
    puts("runs with glibc");
#else
    puts("runs with musl");
#endif
    return 1;
}'

# musl-gcc hides all headers but musl's own, the kernel's too.
link_kernel_headers() {
    local name folder
    mkdir -p "$1" || exit 1
    for name in linux asm asm-generic; do
        for folder in "/usr/include/$(gcc -print-multiarch)" /usr/include; do
            [ ! -d "$folder/$name" ] || { ln -sfn "$folder/$name" "$1/$name" && break; }
        done
    done
}

need gcc musl-gcc
kernel=$POOLBENCH_BUILD/variants/kernel
link_kernel_headers "$kernel"
set_variant musl CC=musl-gcc CFLAGS="-O1 -g -isystem $kernel"
finds 'runs with musl' "$library"
passes
exit $((failures > 0))
