/* Reads and appends the journal.
 *
 * A line is one write and one fdatasync. What a killed writer left after the last newline is no line: it is cut
 * off before anything is appended. A failed append is cut off as well, so the file always ends with a whole line.
 */
#include "record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/folder.h"

/* The first line is the plan. Takes the reference. */
static void keep_line(struct journal *journal, json_t *line)
{
    if (!journal->plan)
        journal->plan = line;
    else
        json_array_append_new(journal->lines, line);
}

static int take_line(struct journal *journal, const char *text, size_t length)
{
    json_t *line = json_loadb(text, length, 0, NULL);
    json_t *schema = json_object_get(line, "schema");
    int error = 0;
    if (!json_is_integer(schema))
        error = -EBADMSG;
    else if (json_integer_value(schema) > JOURNAL_SCHEMA)
        error = -EPROTO;
    else if (!journal->plan && !json_object_get(line, "plan"))
        error = -EBADMSG;
    if (error) {
        json_decref(line);
        return error;
    }
    keep_line(journal, line);
    return 0;
}

/* Takes every whole line of the text; *n_whole is where the last one ends. */
static int take_lines(struct journal *journal, const char *text, size_t n_text, size_t *n_whole)
{
    *n_whole = 0;
    for (;;) {
        const char *start = text + *n_whole, *end = memchr(start, '\n', n_text - *n_whole);
        if (!end)
            return 0;
        int error = take_line(journal, start, (size_t)(end - start));
        if (error)
            return error;
        *n_whole += (size_t)(end - start) + 1;
    }
}

static int read_all(int fd, char **text, size_t *n_text)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    *text = malloc((size_t)status.st_size + 1);
    *n_text = 0;
    while (*text && *n_text < (size_t)status.st_size) {
        ssize_t n = read(fd, *text + *n_text, (size_t)status.st_size - *n_text);
        if (n < 0 && errno != EINTR) {
            free(*text);
            return -errno;
        }
        if (n == 0)
            break;
        *n_text += n > 0 ? (size_t)n : 0;
    }
    return *text ? 0 : -ENOMEM;
}

static int load(struct journal *journal)
{
    char *text = NULL;
    size_t n_text = 0, n_whole = 0;
    int error = read_all(journal->fd, &text, &n_text);
    if (error)
        return error;
    error = take_lines(journal, text, n_text, &n_whole);
    free(text);
    if (!error && (ftruncate(journal->fd, (off_t)n_whole) != 0 || lseek(journal->fd, 0, SEEK_END) < 0))
        error = -errno;
    return error;
}

int journal_open(struct journal *journal, const char *run_dir)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/journal.jsonl", run_dir) >= (int)sizeof path)
        return -ENAMETOOLONG;
    *journal = (struct journal){ .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), .lines = json_array() };
    int error = journal->fd < 0 ? -errno : flock(journal->fd, LOCK_EX | LOCK_NB) != 0 ? -errno : load(journal);
    if (error)
        journal_close(journal);
    else
        folder_sync(run_dir);
    return error;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    json_decref(journal->plan);
    json_decref(journal->lines);
    *journal = (struct journal){ .fd = -1 };
}

static int write_line(int fd, const char *text, size_t length)
{
    off_t start = lseek(fd, 0, SEEK_CUR);
    ssize_t n = write(fd, text, length);
    int error = n < 0 ? -errno : (size_t)n < length ? -ENOSPC : fdatasync(fd) != 0 ? -errno : 0;
    if (error && (start < 0 || ftruncate(fd, start) != 0 || lseek(fd, start, SEEK_SET) < 0))
        return error; /* the torn line stays; the next reader cuts it off */
    return error;
}

int journal_append(struct journal *journal, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    size_t length = text ? strlen(text) : 0;
    int error = text ? 0 : -ENOMEM;
    if (!error) {
        text[length++] = '\n'; /* over the terminator: from here on a block of bytes */
        error = write_line(journal->fd, text, length);
    }
    free(text);
    if (error) {
        json_decref(line);
        return error;
    }
    keep_line(journal, line);
    return 0;
}
