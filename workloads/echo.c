/* Request and response over loopback TCP (echo) or socket pairs (pipe), with a server process that thinks in between.
 *
 * All connections are opened by setup, one for each task that may run at once. A task takes a free one
 * (the one that was used last: its state is warm), writes a request, reads the response and gives it back;
 * between the two it owns the connection and its frame buffer, which is not on the stack because stacks
 * may be small. The lock guards the free list alone. A task that finds none free waits, though the harness
 * never runs that many.
 */
#include "echo.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that are opened before the first of them is known to be accepted: fewer than the shortest
 * backlog that kernels set by default (128), because one too many is retried after a second. */
enum { CONNECT_AHEAD = 64 };

/* Descriptors that either process opens beside connections and the listening socket, and some more. */
enum { OTHER_FILES = 10 };

/* How long a server whose connections ended may take to become a zombie. */
#define END_WAIT_NS NS_PER_S

struct connection {
    struct connection *next; /* while free */
    unsigned char *frame;
    int fd;
};

struct echo {
    struct echo_process process;
    uint64_t setup_cpu_ns; /* what the server had used at the end of setup */
    uint64_t key;
    size_t frame_bytes, n_connections;
    struct connection *connections; /* the first n_open of them are open */
    size_t n_open;
    unsigned char *frames;
    atomic_uint_fast64_t n_unanswered;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    struct connection *free;
};

enum { THINK_NS, REQUEST_BYTES };

static const struct workload_parameter echo_parameters[] = {
    [THINK_NS] = { "think_ns", "how long the server thinks before it answers", 1000000, 0, NS_PER_S },
    [REQUEST_BYTES] = { "request_bytes", "size of a request, and of its response", 64,
                        ECHO_FRAME_MIN_BYTES, ECHO_FRAME_MAX_BYTES },
    { NULL, NULL, 0, 0, 0 },
};

/* Raises the soft limit of open files if it must, which the server inherits. */
static int allow_files(const struct workload_config *config, size_t n_files)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return workload__fail(config, errno, "cannot read RLIMIT_NOFILE");
    if (limit.rlim_cur >= n_files)
        return 0;
    if (limit.rlim_max < n_files) {
        snprintf(config->reason, config->reason_bytes, "needs %zu open files, RLIMIT_NOFILE allows %" PRIu64,
                 n_files, (uint64_t)limit.rlim_max);
        return -EMFILE;
    }
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) ? workload__fail(config, errno, "cannot raise RLIMIT_NOFILE") : 0;
}

/* Waits until the server has accepted the connections from the given one on. */
static int await_greetings(struct echo *echo, size_t first)
{
    unsigned char greeting;

    for (; first < echo->n_open; first++)
        if (!echo__receive(echo->connections[first].fd, &greeting, 1))
            return -ECONNRESET;
    return 0;
}

/* Makes the next connection of this descriptor. */
static void add_connection(struct echo *echo, int fd)
{
    struct connection *connection = &echo->connections[echo->n_open];

    connection->fd = fd;
    connection->frame = echo->frames + echo->n_open * echo->frame_bytes;
    connection->next = echo->free;
    echo->free = connection;
    echo->n_open++;
}

static int connect_all(struct echo *echo, const struct sockaddr_in *address)
{
    size_t n_greeted = 0;

    while (echo->n_open < echo->n_connections) {
        int error, fd = echo__connect(address);

        if (fd < 0)
            return fd;
        add_connection(echo, fd);
        if (echo->n_open - n_greeted < CONNECT_AHEAD && echo->n_open < echo->n_connections)
            continue;
        error = await_greetings(echo, n_greeted);
        if (error)
            return error;
        n_greeted = echo->n_open;
    }
    return 0;
}

static void close_connections(struct echo *echo)
{
    while (echo->n_open)
        close(echo->connections[--echo->n_open].fd);
}

static void free_echo(struct echo *echo)
{
    pthread_cond_destroy(&echo->given_back);
    pthread_mutex_destroy(&echo->lock);
    free(echo->connections);
    free(echo->frames);
    free(echo);
}

static struct echo *allocate_echo(const struct workload_config *config)
{
    struct echo *echo = calloc(1, sizeof(*echo));

    if (!echo)
        return NULL;
    echo->key = workload_mix(config->seed);
    echo->frame_bytes = config->values[REQUEST_BYTES];
    echo->n_connections = config->n_concurrent;
    pthread_mutex_init(&echo->lock, NULL);
    pthread_cond_init(&echo->given_back, NULL);
    echo->connections = calloc(echo->n_connections, sizeof(*echo->connections));
    echo->frames = calloc(echo->n_connections, echo->frame_bytes);
    if (echo->connections && echo->frames)
        return echo;
    free_echo(echo);
    return NULL;
}

/* A socket to serve on, once it is known that all connections may be opened. Returns it or a negative
 * errno. */
static int prepare_socket(const struct workload_config *config, struct sockaddr_in *address)
{
    int error, fd = echo__listen(address);

    if (fd < 0)
        return workload__fail(config, -fd, "cannot listen on 127.0.0.1");
    error = allow_files(config, config->n_concurrent + (size_t)fd + 1 + OTHER_FILES);
    if (error)
        close(fd);
    return error ? error : fd;
}

/* Why the connections failed: the server's own error, if it gave up, explains it. */
static int explain(const struct workload_config *config, struct echo *echo, int error)
{
    if ((error != -ECONNRESET && error != -ECONNREFUSED) || !echo__process_ended(&echo->process, END_WAIT_NS))
        return workload__fail(config, -error, "cannot connect to the echo server");
    if (echo__process_error(&echo->process))
        return workload__fail(config, echo__process_error(&echo->process), "echo server ended");
    echo__process_describe(&echo->process, config->reason, config->reason_bytes);
    return error;
}

static void echo_teardown(void *state)
{
    struct echo *echo = state;

    close_connections(echo); /* first, so that it is this side that resets them */
    echo__process_stop(&echo->process);
    free_echo(echo);
}

/* Once the server runs and all connections are asked for, with that error or 0. */
static int end_setup(const struct workload_config *config, struct echo *echo, int error, void **state)
{
    if (error) {
        error = explain(config, echo, error);
        echo_teardown(echo);
        return error;
    }
    echo__process_cpu_ns(&echo->process, &echo->setup_cpu_ns);
    *state = echo;
    return 0;
}

static int echo_setup(const struct workload_config *config, void **state)
{
    struct sockaddr_in address;
    struct echo *echo;
    struct echo_service service;
    int error, listen_fd = prepare_socket(config, &address);

    if (listen_fd < 0)
        return listen_fd;
    echo = allocate_echo(config);
    if (!echo) {
        close(listen_fd);
        return workload__fail(config, ENOMEM, "cannot allocate the connections");
    }
    service = (struct echo_service){ .listen_fd = listen_fd, .frame_bytes = echo->frame_bytes,
                                     .think_ns = config->values[THINK_NS], .key = echo->key };
    error = echo__process_start(&service, &echo->process);
    if (error) {
        free_echo(echo);
        return workload__fail(config, -error, "cannot start the echo server");
    }
    return end_setup(config, echo, connect_all(echo, &address), state);
}

/* Makes all pairs. On an error there is none. Returns 0 or a negative errno. */
static int make_pairs(struct echo_pair *pairs, size_t n_pairs)
{
    for (size_t i = 0; i < n_pairs; i++) {
        int fds[2], error = echo__pair(fds);

        if (error) {
            while (i-- > 0) {
                close(pairs[i].client_fd);
                close(pairs[i].server_fd);
            }
            return error;
        }
        pairs[i] = (struct echo_pair){ fds[0], fds[1] };
    }
    return 0;
}

/* Starts a server that has the other ends of all connections. */
static int start_on_pairs(const struct workload_config *config, struct echo *echo, struct echo_pair *pairs)
{
    struct echo_service service = { .listen_fd = -1, .pairs = pairs, .n_pairs = echo->n_connections,
                                    .frame_bytes = echo->frame_bytes, .think_ns = config->values[THINK_NS],
                                    .key = echo->key };
    int error = make_pairs(pairs, echo->n_connections);

    if (error)
        return workload__fail(config, -error, "cannot make socket pairs");
    error = echo__process_start(&service, &echo->process);
    for (size_t i = 0; i < echo->n_connections; i++)
        if (error)
            close(pairs[i].client_fd);
        else
            add_connection(echo, pairs[i].client_fd);
    return error ? workload__fail(config, -error, "cannot start the echo server") : 0;
}

static int pipe_setup(const struct workload_config *config, void **state)
{
    struct echo *echo;
    struct echo_pair *pairs;
    int error = allow_files(config, 2 * config->n_concurrent + OTHER_FILES + 3);

    if (error)
        return error;
    echo = allocate_echo(config);
    pairs = calloc(config->n_concurrent, sizeof(*pairs));
    if (!echo || !pairs) {
        if (echo)
            free_echo(echo);
        free(pairs);
        return workload__fail(config, ENOMEM, "cannot allocate the connections");
    }
    error = start_on_pairs(config, echo, pairs);
    free(pairs);
    if (error) {
        free_echo(echo);
        return error;
    }
    return end_setup(config, echo, await_greetings(echo, 0), state);
}

static struct connection *take_connection(struct echo *echo)
{
    struct connection *connection;

    pthread_mutex_lock(&echo->lock);
    while (!echo->free)
        pthread_cond_wait(&echo->given_back, &echo->lock);
    connection = echo->free;
    echo->free = connection->next;
    pthread_mutex_unlock(&echo->lock);
    return connection;
}

static void give_back_connection(struct echo *echo, struct connection *connection)
{
    pthread_mutex_lock(&echo->lock);
    connection->next = echo->free;
    echo->free = connection;
    pthread_mutex_unlock(&echo->lock);
    pthread_cond_signal(&echo->given_back);
}

static uint64_t echo_run(void *state, uint64_t index)
{
    struct echo *echo = state;
    struct connection *connection = take_connection(echo);
    uint64_t answer = workload_mix(index ^ echo->key);
    bool is_answered, is_right;

    echo__frame_write(connection->frame, echo->frame_bytes, index);
    is_answered = echo__send(connection->fd, connection->frame, echo->frame_bytes)
                  && echo__receive(connection->fd, connection->frame, echo->frame_bytes);
    is_right = is_answered && echo__frame_holds(connection->frame, echo->frame_bytes, answer);
    give_back_connection(echo, connection);
    /* relaxed: a count, read after the last task has been waited for */
    if (!is_answered)
        atomic_fetch_add_explicit(&echo->n_unanswered, 1, memory_order_relaxed);
    return is_right ? answer : ~answer;
}

static int echo_check(void *state, const struct workload_tally *tally, char *reason, size_t reason_bytes)
{
    struct echo *echo = state;
    uint64_t n_unanswered = atomic_load_explicit(&echo->n_unanswered, memory_order_relaxed);

    if (echo__process_ended(&echo->process, n_unanswered ? END_WAIT_NS : 0)) {
        echo__process_describe(&echo->process, reason, reason_bytes);
        return -EBADMSG;
    }
    if (n_unanswered) {
        snprintf(reason, reason_bytes, "%" PRIu64 " of %" PRIu64 " requests were not answered", n_unanswered,
                 tally->n_submitted);
        return -EBADMSG;
    }
    return workload__check(tally, workload__mix_sum(tally->n_submitted, echo->key), reason, reason_bytes);
}

static size_t echo_measure(void *state, struct workload_measure *measures, size_t n_max)
{
    struct echo *echo = state;
    uint64_t cpu_ns;

    if (!n_max || echo__process_cpu_ns(&echo->process, &cpu_ns))
        return 0;
    measures[0] = (struct workload_measure){ "server_cpu_ns", (double)(cpu_ns - echo->setup_cpu_ns) };
    return 1;
}

const struct workload workload_echo = {
    .name = "echo",
    .kind = WORKLOAD_IO,
    .summary = "request and response over loopback TCP with a server that thinks",
    .parameters = echo_parameters,
    .setup = echo_setup,
    .run = echo_run,
    .check = echo_check,
    .measure = echo_measure,
    .teardown = echo_teardown,
};

const struct workload workload_pipe = {
    .name = "pipe",
    .kind = WORKLOAD_IO,
    .summary = "request and response over a socket pair with a server that thinks",
    .parameters = echo_parameters,
    .setup = pipe_setup,
    .run = echo_run,
    .check = echo_check,
    .measure = echo_measure,
    .teardown = echo_teardown,
};
