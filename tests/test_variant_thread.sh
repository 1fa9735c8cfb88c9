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

# Under clang only the tests in which threads meet most: all of them would take as long again.
crowded=(test_pool_{handle,others,others_tasks,overtaken,rules,several,spin,stress,stress_handles,stress_imap,tokens}
    test_rawthread_{spin,stress})

need gcc clang-14
set_variant thread-gcc SAN=thread CC=gcc
finds 'ThreadSanitizer: data race' "$race"
passes
set_variant thread-clang-14 SAN=thread CC=clang-14
finds 'ThreadSanitizer: data race' "$race"
passes "${crowded[@]}"
exit $((failures > 0))
