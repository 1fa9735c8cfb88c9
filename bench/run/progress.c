/* Draws the progress of a run. */
#include "run/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "record/clock.h"

void progress_start(struct progress *progress, double total_ms)
{
    const char *terminal = getenv("TERM");
    *progress = (struct progress){
        .terminal = isatty(STDERR_FILENO) && !(terminal && strcmp(terminal, "dumb") == 0),
        .total_ms = total_ms > 0 ? total_ms : 1,
        .start_ns = clock_now_ns(),
    };
}

void progress_add(struct progress *progress, double expected_ms)
{
    progress->done_ms += expected_ms;
}

/* Seconds left, if the rest takes as much longer than expected as what is done did. */
static long seconds_left(const struct progress *progress)
{
    double spent_ms = (double)(clock_now_ns() - progress->start_ns) * 1e-6;
    double factor = progress->done_ms > 500 ? spent_ms / progress->done_ms : 1;
    double left_ms = (progress->total_ms - progress->done_ms) * factor;
    return left_ms > 0 ? (long)(left_ms / 1000 + 0.5) : 0;
}

static int share_done(const struct progress *progress)
{
    double share = progress->done_ms / progress->total_ms;
    return (int)(100 * (share > 1 ? 1 : share));
}

void progress_show(const struct progress *progress, const char *what, const char *backend)
{
    if (!progress->terminal)
        return;
    struct winsize size = { 0 };
    int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40 ? size.ws_col : 80;
    long left = seconds_left(progress);
    char line[512];
    snprintf(line, sizeof line, "%3d%%  %ld:%02ld left  %s %s", share_done(progress), left / 60, left % 60, backend,
             what);
    fprintf(stderr, "\r\033[K%.*s", columns - 1, line);
}

void progress_note(const struct progress *progress, const char *format, ...)
{
    long left = seconds_left(progress);
    progress_end(progress);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, ", %d%% done, about %ld:%02ld left\n", share_done(progress), left / 60, left % 60);
}

void progress_end(const struct progress *progress)
{
    if (progress->terminal)
        fputs("\r\033[K", stderr);
}
