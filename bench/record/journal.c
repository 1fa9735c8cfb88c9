/* Reads and appends the journal.
 *
 * A line is one write and one fdatasync. What a killed writer left after the last newline is no line: it is cut
 * off before anything is appended. A failed append is cut off as well, so the file always ends with a whole line.
 * What the lines say is looked at by those who know the plan.
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
#include "record/text.h"

/* Scripts read no larger one. */
enum { JOURNAL_MAX_BYTES = 1 << 28 };

/* The first line is the plan. Takes the reference. */
static void keep_line(struct journal *journal, json_t *line)
{
    if (!journal->plan)
        journal->plan = line;
    else
        json_array_append_new(journal->lines, line);
}

/* Numbers in a reason are those of lines, as an editor counts. */
static int take_line(struct journal *journal, const char *text, size_t length, char *reason, size_t reason_bytes)
{
    json_error_t where;
    size_t number = journal->plan ? json_array_size(journal->lines) + 2 : 1;
    json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where), *schema = json_object_get(line, "schema");
    int error = 0;
    if (!line || !json_is_integer(schema) || (!journal->plan && !json_object_get(line, "plan"))) {
        snprintf(reason, reason_bytes, "line %zu is damaged: %s", number, !line ? where.text
                 : !json_is_integer(schema) ? "it has no 'schema'" : "the first line has no 'plan'");
        error = -EBADMSG;
    } else if (json_integer_value(schema) != JOURNAL_SCHEMA) {
        snprintf(reason, reason_bytes, "line %zu was written by %s version of poolbench", number,
                 json_integer_value(schema) > JOURNAL_SCHEMA ? "a newer" : "no");
        error = -EPROTO;
    }
    if (error) {
        text_clean(reason);
        json_decref(line);
        return error;
    }
    keep_line(journal, line);
    return 0;
}

/* Takes every whole line of the text. */
static int take_lines(struct journal *journal, const char *text, size_t n_text, char *reason, size_t reason_bytes)
{
    const char *start = text, *end;
    for (; (end = memchr(start, '\n', n_text - (size_t)(start - text))); start = end + 1) {
        int error = take_line(journal, start, (size_t)(end - start), reason, reason_bytes);
        if (error)
            return error;
    }
    journal->n_bytes = start - text;
    return 0;
}

static int lock_and_load(struct journal *journal, char *reason, size_t reason_bytes)
{
    char *text;
    size_t n_text;
    int error = flock(journal->fd, LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
    if (!error)
        error = folder_read_all(journal->fd, JOURNAL_MAX_BYTES, &text, &n_text);
    if (error) {
        snprintf(reason, reason_bytes, "%s", error == -EWOULDBLOCK ? "another process is measuring this run"
                                                                   : folder_why(error));
        return error;
    }
    error = take_lines(journal, text, n_text, reason, reason_bytes);
    free(text);
    return error;
}

int journal_open(struct journal *journal, const char *run_dir, char *reason, size_t reason_bytes)
{
    *journal = (struct journal){ .fd = folder_open(run_dir, "journal.jsonl", O_RDWR | O_CREAT), .lines = json_array() };
    int error = journal->fd < 0 ? journal->fd : folder_sync(run_dir);
    if (error)
        snprintf(reason, reason_bytes, "%s", folder_why(error));
    else
        error = lock_and_load(journal, reason, reason_bytes);
    if (error)
        journal_close(journal);
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

struct journal_mark journal_mark(const struct journal *journal)
{
    return (struct journal_mark){ json_array_size(journal->lines), journal->n_bytes };
}

int journal_cut(struct journal *journal, struct journal_mark mark)
{
    if (ftruncate(journal->fd, (off_t)mark.n_bytes) != 0 || fdatasync(journal->fd) != 0)
        return -errno;
    journal->n_bytes = mark.n_bytes;
    while (json_array_size(journal->lines) > mark.n_lines)
        json_array_remove(journal->lines, json_array_size(journal->lines) - 1);
    return 0;
}

int journal_settle(struct journal *journal)
{
    return ftruncate(journal->fd, (off_t)journal->n_bytes) != 0 ? -errno : 0;
}

/* Why a write ends early is what the next one says. */
static int write_all(int fd, const char *text, size_t length, off_t at)
{
    for (size_t n_done = 0; n_done < length;) {
        ssize_t n = pwrite(fd, text + n_done, length - n_done, at + (off_t)n_done);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return -EIO;
        n_done += n > 0 ? (size_t)n : 0;
    }
    return fdatasync(fd) != 0 ? -errno : 0;
}

static int write_line(struct journal *journal, const char *text, size_t length)
{
    struct stat status;
    int error = write_all(journal->fd, text, length, (off_t)journal->n_bytes);
    if (!error && fstat(journal->fd, &status) == 0 && status.st_nlink == 0)
        error = -ENOENT; /* what is written to a file without a name is lost */
    if (error)
        journal_settle(journal); /* or else the torn line stays; the next reader cuts it off */
    else
        journal->n_bytes += (long long)length;
    return error;
}

int journal_append(struct journal *journal, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    size_t length = text ? strlen(text) : 0;
    int error = text ? 0 : -ENOMEM;
    if (!error) {
        text[length++] = '\n'; /* over the terminator: from here on a block of bytes */
        error = write_line(journal, text, length);
    }
    free(text);
    if (error) {
        json_decref(line);
        return error;
    }
    keep_line(journal, line);
    return 0;
}
