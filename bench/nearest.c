/* Edit distance, for error messages that name what would be right. */
#include "nearest.h"

#include <string.h>

enum { NEAREST_LENGTH_MAX = 96 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t n = strnlen(b, NEAREST_LENGTH_MAX), row[NEAREST_LENGTH_MAX + 1];
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, corner + (a[i] != b[j - 1]));
            corner = above;
        }
    }
    return row[n];
}

const char *nearest_name(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = (size_t)-1;
    for (; *names; names++) {
        size_t distance = nearest_distance(word, *names);
        if (distance < best_distance) {
            best_distance = distance;
            best = *names;
        }
    }
    return best;
}
