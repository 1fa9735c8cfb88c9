/* The run folder: its name, and files that appear in it whole or not at all. */
#ifndef RECORD_FOLDER_H
#define RECORD_FOLDER_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Makes <results>/<machine>/<UTC time>-<commit>[-n], where n is the first that is free.
 * Returns 0 with its path, or a negative errno: -ENOTDIR if something on the way is no folder. */
int folder_create(const char *results_dir, const char *machine_id, const char *commit, char *path, size_t path_bytes);

/* Writes a file by way of a temporary name. Returns 0 or a negative errno; then the old file, if there was
 * one, is as it was. */
typedef void folder_print_fn(FILE *file, const void *context);
int folder_write(const char *dir, const char *name, folder_print_fn *print, const void *context);
int folder_write_json(const char *dir, const char *name, const json_t *json);

/* Makes the names in a folder outlast a power cut, as fsync does for what is in a file. */
void folder_sync(const char *dir);

/* A hash of a file's content, or "unknown". */
void folder_hash_file(const char *path, char hash[17]);

/* Bytes free for this user where the path lies, or 0 if that cannot be known. */
unsigned long long folder_free_bytes(const char *path);

#endif
