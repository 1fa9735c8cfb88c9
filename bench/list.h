/* What there is to measure. */
#ifndef LIST_H
#define LIST_H

/* `poolbench list [topic] [--json]`. Returns the exit code. */
int list_main(int argc, char **argv);

#endif
