/* A thread that starts programs: they get its signal mask, unless it is set between.
 *
 * Prints:
 *     with the thread's mask: not interrupted
 *     with an empty mask: interrupted
 */
#include <rawthread.h>

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

/* Starts a program that interrupts itself. Returns whether that ended it. */
static bool is_interrupted(const posix_spawnattr_t *attr)
{
    char shell[] = "sh", option[] = "-c", script[] = "kill -INT $$; exit 0";
    char *const arguments[] = {shell, option, script, NULL};
    int status = 0;
    pid_t pid;

    if (posix_spawnp(&pid, shell, NULL, attr, arguments, environ) != 0 || waitpid(pid, &status, 0) != pid)
        return false;
    return WIFSIGNALED(status);
}

static void start_programs(void *arg)
{
    posix_spawnattr_t attr;
    sigset_t none, interrupt;

    (void)arg;
    sigemptyset(&none);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &interrupt); /* for those who started us with it ignored */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    printf("with the thread's mask: %s\n", is_interrupted(&attr) ? "interrupted" : "not interrupted");
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    printf("with an empty mask: %s\n", is_interrupted(&attr) ? "interrupted" : "not interrupted");
    posix_spawnattr_destroy(&attr);
}

int main(void)
{
    struct rawthread thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* so that signals reach this thread, and not the other */
    if (rawthread_init(&thread, start_programs, NULL, NULL) != 0 || rawthread_start(&thread) != 0)
        return 1;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rawthread_join(&thread) != 0 || rawthread_release(&thread) != 0;
}
