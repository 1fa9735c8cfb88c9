/* Tasks that start programs. Workers block all signals, and a program inherits that: so it is started with an empty
 * mask, or by a pool with keep_signals. Else SIGTERM does nothing to it.
 *
 * Prints:
 *     by posix_spawn: ended by signal 15
 *     by system: ended by signal 15
 */
#include <pool.h>

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

/* The way to start a program from any thread. */
static int spawn(void *arg, void *result)
{
    char *const argv[] = {"sleep", arg, NULL};
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;
    int error, status;

    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attr, &none);
    error = posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    if (error != 0)
        return pool_fail(-error, "cannot start %s", argv[0]);
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    *(int *)result = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 0;
}

/* Where the mask is out of reach, the worker must have the right one. */
static int shell(void *arg, void *result)
{
    int status = system(arg);

    *(int *)result = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return status < 0 ? -1 : 0;
}

int main(void)
{
    const struct pool_options options = {.keep_signals = true};
    struct pool *pool, *keeping;
    int number;

    if (pool_create(&pool, NULL) != 0 || pool_create(&keeping, &options) != 0)
        return 1;
    if (pool_apply(pool, spawn, "60", &number, NULL) != 0)
        return 1;
    printf("by posix_spawn: ended by signal %d\n", number);
    if (pool_apply(keeping, shell, "kill -TERM $$; sleep 60", &number, NULL) != 0)
        return 1;
    printf("by system: ended by signal %d\n", number);
    return pool_destroy(pool) != 0 || pool_destroy(keeping) != 0;
}
