/* Starts CPython with the script of python.py, gives it orders and takes its answers.
 *
 * The script's clock times the batches, so what lies between the two processes is in no number. An interpreter that
 * does not answer within ANSWER_TIMEOUT_S, ends, or says something else is the end of the side, with a reason. It dies
 * with the process that started it.
 */
#include "backends/python.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/backends.h"
#include "python_script.h"
#include "record/text.h"

/* No answer is longer, and a batch takes a fraction of a second. */
enum { ANSWER_BYTES = 8192, ANSWER_TIMEOUT_S = 10 };

/* What a shell ends with where it does not find the program. */
enum { CODE_NOT_FOUND = 127 };

struct python {
    pid_t pid;
    int fd;
    char *reason;
    size_t reason_bytes;
    struct executor_counters counters;
};

static const char *program = "python3";

void python_set_program(const char *name)
{
    program = name;
}

static int fail(const struct python *python, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (python->reason_bytes > 0)
        vsnprintf(python->reason, python->reason_bytes, format, arguments);
    va_end(arguments);
    return error;
}

/* What it prints to stderr may tell where files lie: nobody gets it. */
static _Noreturn void become_python(int fd, const char *kind, size_t n_workers, pid_t parent)
{
    char workers[24];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        _exit(1);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0)
        close(STDERR_FILENO);
    snprintf(workers, sizeof workers, "%zu", n_workers);
    execlp(program, "python3", "-I", "-c", python_script, kind, workers, (char *)NULL);
    _exit(errno == ENOENT ? CODE_NOT_FOUND : 1);
}

static int explain_end(struct python *python)
{
    int status;
    kill(python->pid, SIGKILL); /* in case it has only closed its end */
    waitpid(python->pid, &status, 0);
    python->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_NOT_FOUND)
        return fail(python, -ENOTSUP, "python3 is not installed");
    if (WIFSIGNALED(status))
        return fail(python, -EIO, "python3 was killed by signal %d (%s)", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
    return fail(python, -EIO, "python3 ended with code %d", WEXITSTATUS(status));
}

/* One line. The script never sends a second one unasked. */
static int read_line(struct python *python, char *line)
{
    struct pollfd poll_fd = { .fd = python->fd, .events = POLLIN };
    size_t n = 0;
    do {
        int n_ready = poll(&poll_fd, 1, ANSWER_TIMEOUT_S * 1000);
        if (n_ready < 0 && errno == EINTR)
            continue;
        if (n_ready == 0)
            return fail(python, -ETIMEDOUT, "python3 did not answer for %d s", ANSWER_TIMEOUT_S);
        ssize_t n_read = read(python->fd, line + n, ANSWER_BYTES - 1 - n);
        if (n_read <= 0)
            return explain_end(python);
        n += (size_t)n_read;
    } while (n == 0 || (line[n - 1] != '\n' && n < ANSWER_BYTES - 1));
    line[n] = '\0';
    return 0;
}

/* A new reference in *answer. */
static int read_answer(struct python *python, json_t **answer)
{
    char line[ANSWER_BYTES];
    int error = read_line(python, line);
    if (error)
        return error;
    *answer = json_loads(line, 0, NULL);
    if (json_is_object(*answer))
        return 0;
    json_decref(*answer);
    return fail(python, -EIO, "python3 answered with something else than was asked");
}

static const char *word_of(const json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));
    return word ? word : "";
}

static int start(struct python *python, const char *kind, size_t n_workers)
{
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    python->pid = fork();
    if (python->pid == 0)
        become_python(ends[1], kind, n_workers, parent);
    int error = python->pid < 0 ? -errno : 0;
    close(ends[1]);
    python->fd = ends[0];
    if (error)
        close(ends[0]);
    return error;
}

static void stop(struct python *python)
{
    close(python->fd);
    if (python->pid > 0) {
        kill(python->pid, SIGKILL);
        waitpid(python->pid, NULL, 0);
    }
}

/* Starts it and takes what it says of itself. */
static int begin(struct python *python, const char *kind, size_t n_workers, json_t **about)
{
    int error = start(python, kind, n_workers);
    if (error)
        return error;
    error = read_answer(python, about);
    if (!error && strcmp(word_of(*about, "implementation"), "cpython") != 0) {
        json_decref(*about);
        error = fail(python, -ENOTSUP, "python3 is not CPython");
    }
    if (error)
        stop(python);
    return error;
}

int python_ask(struct python_about *about, char *reason, size_t reason_bytes)
{
    struct python python = { .reason = reason, .reason_bytes = reason_bytes };
    json_t *said;
    int error = begin(&python, "thread", 1, &said);
    if (error)
        return error;
    snprintf(about->text, sizeof about->text, "%.30s, %s a global lock", word_of(said, "version"),
             json_is_true(json_object_get(said, "has_lock")) ? "with" : "without");
    text_clean(about->text);
    const char *executable = word_of(said, "executable"); /* it may not know */
    bool is_path = executable[0] && text_is_printable(executable);
    snprintf(about->executable, sizeof about->executable, "%s", is_path ? executable : program);
    json_decref(said);
    stop(&python);
    return 0;
}

static int create(const struct executor_options *options, const char *kind, void **state)
{
    struct python *python = calloc(1, sizeof *python);
    json_t *about;
    if (!python)
        return -ENOMEM;
    python->reason = options->reason;
    python->reason_bytes = options->reason_bytes;
    int error = begin(python, kind, options->n_workers, &about);
    if (error) {
        free(python);
        return error;
    }
    json_decref(about);
    *state = python;
    return 0;
}

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static int send_order(struct python *python, const json_t *order)
{
    char *line = json_dumps(order, JSON_COMPACT);
    if (!line)
        return -ENOMEM;
    size_t n = strlen(line);
    line[n] = '\n'; /* in the place of its end */
    ssize_t n_sent = send(python->fd, line, n + 1, MSG_NOSIGNAL);
    free(line);
    return n_sent == (ssize_t)n + 1 ? 0 : explain_end(python);
}

int python_run(void *state, const json_t *order, struct python_answer *answer)
{
    struct python *python = state;
    json_t *answered;
    int error = send_order(python, order);
    if (!error)
        error = read_answer(python, &answered);
    if (error)
        return error;
    const char *problem = word_of(answered, "error"), *missing = word_of(answered, "missing");
    if (missing[0])
        error = fail(python, -ENOTSUP, "python3 cannot make its pool: %.100s", missing);
    else if (problem[0])
        error = fail(python, -EIO, "python3 raised %.60s", problem);
    answer->elapsed_ns = number_of(answered, "elapsed_ns");
    answer->cpu_ns = number_of(answered, "cpu_ns");
    answer->n_run = number_of(answered, "tasks");
    answer->value_sum = strtoull(word_of(answered, "sum"), NULL, 10);
    python->counters.threads_created = number_of(answered, "threads_created");
    python->counters.threads_peak = number_of(answered, "threads_peak");
    json_decref(answered);
    return error;
}

static int refuse(void *state, executor_fn *fn, void *arg)
{
    (void)state;
    (void)fn;
    (void)arg;
    return -ENOTSUP;
}

/* Each order is waited for. */
static int wait_all(void *state)
{
    (void)state;
    return 0;
}

static void counters(void *state, struct executor_counters *counters)
{
    *counters = ((struct python *)state)->counters;
}

static void destroy(void *state)
{
    stop(state);
    free(state);
}

static int create_threadpool(const struct executor_options *options, void **state)
{
    return create(options, "threadpool", state);
}

static int create_thread(const struct executor_options *options, void **state)
{
    return create(options, "thread", state);
}

static int create_futures(const struct executor_options *options, void **state)
{
    return create(options, "futures", state);
}

enum { CAPABILITIES = EXECUTOR_HAS_WORKERS | EXECUTOR_ELSEWHERE };

const struct executor python_threadpool_executor = {
    "python-threadpool", "CPython's multiprocessing.pool.ThreadPool, which runs tasks of a script", CAPABILITIES,
    create_threadpool, refuse, NULL, wait_all, counters, destroy, NULL, NULL, NULL,
};

const struct executor python_again_executor = {
    "python-threadpool-again", "CPython's ThreadPool a second time: how much two equal things differ in gil",
    CAPABILITIES, create_threadpool, refuse, NULL, wait_all, counters, destroy, NULL, NULL, NULL,
};

const struct executor python_thread_executor = {
    "python-thread", "CPython's threading.Thread, one per task of a script, at most N alive", CAPABILITIES,
    create_thread, refuse, NULL, wait_all, counters, destroy, NULL, NULL, NULL,
};

const struct executor python_futures_executor = {
    "python-futures", "CPython's concurrent.futures.ThreadPoolExecutor, which runs tasks of a script", CAPABILITIES,
    create_futures, refuse, NULL, wait_all, counters, destroy, NULL, NULL, NULL,
};

bool python_is(const struct executor *executor)
{
    return executor == &python_threadpool_executor || executor == &python_again_executor
        || executor == &python_thread_executor || executor == &python_futures_executor;
}
