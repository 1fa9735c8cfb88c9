/* Waits until another thread of this process sleeps in the kernel, so that a test finds it where it wants it. What the
 * test asserts must hold even if it does not. */
#ifndef ASLEEP_H
#define ASLEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline pid_t asleep_self(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* 'R' runs or could, 'S' sleeps, 0: there is no such thread, or no /proc. */
static inline char asleep_state(pid_t id)
{
    char text[64];
    FILE *file;
    char *end;

    snprintf(text, sizeof text, "/proc/self/task/%d/stat", (int)id);
    file = fopen(text, "r");
    memset(text, 0, sizeof text);
    if (file != NULL) {
        size_t n = fread(text, 1, sizeof text - 1, file);

        (void)n;
        fclose(file);
    }
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' ? end[2] : 0;
}

/* *id is set by the thread when it begins. Sleeping at three looks in a row counts. */
static inline void asleep_await(const atomic_int *id)
{
    const struct timespec moment = {0, 2 * 1000 * 1000};

    for (int n_asleep = 0, n_looks = 0; n_asleep < 3 && n_looks < 1000; n_looks++) {
        nanosleep(&moment, NULL);
        n_asleep = *id != 0 && asleep_state(*id) == 'S' ? n_asleep + 1 : 0;
    }
}

#endif
