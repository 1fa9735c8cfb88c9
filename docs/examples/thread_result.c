/* A thread returns no result and its task has no status: who needs them brings room for them, and looks after the join.
 *
 * Prints:
 *     the root of 16 is 4
 *     the root of -1 failed
 */
#include <rawthread.h>

#include <errno.h>
#include <stdio.h>

struct root {
    struct rawthread thread;
    int arg, result, error;
};

static void find_root(void *self)
{
    struct root *root = self;

    if (root->arg < 0)
        root->error = -EDOM;
    else
        while ((root->result + 1) * (root->result + 1) <= root->arg)
            root->result++;
}

int main(void)
{
    struct root roots[] = {{.arg = 16}, {.arg = -1}};

    for (int i = 0; i < 2; i++)
        if (rawthread_init(&roots[i].thread, find_root, &roots[i], NULL) != 0 ||
            rawthread_start(&roots[i].thread) != 0)
            return 1;
    for (int i = 0; i < 2; i++) {
        if (rawthread_join(&roots[i].thread) != 0 || rawthread_release(&roots[i].thread) != 0)
            return 1;
        if (roots[i].error != 0)
            printf("the root of %d failed\n", roots[i].arg);
        else
            printf("the root of %d is %d\n", roots[i].arg, roots[i].result);
    }
    return 0;
}
