/* Finds what someone may have meant. */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

/* How many letters to add, drop or change to make one word of the other. */
size_t nearest_distance(const char *a, const char *b);

/* The name of a NULL-terminated list that is closest to `word`, or NULL if the list is empty. */
const char *nearest_name(const char *word, const char *const *names);

#endif
