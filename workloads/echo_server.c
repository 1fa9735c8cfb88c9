/* The server of echo: one thread, one epoll, one timer. It burns no CPU while it thinks.
 *
 * A connection reads a request, thinks, writes the response, and reads again; its client sends nothing
 * before it has the response. All think for the same time, so requests become due in the order in which
 * they came: the queue of thinking connections is a FIFO, and the timer stands at its head. A connection
 * that ends while it thinks stays in the queue without its descriptor until its turn.
 *
 * A timerfd, and not the time-out of epoll_pwait2, because that needs Linux 5.11 and may fire as late as
 * the timer slack allows, 50 us by default.
 *
 * Errors of one connection end that connection, all others the server.
 */
#include "echo.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

enum phase { READING, THINKING, WRITING };

struct connection {
    struct connection *next; /* in the queue, while THINKING */
    uint64_t due_ns;
    enum phase phase;
    int fd;             /* -1: ended while THINKING */
    bool awaits_output; /* what epoll watches: EPOLLOUT or EPOLLIN */
    size_t n_done;      /* bytes of the frame that are read or written */
    unsigned char frame[];
};

struct server {
    const struct echo_service *service;
    int epoll_fd, timer_fd, control_fd;
    uint64_t armed_ns; /* what the timer stands at, 0 if it was not set */
    struct connection *head, **tail;
};

static int watch(struct server *server, int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = { .events = events, .data.ptr = data };

    return epoll_ctl(server->epoll_fd, operation, fd, &event) ? errno : 0;
}

static void end_connection(struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    if (connection->phase != THINKING)
        free(connection);
}

static int await_output(struct server *server, struct connection *connection, bool awaits_output)
{
    if (connection->awaits_output == awaits_output)
        return 0;
    connection->awaits_output = awaits_output;
    return watch(server, EPOLL_CTL_MOD, connection->fd, awaits_output ? EPOLLOUT : EPOLLIN, connection);
}

/* Writes what is left of the response, as much as the socket takes. */
static int write_response(struct server *server, struct connection *connection)
{
    size_t frame_bytes = server->service->frame_bytes;

    while (connection->n_done < frame_bytes) {
        ssize_t n = send(connection->fd, connection->frame + connection->n_done,
                         frame_bytes - connection->n_done, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            return await_output(server, connection, true);
        if (n < 0) {
            end_connection(connection);
            return 0;
        }
        connection->n_done += (size_t)n;
    }
    connection->phase = READING;
    connection->n_done = 0;
    return await_output(server, connection, false);
}

static int respond(struct server *server, struct connection *connection)
{
    const struct echo_service *service = server->service;
    uint64_t token = echo__frame_token(connection->frame);

    echo__frame_write(connection->frame, service->frame_bytes, workload_mix(token ^ service->key));
    connection->phase = WRITING;
    connection->n_done = 0;
    return write_response(server, connection);
}

static void think(struct server *server, struct connection *connection)
{
    connection->phase = THINKING;
    connection->due_ns = workload__clock_ns(CLOCK_MONOTONIC) + server->service->think_ns;
    connection->next = NULL;
    *server->tail = connection;
    server->tail = &connection->next;
}

/* Reads what has come of the request. */
static int read_request(struct server *server, struct connection *connection)
{
    size_t frame_bytes = server->service->frame_bytes;
    ssize_t n = recv(connection->fd, connection->frame + connection->n_done,
                     frame_bytes - connection->n_done, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0) {
        end_connection(connection);
        return 0;
    }
    connection->n_done += (size_t)n;
    if (connection->n_done < frame_bytes)
        return 0;
    if (!echo__frame_holds(connection->frame, frame_bytes, echo__frame_token(connection->frame))) {
        end_connection(connection);
        return 0;
    }
    if (server->service->think_ns == 0)
        return respond(server, connection);
    think(server, connection);
    return 0;
}

static int advance(struct server *server, struct connection *connection)
{
    switch (connection->phase) {
    case READING:
        return read_request(server, connection);
    case WRITING:
        return write_response(server, connection);
    case THINKING: /* the client left, or speaks out of turn */
        end_connection(connection);
    }
    return 0;
}

static int accept_one(struct server *server, int fd)
{
    static const char greeting = 0;
    struct connection *connection = malloc(sizeof(*connection) + server->service->frame_bytes);
    int error = connection ? watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection) : ENOMEM;

    if (error) {
        free(connection);
        return error;
    }
    *connection = (struct connection){ .phase = READING, .fd = fd };
    if (send(fd, &greeting, 1, MSG_NOSIGNAL) != 1)
        end_connection(connection);
    return 0;
}

static int accept_all(struct server *server)
{
    for (;;) {
        int error, fd = accept4(server->service->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && errno == EAGAIN)
            return 0;
        if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
            return errno;
        error = fd < 0 ? 0 : accept_one(server, fd);
        if (error)
            return error;
    }
}

static int respond_to_due(struct server *server)
{
    uint64_t now_ns = server->head ? workload__clock_ns(CLOCK_MONOTONIC) : 0;

    while (server->head && server->head->due_ns <= now_ns) {
        struct connection *connection = server->head;
        int error = 0;

        server->head = connection->next;
        if (!server->head)
            server->tail = &server->head;
        if (connection->fd < 0)
            free(connection);
        else
            error = respond(server, connection);
        if (error)
            return error;
    }
    return 0;
}

/* Sets the timer to the head of the queue. */
static int arm(struct server *server)
{
    struct itimerspec at = { 0 };

    if (!server->head || server->head->due_ns == server->armed_ns)
        return 0;
    server->armed_ns = server->head->due_ns;
    at.it_value = workload__timespec(server->armed_ns);
    return timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) ? errno : 0;
}

static int handle(struct server *server, void *source)
{
    uint64_t n_expired;

    if (source == &server->service->listen_fd)
        return accept_all(server);
    if (source != &server->timer_fd)
        return advance(server, source);
    return read(server->timer_fd, &n_expired, sizeof(n_expired)) < 0 && errno != EAGAIN ? errno : 0;
}

static int serve_events(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int error = 0, n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, -1);

        if (n < 0 && errno != EINTR)
            return errno;
        for (int i = 0; i < n && !error; i++) {
            if (events[i].data.ptr == &server->control_fd)
                return 0;
            error = handle(server, events[i].data.ptr);
        }
        if (!error)
            error = respond_to_due(server);
        if (!error)
            error = arm(server);
        if (error)
            return error;
    }
}

int echo__serve(const struct echo_service *service, int control_fd)
{
    struct server server = { .service = service, .control_fd = control_fd };
    int error;

    server.tail = &server.head;
    server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll_fd < 0)
        return errno;
    server.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (server.timer_fd < 0)
        return errno;
    error = watch(&server, EPOLL_CTL_ADD, control_fd, EPOLLIN, &server.control_fd);
    if (!error)
        error = watch(&server, EPOLL_CTL_ADD, server.timer_fd, EPOLLIN, &server.timer_fd);
    if (!error && service->listen_fd >= 0)
        error = watch(&server, EPOLL_CTL_ADD, service->listen_fd, EPOLLIN, (void *)&service->listen_fd);
    for (size_t i = 0; i < service->n_pairs && !error; i++)
        error = accept_one(&server, service->pairs[i].server_fd);
    return error ? error : serve_events(&server);
}
