/* A child process gets an error from a pool that it inherited, at once; its parent goes on.
 *
 * Prints:
 *     child: the pool cannot be used
 *     parent: the task ran
 */
#include <pool.h>

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(void *text)
{
    puts(text);
}

int main(void)
{
    char text[] = "parent: the task ran";
    struct pool *pool;
    pid_t child;

    if (pool_create(&pool, NULL) != 0)
        return 1;
    child = fork();
    if (child == 0) {
        puts(pool_submit(pool, say, text) == -ENOTRECOVERABLE ? "child: the pool cannot be used" : "child: accepted");
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child)
        return 1;
    if (pool_submit(pool, say, text) != 0)
        return 1;
    return pool_destroy(pool) != 0;
}
