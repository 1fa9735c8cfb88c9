#!/usr/bin/env bash
# The libraries' tests under both compilers' AddressSanitizer, with its check for leaks, and
# UndefinedBehaviorSanitizer.
. "$(dirname "${BASH_SOURCE[0]}")/variant.sh"

leak='
#include <stdlib.h>

void *volatile kept;

int main(void)
{
    kept = malloc(77);
    kept = NULL;
    return 0;
}'
late_use='
#include <stdlib.h>

int main(void)
{
    char *volatile text = malloc(77);

    free(text);
    return text[7];
}'
overflow='
#include <limits.h>

int main(void)
{
    volatile int n = INT_MAX;

    n++;
    return 0;
}'

read -ra compilers <<<"${POOLBENCH_COMPILERS-gcc}" # with clang-14 as well it takes twice as long
need "${compilers[@]}"
for compiler in "${compilers[@]}"; do
    set_variant address-$compiler SAN=address,undefined CC=$compiler
    finds 'LeakSanitizer: detected memory leaks' "$leak"
    finds 'AddressSanitizer: heap-use-after-free' "$late_use"
    finds 'runtime error: signed integer overflow' "$overflow"
    passes
done
exit $((failures > 0))
