#!/usr/bin/env bash
# The libraries' tests under both compilers' ThreadSanitizer.
. "$(dirname "${BASH_SOURCE[0]}")/variant.sh"

race='
#include <pthread.h>

static int n;

static void *add(void *arg)
{
    n++;
    return arg;
}

int main(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, add, NULL);
    n++;
    pthread_join(thread, NULL);
    return 0;
}'

need gcc clang-14
for compiler in gcc clang-14; do
    set_variant thread-$compiler SAN=thread CC=$compiler
    finds 'ThreadSanitizer: data race' "$race"
    passes
done
exit $((failures > 0))
