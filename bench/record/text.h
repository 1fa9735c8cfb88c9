/* Text that comes from outside: plugins, the kernel, other programs, files of a run. It is looked at once, where it
 * enters; from then on it can stand in JSON and be printed to a terminal. */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <stdbool.h>

/* Whether it is valid UTF-8 without control characters, invisible characters and changes of direction. */
bool text_is_printable(const char *text);

/* Makes it so, in place: blanks instead of ends of line and tabs, question marks instead of all else. A character that
 * was cut off at the end goes. */
void text_clean(char *text);

#endif
