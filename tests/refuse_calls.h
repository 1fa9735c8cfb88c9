/* Puts functions before those that allocate or create threads, which can be told to fail: one call after the other,
 * until a test runs through without having been refused anything. Also counts what is allocated and not freed,
 * and threads that are created and not joined. The Makefile links the tests that use this with --wrap=<name>, so
 * that only the calls of the library and of the test come here, not those of libc and of sanitizers. */
#ifndef REFUSE_CALLS_H
#define REFUSE_CALLS_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int refuse_first, refuse_n, refuse_n_calls; /* the calls that fail, and those so far */
static atomic_int refuse_n_refused;
static atomic_int refuse_error;
static atomic_long refuse_n_blocks, refuse_n_threads;

/* From now on `first` calls succeed, and the n after these fail. */
static inline void refuse_calls(int first, int n)
{
    refuse_n = 0;
    refuse_n_calls = refuse_n_refused = refuse_error = 0;
    refuse_first = first;
    refuse_n = n;
}

static inline void refuse_nothing(void)
{
    refuse_n = 0;
}

/* What the library has to return for the first call that was refused since this was last asked; 0 if none was
 * that it needs. */
static inline int refuse_taken(void)
{
    return atomic_exchange(&refuse_error, 0);
}

static inline bool refuse_this(int error)
{
    int index = refuse_n_calls++, none = 0;

    if (index < refuse_first || index - refuse_first >= refuse_n)
        return false;
    refuse_n_refused++;
    atomic_compare_exchange_strong(&refuse_error, &none, error);
    return true;
}

static inline void *refuse_count(void *block)
{
    refuse_n_blocks += block != NULL;
    return block;
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
void __real_free(void *block);
void __wrap_free(void *block);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
ssize_t __real_getline(char **line, size_t *bytes, FILE *file);
ssize_t __wrap_getline(char **line, size_t *bytes, FILE *file);
ssize_t __wrap___getdelim(char **line, size_t *bytes, int end, FILE *file);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);

void *__wrap_malloc(size_t bytes)
{
    return refuse_this(-ENOMEM) ? NULL : refuse_count(__real_malloc(bytes));
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return refuse_this(-ENOMEM) ? NULL : refuse_count(__real_calloc(n, bytes));
}

void *__wrap_realloc(void *block, size_t bytes)
{
    void *moved = refuse_this(-ENOMEM) ? NULL : __real_realloc(block, bytes);

    return block == NULL ? refuse_count(moved) : moved;
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
    return refuse_this(-ENOMEM) ? NULL : refuse_count(__real_aligned_alloc(align, bytes));
}

void __wrap_free(void *block)
{
    refuse_n_blocks -= block != NULL;
    __real_free(block);
}

/* Where a file cannot be read the library does without. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
    return refuse_this(0) ? NULL : __real_fopen(path, mode);
}

ssize_t __wrap_getline(char **line, size_t *bytes, FILE *file)
{
    bool had_line = *line != NULL;
    ssize_t n = refuse_this(0) ? -1 : __real_getline(line, bytes, file);

    if (!had_line)
        refuse_count(*line);
    return n;
}

/* What getline() is in some headers. */
ssize_t __wrap___getdelim(char **line, size_t *bytes, int end, FILE *file)
{
    return end == '\n' ? __wrap_getline(line, bytes, file) : -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    int error = refuse_this(-EAGAIN) ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);

    refuse_n_threads += error == 0;
    return error;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    int error = __real_pthread_join(thread, result);

    refuse_n_threads -= error == 0;
    return error;
}

#ifdef __GLIBC__
/* Allocates. Elsewhere there is none. */
int __real_pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t bytes, const cpu_set_t *set);
int __wrap_pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t bytes, const cpu_set_t *set);

int __wrap_pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t bytes, const cpu_set_t *set)
{
    return refuse_this(-ENOMEM) ? ENOMEM : __real_pthread_attr_setaffinity_np(attr, bytes, set);
}
#endif

/* Runs a test again and again: once for each call that it makes between refuse_planned() and refuse_nothing(), which
 * fails, alone and then with all after it. The test sees to it that things work after refuse_nothing(). */
static int refuse_planned_first, refuse_planned_n;

static inline void refuse_planned(void)
{
    refuse_calls(refuse_planned_first, refuse_planned_n);
}

static inline bool refuse_once(void (*test)(const void *), const void *arg, int first, int n)
{
    long n_blocks = refuse_n_blocks, n_threads = refuse_n_threads;
    int n_failures = check_failures();

    refuse_planned_first = first;
    refuse_planned_n = n;
    test(arg);
    CHECK_EQ(refuse_n_blocks, n_blocks);
    CHECK_EQ(refuse_n_threads, n_threads);
    if (check_failures() != n_failures)
        fprintf(stderr, "with call %d refused%s\n", first, n > 1 ? " and all after it" : "");
    return refuse_n_refused > 0;
}

/* Returns how many calls there were. */
static inline int refuse_each(void (*test)(const void *), const void *arg)
{
    int n = 0;

    while (refuse_once(test, arg, n, 1))
        n++;
    for (int first = 0; first < n; first++)
        refuse_once(test, arg, first, INT_MAX);
    return n;
}

#endif
