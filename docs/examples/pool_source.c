/* A source of pool_imap() that makes its arguments, can fail, and gets back what was not used.
 *
 * Prints:
 *     4 1 9
 *     line 3 is no number
 *     no more
 *     all is freed
 */
#include <pool.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct lines {
    const char *const *next;
    int n, n_alive;
};

/* Each line becomes a number in memory of its own. */
static int read_line(void *source, void **arg)
{
    struct lines *lines = source;
    int *number;

    if (lines->next[lines->n] == NULL)
        return 0;
    number = malloc(sizeof *number);
    if (number == NULL)
        return -ENOMEM;
    if (sscanf(lines->next[lines->n], "%d", number) != 1) {
        free(number);
        return pool_fail(-EINVAL, "line %d is no number", lines->n);
    }
    lines->n++;
    lines->n_alive++;
    *arg = number;
    return 1;
}

static int square(void *arg, void *result)
{
    int *number = arg;

    *number *= *number;
    *(int **)result = number; /* the memory goes with the result */
    return 0;
}

static void free_number(struct lines *lines, void *number)
{
    free(number);
    lines->n_alive--;
}

static void dropped(void *source, void *arg)
{
    free_number(source, arg);
}

static void undelivered(void *source, void *arg, void *result)
{
    (void)arg;
    free_number(source, *(int **)result);
}

int main(void)
{
    static const char *const texts[] = {"2", "1", "3", "four", NULL}, *const more[] = {"5", "6", "7", NULL};
    struct lines lines = {.next = texts};
    struct pool_feed feed = {.fn = square, .next = read_line, .source = &lines, .result_bytes = sizeof(int *),
                             .dropped = dropped, .undelivered = undelivered};
    struct pool_iterator *iterator;
    struct pool_error error;
    struct pool *pool;
    int *number;

    if (pool_create(&pool, NULL) != 0 || pool_imap(pool, &feed, &iterator) != 0)
        return 1;
    while (pool_iterator_next(iterator, POOL_FOREVER, NULL, &number, &error) == 0) {
        printf("%d%c", *number, *number == 9 ? '\n' : ' ');
        free_number(&lines, number);
    }
    printf("%s\n", error.message);
    if (pool_iterator_next(iterator, POOL_FOREVER, NULL, &number, &error) == -ENODATA)
        printf("no more\n");
    pool_iterator_release(iterator);

    lines.next = more;
    lines.n = 0;
    if (pool_imap(pool, &feed, &iterator) != 0)
        return 1;
    pool_iterator_release(iterator); /* before anything was delivered */
    if (lines.n_alive == 0)
        printf("all is freed\n");
    return pool_destroy(pool) != 0;
}
