/* The run folder: its name, and files that appear in it whole or not at all. All of them are regular files, which no
 * link stands for: others may write to where results lie. */
#ifndef RECORD_FOLDER_H
#define RECORD_FOLDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { FOLDER_REASON_BYTES = 256 };

#define FOLDER_HISTOGRAMS "hist"

/* Makes <results>/<machine>/<UTC time>-<commit>[-n], where n is the first that is free.
 * Returns 0 with its path, or a negative errno: -ENOTDIR if something on the way is no folder. */
int folder_create(const char *results_dir, const char *machine_id, const char *commit, char *path, size_t path_bytes);

/* Whether something of this name is in the folder. */
bool folder_has(const char *dir, const char *name);

/* Opens a regular file of the folder, following no link and waiting for nobody. Returns its descriptor or a negative
 * errno: -ELOOP for a link, -EBADF for what is no file. */
int folder_open(const char *dir, const char *name, int flags);

/* What an errno of a run's files stands for, in words. */
const char *folder_why(int error);

/* Reads a JSON object in which no name is there twice, of at most so many bytes. Returns 0 with a new reference, or a
 * negative errno with a reason: -ENOENT if it is not there, -EBADMSG if it is damaged. */
int folder_read_json(const char *dir, const char *name, size_t max_bytes, json_t **json, char *reason,
                     size_t reason_bytes);

/* Reads all of an open file into a new block. Returns 0 or a negative errno: -EOVERFLOW if there is more. */
int folder_read_all(int fd, size_t max_bytes, char **text, size_t *n_text);

/* Writes a file by way of a temporary name. The function prints, and returns 0 or a negative errno. Returns 0 or a
 * negative errno; then the old file, if there was one, is as it was. */
typedef int folder_print_fn(FILE *file, const void *context);
int folder_write(const char *dir, const char *name, folder_print_fn *print, const void *context);
int folder_write_json(const char *dir, const char *name, const json_t *json);

/* Makes a folder in the folder, unless it is there. Returns 0 or a negative errno: -ELOOP for a link. */
int folder_make(const char *dir, const char *name);

/* Whether a run's folder is one: each file that poolbench writes is a regular one, or not there. Returns 0, or a
 * negative errno and the name at fault. */
int folder_check(const char *dir, const char **name);

/* Removes what a killed writer left under temporary names. Returns 0 or a negative errno. */
int folder_tidy(const char *dir);

/* Makes the names in a folder outlast a power cut, as fsync does for what is in a file. Returns 0 or a negative
 * errno. */
int folder_sync(const char *dir);

/* A hash of a file's content, or "unknown". */
void folder_hash_file(const char *path, char hash[17]);

/* Bytes free for this user where the path lies; all there can be where the file system does not tell. Returns 0 or a
 * negative errno. */
int folder_free_bytes(const char *path, unsigned long long *n_bytes);

#endif
