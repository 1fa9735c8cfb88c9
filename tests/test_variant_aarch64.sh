#!/usr/bin/env bash
# The libraries' tests on another architecture, whose memory order is weaker and whose stacks are larger.
. "$(dirname "${BASH_SOURCE[0]}")/variant.sh"

machine='
#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
    struct utsname name;

    uname(&name);
    printf("runs on %s\n", name.machine);
    return 1;
}'

need aarch64-linux-gnu-gcc qemu-aarch64
set_variant aarch64 CC=aarch64-linux-gnu-gcc RUNFLAGS="-j2 --wrap 'qemu-aarch64 -L /usr/aarch64-linux-gnu'"
finds 'runs on aarch64' "$machine"
passes
exit $((failures > 0))
